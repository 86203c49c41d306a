# SPDX-License-Identifier: Apache-2.0
r"""`VMC_SR`: minimises the energy by stochastic reconfiguration, in whichever form is cheaper.

With centred, weighted log-derivatives X (samples × parameters) and local energies e,

    dp = (XᵀX + ε)⁻¹ Xᵀ 2e  =  Xᵀ (XXᵀ + ε)⁻¹ 2e

The first form solves for as many unknowns as there are parameters, the second (NTK form, or minSR,
arXiv:2302.01941 and arXiv:2310.05715) for as many as there are samples. See
`netket.optimizer.compute_sr_update` for momentum (SPRING, arXiv:2401.10190).
"""

from collections.abc import Callable
from typing import Any

import jax

from netket.optimizer.solver import cholesky_with_fallback
from netket.stats import OnlineStats, online_statistics
from netket.utils import struct
from netket.utils.types import ScalarOrSchedule
from netket.vqs.full_sum_expect import apply_to_amplitudes

from .checks import check_hamiltonian, check_state
from .sr_driver import SRDriver, is_full_summation, weighted_ratios

#: Number of samples per chain behind `Energy_ema`.
_WINDOW = 50


class VMC_SR(SRDriver):
    """Minimises the expectation value of a hermitian operator by stochastic reconfiguration.

    The same as `VMC` with the preconditioner `netket.optimizer.SR`, and a dense solver, but one
    compiled call, and fast also where there are many more parameters than samples.

    Args:
        hamiltonian: the operator.
        optimizer: an optax gradient transformation, such as ``nk.optimizer.Sgd(0.05)``.
        diag_shift: ε, what is added to the diagonal, or a function from the step to it.
        proj_reg: in the NTK form: weight of the projector on constants, which makes the matrix
            regular; or a function from the step to it.
        momentum: how much of the last update to keep, between 0 and 1; or a function from the step
            to it.
        linear_solver: dense solver ``(A, b) -> (x, info)``.
        linear_solver_fn: older name of `linear_solver`.
        variational_state: the state whose parameters are optimised.
        chunk_size_bwd: how many samples to differentiate at a time, by default as many as the
            ``chunk_size`` of the state.
        mode: ``"real"`` if the phase of the amplitudes does not depend on the parameters, else
            ``"complex"``; by default found out from the model.
        use_ntk: solve for as many unknowns as there are samples; by default if those are fewer.
        on_the_fly: in the NTK form, do not store X; by default if it is large.

    Raises:
        TypeError: an argument is of another kind, or the operator acts on another Hilbert space.
        ValueError: the operator is not hermitian, or options exclude one another.
    """

    _ham: Any = struct.field(pytree_node=False, serialize=False)
    _moving_average: OnlineStats | None = struct.field(
        pytree_node=False, serialize=False, default=None
    )

    def __init__(
        self,
        hamiltonian: Any,
        optimizer: Any,
        *,
        diag_shift: ScalarOrSchedule,
        proj_reg: ScalarOrSchedule | None = None,
        momentum: ScalarOrSchedule | None = None,
        linear_solver: Callable[..., Any] = cholesky_with_fallback,
        linear_solver_fn: Callable[..., Any] | None = None,
        variational_state: Any,
        chunk_size_bwd: int | None = None,
        mode: str | None = None,
        use_ntk: bool | None = None,
        on_the_fly: bool | None = None,
    ):
        self._ham = check_hamiltonian(hamiltonian, check_state(variational_state))
        super().__init__(
            variational_state,
            optimizer,
            "Energy",
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

    @property
    def energy(self) -> Any:
        """Statistics of the energy, as they were when the last step began."""
        return self._loss_stats

    def _loss_and_values(self) -> tuple[Any, Any, Any, Any]:
        state = self.state
        if is_full_summation(state):
            ratios = weighted_ratios(state, apply_to_amplitudes(state, self._ham))
            return state.expect(self._ham), *ratios
        local = state.local_estimators(self._ham)
        self._moving_average = _continued(self._moving_average, local.data)
        return local.to_stats(), state.samples, local.data, None

    def _log_additional_data(self, log_dict: dict[str, Any], step: int | None = None) -> None:
        super()._log_additional_data(log_dict, step)
        if self._moving_average is not None:
            log_dict["Energy_ema"] = self._moving_average.get_stats()


def _continued(old: OnlineStats | None, local_energies: jax.Array) -> OnlineStats | None:
    """Statistics over about the last 50 samples of each chain, where a step has fewer.

    Chains of a few samples say little about how well they mix; those of some steps together do.
    """
    n_chains, length = local_energies.shape
    if length >= _WINDOW:
        return None
    if old is not None and old.n_chains != n_chains:
        old = None
    return online_statistics(local_energies, old, decay=1 - length / _WINDOW, max_lag=0)
