# SPDX-License-Identifier: Apache-2.0
r"""`SRDriver`: what drivers by stochastic reconfiguration share, whatever they minimise.

With centred, weighted log-derivatives X (samples × parameters) and local values e of the loss,

    dp = (XᵀX + ε)⁻¹ Xᵀ 2e  =  Xᵀ (XXᵀ + ε)⁻¹ 2e

in whichever form is cheaper; see `netket.optimizer.compute_sr_update`.
"""

import abc
import warnings
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from netket.jax import jacobian_default_mode
from netket.optimizer._kernel_sr import choose_form, compute_sr_update
from netket.utils import struct
from netket.utils.types import PyTree, Scalar, ScalarOrSchedule

from .checks import check_number, check_state
from .optimization_driver import AbstractOptimizationDriver

_MODES = ("real", "complex")


class SRDriver(AbstractOptimizationDriver):
    """Base of drivers by stochastic reconfiguration: a subclass defines `_loss_and_values`.

    Args:
        variational_state: the state whose parameters are optimised.
        optimizer: an optax gradient transformation.
        minimized_quantity_name: name of the loss in logs.
        diag_shift, proj_reg, momentum, linear_solver, linear_solver_fn, chunk_size_bwd, mode,
        use_ntk, on_the_fly: see `VMC_SR`.
    """

    diag_shift: ScalarOrSchedule = struct.field(pytree_node=False, serialize=False)
    proj_reg: ScalarOrSchedule | None = struct.field(pytree_node=False, serialize=False)
    momentum: ScalarOrSchedule | None = struct.field(
        pytree_node=False, serialize=False, default=None
    )
    info: dict | None = struct.field(pytree_node=False, serialize=False, default=None)

    _linear_solver: Callable[..., Any] = struct.field(pytree_node=False, serialize=False)
    _chunk_size_bwd: int | None = struct.field(pytree_node=False, serialize=False)
    _mode: str = struct.field(pytree_node=False, serialize=False)
    _use_ntk: bool = struct.field(pytree_node=False, serialize=False)
    _on_the_fly: bool = struct.field(pytree_node=False, serialize=False)
    _old_updates: PyTree = struct.field(pytree_node=False, serialize=True, default=None)

    def __init__(
        self,
        variational_state: Any,
        optimizer: Any,
        minimized_quantity_name: str,
        *,
        diag_shift: ScalarOrSchedule,
        proj_reg: ScalarOrSchedule | None,
        momentum: ScalarOrSchedule | None,
        linear_solver: Callable[..., Any],
        linear_solver_fn: Callable[..., Any] | None,
        chunk_size_bwd: int | None,
        mode: str | None,
        use_ntk: bool | None,
        on_the_fly: bool | None,
    ):
        super().__init__(check_state(variational_state), optimizer, minimized_quantity_name)
        if linear_solver_fn is not None:
            warnings.warn(
                "Argument `linear_solver_fn` is now called `linear_solver`.",
                FutureWarning,
                stacklevel=3,
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

    @abc.abstractmethod
    def _loss_and_values(self) -> tuple[Any, Any, Any, Any]:
        """Loss, samples, their local values, and probabilities unless these are all the same."""

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
        loss, samples, values, pdf = self._loss_and_values()
        self._old_updates, self.info = compute_sr_update(
            state._apply_fun,
            state.parameters,
            state.model_state,
            samples,
            values,
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
        if self.info:
            log_dict["info"] = self.info


def _at(value: ScalarOrSchedule | None, step: int) -> Scalar | None:
    return value(step) if callable(value) else value


def is_full_summation(state: Any) -> bool:
    """Whether the states are all summed over."""
    return hasattr(state, "probability_distribution")


def _n_samples(state: Any) -> int:
    return state.hilbert.n_states if is_full_summation(state) else state.n_samples


def _sample_dtype(state: Any) -> Any:
    return state._all_states.dtype if is_full_summation(state) else state.sampler.dtype


def weighted_ratios(state: Any, image: jax.Array) -> tuple[Any, Any, Any]:
    """Configurations of a state without sampling, (O ψ)/ψ for them, and their probabilities.

    Args:
        state: the state.
        image: O ψ (n_states,), for the normalised amplitudes ψ.
    """
    samples, pdf = state._weighted_states()
    return samples, state._in_parts(_ratio(image, state.to_array())), pdf


@jax.jit
def _ratio(image: jax.Array, psi: jax.Array) -> jax.Array:
    # where the amplitude vanishes so does the weight
    return jnp.where(psi == 0, 0, image / jnp.where(psi == 0, 1, psi))
