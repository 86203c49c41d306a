# SPDX-License-Identifier: Apache-2.0
r"""`Infidelity_SR`: learns a target state, or an operator applied to it.

The infidelity is the mean of the projector 1 - |φ⟩⟨φ|, so that stochastic reconfiguration minimises
it as it does an energy; it is the building block of projected dynamics (arXiv:2305.14294).
"""

from collections.abc import Callable
from typing import Any

from netket.observable import InfidelityOperator
from netket.observable._infidelity_rules import exact_infidelity, sampled_infidelity
from netket.optimizer.solver import cholesky
from netket.utils import struct
from netket.utils.types import ScalarOrSchedule
from netket.vqs import MCState

from .checks import check_state
from .sr_driver import SRDriver, is_full_summation, weighted_ratios


class Infidelity_SR(SRDriver):
    """Minimises the infidelity with a target state by stochastic reconfiguration.

    Sampled targets are sampled anew for every step.

    Args:
        target_state: the target ``|φ⟩``.
        optimizer: an optax gradient transformation.
        operator: U, if the target is ``U|φ⟩``.
        variational_state: the state whose parameters are optimised.
        diag_shift: and all further arguments: see `VMC_SR`.

    Raises:
        TypeError: an argument is of another kind.
        ValueError: the states, or U, have different Hilbert spaces, or options exclude one another.
    """

    target_state: Any = struct.field(pytree_node=False, serialize=False)
    operator: Any = struct.field(pytree_node=False, serialize=False, default=None)
    cv_coeff: float | None = struct.field(pytree_node=False, serialize=False, default=-0.5)

    def __init__(
        self,
        target_state: Any,
        optimizer: Any,
        *,
        operator: Any = None,
        diag_shift: ScalarOrSchedule,
        proj_reg: ScalarOrSchedule | None = None,
        momentum: ScalarOrSchedule | None = None,
        linear_solver: Callable[..., Any] = cholesky,
        linear_solver_fn: Callable[..., Any] | None = None,
        variational_state: Any = None,
        chunk_size_bwd: int | None = None,
        mode: str | None = None,
        use_ntk: bool | None = None,
        on_the_fly: bool | None = None,
    ):
        observable = InfidelityOperator(target_state, operator=operator)
        if check_state(variational_state).hilbert != observable.hilbert:
            raise ValueError(
                "Argument `target_state` must be on the Hilbert space of the state, "
                f"{variational_state.hilbert}, but is on {observable.hilbert}."
            )
        super().__init__(
            variational_state,
            optimizer,
            "Infidelity",
            diag_shift=diag_shift,
            proj_reg=proj_reg,
            momentum=momentum,
            linear_solver=linear_solver,
            linear_solver_fn=linear_solver_fn,
            chunk_size_bwd=chunk_size_bwd,
            mode=mode,
            use_ntk=use_ntk,
            on_the_fly=on_the_fly,
        )
        self.target_state = target_state
        self.operator = operator
        self.cv_coeff = -0.5
        self._observable = observable

    _observable: Any = struct.field(pytree_node=False, serialize=False)

    def _loss_and_values(self) -> tuple[Any, Any, Any, Any]:
        state, observable = self.state, self._observable
        observable._cv_coeff = self.cv_coeff
        if is_full_summation(state):
            loss, image = exact_infidelity(state, observable)
            return loss, *weighted_ratios(state, image)
        target = observable.target_state
        if isinstance(target, MCState) and target is not state:
            target.reset()
        loss, values = sampled_infidelity(state, observable, state.chunk_size)
        return loss, state.samples, values, None
