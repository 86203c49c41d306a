# SPDX-License-Identifier: Apache-2.0
"""Numbers of configurations in numpy, vectorised over the configurations; see `index`.

Nothing is compiled for small arrays, so that the first call in a process is fast.
"""

import numpy as np

from .index import IndexTable, place_values

#: Entries of the arrays that are worked on at a time, to stay within the cache.
_CHUNK = 2**18

#: From this many entries on, loading the compiled functions pays.
_COMPILED = 2**26


def rank(table: IndexTable, indices: np.ndarray) -> np.ndarray:
    """Numbers (B,) of rows of local indices (B, N); -1 for rows outside the space."""
    n_rows, n_sites = indices.shape
    out = np.empty(n_rows, dtype=np.int64)
    if n_rows * n_sites >= _COMPILED:
        from . import _index_kernels

        _index_kernels.rank_rows(table, indices, out)
        return out
    step = max(_CHUNK // max(n_sites, 1), 1)
    for first in range(0, n_rows, step):
        out[first : first + step] = _rank_chunk(table, indices[first : first + step])
    return out


def unrank(table: IndexTable, numbers: np.ndarray) -> np.ndarray:
    """Rows of local indices (B, N) of the smallest sufficient dtype, for numbers (B,)."""
    n_sites = len(table.dims)
    largest = int(table.dims.max(initial=1)) - 1
    out = np.empty((len(numbers), n_sites), dtype=np.min_scalar_type(-largest - 1))
    if out.size >= _COMPILED:
        from . import _index_kernels

        _index_kernels.unrank_rows(table, numbers.astype(np.int64), out)
        return out
    step = max(_CHUNK // max(n_sites, 1), 1)
    for first in range(0, len(numbers), step):
        digits = _unrank_chunk(table, numbers[first : first + step])
        digits *= table.digit_step
        digits += table.digit_start
        out[first : first + step] = digits
    return out


# -- configurations to numbers -----------------------------------------------------------------


def _rank_chunk(table: IndexTable, indices: np.ndarray) -> np.ndarray:
    digits = table.digit_start + table.digit_step * indices.astype(np.int64)
    inside = ((digits >= 0) & (digits < table.dims)).all(axis=1)
    # rows outside must not read beyond the tables
    digits = np.where(inside[:, None], digits, 0)
    number = np.zeros(len(digits), dtype=np.int64)
    for group in table.groups.tolist():
        first, last, _, n_keys, size = group
        key = np.zeros(len(digits), dtype=np.int64)
        for block in table.blocks[first:last].tolist():
            block_key, block_inside = _rank_block(table, block, digits[:, block[0] : block[1]])
            key = key * block[4] + block_key
            inside &= block_inside
        if n_keys >= 0:
            key, listed = _find(table.keys_of(group), key)
            inside &= listed
        number = number * size + key
    return np.where(inside, number, -1)


def _rank_block(table: IndexTable, block: list, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    first, last, total, _, n_states = block
    n = last - first
    if total < 0:
        return q @ place_values(table.dims[first:last]), np.ones(len(q), dtype=bool)
    if n_states == 0:
        return np.zeros(len(q), dtype=np.int64), np.zeros(len(q), dtype=bool)
    after = total - np.cumsum(q, axis=1)
    inside = after[:, -1] == 0 if n else np.ones(len(q), dtype=bool)
    # sums may be too large in rows outside
    after = np.maximum(after, -1)
    rows = (total + 2) * np.arange(n - 1, -1, -1)
    counts = table.counts_of(block).ravel()
    before = np.concatenate([np.full((len(q), min(n, 1)), total), after[:, :-1]], axis=1)
    smaller = counts[rows + before + 1] - counts[rows + after + 1]
    return smaller.sum(axis=1), inside


def _find(keys: np.ndarray, key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(keys) == 0:
        return key, np.zeros(len(key), dtype=bool)
    place = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
    return place, keys[place] == key


# -- numbers to configurations -----------------------------------------------------------------


def _unrank_chunk(table: IndexTable, numbers: np.ndarray) -> np.ndarray:
    digits = np.empty((len(numbers), len(table.dims)), dtype=np.int64)
    number = numbers.astype(np.int64)
    for group in reversed(table.groups.tolist()):
        first, last, _, n_keys, size = group
        number, key = np.divmod(number, size)
        if n_keys >= 0:
            key = table.keys_of(group)[key]
        for block in reversed(table.blocks[first:last].tolist()):
            key, block_key = np.divmod(key, block[4])
            _unrank_block(table, block, block_key, digits[:, block[0] : block[1]])
    return digits


def _unrank_block(table: IndexTable, block: list, key: np.ndarray, digits: np.ndarray) -> None:
    first, last, total, _, _ = block
    n = last - first
    if total < 0:
        for i in range(n - 1, -1, -1):
            key, digits[:, i] = np.divmod(key, table.dims[first + i])
        return
    left = np.full(len(key), total)
    for i, row in enumerate(table.counts_of(block)[::-1]):
        upper = row[left + 1]
        digit = np.zeros(len(key), dtype=np.int64)
        # counts of the states with a digit of at most q = 0, 1, ...
        for q in range(min(int(table.dims[first + i]) - 1, total)):
            digit += upper - row[np.maximum(left - q, 0)] <= key
        digits[:, i] = digit
        key = key - (upper - row[np.maximum(left - digit + 1, 0)])
        left = left - digit
