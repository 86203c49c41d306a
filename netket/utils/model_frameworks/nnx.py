# SPDX-License-Identifier: Apache-2.0
"""Modules of flax.nnx, which hold their parameters: split into a static part and variables.

Variables are ``{"params": ..., "model_state": ...}``: those of type ``nnx.Param``, and all others.
"""

from typing import Any

import jax

from ..types import Array, PyTree
from .base import ModuleFramework, framework, has_base, is_imported


class NNXWrapper:
    """A flax.nnx module without its variables; hashed and compared by its structure.

    Args:
        module: the module.
    """

    def __init__(self, module: Any):
        from flax import nnx

        self.wrapped_class = type(module)
        graphdef, *states = nnx.split(module, nnx.Param, ...)
        self._graphdef = graphdef
        self._structures = tuple(jax.tree.structure(state) for state in states)

    @staticmethod
    def variables_of(module: Any) -> dict[str, PyTree]:
        """The variables of a module as nested dictionaries."""
        from flax import nnx

        _, params, rest = nnx.split(module, nnx.Param, ...)
        return {"params": nnx.to_pure_dict(params), "model_state": nnx.to_pure_dict(rest)}

    def module(self, variables: PyTree) -> Any:
        """The module with the given variables."""
        from flax import nnx

        parts = (variables["params"], variables.get("model_state", {}))
        # dictionaries and states have the same leaves in the same order, sorted by their paths
        states = [s.unflatten(jax.tree.leaves(p)) for s, p in zip(self._structures, parts)]
        return nnx.merge(self._graphdef, *states)

    def init(self, rng: Any, *args: Any, **kwargs: Any) -> PyTree:
        """Not possible: the variables are made together with the module."""
        raise RuntimeError(
            f"Module {self.wrapped_class.__name__} of flax.nnx holds its variables, so that new "
            "ones cannot be drawn. Create another module with other `rngs`."
        )

    def apply(
        self, variables: PyTree, x: Array, *, mutable: Any = False, rngs: Any = None, **kwargs: Any
    ) -> Any:
        """The log-amplitudes of x and, if `mutable`, the variables that have changed."""
        module = self.module(variables)
        out = module(x, **kwargs)
        if mutable is False:
            return out
        return out, {"model_state": self.variables_of(module)["model_state"]}

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, NNXWrapper)
            and self.wrapped_class is other.wrapped_class
            and self._structures == other._structures
            and self._graphdef == other._graphdef
        )

    def __hash__(self) -> int:
        return hash((self.wrapped_class, self._graphdef))

    def __repr__(self) -> str:
        return f"NNXWrapper({self.wrapped_class.__name__})"


@framework
class NNXFramework(ModuleFramework):
    """flax.nnx."""

    name = "NNX"
    model_contains_parameters = True

    @staticmethod
    def is_loaded() -> bool:
        return is_imported("flax.nnx")

    @staticmethod
    def is_my_module(module: Any) -> bool:
        return isinstance(module, NNXWrapper) or has_base(module, "flax.nnx", "Module")

    @staticmethod
    def wrap(module: Any) -> tuple[PyTree | None, Any]:
        if isinstance(module, NNXWrapper):
            return None, module
        return NNXWrapper.variables_of(module), NNXWrapper(module)

    @staticmethod
    def unwrap(module: Any, maybe_variables: PyTree | None) -> Any:
        return module if maybe_variables is None else module.module(maybe_variables)

    @staticmethod
    def wrapped_model_class(static_model: Any) -> type:
        if isinstance(static_model, NNXWrapper):
            return static_model.wrapped_class
        return type(static_model)
