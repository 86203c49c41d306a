# SPDX-License-Identifier: Apache-2.0
"""Batches of rows in jax: index conversion, merging of equal x', padding, counting.

These functions are compiled once for each shape of `data`: structure arrays are arguments, so
that operators which differ by their numbers only share the program.
"""

import math
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ._rows import row_jax, short_rows, without_noise

# Rows of so many slots are merged by comparing all pairs, which is then faster than to sort them.
_FEW_SLOTS = 64
# Samples of so many bytes are short, see `_is_short`.
_SHORT_BYTES = 32


class Rules(NamedTuple):
    """What is static about the rows of an operator."""

    grid: Any  # Grid
    dtype: str  # of the matrix elements
    merge: bool  # whether two slots can hold the same x'
    legal: Any  # None, or f(x') -> bool: x' with mel 0 that fail it are replaced by x


@partial(jax.jit, static_argnames="rules", inline=True)
def padded(data: Any, x: Any, rules: Rules) -> tuple[Any, Any]:
    """x' (..., K, N) of the dtype of x, and matrix elements (..., K), for samples x (..., N)."""
    flat = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    short = short_rows(data, flat, rules.grid) if _is_short(flat) else None
    if short is None:
        indices, xp, mels = _rows(data, flat, rules)
        sigma_p = rules.grid.to_states(xp, x.dtype)
    else:
        sigma_p, mels = short[0], short[1].astype(rules.dtype)
    if rules.legal is not None:
        keep = (mels != 0) | rules.legal(sigma_p)
        sigma_p = jnp.where(keep[..., None], sigma_p, flat[:, None])
    batch, (_, slots, n_sites) = x.shape[:-1], sigma_p.shape
    return sigma_p.reshape(*batch, slots, n_sites), mels.reshape(*batch, slots)


def _is_short(x: Any) -> bool:
    """Whether x' are made faster by copying samples than by a loop over sites.

    On CPUs, the loop that the compiler makes over a few bytes is not vectorised.
    """
    return x.shape[-1] * x.dtype.itemsize <= _SHORT_BYTES and jax.default_backend() == "cpu"


@lru_cache(maxsize=256)
def padded_by(rules: Rules) -> Any:
    """`padded` for given rules, which calls then need not look at again."""
    return jax.jit(lambda data, x: padded(data, x, rules))


@partial(jax.jit, static_argnames="rules", inline=True)
def n_conn(data: Any, x: Any, rules: Rules) -> Any:
    """Number of distinct x' with a matrix element that is not zero: int32 (...)."""
    flat = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    _, _, mels = _rows(data, flat, rules)
    return jnp.sum(mels != 0, axis=-1, dtype=jnp.int32).reshape(x.shape[:-1])


def _rows(data: Any, x: Any, rules: Rules) -> tuple[Any, Any, Any]:
    """Local indices (B, N), those of x' (B, K, N) and elements (B, K) for samples (B, N)."""
    indices = rules.grid.to_indices(x)
    xp, mels = jax.vmap(partial(row_jax, data))(indices)
    mels = mels.astype(rules.dtype)
    if rules.merge and mels.shape[1] <= _FEW_SLOTS:
        xp, mels = merge_few(indices, xp, mels, rules.grid)
    elif rules.merge:
        xp, mels = jax.vmap(partial(merge_row, grid=rules.grid))(indices, xp, mels)
    return indices, xp, mels


def merge_few(x: Any, xp: Any, mels: Any, grid: Any) -> tuple[Any, Any]:
    """`merge_row` for a batch, by comparing all pairs of slots.

    Args:
        x: local indices, shape (B, N).
        xp: local indices of x', shape (B, K, N).
        mels: matrix elements, shape (B, K).
        grid: the `Grid` of the space.

    Returns:
        xp (B, K, N) and mels (B, K).
    """
    # samples last: they are worked on together
    words, values = [word.T for word in grid.to_words(xp)], mels.T
    moduli = jnp.abs(jax.lax.stop_gradient(values))
    slots = jnp.arange(len(values), dtype=jnp.int32)[:, None]

    def add_slot(j: Any, sums: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        total, bound, is_first = sums
        same = slots != j
        for word in words:
            same &= word == word[j]
        is_before = same & (slots < j)
        return (
            total + jnp.where(is_before, values[j], 0),
            bound + jnp.where(is_before, moduli[j], 0),
            is_first & ~(same & (slots > j)),
        )

    start = values, moduli, jnp.ones(values.shape, bool)
    total, bound, is_first = jax.lax.fori_loop(0, len(values), add_slot, start)
    mels = jnp.where(is_first, without_noise(total, bound), 0).T
    return jnp.where(is_first.T[..., None], xp, x[:, None]), mels


def merge_row(x: Any, xp: Any, mels: Any, grid: Any) -> tuple[Any, Any]:
    """Sum matrix elements of equal x' into the first slot that has it; exact, by sorting.

    Slots that become free hold x with matrix element 0. Sums that cancel up to rounding become
    exactly 0, but keep their derivative.

    Args:
        x: local indices, shape (N,).
        xp: local indices of x', shape (K, N).
        mels: matrix elements, shape (K,).
        grid: the `Grid` of the space.

    Returns:
        xp (K, N) and mels (K,).
    """
    k = mels.shape[0]
    words = grid.to_words(xp)
    *words, order = jax.lax.sort(
        (*words, jnp.arange(k, dtype=jnp.int32)), num_keys=len(words), is_stable=True
    )
    differs = jnp.zeros(k - 1, bool)
    for word in words:
        differs |= word[1:] != word[:-1]
    first = jnp.concatenate([jnp.ones(1, bool), differs])
    segment = jnp.cumsum(first) - 1
    total = jax.ops.segment_sum(mels[order], segment, k)
    moduli = jax.ops.segment_sum(jnp.abs(jax.lax.stop_gradient(mels))[order], segment, k)
    total = without_noise(total, moduli)
    mels = jnp.zeros_like(mels).at[order].set(jnp.where(first, total[segment], 0))
    keep = jnp.zeros(k, bool).at[order].set(first)
    return jnp.where(keep[:, None], xp, x), mels
