# SPDX-License-Identifier: Apache-2.0
"""Solvers of linear systems, ``solver(A, b, *, x0=None) -> (x, info)``.

Those of `jax.scipy.sparse.linalg` have the same signature and can be used in their place.
"""

from .factorizations import LU, cholesky, solve, svd
from .fallback import cholesky_with_fallback, nan_fallback
from .pseudo_inverses import pinv, pinv_smooth

__all__ = [
    "LU",
    "cholesky",
    "cholesky_with_fallback",
    "nan_fallback",
    "pinv",
    "pinv_smooth",
    "solve",
    "svd",
]
