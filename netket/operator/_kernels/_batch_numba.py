# SPDX-License-Identifier: Apache-2.0
"""Batches of rows in numba: index conversion, merging of equal x', padding, counting.

`rows` is the only function that is compiled for every kind of data. It stores elements as the
changes that lead to x'; reading samples and writing x' out is the same for all kinds.
"""

from typing import Any

import numpy as np
from numba import njit

# modules that register kernels
from . import (  # noqa: F401
    _bose_hubbard_numba,
    _composite_numba,
    _ising_numba,
    _local_numba,
    _moves_numba,
    _permutation_numba,
    _projected_numba,
    _strings_numba,
    _tensor_numba,
)
from ._cache import stamped
from ._rows import CANCELLATION
from ._rows_numba import append_row, new_conn


@njit(cache=True, nogil=True)
def read(x: Any, start: Any, step: Any, shape: Any, indices: Any) -> Any:
    """Local indices (B, N) of samples x_i = start_i + step_i n_i.

    Returns:
        -1, or the index of the first sample with a value that is no local state.
    """
    for b in range(x.shape[0]):
        for i in range(x.shape[1]):
            k = np.int64(np.rint((x[b, i] - start[i]) / step[i]))
            if k < 0 or k >= shape[i] or start[i] + step[i] * k != x[b, i]:
                return b
            indices[b, i] = k
    return -1


@njit(cache=True, nogil=True)
def _move(conn: Any, source: Any, target: Any) -> Any:
    if source != target:
        conn.mels[target] = conn.mels[source]
        conn.size[target] = conn.size[source]
        for c in range(conn.size[source]):
            conn.sites[target, c] = conn.sites[source, c]
            conn.values[target, c] = conn.values[source, c]


@njit(cache=True, nogil=True)
def drop_zeros(conn: Any, n: Any) -> Any:
    """Close the gaps of zero matrix elements; the new number of elements."""
    m = 0
    for k in range(n):
        if conn.mels[k] != 0:
            _move(conn, k, m)
            m += 1
    return m


@njit(cache=True, nogil=True)
def _normalise(conn: Any, k: Any, x: Any) -> Any:
    """Drop sites that do not change, sort the others; a hash of the result."""
    size = 0
    for c in range(conn.size[k]):
        site, value = conn.sites[k, c], conn.values[k, c]
        if value == x[site]:
            continue
        j = size
        while j > 0 and conn.sites[k, j - 1] > site:
            conn.sites[k, j] = conn.sites[k, j - 1]
            conn.values[k, j] = conn.values[k, j - 1]
            j -= 1
        conn.sites[k, j] = site
        conn.values[k, j] = value
        size += 1
    conn.size[k] = size
    code = np.uint64(14695981039346656037)
    for c in range(size):
        code = (code ^ np.uint64(conn.sites[k, c])) * np.uint64(1099511628211)
        code = (code ^ np.uint64(conn.values[k, c])) * np.uint64(1099511628211)
    return code ^ (code >> np.uint64(29))


@njit(cache=True, nogil=True)
def _same(conn: Any, a: Any, b: Any) -> Any:
    if conn.size[a] != conn.size[b]:
        return False
    for c in range(conn.size[a]):
        if conn.sites[a, c] != conn.sites[b, c] or conn.values[a, c] != conn.values[b, c]:
            return False
    return True


@njit(cache=True, nogil=True)
def merge(conn: Any, n: Any, x: Any) -> Any:
    """Sum elements of equal x' into the first of them; the new number of elements.

    A hash table finds candidates, which are then compared exactly. Sums that cancel up to
    rounding become zero.
    """
    slots = 4
    while slots < 2 * n:
        slots *= 2
    mask = np.uint64(slots - 1)
    table = np.full(slots, -1, np.int64)
    moduli = np.empty(n, np.float64)
    m = 0
    for k in range(n):
        slot = _normalise(conn, k, x) & mask
        while table[slot] >= 0 and not _same(conn, table[slot], k):
            slot = (slot + np.uint64(1)) & mask
        if table[slot] >= 0:
            conn.mels[table[slot]] += conn.mels[k]
            moduli[table[slot]] += abs(conn.mels[k])
        else:
            moduli[m] = abs(conn.mels[k])
            _move(conn, k, m)
            table[slot] = m
            m += 1
    noise = CANCELLATION * np.finfo(conn.mels.dtype).eps
    for k in range(m):
        if abs(conn.mels[k]) <= noise * moduli[k]:
            conn.mels[k] = 0
    return m


@njit(cache=True, nogil=True)
def rows(
    data: Any, indices: Any, first: Any, conn: Any, merging: Any, counts: Any, store: Any, out: Any
) -> Any:
    """Rows of samples from `first` on, with distinct x' and no zeros.

    Args:
        data: the operator.
        indices: local indices of all samples, (B, N).
        first: the first sample to work on.
        conn: a buffer for one row.
        merging: whether equal x' may occur.
        counts: (B,), filled with the numbers of elements.
        store: whether to append the rows to `out`; else they are only counted.
        out: elements of all rows; those of samples before `first` are there already.

    Returns:
        The first sample that is not done because there may be no room in `out`.
    """
    end = 0
    for b in range(first):
        end += counts[b]
    slots, capacity = conn.mels.shape[0], out.mels.shape[0]
    for b in range(first, indices.shape[0]):
        if store and end + slots > capacity:
            return b
        n = append_row(data, indices[b], conn, 0)
        if merging:
            n = merge(conn, n, indices[b])
        n = drop_zeros(conn, n)
        counts[b] = n
        if store:
            _copy_row(conn, n, out, end)
            end += n
    return indices.shape[0]


@njit(cache=True, nogil=True)
def _copy_row(conn: Any, n: Any, out: Any, place: Any) -> Any:
    mels, size, sites, values = conn.mels, conn.size, conn.sites, conn.values
    to_mels, to_size, to_sites, to_values = out.mels, out.size, out.sites, out.values
    for k in range(n):
        to_mels[place + k] = mels[k]
        to_size[place + k] = size[k]
        for c in range(size[k]):
            to_sites[place + k, c] = sites[k, c]
            to_values[place + k, c] = values[k, c]


@njit(cache=True, nogil=True)
def write(
    x: Any,
    start: Any,
    step: Any,
    counts: Any,
    begins: Any,
    row_mels: Any,
    size: Any,
    sites: Any,
    values: Any,
    xp: Any,
    mels: Any,
) -> Any:
    """Write stored rows as samples: that of sample b into xp (M, N) and mels (M,) at begins[b].

    What is free up to begins[b + 1] becomes padding: the sample itself, and 0.
    """
    k = 0
    for b in range(x.shape[0]):
        begin = begins[b]
        for m in range(begin, begin + counts[b]):
            for i in range(x.shape[1]):
                xp[m, i] = x[b, i]
            for c in range(size[k]):
                site = sites[k, c]
                xp[m, site] = start[site] + step[site] * values[k, c]
            mels[m] = row_mels[k]
            k += 1
        for m in range(begin + counts[b], begins[b + 1]):
            xp[m] = x[b]
            mels[m] = 0


stamped(rows)

__all__ = ["new_conn", "read", "rows", "write"]
