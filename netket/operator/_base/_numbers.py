# SPDX-License-Identifier: Apache-2.0
"""dtypes of coefficients: python numbers adapt, arrays and numpy numbers have their dtype."""

from collections.abc import Sequence
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


def as_coefficient(x: Any, dtype: Any, *, infinite: bool = False) -> Any:
    """`x` as an array of `dtype`: of numpy if it is concrete, else traced.

    Args:
        x: a number or an array.
        dtype: of the array.
        infinite: whether `x` may be infinite.

    Raises:
        TypeError: `x` is complex, but `dtype` is not.
        ValueError: `x` is concrete and not finite.
    """
    dtype, traced = np.dtype(dtype), is_traced(x)
    x = jnp.asarray(x) if traced else np.array(x)
    if x.dtype.kind == "c" and dtype.kind != "c":
        if traced or x.imag.any():
            raise TypeError(
                f"Argument `dtype` must be complex, because a coefficient is, but is {dtype}: "
                f"{promoted(dtype, 1j)} has the same precision."
            )
        x = x.real
    x = x.astype(dtype)
    if not traced:
        bad = np.isnan(x) if infinite else ~np.isfinite(x)
        if bad.any():
            raise ValueError(f"Coefficients of operators must be finite, but one is {x[bad][0]}.")
    return x


def stacked(numbers: Sequence[Any], dtype: Any) -> Any:
    """Numbers as an array of `dtype`, (n,): of numpy unless one is traced."""
    if is_traced(*numbers):
        return jnp.stack([jnp.asarray(c).astype(dtype) for c in numbers])
    return as_coefficient(numbers, dtype)


def one_for_each(coefficients: Any, n: int) -> list[Any]:
    """The coefficients of n operators, of which one number may stand for all.

    Raises:
        ValueError: there is another number of them.
    """
    if not isinstance(coefficients, list | tuple) and np.ndim(coefficients) == 0:
        return [coefficients] * n
    if len(coefficients) != n:
        raise ValueError(
            f"Argument `coefficients` must have {n} entries, one for each operator, but has "
            f"{len(coefficients)}."
        )
    return list(coefficients)


def as_integer(x: Any, argument: str) -> int:
    """`x` as an integer, if that is what it is.

    Raises:
        TypeError: it is something else.
    """
    try:
        number = int(x)
        exact = number == x
    except (TypeError, ValueError, OverflowError):
        exact = False
    if not exact:
        raise TypeError(f"Argument `{argument}` must be an integer, but is {x!r}.")
    return number
