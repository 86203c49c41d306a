# SPDX-License-Identifier: Apache-2.0
"""What a quantum geometric tensor needs to know of a variational state."""

import functools
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from netket.errors import HolomorphicUndeclaredWarning
from netket.jax import jacobian_default_mode
from netket.jax.chunking import check_chunk_size
from netket.utils.types import Array, PyTree


class StateData(NamedTuple):
    """A model with its parameters, and samples of it."""

    apply_fun: Callable  # (variables, (B, N)) -> (B,)
    parameters: PyTree
    model_state: PyTree
    samples: Array  # (..., N), B in all
    pdf: Array | None  # (B,) weights of the samples; None if equal
    chunk_size: int | None


def state_data(vstate: Any, chunk_size: int | None = None) -> StateData:
    """The data of a state: samples, or all configurations weighted by their probabilities.

    Args:
        vstate: a state with samples or, if it has a `probability_distribution`, without.
        chunk_size: how many samples to evaluate at a time; by default as the state does.

    Raises:
        TypeError: `vstate` is no variational state.
        ValueError: `chunk_size` is not a positive integer.
    """
    chunk_size = check_chunk_size(chunk_size)
    if is_full_sum(vstate):
        samples, pdf = _weighted_states(vstate)
    elif hasattr(vstate, "_apply_fun"):
        samples, pdf = vstate.samples, None
    else:
        raise TypeError(
            "Argument `vstate` must be a variational state, such as netket.vqs.MCState, but is of "
            f"type {type(vstate).__name__}."
        )
    if chunk_size is None:
        chunk_size = getattr(vstate, "chunk_size", None)
    if chunk_size is not None and chunk_size * samples.shape[-1] >= samples.size:
        chunk_size = None
    return StateData(
        vstate._apply_fun, vstate.parameters, vstate.model_state, samples, pdf, chunk_size
    )


def _weighted_states(vstate: Any) -> tuple[Array, Array]:
    """All configurations and their probabilities, split over devices if the state can do so."""
    if hasattr(vstate, "_weighted_states"):
        return vstate._weighted_states()
    return vstate._all_states, vstate.probability_distribution()


def is_full_sum(vstate: Any) -> bool:
    """Whether expectation values of the state are sums over all configurations."""
    return hasattr(vstate, "probability_distribution")


def differentiation_mode(data: StateData, mode: str | None, holomorphic: bool | None) -> str:
    """The mode of `netket.jax.jacobian`, from what the user said and the dtype of the model.

    Raises:
        ValueError: both `mode` and `holomorphic` are given, or `mode` is unknown.
        TypeError: mode "complex" for a real log-amplitude.
    """
    if mode is None:
        return _mode_of_model(data, holomorphic, warn=True)
    if holomorphic is not None:
        raise ValueError("Arguments `mode` and `holomorphic` exclude each other: give one.")
    if mode not in ("real", "complex", "holomorphic"):
        raise ValueError(
            f"Argument `mode` must be 'real', 'complex' or 'holomorphic', but is {mode!r}."
        )
    if mode == "complex" and _mode_of_model(data, False, warn=False) == "real":
        raise TypeError(
            "Argument `mode` must be 'real' for a model with real log-amplitudes, but is 'complex'."
        )
    if mode == "holomorphic":
        return _mode_of_model(data, True, warn=False)
    return mode


def _mode_of_model(data: StateData, holomorphic: bool | None, warn: bool) -> str:
    variables = (data.parameters, data.model_state)
    leaves, treedef = jax.tree.flatten(variables)
    shapes = tuple(jax.ShapeDtypeStruct(np.shape(x), jnp.result_type(x)) for x in leaves)
    σ = jax.ShapeDtypeStruct((1, data.samples.shape[-1]), data.samples.dtype)
    # tracing a model takes longer than a step with a small one
    mode = _mode_of_shapes(data.apply_fun, treedef, shapes, σ, holomorphic)
    if warn and holomorphic is None and mode == "complex":
        if any(x.dtype.kind == "c" for x in jax.tree.leaves(data.parameters)):
            warnings.warn(HolomorphicUndeclaredWarning(), stacklevel=5)
    return mode


@functools.lru_cache(maxsize=256)
def _mode_of_shapes(
    apply_fun: Callable, treedef: Any, shapes: tuple, σ: Any, holomorphic: bool | None
) -> str:
    parameters, model_state = treedef.unflatten(shapes)
    return jacobian_default_mode(
        apply_fun, parameters, model_state, σ, holomorphic=holomorphic, warn=False
    )
