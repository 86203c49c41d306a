# SPDX-License-Identifier: Apache-2.0
"""Small helpers for arrays, functions and packages."""

import importlib
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from .partial import HashablePartial
from .types import Array


def array_in(x: Array, ys: Array) -> bool:
    """Whether x is one of the elements of `ys` along axis 0."""
    x, ys = np.asarray(x), np.asarray(ys)
    axes = tuple(range(1, ys.ndim))
    return bool(np.any(np.all(ys == x, axis=axes)))


def module_version(module: str | ModuleType) -> tuple[int, ...]:
    """Version of a module as integers, for comparisons: (0, 7, 1) for "0.7.1rc1".

    Args:
        module: the module or its name.
    """
    if isinstance(module, str):
        module = importlib.import_module(module)
    return tuple(int(n) for n in re.match(r"\d+(\.\d+)*", module.__version__)[0].split("."))


def wrap_to_support_scalar(fun: Callable) -> Callable:
    """Decorator for ``f(first, x[B, ...])``: a single x without batch is given one, and back."""
    return HashablePartial(_maybe_scalar, fun)


def _maybe_scalar(fun: Callable, first: Any, x: Array, *args: Any, **kwargs: Any) -> Any:
    if np.ndim(x) > 1:
        return fun(first, x, *args, **kwargs)
    return fun(first, x.reshape(1, -1), *args, **kwargs).reshape(())
