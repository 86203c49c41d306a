# SPDX-License-Identifier: Apache-2.0
"""Batches of rows in numba: index conversion, merging of equal x', padding, counting.

`rows` is the only function that is compiled for every kind of data. It stores elements as the
changes that lead to x'; reading samples, merging and writing x' out is the same for all kinds.
"""

from functools import lru_cache
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
from ._borrowed import borrowed
from ._cache import stamped
from ._flips_numba import flip_rows, has_flips, write_flips
from ._repeat_numba import repeat_row
from ._rows import CANCELLATION
from ._rows_numba import Conn, append_row_inlined, new_conn


@njit(cache=True, nogil=True, error_model="numpy")
def read(x: Any, start: Any, step: Any, shape: Any, indices: Any) -> Any:
    """Local indices (B, N) of samples x_i = start_i + step_i n_i.

    Returns:
        -1, or the index of the first sample with a value that is no local state.
    """
    x, start, step, shape = borrowed(x), borrowed(start), borrowed(step), borrowed(shape)
    indices = borrowed(indices)
    for b in range(x.shape[0]):
        bad = 0  # counted: a loop with a way out is not vectorised
        for i in range(x.shape[1]):
            k = np.int64(np.rint((x[b, i] - start[i]) / step[i]))
            bad += (k < 0) | (k >= shape[i]) | (start[i] + step[i] * k != x[b, i])
            indices[b, i] = k
        if bad:
            return b
    return -1


@njit(cache=True, nogil=True)
def read_two(x: Any, levels: Any, indices: Any) -> Any:
    """`read` for sites that all have two local states, `levels` (2, N)."""
    x, levels, indices = borrowed(x), borrowed(levels), borrowed(indices)
    one, other = levels[0], levels[1]
    for b in range(x.shape[0]):
        bad = 0
        for i in range(x.shape[1]):
            is_second = x[b, i] == other[i]
            bad += not (is_second | (x[b, i] == one[i]))
            indices[b, i] = is_second
        if bad:
            return b
    return -1


@njit(cache=True, nogil=True)
def _normalise(size: Any, sites: Any, values: Any, k: Any, x: Any) -> None:
    """Drop sites that do not change, and sort the others."""
    n = 0
    for c in range(size[k]):
        site, value = sites[k, c], values[k, c]
        if value == x[site]:
            continue
        j = n
        while j > 0 and sites[k, j - 1] > site:
            sites[k, j] = sites[k, j - 1]
            values[k, j] = values[k, j - 1]
            j -= 1
        sites[k, j] = site
        values[k, j] = value
        n += 1
    size[k] = n


@njit(cache=True, nogil=True)
def _same(size: Any, sites: Any, values: Any, a: Any, b: Any, x: Any) -> Any:
    """Whether two elements lead to the same x'."""
    _normalise(size, sites, values, a, x)
    _normalise(size, sites, values, b, x)
    if size[a] != size[b]:
        return False
    for c in range(size[a]):
        if sites[a, c] != sites[b, c] or values[a, c] != values[b, c]:
            return False
    return True


@njit(cache=True, nogil=True)
def _merge(
    mels: Any, size: Any, sites: Any, values: Any, begin: Any, end: Any, x: Any, scratch: Any
) -> None:
    """Sum elements of equal x' into the first of them; the others become zero.

    A hash table finds candidates, which are then compared exactly. Sums that cancel up to
    rounding become zero. The code of x' is sum_i w_i (x'_i - x_i) with random weights: neither
    the order of the sites matters, nor those which do not change.
    """
    table, codes, moduli, weights = scratch
    slots = 4
    while slots < 2 * (end - begin):
        slots *= 2
    mask = np.uint64(slots - 1)
    for k in range(slots):
        table[k] = -1
    for k in range(begin, end):
        moduli[k - begin] = 0
        if mels[k] == 0:
            continue
        code = np.uint64(0)
        for c in range(size[k]):
            site = np.uint64(sites[k, c])  # unsigned: it cannot count from the end
            code += np.uint64(np.int64(values[k, c]) - np.int64(x[site])) * weights[site]
        codes[k - begin] = code
        slot = (code >> np.uint64(32)) & mask
        first = table[slot]
        while first >= 0:
            if codes[first - begin] == code and _same(size, sites, values, first, k, x):
                break
            slot = (slot + np.uint64(1)) & mask
            first = table[slot]
        if first < 0:
            table[slot] = first = k
        moduli[first - begin] += abs(mels[k])
        if first != k:
            mels[first] += mels[k]
            mels[k] = 0
    noise = CANCELLATION * np.finfo(mels.dtype).eps
    for k in range(begin, end):
        if abs(mels[k]) <= noise * moduli[k - begin]:
            mels[k] = 0


@njit(cache=True, nogil=True)
def rows(
    data: Any, indices: Any, first: Any, slots: Any, begin: Any, room: Any, lengths: Any, out: Any
) -> Any:
    """What the kernel says of samples from `first` on, with equal x' and zeros.

    Args:
        data: the operator.
        indices: local indices of all samples, (B, N).
        first: the first sample to work on.
        slots: the largest number of elements that the kernel may write for a sample.
        begin: the first free element of `out`.
        room: the number of elements of `out` that may be used.
        lengths: (B,), filled with the numbers of elements.
        out: filled with the elements, one row after the other.

    Returns:
        The first sample that is not done because there may be no room, and the end of the elements.
    """
    data, indices, out = borrowed(data), borrowed(indices), borrowed(out)
    lengths = borrowed(lengths)
    mels, size, sites, values = out
    for b in range(first, indices.shape[0]):
        if begin + slots > room:
            return b, begin
        # a row begins at 0: that this is not negative makes kernels faster
        row = Conn(mels[begin:], size[begin:], sites[begin:], values[begin:])
        lengths[b] = append_row_inlined(data, indices[b], row, 0)
        begin += lengths[b]
    return indices.shape[0], begin


@njit(cache=True, nogil=True)
def merge(
    indices: Any, first: Any, last: Any, begin: Any, lengths: Any, out: Any, scratch: Any
) -> None:
    """Sum elements of equal x' in rows that `rows` has written; what is left over becomes zero.

    Args:
        indices: local indices of all samples, (B, N).
        first, last: the first sample, and that after the last.
        begin: where its row begins in `out`.
        lengths: (B,) numbers of elements.
        out: elements.
        scratch: as `new_scratch` makes it.
    """
    indices, out, lengths = borrowed(indices), borrowed(out), borrowed(lengths)
    scratch = borrowed(scratch)
    mels, size, sites, values = out
    for b in range(first, last):
        end = begin + lengths[b]
        _merge(mels, size, sites, values, begin, end, indices[b], scratch)
        begin = end


@njit(cache=True, nogil=True)
def count(first: Any, last: Any, begin: Any, lengths: Any, mels: Any, counts: Any) -> Any:
    """Numbers of elements that are not zero, of samples first ... last - 1; returns the largest."""
    most = 0
    for b in range(first, last):
        n = 0
        for k in range(begin, begin + lengths[b]):
            n += mels[k] != 0
        begin += lengths[b]
        counts[b] = n
        most = max(most, n)
    return most


def new_scratch(slots: int, n_sites: int) -> tuple[np.ndarray, ...]:
    """With which rows are merged: hash table, codes of x', moduli of elements, random weights."""
    table, codes = np.empty(max(4, 4 * slots), np.int64), np.empty(slots, np.uint64)
    return table, codes, np.empty(slots), _random_weights(n_sites)


@lru_cache(maxsize=16)
def _random_weights(n_sites: int) -> np.ndarray:
    return np.random.default_rng(n_sites).integers(2**64, size=n_sites, dtype=np.uint64)


@njit(cache=True, nogil=True)
def write(
    x: Any,
    start: Any,
    step: Any,
    width: Any,
    lengths: Any,
    counts: Any,
    stored: Any,
    xp: Any,
    mels: Any,
) -> None:
    """Write stored rows as samples into xp and mels, which are flat.

    Elements that are zero are left out. What is free becomes padding: the sample itself, and 0.

    Args:
        x: samples, x_i = start_i + step_i n_i.
        start, step: (N,).
        width: of rows; 0 if they are as long as `counts` says.
        lengths: numbers of stored elements, (B,).
        counts: how many of them are not zero, (B,).
        stored: the elements.
        xp, mels: filled.
    """
    x, start, step, stored = borrowed(x), borrowed(start), borrowed(step), borrowed(stored)
    lengths, counts, xp, mels = borrowed(lengths), borrowed(counts), borrowed(xp), borrowed(mels)
    row_mels, size, sites, values = stored
    n_sites = np.uint64(x.shape[1])
    first = place = 0
    for b in range(x.shape[0]):
        length = width if width else counts[b]
        repeat_row(x, b, xp, place * x.shape[1], length)
        done = place
        place += length
        for k in range(first, first + lengths[b]):
            if row_mels[k] == 0:
                continue
            mels[done] = row_mels[k]
            at = np.uint64(done) * n_sites
            for c in range(size[k]):
                site = np.uint64(sites[k, c])
                xp[at + site] = start[site] + step[site] * values[k, c]
            done += 1
        first += lengths[b]
        for m in range(done, place):
            mels[m] = 0


stamped(rows, write)

__all__ = [
    "count",
    "flip_rows",
    "has_flips",
    "merge",
    "new_conn",
    "new_scratch",
    "read",
    "read_two",
    "rows",
    "write",
    "write_flips",
]
