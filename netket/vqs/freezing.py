# SPDX-License-Identifier: Apache-2.0
"""Parameters that are kept as they are: they move from ``"params"`` to ``"frozen_params"``."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax

from netket.jax import HashablePartial
from netket.utils.types import Array, PyTree

from .mixed_state import MCMixedState, diagonal_model
from .model import log_amplitude
from .state import VariationalState

FROZEN = "frozen_params"
Path = tuple[str, ...]


@dataclass(frozen=True)
class PartlyFrozenModel:
    """A model, some of whose parameters are in the collection of the frozen ones.

    Attributes:
        model: the model with all its parameters.
        paths: of the frozen parameters.
    """

    model: Any
    paths: frozenset[Path]

    def init(self, rngs: Any, x: Array) -> dict[str, PyTree]:
        variables = dict(self.model.init(rngs, x))
        kept, frozen = _split(variables.pop("params", {}), lambda path, _: path in self.paths)
        return {"params": kept, FROZEN: frozen, **variables}

    def apply(self, variables: PyTree, x: Array, **kwargs: Any) -> Any:
        return self.model.apply(_merged(variables), x, **kwargs)


def freeze_parameters(
    vstate: VariationalState, is_frozen: Callable[[Path, Array], bool]
) -> VariationalState:
    """A state whose gradients, geometric tensors and optimisers see some parameters only.

    The others keep their values. They are found in ``state.model_state["frozen_params"]``.

    Args:
        vstate: the state, which stays as it is.
        is_frozen: function (path, parameter) that says which parameters are kept, where path is a
            tuple such as ``("Dense", "kernel")``.

    Returns:
        The new state; it has the samples of the old one.

    Raises:
        TypeError: `is_frozen` is no function, or the parameters are no nested dictionaries.

    Example:
        >>> import netket as nk
        >>> state = nk.vqs.FullSumState(nk.hilbert.Spin(0.5, 3), nk.models.RBM())
        >>> frozen = nk.vqs.freeze_parameters(state, lambda path, _: path[0] == "visible_bias")
        >>> list(frozen.parameters)
        ['Dense']
    """
    if not callable(is_frozen):
        raise TypeError(
            "Argument `is_frozen` must be a function (path, parameter) -> bool, but is "
            f"{is_frozen!r}."
        )
    state = unfreeze_parameters(vstate)
    if not isinstance(state.parameters, dict):
        raise TypeError(
            "Argument `vstate` must have parameters in nested dictionaries, as those of flax, but "
            f"they are in a {type(state.parameters).__name__}."
        )
    kept, frozen = _split(state.parameters, is_frozen)
    model = PartlyFrozenModel(state._model, frozenset(_paths(frozen)))
    return _with_model(state, model, {"params": kept, FROZEN: frozen, **state.model_state})


def unfreeze_parameters(vstate: VariationalState) -> VariationalState:
    """A state with all parameters free again: the opposite of `freeze_parameters`.

    Args:
        vstate: the state, which stays as it is.
    """
    model = vstate._model
    if isinstance(model, PartlyFrozenModel):
        model = model.model
    return _with_model(vstate, model, _merged(vstate.variables))


def _with_model(vstate: VariationalState, model: Any, variables: PyTree) -> VariationalState:
    """A copy that has the same amplitudes, so that it may keep its samples."""
    state = copy.copy(vstate)
    state._model = model
    state._apply_fun = HashablePartial(log_amplitude, model)
    kept = dict(variables)
    state._parameters = kept.pop("params")
    state._parameters_structure = jax.tree.structure(state._parameters)
    state._model_state = kept
    if isinstance(state, MCMixedState):
        diagonal = diagonal_model(state._apply_fun)
        state._diagonal = _with_model(state.diagonal, diagonal, variables)
    return state


def _split(tree: PyTree, is_frozen: Callable[[Path, Array], bool]) -> tuple[dict, dict]:
    """Nested dictionaries of the leaves that stay, and of those that are frozen."""
    kept: dict = {}
    frozen: dict = {}
    for path in _paths(tree):
        leaf = tree
        for name in path:
            leaf = leaf[name]
        part = frozen if is_frozen(path, leaf) else kept
        for name in path[:-1]:
            part = part.setdefault(name, {})
        part[path[-1]] = leaf
    return kept, frozen


def _paths(tree: PyTree, prefix: Path = ()) -> list[Path]:
    if not isinstance(tree, dict):
        return [prefix]
    return [path for name in tree for path in _paths(tree[name], (*prefix, name))]


def _merged(variables: PyTree) -> dict[str, PyTree]:
    """The variables as the whole model wants them."""
    variables = dict(variables)
    frozen = variables.pop(FROZEN, {})
    return {**variables, "params": _union(variables.get("params", {}), frozen)}


def _union(a: PyTree, b: PyTree) -> PyTree:
    if not (isinstance(a, dict) and isinstance(b, dict)):
        return a
    both = {name: _union(a[name], b[name]) for name in a if name in b}
    return {**a, **b, **both}
