# SPDX-License-Identifier: Apache-2.0
"""Batches of rows in numba: index conversion, merging of equal x', padding, counting.

Written once for all kinds of data. Samples are x_i = start_i + step_i n_i.
"""

from typing import Any

import numpy as np
from numba import njit

from . import _composite_numba, _ising_numba, _local_numba  # noqa: F401  (register kernels)
from ._cache import stamped
from ._rows import CANCELLATION
from ._rows_numba import append_row, new_conn


@njit(cache=True, nogil=True)
def read_sample(x: Any, start: Any, step: Any, shape: Any, indices: Any) -> Any:
    """Local indices of a sample; False if a local state is not in the space."""
    for i in range(x.shape[0]):
        k = np.int64(np.rint((x[i] - start[i]) / step[i]))
        if k < 0 or k >= shape[i] or start[i] + step[i] * k != x[i]:
            return False
        indices[i] = k
    return True


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
def distinct_row(data: Any, x: Any, conn: Any, merging: Any) -> Any:
    """The row of x with distinct x' and no zeros; the number of elements."""
    n = append_row(data, x, conn, 0)
    if merging:
        n = merge(conn, n, x)
    return drop_zeros(conn, n)


@njit(cache=True, nogil=True)
def write_state(conn: Any, k: Any, x: Any, start: Any, step: Any, out: Any) -> Any:
    """x' of slot k as a sample."""
    for i in range(x.shape[0]):
        out[i] = x[i]
    for c in range(conn.size[k]):
        site = conn.sites[k, c]
        out[site] = start[site] + step[site] * conn.values[k, c]


@njit(cache=True, nogil=True)
def n_conn(
    data: Any, x: Any, start: Any, step: Any, shape: Any, conn: Any, merging: Any, counts: Any
) -> Any:
    """Fill `counts` (B,); -1, or the index of the first sample that is not in the space."""
    indices = np.empty(x.shape[1], conn.values.dtype)
    for b in range(x.shape[0]):
        if not read_sample(x[b], start, step, shape, indices):
            return b
        counts[b] = distinct_row(data, indices, conn, merging)
    return -1


@njit(cache=True, nogil=True)
def fill(
    data: Any,
    x: Any,
    start: Any,
    step: Any,
    shape: Any,
    conn: Any,
    merging: Any,
    begins: Any,
    xp: Any,
    mels: Any,
) -> Any:
    """Write the row of sample b into xp (M, N), mels (M,) from begins[b] on.

    What is free up to begins[b + 1] becomes padding: the sample itself, and 0.
    """
    indices = np.empty(x.shape[1], conn.values.dtype)
    for b in range(x.shape[0]):
        read_sample(x[b], start, step, shape, indices)
        n = distinct_row(data, indices, conn, merging)
        begin = begins[b]
        for k in range(n):
            write_state(conn, k, x[b], start, step, xp[begin + k])
            mels[begin + k] = conn.mels[k]
        for m in range(begin + n, begins[b + 1]):
            xp[m] = x[b]
            mels[m] = 0


stamped(n_conn, fill)

__all__ = ["fill", "n_conn", "new_conn"]
