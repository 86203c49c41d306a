# SPDX-License-Identifier: Apache-2.0
"""Numbers of configurations in jax, vectorised and traceable; see `_index_table`."""

import jax
import jax.numpy as jnp
import numpy as np

from ._index_table import IndexTable, place_values


def rank(table: IndexTable, indices: jax.Array) -> jax.Array:
    """Numbers (B,) of rows of local indices (B, N); -1 for rows outside the space."""
    digits = table.digit_start + table.digit_step * indices.astype(int)
    inside = ((digits >= 0) & (digits < table.dims)).all(axis=1)
    digits = jnp.where(inside[:, None], digits, 0)
    number = jnp.zeros(len(digits), dtype=int)
    for group in table.groups.tolist():
        first, last, _, n_keys, size = group
        key = jnp.zeros(len(digits), dtype=int)
        for block in table.blocks[first:last].tolist():
            block_key, block_inside = _rank_block(table, block, digits[:, block[0] : block[1]])
            key = key * block[4] + block_key
            inside &= block_inside
        if n_keys >= 0:
            key, listed = _find(table.keys_of(group), key)
            inside &= listed
        number = number * size + key
    return jnp.where(inside, number, -1)


def _rank_block(table: IndexTable, block: list, q: jax.Array) -> tuple[jax.Array, jax.Array]:
    first, last, total, _, n_states = block
    n = last - first
    everywhere = jnp.ones(len(q), dtype=bool)
    if total < 0:
        return (q * place_values(table.dims[first:last])).sum(axis=1), everywhere
    if n_states == 0 or n == 0:
        return jnp.zeros(len(q), dtype=int), everywhere if n_states else ~everywhere
    after = total - jnp.cumsum(q, axis=1)
    inside = after[:, -1] == 0
    after = jnp.maximum(after, -1)
    before = jnp.concatenate([jnp.full((len(q), 1), total), after[:, :-1]], axis=1)
    counts = jnp.asarray(table.counts_of(block).ravel())
    rows = (total + 2) * np.arange(n - 1, -1, -1)
    return (counts[rows + before + 1] - counts[rows + after + 1]).sum(axis=1), inside


def _find(keys: np.ndarray, key: jax.Array) -> tuple[jax.Array, jax.Array]:
    if len(keys) == 0:
        return key, jnp.zeros(len(key), dtype=bool)
    listed = jnp.asarray(keys)
    place = jnp.minimum(jnp.searchsorted(listed, key), len(keys) - 1)
    return place, listed[place] == key


def unrank(table: IndexTable, numbers: jax.Array) -> jax.Array:
    """Rows of local indices (B, N) for numbers (B,)."""
    parts = []
    number = numbers.astype(int)
    for group in reversed(table.groups.tolist()):
        first, last, _, n_keys, size = group
        size = max(size, 1)
        number, key = number // size, number % size
        if n_keys > 0:
            key = jnp.asarray(table.keys_of(group))[key]
        for block in reversed(table.blocks[first:last].tolist()):
            n_states = max(block[4], 1)
            key, block_key = key // n_states, key % n_states
            parts.append(_unrank_block(table, block, block_key))
    digits = jnp.concatenate([jnp.zeros((len(numbers), 0), dtype=int), *parts[::-1]], axis=1)
    return table.digit_start + table.digit_step * digits


def _unrank_block(table: IndexTable, block: list, key: jax.Array) -> jax.Array:
    first, last, total, _, n_states = block
    n, dims = last - first, table.dims[first:last]
    if n == 0 or n_states == 0:
        return jnp.zeros((len(key), n), dtype=int)
    if total < 0:
        return (key[:, None] // place_values(dims)) % dims
    counts = table.counts_of(block)[::-1]
    passed = np.arange(max(min(int(dims.max()) - 1, total), 0))

    def site(carry: tuple, at: tuple) -> tuple:
        left, key = carry
        row, dim = at
        upper = row[left + 1]
        # counts of the states with a digit of at most q = 0, 1, ...
        below = upper[:, None] - row[jnp.maximum(left[:, None] - passed, 0)]
        digit = ((below <= key[:, None]) & (passed < dim - 1)).sum(axis=1)
        key = key - (upper - row[jnp.maximum(left - digit + 1, 0)])
        return (left - digit, key), digit

    start = (jnp.full(len(key), total), key)
    return jax.lax.scan(site, start, (jnp.asarray(counts), jnp.asarray(dims)))[1].T
