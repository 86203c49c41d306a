# SPDX-License-Identifier: Apache-2.0
r"""Pseudo-inverses of hermitian matrices: :math:`x = V\, f(w)\, V^\dagger b` with A = V w V†."""

import warnings
from typing import Any

import jax
import jax.numpy as jnp

from ._dense_solver import dense_solver


def _renamed(name: str, value: Any, old_name: str, old_value: Any) -> Any:
    """The value of an option that may also be given by its former name."""
    if old_value is None:
        return value
    warnings.warn(
        f"Argument `{old_name}` has been renamed: use `{name}`.", FutureWarning, stacklevel=5
    )
    return old_value


def _apply(V: jax.Array, f: jax.Array, b: jax.Array) -> jax.Array:
    return V @ (f * (V.conj().T @ b))


@dense_solver(static=("return_eigvals",))
def pinv(
    A: jax.Array,
    b: jax.Array,
    *,
    rtol: float = 1e-12,
    x0: Any = None,
    rcond: float | None = None,
    return_eigvals: bool = False,
) -> tuple[jax.Array, dict | None]:
    """Solves A x = b with the pseudo-inverse, which drops small eigenvalues.

    Args:
        A: a hermitian matrix (P, P), or a `LinearOperator`.
        b: a vector (P,), or a pytree of P elements.
        rtol: eigenvalues below this fraction of the largest (in modulus) are dropped.
        x0: ignored.
        rcond: former name of `rtol`.
        return_eigvals: return the eigenvalues as information.

    Returns:
        The solution, like `b`, and None, or ``{"evals": ...}`` with the eigenvalues in ascending
        order.
    """
    rtol = _renamed("rtol", rtol, "rcond", rcond)
    w, V = jnp.linalg.eigh(A)
    size = jnp.abs(w)
    keep = size > rtol * jnp.max(size)
    inverse = jnp.where(keep, 1 / jnp.where(keep, w, 1), 0)
    return _apply(V, inverse, b), {"evals": w} if return_eigvals else None


@dense_solver(static=("return_eigvals",))
def pinv_smooth(
    A: jax.Array,
    b: jax.Array,
    *,
    rtol: float = 1e-14,
    rtol_smooth: float = 1e-14,
    x0: Any = None,
    rcond: float | None = None,
    rcond_smooth: float | None = None,
    return_eigvals: bool = False,
) -> tuple[jax.Array, dict]:
    r"""Solves A x = b with a pseudo-inverse that damps small eigenvalues smoothly.

    An eigenvalue w is inverted to

    .. math:: \frac{1}{w}\,\frac{1}{1 + (\epsilon\, w_\text{max} / w)^6}

    if it is larger than `rtol` times the largest, :math:`w_\text{max}`, and to 0 otherwise.

    Args:
        A: a hermitian matrix (P, P), or a `LinearOperator`.
        b: a vector (P,), or a pytree of P elements.
        rtol: eigenvalues below this fraction of the largest are dropped.
        rtol_smooth: the fraction ε of the largest eigenvalue below which others are damped.
        x0: ignored.
        rcond: former name of `rtol`.
        rcond_smooth: former name of `rtol_smooth`.
        return_eigvals: add the eigenvalues to the information.

    Returns:
        The solution, like `b`, and a dictionary: the smallest and the largest eigenvalue
        (eval_min, eval_max), the number of eigenvalues above the cut-off (rank), the ratio of
        largest to smallest (cond_number) and, if asked for, all (evals).

    Source: the regularisation of arXiv:2105.01054.
    """
    rtol = _renamed("rtol", rtol, "rcond", rcond)
    rtol_smooth = _renamed("rtol_smooth", rtol_smooth, "rcond_smooth", rcond_smooth)
    w, V = jnp.linalg.eigh(A)
    w_max = w[-1]
    size = jnp.abs(w / w_max)
    keep = size > rtol
    # the eigenvalues that are dropped must not make a NaN on the way
    ratio = jnp.where(keep, size, 1)
    damping = 1 / (1 + (rtol_smooth / ratio) ** 6)
    inverse = jnp.where(keep, damping / jnp.where(keep, w, 1), 0)
    info = {
        "eval_min": w[0],
        "eval_max": w_max,
        "rank": jnp.sum(w > rtol * w_max),
        "cond_number": w_max / w[0],
    }
    if return_eigvals:
        info["evals"] = w
    return _apply(V, inverse, b), info
