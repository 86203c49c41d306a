# SPDX-License-Identifier: Apache-2.0
"""Lexicographic order of rows."""

import jax
import jax.numpy as jnp

from netket.utils.types import Array


def sort(x: Array) -> jax.Array:
    """A vector sorted, or a matrix with its rows in lexicographic order.

    Args:
        x: (n,) or (n, k).
    """
    x = jnp.asarray(x)
    _check_dimensions("x", x)
    if x.ndim == 1:
        return jnp.sort(x)
    # the last key of lexsort is the first to be compared
    return x[jnp.lexsort(x.T[::-1])]


def searchsorted(a: Array, v: Array) -> jax.Array:
    """Index of the first element of a sorted array that is not less than v; for rows, too.

    Args:
        a: (n,) or (n, k), in the order of `sort`.
        v: for vectors `a` an array of any shape; for matrices (..., k).

    Returns:
        Integers of the shape of `v`, without its last axis if `a` is a matrix.
    """
    a, v = jnp.asarray(a), jnp.asarray(v)
    _check_dimensions("a", a)
    if a.ndim == 1:
        return jnp.searchsorted(a, v)
    if a.shape[1] != v.shape[-1]:
        raise ValueError(
            f"Argument `v` must have rows of {a.shape[1]} elements, like those of `a`, but has "
            f"shape {v.shape}."
        )
    n = a.shape[0]

    def halve(_: int, ends: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        low, high = ends
        middle = (low + high) // 2
        less = _less(a[jnp.minimum(middle, n - 1)], v) & (low < high)
        return jnp.where(less, middle + 1, low), jnp.where(less | (low == high), high, middle)

    start = jnp.zeros(v.shape[:-1], dtype=jnp.int32)
    low, _ = jax.lax.fori_loop(0, n.bit_length(), halve, (start, start + n))
    return low


def _less(a: jax.Array, b: jax.Array) -> jax.Array:
    """Whether a < b in lexicographic order, along the last axis."""
    differs = a != b
    first = jnp.argmax(differs, axis=-1, keepdims=True)
    pick = jnp.take_along_axis
    return jnp.any(differs, axis=-1) & (pick(a, first, -1) < pick(b, first, -1))[..., 0]


def _check_dimensions(name: str, x: jax.Array) -> None:
    if x.ndim not in (1, 2):
        raise ValueError(f"Argument `{name}` must be a vector or matrix, but has shape {x.shape}.")
