# SPDX-License-Identifier: Apache-2.0
"""Numbers of samples that are all in the space, in few numpy operations; see `_index_table`.

Nothing is found out about samples outside, not even which ones they are. Without a constraint, the
number of a sample is a matrix product. With a fixed sum over sites with two states, it is

    k = Σ_j W(n - 1 - c_j, T - j),

where c_0 < c_1 < ... are the T sites with digit 1, and W(r, t) counts how r sites add up to t.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ._index_table import IndexTable, place_values

#: From samples (B, N) to numbers (B,), or to None if one of them is not in the space.
Ranker = Callable[[np.ndarray], np.ndarray | None]

#: Entries of samples that are worked on at a time, and of those for which others are faster.
_CHUNK, _MAX_ENTRIES = 2**18, 2**25


def quick_ranker(table: IndexTable, start: Any, step: Any) -> Ranker | None:
    """The fastest way to the numbers of samples.

    Args:
        table: the space.
        start, step: numbers, or arrays (N,), with which samples are ``start + step * index``.

    Returns:
        None if the numbers are too large for this.
    """
    sizes = [int(table.n_states), *table.blocks[:, 4].tolist()]
    if max(sizes) > 2**53 or len(table.dims) == 0 or table.n_states == 0:
        # floating-point numbers would not be exact
        return None
    starts, steps = (np.broadcast_to(value, table.dims.shape) for value in (start, step))
    groups = []
    for group in table.groups.tolist():
        first, last, _, n_keys, size = group
        blocks = [
            (slice(b[0], b[1]), _block_ranker(table, b, starts, steps), b[4])
            for b in table.blocks[first:last].tolist()
            if b[1] > b[0]
        ]
        groups.append((blocks, table.keys_of(group) if n_keys >= 0 else None, size))

    def rank(rows: np.ndarray) -> np.ndarray | None:
        if rows.size <= _CHUNK:
            return rank_chunk(rows)
        if rows.size > _MAX_ENTRIES:
            return None
        height = max(_CHUNK // rows.shape[1], 1)
        numbers = np.empty(len(rows), dtype=np.int64)
        for first in range(0, len(rows), height):
            part = rank_chunk(rows[first : first + height])
            if part is None:
                return None
            numbers[first : first + height] = part
        return numbers

    def rank_chunk(rows: np.ndarray) -> np.ndarray | None:
        number = None
        for blocks, keys, size in groups:
            key = _join(rows, blocks)
            if key is not None and keys is not None:
                key = _place(keys, key)
            if key is None:
                return None
            number = key if number is None else number * size + key
        return number

    return rank


def _join(rows: np.ndarray, blocks: list[tuple[slice, Ranker, int]]) -> np.ndarray | None:
    key = None
    for sites, rank, size in blocks:
        part = rank(rows[:, sites])
        if part is None:
            return None
        key = part if key is None else key * size + part
    return np.zeros(len(rows)) if key is None else key


def _place(keys: np.ndarray, key: np.ndarray) -> np.ndarray | None:
    key = key.astype(np.int64)
    place = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
    return place if (keys[place] == key).all() else None


def _block_ranker(table: IndexTable, block: list, starts: np.ndarray, steps: np.ndarray) -> Ranker:
    sites = slice(block[0], block[1])
    dims, start, step = table.dims[sites], starts[sites], steps[sites]
    # the local states with digit 0 and 1
    zero = start + step * table.digit_start[sites]
    one = zero + step * table.digit_step[sites]
    same = all((value == value[0]).all() for value in (zero, one))
    digits = (
        _two_digits(zero[0], one[0])
        if same and (dims == 2).all()
        else _digits(*((zero[0], one[0]) if same else (zero, one)), dims)
    )
    if block[2] < 0:
        weights = place_values(dims).astype(float)

        def rank_free(rows: np.ndarray) -> np.ndarray | None:
            q = digits(rows)
            return None if q is None else q @ weights

        return rank_free
    if (dims == 2).all():
        return _bits_ranker(digits, table, block)
    return _sum_ranker(digits, table, block)


def _two_digits(zero: Any, one: Any) -> Ranker:
    def digits(rows: np.ndarray) -> np.ndarray | None:
        is_one = rows == one
        return is_one if (is_one | (rows == zero)).all() else None

    return digits


def _digits(zero: Any, one: Any, dims: np.ndarray) -> Ranker:
    step = one - zero
    is_counting = np.ndim(zero) == 0 and zero == 0 and step == 1

    def digits(rows: np.ndarray) -> np.ndarray | None:
        q = rows.astype(float)
        if not is_counting:
            q = (q - zero) / step
        inside = (q >= 0) & (q < dims)
        if rows.dtype.kind == "f" or not is_counting:
            inside &= q == np.rint(q)
        return q if inside.all() else None

    return digits


def _bits_ranker(digits: Ranker, table: IndexTable, block: list) -> Ranker:
    """A fixed number of ones."""
    n, total = block[1] - block[0], block[2]
    ways = np.diff(table.counts_of(block), axis=1)  # (n, total + 1)
    # by how many ones there were before, and by site
    weights = ways[::-1, total:0:-1].T.ravel()
    shift = n * np.arange(total)

    def rank(rows: np.ndarray) -> np.ndarray | None:
        q = digits(rows)
        places = None if q is None else np.flatnonzero(q)
        if places is None or len(places) != len(rows) * total:
            return None
        places = places.reshape(len(rows), total)
        first = n * np.arange(len(rows))
        # all ones are in the row where they should be
        if total and not ((places[:, 0] >= first) & (places[:, -1] < first + n)).all():
            return None
        return weights[places + (shift - first[:, None])].sum(axis=1)

    return rank


def _sum_ranker(digits: Ranker, table: IndexTable, block: list) -> Ranker:
    """A fixed sum of digits: differences of cumulative counts."""
    n, total = block[1] - block[0], block[2]
    counts = table.counts_of(block).ravel()
    offsets = (total + 2) * np.arange(n - 1, -1, -1) + 1

    def rank(rows: np.ndarray) -> np.ndarray | None:
        q = digits(rows)
        if q is None:
            return None
        after = total - np.cumsum(q.astype(np.int64), axis=1)
        if not ((after[:, -1] == 0) & (after >= 0).all(axis=1)).all():
            return None
        before = after + q.astype(np.int64)
        return (counts.take(before + offsets) - counts.take(after + offsets)).sum(axis=1)

    return rank
