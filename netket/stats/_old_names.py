# SPDX-License-Identifier: Apache-2.0
"""Reductions over all processes that became those of jax.numpy: they work, with a warning."""

import warnings
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from netket.utils.types import Array

__all__ = ["old_name"]


def _subtract_mean(x: Array, axis: Any = None) -> Array:
    return x - jnp.mean(x, axis=axis, keepdims=True)


def _total_size(a: Array, axis: Any = None) -> int:
    return jnp.size(a, axis)


_OLD: dict[str, tuple[Callable, str]] = {
    "mean": (jnp.mean, "jax.numpy.mean"),
    "sum": (jnp.sum, "jax.numpy.sum"),
    "var": (jnp.var, "jax.numpy.var"),
    "subtract_mean": (_subtract_mean, "x - jax.numpy.mean(x, axis, keepdims=True)"),
    "total_size": (_total_size, "jax.numpy.size"),
}


def old_name(name: str) -> Callable:
    """What `netket.stats.name` used to be.

    Raises:
        AttributeError: There was no such name.
    """
    if name not in _OLD:
        raise AttributeError(f"module 'netket.stats' has no attribute {name!r}")
    function, new = _OLD[name]
    message = f"netket.stats.{name} is deprecated: use {new}."
    warnings.warn(message, DeprecationWarning, stacklevel=3)
    return function
