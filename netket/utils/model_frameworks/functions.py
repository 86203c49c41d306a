# SPDX-License-Identifier: Apache-2.0
"""Pairs of functions: ``(init(rng, x) -> variables, apply(variables, x) -> log-amplitudes)``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..types import Array, PyTree
from .base import ModuleFramework, framework


@dataclass(frozen=True)
class FunctionPair:
    """A model made of two functions.

    Attributes:
        init_fun: ``(rng, x) -> variables``.
        apply_fun: ``(variables, x) -> log-amplitudes``.
    """

    init_fun: Callable
    apply_fun: Callable

    def init(self, rng: Any, x: Array) -> PyTree:
        """The variables for inputs like x."""
        return self.init_fun(rng, x)

    def apply(self, variables: PyTree, x: Array, **kwargs: Any) -> Any:
        """The log-amplitudes of x."""
        return self.apply_fun(variables, x, **kwargs)


@framework
class FunctionsFramework(ModuleFramework):
    """Pairs of functions."""

    name = "Functions"

    @staticmethod
    def is_loaded() -> bool:
        return True

    @staticmethod
    def is_my_module(module: Any) -> bool:
        if isinstance(module, FunctionPair):
            return True
        return isinstance(module, tuple) and len(module) == 2 and all(map(callable, module))

    @staticmethod
    def wrap(module: Any) -> tuple[None, Any]:
        return None, module if isinstance(module, FunctionPair) else FunctionPair(*module)

    @staticmethod
    def unwrap(module: Any, maybe_variables: PyTree | None) -> Any:
        return module.init_fun, module.apply_fun
