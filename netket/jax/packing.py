# SPDX-License-Identifier: Apache-2.0
"""Evaluation of a function for some rows of a batch only, packed densely into chunks."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from netket.utils.types import Array, PyTree

from .chunking import check_chunk_size


def apply_packed(
    f: Callable[[PyTree, Array], Array],
    pars: PyTree,
    x: Array,
    where: Array,
    fill: Any,
    *,
    chunk_size: int | None,
    min_chunk_size: int | None = None,
    axis_0_is_sharded: bool | None = None,
) -> jax.Array:
    """f(pars, x) for the rows where a mask is true, another value elsewhere.

    The rows are packed densely, so that f is evaluated for the true ones, filled up to a multiple
    of the chunk size, and no others. Can be compiled and differentiated.

    Args:
        f: function (pars, (B, ...)) -> (B,).
        pars: its first argument.
        x: the rows, (n, ...).
        where: which of them, bool (n,).
        fill: value for the others, a number or an array (n,).
        chunk_size: largest number of rows in one call of f; None for n.
        min_chunk_size: the rows that do not fill a chunk are evaluated in chunks of this size.
        axis_0_is_sharded: accepted for compatibility; jax knows how `x` is distributed.

    Returns:
        The values, (n,).

    Raises:
        ValueError: `where` has not one entry for each row of `x`.
    """
    n = x.shape[0]
    if jnp.shape(where) != (n,):
        raise ValueError(
            f"Argument `where` must have shape ({n},), one entry for each row of `x`, but has "
            f"shape {jnp.shape(where)}."
        )
    for size in (chunk_size, min_chunk_size):
        check_chunk_size(size)
    dtype = jax.eval_shape(f, pars, x).dtype
    out = jnp.broadcast_to(jnp.asarray(fill), (n,)).astype(jnp.result_type(fill, dtype))
    if n == 0:
        return out
    size = min(chunk_size or n, n)
    small = min(min_chunk_size or size, size)
    where = jnp.asarray(where)
    # positions of the true rows in front; n, which is out of range, behind
    order = jnp.nonzero(where, size=n + size, fill_value=n)[0]
    count = jnp.sum(where)
    full = count // size if small < size else -(-count // size)
    out = _evaluate(f, pars, x, out, order, 0, full, size, -(-n // size))
    if small == size:
        return out
    rest = -(-(count - full * size) // small)
    return _evaluate(f, pars, x, out, order, full * size, rest, small, -(-size // small))


def _evaluate(
    f: Callable,
    pars: PyTree,
    x: Array,
    out: jax.Array,
    order: jax.Array,
    begin: Any,
    n_chunks: Any,
    size: int,
    max_chunks: int,
) -> jax.Array:
    """Evaluate `n_chunks` chunks of the rows order[begin:], of at most `max_chunks`.

    A scan whose steps may do nothing can be differentiated, other than a loop of unknown length.
    """

    def chunk(out: jax.Array, i: jax.Array) -> jax.Array:
        rows = jax.lax.dynamic_slice_in_dim(order, begin + i * size, size)
        values = f(pars, x.at[rows].get(mode="clip"))
        return out.at[rows].set(values.astype(out.dtype), mode="drop")

    def step(out: jax.Array, i: jax.Array) -> tuple[jax.Array, None]:
        return jax.lax.cond(i < n_chunks, chunk, lambda out, _: out, out, i), None

    return jax.lax.scan(step, out, jnp.arange(max_chunks))[0]
