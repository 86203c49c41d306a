# SPDX-License-Identifier: Apache-2.0
"""What all frameworks have in common: recognising a model, wrapping and unwrapping it.

Inside the library a model is an object with ``init(rng, x) -> variables`` and
``apply(variables, x, *, mutable=False)``, hashable, without arrays, and variables are
``{"params": parameters, **model_state}``, as in flax.linen. Each framework translates. No framework
is imported here that the script has not imported itself.
"""

import abc
import sys
from typing import Any

from ..types import PyTree

registered_frameworks: list[type["ModuleFramework"]] = []


class ModuleFramework(abc.ABC):
    """How models of one library become objects with ``init`` and ``apply``.

    Subclasses decorated by `framework` are asked in the order in which they were registered.
    """

    name: str = "Unknown"
    model_contains_parameters: bool = False
    """Whether models hold their parameters, as those of equinox and flax.nnx do."""

    @staticmethod
    @abc.abstractmethod
    def is_loaded() -> bool:
        """Whether the script has imported the library; nothing may be imported to find out."""

    @staticmethod
    @abc.abstractmethod
    def is_my_module(module: Any) -> bool:
        """Whether a model, or what `wrap` made of it, belongs to the library."""

    @staticmethod
    @abc.abstractmethod
    def wrap(module: Any) -> tuple[PyTree | None, Any]:
        """The variables that a model holds, or None, and an object with ``init`` and ``apply``."""

    @staticmethod
    def unwrap(module: Any, maybe_variables: PyTree | None) -> Any:
        """The model, with the given variables if it holds any; undoes `wrap`."""
        return module

    @staticmethod
    def wrapped_model_class(static_model: Any) -> type:
        """The class of the model that was wrapped."""
        return type(static_model)


class UnknownFramework(ModuleFramework):
    """Objects that have ``init`` and ``apply`` already."""

    @staticmethod
    def is_loaded() -> bool:
        return True

    @staticmethod
    def is_my_module(module: Any) -> bool:
        return True

    @staticmethod
    def wrap(module: Any) -> tuple[None, Any]:
        return None, module


def framework(clz: type[ModuleFramework]) -> type[ModuleFramework]:
    """Decorator that registers a framework."""
    registered_frameworks.append(clz)
    return clz


def identify_framework(module: Any) -> type[ModuleFramework]:
    """The framework of a model, wrapped or not; `UnknownFramework` if none knows it."""
    for known in registered_frameworks:
        if known.is_loaded() and known.is_my_module(module):
            return known
    return UnknownFramework


def maybe_wrap_module(module: Any) -> tuple[PyTree | None, Any]:
    """A model of any framework as an object with ``init`` and ``apply``.

    Args:
        module: a module of flax.linen, flax.nnx or equinox, a pair of functions
            ``(init(rng, x), apply(variables, x))``, or anything else, which is returned as it is.

    Returns:
        The variables that the module holds (those of flax.nnx, equinox and bound flax.linen
        modules; None for others), and the object. The module with other variables is
        ``identify_framework(obj).unwrap(obj, variables)``.
    """
    return identify_framework(module).wrap(module)


def has_base(obj: Any, library: str, qualname: str) -> bool:
    """Whether the class of `obj` derives from the one of that name, which is not imported."""
    return any(
        base.__qualname__ == qualname
        and (base.__module__ == library or base.__module__.startswith(library + "."))
        for base in type(obj).__mro__
    )


def is_imported(library: str) -> bool:
    """Whether the script has imported a library."""
    return library in sys.modules
