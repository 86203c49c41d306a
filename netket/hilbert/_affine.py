# SPDX-License-Identifier: Apache-2.0
"""Local indices of samples with equidistant local states: x = start + step i."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.utils.types import Array


def to_indices(x: Array, start: Any, step: Any, dtype: np.dtype) -> Array:
    """Local indices (..., N) of samples; numbers between local states are rounded."""
    xp = jnp if isinstance(x, jax.Array) else np
    x = xp.asarray(x)
    if x.dtype.kind == "f":
        return xp.rint((x - start) / step).astype(dtype)
    # differences of small integers may not be of their type
    wide = np.promote_types(dtype, np.int16)
    if x.dtype.kind == "i":
        wide = np.promote_types(wide, x.dtype)
    difference = x.astype(wide) - _narrow(start, wide)
    if np.ndim(step):
        difference = difference * _narrow(np.sign(step), wide)
    elif step < 0:
        difference = -difference
    return _divide(difference, abs(step), wide).astype(dtype)


def _divide(x: Array, divisor: Any, dtype: np.dtype) -> Array:
    """x // divisor, by shifts where possible, as divisions of integers are slow."""
    if np.ndim(divisor) == 0:
        divisor = int(divisor)
        if divisor & (divisor - 1):
            return x // divisor
        return x >> divisor.bit_length() - 1 if divisor > 1 else x
    divisor = divisor.astype(dtype)
    if (divisor & (divisor - 1)).any():
        return x // divisor
    return x >> np.log2(divisor).astype(dtype)


def to_states(i: Array, start: Any, step: Any, dtype: np.dtype) -> Array:
    """Samples (..., N) of the given dtype, with local indices `i`."""
    i = i if isinstance(i, jax.Array) else np.asarray(i)
    if dtype.kind in "iu":
        # intermediate numbers may not be of the type of the result
        wide = np.promote_types(np.promote_types(i.dtype, dtype), np.int16)
        wide = wide if wide.kind == "i" else np.dtype(np.int64)
        return (_narrow(start, wide) + _narrow(step, wide) * i.astype(wide)).astype(dtype)
    return _narrow(start, dtype) + _narrow(step, dtype) * i.astype(dtype)


def _narrow(value: Any, dtype: np.dtype) -> Any:
    """A number, or an array, that does not promote the dtype of what it meets."""
    if np.ndim(value):
        return np.asarray(value).astype(dtype)
    return int(value) if dtype.kind in "iu" else dtype.type(value)
