# SPDX-License-Identifier: Apache-2.0
"""Numbers of configurations in numpy, vectorised over the configurations; see `_index_table`.

Nothing is compiled for small arrays, so that the first call in a process is fast.
"""

from collections.abc import Callable, Iterator

import numpy as np

from ._index_table import IndexTable, place_values

#: Entries of the arrays that are worked on at a time, to stay within the cache.
_CHUNK = 2**18

#: From this many entries on, loading the compiled functions pays.
_COMPILED = 2**25


def rank(table: IndexTable, rows: np.ndarray, to_indices: Callable) -> np.ndarray:
    """Numbers of samples.

    Args:
        table: the space.
        rows: (B, N) samples.
        to_indices: makes local indices of samples, with -1 for numbers that are no local states.

    Returns:
        (B,) int64; -1 for samples outside the space.
    """
    out = np.empty(len(rows), dtype=np.int64)
    rank_part = _rank_compiled if rows.size >= _COMPILED else _rank_chunk
    for part in _parts(rows.shape):
        out[part] = rank_part(table, to_indices(rows[part]))
    return out


def unrank(
    table: IndexTable, numbers: np.ndarray, to_states: Callable, dtype: np.dtype
) -> np.ndarray:
    """Samples (B, N) of the given dtype with numbers (B,); `to_states` takes local indices."""
    n_sites = len(table.dims)
    out = np.empty((len(numbers), n_sites), dtype=dtype)
    unrank_part = _unrank_compiled if out.size >= _COMPILED else _unrank_chunk
    for part in _parts(out.shape):
        out[part] = to_states(unrank_part(table, numbers[part]))
    return out


def _parts(shape: tuple[int, ...]) -> Iterator[slice]:
    n_rows, n_sites = shape
    step = max(_CHUNK // max(n_sites, 1), 1)
    return (slice(first, first + step) for first in range(0, n_rows, step))


def _rank_compiled(table: IndexTable, indices: np.ndarray) -> np.ndarray:
    from ._index_kernels import rank_rows

    out = np.empty(len(indices), dtype=np.int64)
    rank_rows(table, indices, out)
    return out


def _unrank_compiled(table: IndexTable, numbers: np.ndarray) -> np.ndarray:
    from ._index_kernels import unrank_rows

    largest = int(table.dims.max(initial=1)) - 1
    out = np.empty((len(numbers), len(table.dims)), dtype=np.min_scalar_type(-largest - 1))
    unrank_rows(table, numbers.astype(np.int64), out)
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
    digits *= table.digit_step
    digits += table.digit_start
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
