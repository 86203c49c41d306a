# SPDX-License-Identifier: Apache-2.0
"""Solvers that try a fast method first, and a robust one if its result is not a number."""

from typing import Any

import jax
import jax.numpy as jnp

from netket.utils import HashablePartial

from ._dense_solver import SolverT, dense_solver, matrix_of
from .factorizations import cholesky
from .pseudo_inverses import pinv_smooth


def nan_fallback(primary_solver: SolverT, fallback_solver: SolverT) -> SolverT:
    """A solver that uses `primary_solver`, and `fallback_solver` if that one yields NaN.

    Args:
        primary_solver: a dense solver.
        fallback_solver: a dense solver, slower but more robust; its information is dropped.

    Returns:
        A solver ``(A, b, *, x0=None) -> (x, info)``, hashable by content. The information is that
        of the primary solver, and ``solver_fallback``: whether the other one was used.

    Example:
        >>> import netket as nk
        >>> solver = nk.optimizer.solver
        >>> robust = solver.nan_fallback(solver.cholesky, solver.pinv_smooth)
    """
    return HashablePartial(_nan_fallback_solver, primary_solver, fallback_solver)


def _nan_fallback_solver(
    primary: SolverT, fallback: SolverT, A: Any, b: Any, *, x0: Any = None
) -> tuple[Any, dict]:
    return _try_both_jitted(primary, fallback, matrix_of(A), b, x0)


def _try_both(primary: SolverT, fallback: SolverT, A: jax.Array, b: Any, x0: Any) -> Any:
    x, info = primary(A, b, x0=x0)
    failed = jnp.any(jnp.stack([jnp.any(jnp.isnan(leaf)) for leaf in jax.tree.leaves(x)]))
    x = jax.lax.cond(failed, lambda: fallback(A, b, x0=x0)[0], lambda: x)
    details = info if isinstance(info, dict) else {} if info is None else {"info": info}
    return x, {**details, "solver_fallback": failed}


_try_both_jitted = jax.jit(_try_both, static_argnums=(0, 1))


@dense_solver
def cholesky_with_fallback(
    A: jax.Array,
    b: jax.Array,
    *,
    rtol: float = 1e-14,
    rtol_smooth: float = 1e-14,
    x0: Any = None,
) -> tuple[jax.Array, dict]:
    """Solves A x = b with `cholesky`, and with `pinv_smooth` if A is not positive.

    Args:
        A: a hermitian matrix (P, P), or a `LinearOperator`.
        b: a vector (P,), or a pytree of P elements.
        rtol, rtol_smooth: those of `pinv_smooth`.
        x0: ignored.

    Returns:
        The solution, like `b`, and ``{"solver_fallback": ...}``: whether Cholesky failed.
    """

    def damped(A: jax.Array, b: jax.Array, x0: Any) -> tuple[jax.Array, dict]:
        return pinv_smooth(A, b, rtol=rtol, rtol_smooth=rtol_smooth)

    return _try_both(cholesky, damped, A, b, None)
