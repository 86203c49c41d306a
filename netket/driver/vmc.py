# SPDX-License-Identifier: Apache-2.0
"""`VMC`: minimises the energy by stochastic gradients, with or without a preconditioner.

E(θ) = <ψ_θ|H|ψ_θ> / <ψ_θ|ψ_θ>,    dp = P^-1 ∇E,    θ <- optimizer(θ, dp)
"""

from collections.abc import Callable
from typing import Any

from netket.optimizer import identity_preconditioner
from netket.utils import struct, timing

from .checks import check_hamiltonian, check_preconditioner, check_state
from .optimization_driver import AbstractOptimizationDriver


class VMC(AbstractOptimizationDriver):
    """Variational Monte Carlo: minimises the expectation value of a hermitian operator.

    Args:
        hamiltonian: the operator.
        optimizer: an optax gradient transformation, such as ``nk.optimizer.Sgd(0.05)``.
        variational_state: the state whose parameters are optimised.
        preconditioner: function ``(state, gradient, step) -> update``, such as
            ``nk.optimizer.SR(diag_shift=0.01)``; by default the gradient is the update.

    Raises:
        TypeError: an argument is of another kind, or the operator acts on another Hilbert space.
        ValueError: the operator is not hermitian.
    """

    _ham: Any = struct.field(pytree_node=False, serialize=False)
    _preconditioner: Callable[..., Any] = struct.field(pytree_node=False, serialize=False)
    _loss_grad: Any = struct.field(pytree_node=False, default=None)
    info: dict | None = struct.field(pytree_node=False, default=None)

    def __init__(
        self,
        hamiltonian: Any,
        optimizer: Any,
        *,
        variational_state: Any,
        preconditioner: Callable[..., Any] = identity_preconditioner,
    ):
        self._ham = check_hamiltonian(hamiltonian, check_state(variational_state))
        super().__init__(variational_state, optimizer, minimized_quantity_name="Energy")
        self.preconditioner = preconditioner

    @property
    def energy(self) -> Any:
        """Statistics of the energy, as they were when the last step began."""
        return self._loss_stats

    @property
    def preconditioner(self) -> Callable[..., Any]:
        """Function ``(state, gradient, step) -> update``; assigning None is to have none."""
        return self._preconditioner

    @preconditioner.setter
    def preconditioner(self, preconditioner: Callable[..., Any] | None) -> None:
        if preconditioner is None:
            preconditioner = identity_preconditioner
        self._preconditioner = check_preconditioner(preconditioner)

    def compute_loss_and_update(self) -> tuple[Any, Any]:
        with timing.timed_scope("expect_and_grad") as timer:
            loss_and_grad = timer.block_until_ready(self.state.expect_and_grad(self._ham))
        loss, self._loss_grad = loss_and_grad
        with timing.timed_scope("preconditioner") as timer:
            dp = self._preconditioner(self.state, self._loss_grad, self.step_count)
            timer.block_until_ready(dp)
        self.info = getattr(self._preconditioner, "info", None)
        return loss, dp
