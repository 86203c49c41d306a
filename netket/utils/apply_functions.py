# SPDX-License-Identifier: Apache-2.0
"""Modules or functions: samplers take both, and see one of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .model_frameworks import identify_framework, maybe_wrap_module


@dataclass(frozen=True)
class WrappedApplyFun:
    """An apply function as an object with the method ``apply``, like a module."""

    apply: Callable


def get_afun_if_module(mod_or_fun: Any) -> Callable:
    """The function ``f(variables, σ)`` of a module; functions are returned as they are."""
    if hasattr(mod_or_fun, "apply"):
        return mod_or_fun.apply
    if identify_framework(mod_or_fun).model_contains_parameters:
        return maybe_wrap_module(mod_or_fun)[1].apply
    return mod_or_fun


def wrap_afun(mod_or_fun: Any) -> Any:
    """An object with a method ``apply(variables, σ)``; modules are returned as they are."""
    if hasattr(mod_or_fun, "apply"):
        return mod_or_fun
    return WrappedApplyFun(mod_or_fun)
