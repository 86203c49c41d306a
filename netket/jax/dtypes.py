# SPDX-License-Identifier: Apache-2.0
"""Real and complex dtypes: converting between them, and promoting."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.utils.types import DType

_TO_COMPLEX = {
    np.dtype(np.float32): np.dtype(np.complex64),
    np.dtype(np.float64): np.dtype(np.complex128),
}
_TO_REAL = {c: r for r, c in _TO_COMPLEX.items()}


def is_complex_dtype(typ: DType) -> bool:
    """Whether a dtype, or that of an array, is complex."""
    return jnp.issubdtype(_dtype(typ), jnp.complexfloating)


def dtype_complex(typ: DType) -> np.dtype:
    """The complex dtype of the precision of `typ`.

    Raises:
        TypeError: there is none, as for integers.
    """
    dtype = _dtype(typ)
    if is_complex_dtype(dtype):
        return dtype
    try:
        return _TO_COMPLEX[dtype]
    except KeyError:
        raise TypeError(
            f"Argument `typ` must be a floating dtype of 32 or 64 bits, but is {dtype}."
        ) from None


def dtype_real(typ: DType) -> np.dtype:
    """The real dtype of the precision of `typ`; dtypes that are not complex are unchanged."""
    dtype = _dtype(typ)
    return _TO_REAL.get(dtype, dtype)


def maybe_promote_to_complex(*types: DType) -> np.dtype:
    """The first of `types`, or its complex counterpart if any of them is complex.

    The precision is that of the first one.
    """
    return dtype_complex(types[0]) if any(map(is_complex_dtype, types)) else _dtype(types[0])


def canonicalize_dtypes(*values: Any, dtype: DType = None) -> np.dtype:
    """`dtype` as jax would store it or, without, the dtype that jax promotes `values` to.

    Args:
        values: arrays, numbers, dtypes or None, which is ignored. Numbers of python, and their
            types, are weak: they do not raise the precision.
        dtype: if given, the values are not looked at.

    Returns:
        A dtype, of 64 bits only if jax has them enabled.
    """
    if dtype is None:
        values = tuple(v for v in values if v is not None) or (float,)
        return np.dtype(jnp.result_type(*values))
    return jax.dtypes.canonicalize_dtype(dtype)


def _dtype(typ: Any) -> np.dtype:
    if not isinstance(typ, type):  # classes as np.float32 have an attribute `dtype`, too
        typ = getattr(typ, "dtype", typ)
    return np.dtype(typ)
