# SPDX-License-Identifier: Apache-2.0
"""All states of a space in the order of their numbers, by copying what later sites repeat.

The rows of the last r sites are those of the last r - 1 sites, once for each local state of the
site before them: about twice as much is written as is returned, and nothing is computed per state.
"""

import math

import numpy as np

from ._index_table import IndexTable

#: Larger arrays, and sums over sites with more local states, are left to others.
_MAX_ENTRIES, _MAX_DIM = 2**25, 16


def can_enumerate(table: IndexTable) -> bool:
    """Whether `enumerate_states` is the fastest way."""
    n_sites = len(table.dims)
    blocks, groups = table.blocks, table.groups
    n_product = 1
    for first, last, _, n_keys, _ in groups.tolist():
        if n_keys >= 0:
            # all states of the blocks are written before those that are listed are taken
            n_product = max(n_product, math.prod(blocks[first:last, 4].tolist()))
    entries = max(int(table.n_states), n_product) * max(n_sites, 1)
    wide = any(
        table.dims[first:last].max(initial=1) > _MAX_DIM
        for first, last, total, _, _ in blocks.tolist()
        if total >= 0
    )
    return entries <= _MAX_ENTRIES and not wide


def enumerate_states(table: IndexTable, values: np.ndarray) -> np.ndarray:
    """All states, (n_states, N).

    Args:
        table: the space.
        values: (largest dimension, N) the local states by their digits.
    """
    if table.n_states == 0:
        return np.zeros((0, len(table.dims)), dtype=values.dtype)
    result = np.zeros((1, 0), dtype=values.dtype)
    for group in table.groups.tolist():
        first, last, _, n_keys, _ = group
        rows = np.zeros((1, 0), dtype=values.dtype)
        for start, stop, total, _, _ in table.blocks[first:last].tolist():
            dims, local = table.dims[start:stop].tolist(), values[:, start:stop]
            block = _free_block(dims, local) if total < 0 else _sum_block(dims, local, total)
            rows = _product(rows, block)
        if n_keys >= 0:
            rows = rows[table.keys_of(group)]
        result = _product(result, rows)
    return result


def _product(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """All pairs of rows, side by side."""
    if first.shape[1] == 0 and len(first) == 1:
        return second
    if second.shape[1] == 0 and len(second) == 1:
        return first
    (n, k), (m, j) = first.shape, second.shape
    rows = np.empty((n, m, k + j), dtype=first.dtype)
    rows[:, :, :k] = first[:, None]
    rows[:, :, k:] = second
    return rows.reshape(n * m, k + j)


def _free_block(dims: list[int], values: np.ndarray) -> np.ndarray:
    """All configurations of sites."""
    n = len(dims)
    rows = np.empty((math.prod(dims), n), dtype=values.dtype)
    done = 1
    rows[:1] = values[0]
    for site in range(n - 1, -1, -1):
        for q in range(1, dims[site]):
            more = rows[q * done : (q + 1) * done]
            more[:, site + 1 :] = rows[:done, site + 1 :]
            more[:, site] = values[q, site]
        rows[:done, site] = values[0, site]
        done *= dims[site]
    return rows


def _sum_block(dims: list[int], values: np.ndarray, total: int) -> np.ndarray:
    """All configurations of sites whose digits have a given sum."""
    n = len(dims)
    # rows of the last r sites by the sum of their digits
    tails = {0: np.zeros((1, 0), dtype=values.dtype)}
    before = sum(dims) - n
    for r, site in enumerate(range(n - 1, -1, -1)):
        before -= dims[site] - 1
        lowest, highest = min(tails), max(tails)
        longer = {}
        for t in range(max(total - before, lowest), min(total, highest + dims[site] - 1) + 1):
            digits = range(max(0, t - highest), min(dims[site] - 1, t - lowest) + 1)
            rows = np.empty((sum(len(tails[t - q]) for q in digits), r + 1), dtype=values.dtype)
            at = 0
            for q in digits:
                tail = tails[t - q]
                part = rows[at : at + len(tail)]
                part[:, 0] = values[q, site]
                part[:, 1:] = tail
                at += len(tail)
            longer[t] = rows
        tails = longer
    return tails[total]
