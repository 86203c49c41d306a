# SPDX-License-Identifier: Apache-2.0
"""dtypes of coefficients: python numbers adapt, arrays and numpy numbers have their dtype."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ._host import is_traced


def dtype_of(x: Any) -> np.dtype:
    """dtype of a coefficient by itself: floats are float64, integers become float64, too."""
    dtype = x.dtype if hasattr(x, "dtype") else np.asarray(x).dtype
    return inexact(dtype)


def inexact(dtype: Any) -> np.dtype:
    """`dtype`, or float64 if it is of integers; 64-bit numbers only if jax has them."""
    dtype = np.dtype(dtype)
    dtype = np.dtype(np.float64) if dtype.kind in "biu" else dtype
    return jax.dtypes.canonicalize_dtype(dtype)


def promoted(dtype: Any, *others: Any) -> np.dtype:
    """dtype of the combination of coefficients with `dtype` and numbers, arrays or dtypes.

    Python numbers change the kind only: float32 times 2.0 is float32, times 1j is complex64.
    """
    result = np.dtype(dtype)
    for x in others:
        if is_traced(x):
            result = jnp.result_type(result, x)
        elif isinstance(x, bool | int | float | complex) and not isinstance(x, np.generic):
            result = np.result_type(result, x)
        else:
            result = np.result_type(result, x if isinstance(x, np.dtype | type) else x.dtype)
    return inexact(result)


def as_coefficient(x: Any, dtype: Any) -> Any:
    """`x` as an array: of numpy if it is concrete, else traced."""
    return jnp.asarray(x).astype(dtype) if is_traced(x) else np.array(x).astype(dtype)
