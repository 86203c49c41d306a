# SPDX-License-Identifier: Apache-2.0
"""Modules of equinox, which are pytrees of their parameters, for one configuration at a time.

Variables are ``{"params": {path: array}}`` with the key paths of the arrays in the module.
"""

from typing import Any

import jax

from ..types import Array, PyTree
from .base import ModuleFramework, framework, has_base, is_imported


class EquinoxWrapper:
    """An equinox module without its inexact arrays; hashed and compared by the rest.

    Args:
        module: the module, a function of one configuration (N,).
    """

    def __init__(self, module: Any):
        import equinox as eqx

        self.wrapped_class = type(module)
        params, static = eqx.partition(module, eqx.is_inexact_array)
        self._paths, self._structure = _paths(params), jax.tree.structure(params)
        self._static = static
        leaves, structure = jax.tree.flatten(static)
        if any(eqx.is_array(x) for x in leaves):
            raise TypeError(
                f"Module {self.wrapped_class.__name__} of equinox has arrays of integers, which "
                "cannot be parameters. Mark them as static fields of type "
                "netket.utils.HashableArray."
            )
        self._key = (self.wrapped_class, self._structure, tuple(leaves), structure)

    @staticmethod
    def variables_of(module: Any) -> dict[str, PyTree]:
        """The variables of a module."""
        import equinox as eqx

        params = eqx.filter(module, eqx.is_inexact_array)
        return {"params": dict(zip(_paths(params), jax.tree.leaves(params)))}

    def recompose(self, variables: PyTree) -> Any:
        """The module with the given variables."""
        import equinox as eqx

        leaves = [variables["params"][path] for path in self._paths]
        return eqx.combine(self._structure.unflatten(leaves), self._static)

    def init(self, rng: Any, *args: Any, **kwargs: Any) -> PyTree:
        """Not possible: the variables are made together with the module."""
        raise RuntimeError(
            f"Module {self.wrapped_class.__name__} of equinox holds its variables, so that new "
            "ones cannot be drawn. Create another module with another key."
        )

    def apply(
        self, variables: PyTree, x: Array, *, mutable: Any = False, rngs: Any = None, **kwargs: Any
    ) -> Any:
        """The log-amplitudes of a batch x (B, N)."""
        module = self.recompose(variables)
        out = jax.vmap(lambda x: module(x, **kwargs))(x)
        return out if mutable is False else (out, {})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EquinoxWrapper) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"EquinoxWrapper({self.wrapped_class.__name__})"


def _paths(tree: PyTree) -> tuple[str, ...]:
    flat, _ = jax.tree_util.tree_flatten_with_path(tree)
    return tuple(jax.tree_util.keystr(path).lstrip(".") for path, _ in flat)


@framework
class EquinoxFramework(ModuleFramework):
    """equinox."""

    name = "Equinox"
    model_contains_parameters = True

    @staticmethod
    def is_loaded() -> bool:
        return is_imported("equinox")

    @staticmethod
    def is_my_module(module: Any) -> bool:
        return isinstance(module, EquinoxWrapper) or has_base(module, "equinox", "Module")

    @staticmethod
    def wrap(module: Any) -> tuple[PyTree | None, Any]:
        if isinstance(module, EquinoxWrapper):
            return None, module
        return EquinoxWrapper.variables_of(module), EquinoxWrapper(module)

    @staticmethod
    def unwrap(module: Any, maybe_variables: PyTree | None) -> Any:
        return module if maybe_variables is None else module.recompose(maybe_variables)

    @staticmethod
    def wrapped_model_class(static_model: Any) -> type:
        if isinstance(static_model, EquinoxWrapper):
            return static_model.wrapped_class
        return type(static_model)
