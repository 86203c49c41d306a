# SPDX-License-Identifier: Apache-2.0
"""State dictionaries of states for `flax.serialization`: `to_bytes`, `from_bytes` and so on."""

import copy
from typing import Any

import jax
import numpy as np
from flax import serialization

from netket.jax.sharding import gather, place_like
from netket.utils.types import PyTree

from .full_sum_state import FullSumState
from .mc_state import MCState
from .mixed_state import MCMixedState
from .state import VariationalState


def mc_state_to_dict(vstate: MCState) -> dict[str, Any]:
    """Variables, state of the sampler, and sizes."""
    return {
        "variables": serialization.to_state_dict(_whole(vstate.variables)),
        "sampler_state": serialization.to_state_dict(_whole(vstate.sampler_state)),
        "n_samples": vstate.n_samples,
        "n_discard_per_chain": vstate.n_discard_per_chain,
        "chunk_size": vstate.chunk_size,
    }


def mc_state_from_dict(vstate: MCState, state: dict[str, Any]) -> MCState:
    """A copy of `vstate` with what was stored."""
    new = copy.copy(vstate)
    new.variables = _variables(vstate, state)
    sampler_state = serialization.from_state_dict(vstate.sampler_state, state["sampler_state"])
    new.sampler_state = _placed(sampler_state, vstate.sampler_state)
    new._sampler_state_previous = new.sampler_state
    new.n_samples = state["n_samples"]
    new.n_discard_per_chain = state["n_discard_per_chain"]
    new.chunk_size = state["chunk_size"]
    return new


def mixed_state_to_dict(vstate: MCMixedState) -> dict[str, Any]:
    """That of a state, and the sampling of the diagonal."""
    diagonal = mc_state_to_dict(vstate.diagonal)
    del diagonal["variables"]
    return mc_state_to_dict(vstate) | {"diagonal": diagonal}


def mixed_state_from_dict(vstate: MCMixedState, state: dict[str, Any]) -> MCMixedState:
    """A copy of `vstate` with what was stored."""
    new: Any = mc_state_from_dict(vstate, state)
    diagonal = {"variables": state["variables"], **state["diagonal"]}
    new._diagonal = mc_state_from_dict(vstate.diagonal, diagonal)
    return new


def full_sum_state_to_dict(vstate: FullSumState) -> dict[str, Any]:
    """The variables."""
    return {"variables": serialization.to_state_dict(_whole(vstate.variables))}


def full_sum_state_from_dict(vstate: FullSumState, state: dict[str, Any]) -> FullSumState:
    """A copy of `vstate` with the variables that were stored."""
    new = copy.copy(vstate)
    new.variables = _variables(vstate, state)
    return new


def _variables(vstate: VariationalState, state: dict[str, Any]) -> PyTree:
    restored = serialization.from_state_dict(vstate.variables, state["variables"])
    jax.tree_util.tree_map_with_path(_check_shape, vstate.variables, restored)
    return _placed(restored, vstate.variables)


def _check_shape(path: Any, old: Any, new: Any) -> None:
    if np.shape(new) != np.shape(old):
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        raise ValueError(
            "What was stored must be the variables of a model of the same size, but "
            f"`{name}` has shape {np.shape(new)} there and {np.shape(old)} in this state."
        )


def _whole(tree: PyTree) -> PyTree:
    """Arrays that several processes share, as arrays that every process has."""

    def whole(x: Any) -> Any:
        if isinstance(x, jax.Array) and not x.is_fully_addressable:
            return gather(x).addressable_data(0)
        return x

    return jax.tree.map(whole, tree)


def _placed(tree: PyTree, like: PyTree) -> PyTree:
    """What was stored, on the devices on which it was before."""

    def place(x: Any, old: Any) -> Any:
        fits = isinstance(old, jax.Array) and np.shape(x) == old.shape
        return place_like(x, old) if fits else x

    return jax.tree.map(place, tree, like)


serialization.register_serialization_state(MCState, mc_state_to_dict, mc_state_from_dict)
serialization.register_serialization_state(MCMixedState, mixed_state_to_dict, mixed_state_from_dict)
serialization.register_serialization_state(
    FullSumState, full_sum_state_to_dict, full_sum_state_from_dict
)
