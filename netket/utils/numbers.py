# SPDX-License-Identifier: Apache-2.0
"""Questions on numbers and arrays of any origin, and random seeds."""

import numbers
import secrets
from typing import Any

import jax
import numpy as np


def dtype(x: Any) -> Any:
    """The dtype of an array, the type of a number; types are returned as they are.

    Raises:
        TypeError: `x` is neither.
    """
    if x is None:
        return None
    if hasattr(x, "dtype"):
        return x.dtype
    if isinstance(x, type):
        return x
    if isinstance(x, numbers.Number):
        return type(x)
    raise TypeError(f"Argument `x` must be a number, an array or a type, but is {x!r}.")


def is_scalar(x: Any) -> bool:
    """Whether `x` is a number, or an array of shape ()."""
    if isinstance(x, numbers.Number):
        return True
    return isinstance(x, np.ndarray | np.generic | jax.Array) and np.ndim(x) == 0


def random_seed() -> int:
    """An integer of 32 bits from the random source of the operating system."""
    return secrets.randbits(32)
