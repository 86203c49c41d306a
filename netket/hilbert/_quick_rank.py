# SPDX-License-Identifier: Apache-2.0
"""Numbers of samples that are all in the space, in few numpy operations; see `_index_table`.

Nothing is found out about samples outside, not even which ones they are. A few consecutive sites
form a chunk, whose digits are one number, its code; codes of all chunks are one matrix product.
Without a constraint, codes are joined. With a fixed sum, the number of a sample is

    k = Σ_c A_c[t_c, code_c],   t_{c+1} = B_c[t_c, code_c],

where t_c is the sum left for the chunk and those after it. The tables A_c and B_c depend on how
many sites follow only, and not on the number of states.
"""

from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from ._index_table import IndexTable, place_values

#: From samples (B, N) to numbers (B,), or to None if one of them is not in the space.
Ranker = Callable[[np.ndarray], np.ndarray | None]

#: Entries of samples that are worked on at a time, and of those for which others are faster.
_CHUNK, _MAX_ENTRIES = 2**18, 2**25

#: Codes are exact in single precision.
_MAX_CODE = 2**24

#: Codes of a chunk of a fixed sum, and entries of all its tables.
_SUM_CODES, _MAX_TABLE = 2**8, 2**20

#: Beyond so many parts with different local states, all sites are treated as different.
_MAX_RUNS = 4

#: Lists of numbers are inverted up to this size.
_MAX_INVERSE = 2**16


class _Run(NamedTuple):
    """Consecutive sites with the same local states.

    Attributes:
        sites: the sites.
        digits: from their samples (B, n) to digits in single precision, or None.
        weights: (n_chunks, n) for the codes.
    """

    sites: slice
    digits: Ranker
    weights: np.ndarray


def quick_ranker(table: IndexTable, start: Any, step: Any) -> Ranker | None:
    """The fastest way to the numbers of samples.

    Args:
        table: the space.
        start, step: numbers, or arrays (N,), with which samples are ``start + step * index``.

    Returns:
        None if the numbers, or the tables, are too large for this.
    """
    sizes = [int(table.n_states), *table.blocks[:, 4].tolist()]
    if max(sizes) > 2**53 or len(table.dims) == 0 or table.n_states == 0:
        return None
    blocks = table.blocks.tolist()
    cuts = [chunk_cuts(table, block) for block in blocks]
    if not all(cuts):
        return None
    runs = _runs(table, cuts, start, step)
    n_chunks = [len(cut) - 1 for cut in cuts]
    places = np.cumsum([0, *n_chunks])
    rankers = [
        _block_ranker(table, block, cut, int(place))
        for block, cut, place in zip(blocks, cuts, places)
    ]
    groups = []
    for group in table.groups.tolist():
        first, last, _, n_keys, size = group
        parts = [(rankers[b], blocks[b][4]) for b in range(first, last) if n_chunks[b]]
        n_product = int(np.prod([blocks[b][4] for b in range(first, last)], dtype=object))
        find = _finder(table.keys_of(group), n_product) if n_keys >= 0 else None
        groups.append((parts, find, size))

    def rank(rows: np.ndarray) -> np.ndarray | None:
        if rows.size <= _CHUNK:
            return rank_part(rows)
        if rows.size > _MAX_ENTRIES:
            return None
        height = max(_CHUNK // rows.shape[1], 1)
        numbers = np.empty(len(rows), dtype=np.int64)
        for first in range(0, len(rows), height):
            part = rank_part(rows[first : first + height])
            if part is None:
                return None
            numbers[first : first + height] = part
        return numbers

    def rank_part(rows: np.ndarray) -> np.ndarray | None:
        codes = _codes(runs, rows)
        if codes is None:
            return None
        number = None
        for parts, find, size in groups:
            key = None
            for block_rank, n_states in parts:
                part = block_rank(codes)
                if part is None:
                    return None
                key = part if key is None else key * n_states + part
            if key is None:  # sites without any state to choose
                key = np.zeros(len(rows), dtype=np.int64)
            if find is not None:
                key = find(key)
                if key is None:
                    return None
            number = key if number is None else number * size + key
        return number

    return rank


# -- codes -------------------------------------------------------------------------------------


def chunk_cuts(table: IndexTable, block: list, free_codes: int = _MAX_CODE) -> list[int]:
    """Where chunks of a block begin, and its end; nothing if that would be too much.

    Args:
        table: the space.
        block: a row of its blocks.
        free_codes: largest number of codes of a chunk without a constraint.
    """
    first, last, total = block[:3]
    dims = table.dims[first:last].tolist()
    largest = free_codes if total < 0 else _SUM_CODES
    cuts, n_codes, entries = [first], 1, 0
    for site, dim in enumerate(dims, first):
        if site > cuts[-1] and n_codes * dim > largest:
            cuts.append(site)
            n_codes = 1
        n_codes *= dim
        entries += n_codes if total >= 0 else 0
    if max(dims, default=1) > max(free_codes, 2**12) or entries * (total + 2) > _MAX_TABLE:
        return []
    return [*cuts, last] if last > first else cuts


def _runs(table: IndexTable, cuts: list[list[int]], start: Any, step: Any) -> list[_Run]:
    # the local states with digit 0 and 1
    start, step = (np.broadcast_to(value, table.dims.shape) for value in (start, step))
    zero = start + step * table.digit_start
    one = zero + step * table.digit_step
    same = (zero[1:] == zero[:-1]) & (one[1:] == one[:-1]) & (np.diff(table.dims) == 0)
    ends = [*(np.flatnonzero(~same) + 1).tolist(), len(table.dims)]
    weights = _weights(table.dims, [i for cut in cuts for i in cut[:-1]])
    if len(ends) > _MAX_RUNS:
        every = slice(0, len(table.dims))
        return [_Run(every, _any_digits(zero, one - zero, table.dims), weights)]
    runs = []
    for first, last in zip([0, *ends], ends):
        digits = _digits(zero[first], one[first], int(table.dims[first]))
        runs.append(_Run(slice(first, last), digits, weights[:, first:last].copy()))
    return runs


def _weights(dims: np.ndarray, first_sites: list[int]) -> np.ndarray:
    """(n_chunks, N) place values of the sites of each chunk, 0 for others."""
    weights = np.zeros((len(first_sites), len(dims)), dtype=np.float32)
    for row, i, j in zip(weights, first_sites, [*first_sites[1:], len(dims)]):
        row[i:j] = place_values(dims[i:j])
    return weights


def _codes(runs: list[_Run], rows: np.ndarray) -> np.ndarray | None:
    """(n_chunks, B) codes."""
    codes = None
    for sites, digits, weights in runs:
        q = digits(rows if len(runs) == 1 else rows[:, sites])
        if q is None:
            return None
        part = weights @ q.T
        codes = part if codes is None else codes + part
    return None if codes is None else codes.astype(np.intp)


def _digits(zero: Any, one: Any, dim: int) -> Ranker:
    """Digits of samples, in single precision; None if one is not that of a local state."""
    if dim == 2:

        def two_digits(rows: np.ndarray) -> np.ndarray | None:
            is_one = rows == one
            return is_one.astype(np.float32) if (is_one | (rows == zero)).all() else None

        return two_digits
    if zero != 0 or one != 1:
        return _any_digits(zero, one - zero, dim)

    def counting_digits(rows: np.ndarray) -> np.ndarray | None:
        if rows.dtype.kind not in "iu":
            return any_digits(rows)
        # negative numbers are large ones without a sign
        unsigned = rows.view(f"u{rows.dtype.itemsize}")
        return rows.astype(np.float32) if (unsigned < dim).all() else None

    any_digits = _any_digits(0, 1, dim)
    return counting_digits


def _any_digits(zero: Any, step: Any, dims: Any) -> Ranker:
    """The same for any equidistant local states; arguments may be arrays (N,)."""

    def digits(rows: np.ndarray) -> np.ndarray | None:
        q = (rows.astype(float) - zero) / step
        inside = (q >= 0) & (q < dims) & (q == np.rint(q))
        return q.astype(np.float32) if inside.all() else None

    return digits


# -- from codes to numbers ---------------------------------------------------------------------


def _block_ranker(table: IndexTable, block: list, cuts: list[int], place: int) -> Ranker:
    """Numbers within a block, from the codes of all chunks; its own begin at `place`."""
    if block[2] >= 0:
        return _sum_ranker(table, block, cuts, place)
    n_codes = [int(np.prod(table.dims[a:b])) for a, b in zip(cuts, cuts[1:])]

    def rank_free(codes: np.ndarray) -> np.ndarray:
        own = codes[place : place + len(n_codes)]
        return reduce(lambda key, part: key * part[0] + part[1], zip(n_codes[1:], own[1:]), own[0])

    return rank_free


def _sum_ranker(table: IndexTable, block: list, cuts: list[int], place: int) -> Ranker:
    """A fixed sum of digits: one step for each chunk."""
    total = block[2]
    steps = [sum_tables(table, block, a, b) for a, b in zip(cuts, cuts[1:])]
    if not steps:
        return lambda codes: None
    # the first chunk has the whole sum left
    added = [steps[0][0][total], *(a.ravel() for a, _ in steps[1:])]
    # where the rows of the following table begin
    left = [b * a_next.shape[1] for (_, b), (a_next, _) in zip(steps, steps[1:])]
    left = [b[total] if c == 0 else b.ravel() for c, b in enumerate(left)]

    def rank_sum(codes: np.ndarray) -> np.ndarray | None:
        at = codes[place]
        number = added[0].take(at)
        for c in range(1, len(added)):
            at = left[c - 1].take(at) + codes[place + c]
            number += added[c].take(at)
        return number if number.size == 0 or number.min() >= 0 else None

    return rank_sum


def sum_tables(
    table: IndexTable, block: list, first: int, last: int
) -> tuple[np.ndarray, np.ndarray]:
    """What a chunk adds to the number, and the sum that it leaves, (T + 2, n_codes) each.

    Row T + 1 stands for a negative sum; what it adds at the end makes the number negative.
    """
    end, total = block[1], block[2]
    counts = table.counts_of(block)
    dims = table.dims[first:last].tolist()
    digits = np.stack(np.unravel_index(np.arange(int(np.prod(dims))), dims))
    left = np.append(np.arange(total + 1), -1)[:, None] * np.ones_like(digits[0])
    number = np.zeros_like(left)
    for site, q in zip(range(first, last), digits):
        row = counts[end - 1 - site]
        rest = np.maximum(left - q, -1)
        number += row[left + 1] - row[rest + 1]
        left = rest
    if last == end:
        number = np.where(left == 0, number, np.iinfo(np.int64).min // 2)
    return number, np.where(left < 0, total + 1, left)


def _finder(keys: np.ndarray, n_product: int) -> Ranker:
    """Places of keys in a sorted list; None if one is not there."""
    if n_product <= _MAX_INVERSE:
        inverse = np.full(n_product, -1)
        inverse[keys] = np.arange(len(keys))

        def look_up(key: np.ndarray) -> np.ndarray | None:
            place = inverse.take(key)
            return place if place.size == 0 or place.min() >= 0 else None

        return look_up

    def search(key: np.ndarray) -> np.ndarray | None:
        place = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
        return place if (keys[place] == key).all() else None

    return search
