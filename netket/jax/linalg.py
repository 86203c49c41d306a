# SPDX-License-Identifier: Apache-2.0
"""Logarithms of sums and determinants of either sign, as complex numbers."""

from typing import Any

import jax
import jax.numpy as jnp

from netket.utils.types import Array

from .dtypes import dtype_complex


def logsumexp_cplx(a: Array, b: Array | None = None, **kwargs: Any) -> jax.Array:
    """log Σ b exp(a) as a complex number, also for negative or complex sums.

    Args:
        a: exponents.
        b: weights, broadcast with `a`; 1 by default.
        kwargs: those of `jax.scipy.special.logsumexp`, as ``axis`` and ``keepdims``.
    """
    a = jnp.asarray(a)
    if not jnp.issubdtype(a.dtype, jnp.complexfloating):
        if b is None:
            out = jax.scipy.special.logsumexp(a, **kwargs)
            return out.astype(dtype_complex(out.dtype))
        a = a.astype(dtype_complex(jnp.promote_types(a.dtype, jnp.float32)))
    return jax.scipy.special.logsumexp(a, b=b, **kwargs)


def logdet_cmplx(A: Array) -> jax.Array:
    """log det A as a complex number; the phase of the determinant is its imaginary part.

    Args:
        A: square matrices (..., n, n).
    """
    sign, logdet = jnp.linalg.slogdet(A)
    return logdet.astype(dtype_complex(logdet.dtype)) + jnp.log(
        sign.astype(dtype_complex(sign.dtype))
    )
