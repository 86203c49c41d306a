# SPDX-License-Identifier: Apache-2.0
"""Direct solvers of A x = b: each factorises the matrix once and returns ``(x, info)``.

All take an array or a `LinearOperator` as A, an array or a pytree as b, and ignore x0. Called
with options alone, such as ``cholesky(lower=True)``, they return a solver with these options.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy import linalg

from ._dense_solver import dense_solver


@dense_solver(static=("lower",))
def cholesky(
    A: jax.Array, b: jax.Array, *, lower: bool = False, x0: Any = None
) -> tuple[jax.Array, None]:
    """Solves A x = b by the Cholesky factorisation of A = L L†; NaN if A is not positive.

    Args:
        A: a hermitian positive matrix (P, P), or a `LinearOperator`.
        b: a vector (P,), or a pytree of P elements.
        lower: use the lower triangle of A instead of the upper one.
        x0: ignored.

    Returns:
        The solution, like `b`, and None.
    """
    return linalg.cho_solve(linalg.cho_factor(A, lower=lower), b), None


@dense_solver(static=("trans",))
def LU(A: jax.Array, b: jax.Array, *, trans: int = 0, x0: Any = None) -> tuple[jax.Array, None]:
    """Solves A x = b by LU factorisation, for any regular matrix.

    Args:
        A: a matrix (P, P), or a `LinearOperator`.
        b: a vector (P,), or a pytree of P elements.
        trans: solve with A (0), its transpose (1) or its adjoint (2).
        x0: ignored.

    Returns:
        The solution, like `b`, and None.
    """
    return linalg.lu_solve(linalg.lu_factor(A), b, trans), None


@dense_solver(static=("assume_a",))
def solve(
    A: jax.Array, b: jax.Array, *, assume_a: str = "pos", x0: Any = None
) -> tuple[jax.Array, None]:
    """Solves A x = b by `jax.scipy.linalg.solve`.

    Args:
        A: a matrix (P, P), or a `LinearOperator`.
        b: a vector (P,), or a pytree of P elements.
        assume_a: "pos" for positive, "her" or "sym" for hermitian and symmetric, "gen" for general
            matrices.
        x0: ignored.

    Returns:
        The solution, like `b`, and None.
    """
    return linalg.solve(A, b, assume_a=assume_a), None


@dense_solver
def svd(
    A: jax.Array, b: jax.Array, *, rcond: float | None = None, x0: Any = None
) -> tuple[jax.Array, dict]:
    """Least-squares solution of A x = b of least norm, by singular values.

    Args:
        A: a matrix (P, P), or a `LinearOperator`.
        b: a vector (P,), or a pytree of P elements.
        rcond: singular values below this fraction of the largest are taken as zero; by default
            P times the precision of the dtype.
        x0: ignored.

    Returns:
        The solution, like `b`, and a dictionary with the residuals, the rank and the singular
        values in descending order.
    """
    x, residuals, rank, values = jnp.linalg.lstsq(A, b, rcond=rcond)
    return x, {"residuals": residuals, "rank": rank, "singular_values": values}
