# SPDX-License-Identifier: Apache-2.0
r"""`VMC_SR`: minimises the energy by stochastic reconfiguration, in whichever form is cheaper.

With centred, weighted log-derivatives X (samples × parameters) and local energies e,

    dp = (XᵀX + ε)⁻¹ Xᵀ 2e  =  Xᵀ (XXᵀ + ε)⁻¹ 2e

The first form solves for as many unknowns as there are parameters, the second (NTK form, or minSR,
arXiv:2302.01941 and arXiv:2310.05715) for as many as there are samples. See
`netket.optimizer.compute_sr_update` for momentum (SPRING, arXiv:2401.10190).
"""

import warnings
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from netket.jax import jacobian_default_mode
from netket.optimizer._kernel_sr import choose_form, compute_sr_update
from netket.optimizer.solver import cholesky_with_fallback
from netket.stats import OnlineStats, online_statistics
from netket.utils import struct
from netket.utils.types import PyTree, Scalar, ScalarOrSchedule
from netket.vqs.full_sum_expect import apply_to_amplitudes

from .checks import check_hamiltonian, check_number, check_state
from .optimization_driver import AbstractOptimizationDriver

_MODES = ("real", "complex")

#: Number of samples per chain behind `Energy_ema`.
_WINDOW = 50


class VMC_SR(AbstractOptimizationDriver):
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

    diag_shift: ScalarOrSchedule = struct.field(pytree_node=False, serialize=False)
    proj_reg: ScalarOrSchedule | None = struct.field(pytree_node=False, serialize=False)
    momentum: ScalarOrSchedule | None = struct.field(
        pytree_node=False, serialize=False, default=None
    )
    info: dict | None = struct.field(pytree_node=False, serialize=False, default=None)

    _ham: Any = struct.field(pytree_node=False, serialize=False)
    _linear_solver: Callable[..., Any] = struct.field(pytree_node=False, serialize=False)
    _chunk_size_bwd: int | None = struct.field(pytree_node=False, serialize=False)
    _mode: str = struct.field(pytree_node=False, serialize=False)
    _use_ntk: bool = struct.field(pytree_node=False, serialize=False)
    _on_the_fly: bool = struct.field(pytree_node=False, serialize=False)
    _moving_average: OnlineStats | None = struct.field(
        pytree_node=False, serialize=False, default=None
    )
    _old_updates: PyTree = struct.field(pytree_node=False, serialize=True, default=None)

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
        super().__init__(variational_state, optimizer, minimized_quantity_name="Energy")
        if linear_solver_fn is not None:
            warnings.warn(
                "Argument `linear_solver_fn` is now called `linear_solver`.",
                FutureWarning,
                stacklevel=2,
            )
            linear_solver = linear_solver_fn
        self.diag_shift = check_number("diag_shift", diag_shift)
        self.proj_reg = None if proj_reg is None else check_number("proj_reg", proj_reg)
        self.momentum = None if momentum is None else check_number("momentum", momentum)
        self._linear_solver = linear_solver
        self.chunk_size_bwd = chunk_size_bwd
        self.mode = mode
        self._use_ntk, self._on_the_fly = choose_form(
            self.state.parameters,
            _n_samples(self.state),
            self.mode,
            use_ntk=use_ntk,
            on_the_fly=on_the_fly,
        )
        if proj_reg is not None and not self._use_ntk:
            raise ValueError(
                "Argument `proj_reg` must be None unless the equations are solved in the NTK form: "
                "pass `use_ntk=True`, or leave it out."
            )

    @property
    def energy(self) -> Any:
        """Statistics of the energy, as they were when the last step began."""
        return self._loss_stats

    @property
    def mode(self) -> str:
        """``"real"`` or ``"complex"``: whether the phase of the amplitudes is differentiated."""
        return self._mode

    @mode.setter
    def mode(self, mode: str | None) -> None:
        if mode is None:
            state = self.state
            sample = jax.ShapeDtypeStruct((1, state.hilbert.size), _sample_dtype(state))
            mode = jacobian_default_mode(
                state._apply_fun, state.parameters, state.model_state, sample, holomorphic=False
            )
        if mode not in _MODES:
            raise ValueError(f"Argument `mode` must be 'real' or 'complex', but is {mode!r}.")
        self._mode = mode

    @property
    def chunk_size_bwd(self) -> int | None:
        """How many samples are differentiated at a time; None for as many as the state says."""
        return self._chunk_size_bwd

    @chunk_size_bwd.setter
    def chunk_size_bwd(self, chunk_size: int | None) -> None:
        if chunk_size is not None and not (isinstance(chunk_size, int) and chunk_size > 0):
            raise ValueError(
                f"Argument `chunk_size_bwd` must be a positive integer or None, but is "
                f"{chunk_size!r}."
            )
        self._chunk_size_bwd = chunk_size

    @property
    def use_ntk(self) -> bool:
        """Whether the equations are solved for as many unknowns as there are samples."""
        return self._use_ntk

    @property
    def on_the_fly(self) -> bool:
        """Whether the log-derivatives are computed again and again instead of stored."""
        return self._on_the_fly

    def compute_loss_and_update(self) -> tuple[Any, Any]:
        state = self.state
        loss, samples, local_energies, pdf = _local_energies(state, self._ham)
        if pdf is None:
            self._moving_average = _continued(self._moving_average, local_energies)
        self._old_updates, self.info = compute_sr_update(
            state._apply_fun,
            state.parameters,
            state.model_state,
            samples,
            local_energies,
            pdf=pdf,
            diag_shift=_at(self.diag_shift, self.step_count),
            proj_reg=_at(self.proj_reg, self.step_count),
            momentum=_at(self.momentum, self.step_count),
            previous=self._old_updates,
            mode=self._mode,
            use_ntk=self._use_ntk,
            on_the_fly=self._on_the_fly,
            solver=self._linear_solver,
            chunk_size=self._chunk_size_bwd or state.chunk_size,
        )
        return loss, self._old_updates

    def _log_additional_data(self, log_dict: dict[str, Any], step: int | None = None) -> None:
        super()._log_additional_data(log_dict, step)
        if self._moving_average is not None:
            log_dict["Energy_ema"] = self._moving_average.get_stats()
        if self.info:
            log_dict["info"] = self.info


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


def _at(value: ScalarOrSchedule | None, step: int) -> Scalar | None:
    return value(step) if callable(value) else value


def _is_full_summation(state: Any) -> bool:
    return hasattr(state, "probability_distribution")


def _n_samples(state: Any) -> int:
    return state.hilbert.n_states if _is_full_summation(state) else state.n_samples


def _sample_dtype(state: Any) -> Any:
    return state._all_states.dtype if _is_full_summation(state) else state.sampler.dtype


def _local_energies(state: Any, hamiltonian: Any) -> tuple[Any, Any, Any, Any]:
    """Energy, samples, their local energies, and probabilities unless these are all the same."""
    if not _is_full_summation(state):
        local = state.local_estimators(hamiltonian)
        return local.to_stats(), state.samples, local.data, None
    image = apply_to_amplitudes(state, hamiltonian)
    samples, pdf = state._weighted_states()
    local_energies = state._in_parts(_ratio(image, state.to_array()))
    return state.expect(hamiltonian), samples, local_energies, pdf


@jax.jit
def _ratio(image: jax.Array, psi: jax.Array) -> jax.Array:
    # where the amplitude vanishes so does the weight
    return jnp.where(psi == 0, 0, image / jnp.where(psi == 0, 1, psi))
