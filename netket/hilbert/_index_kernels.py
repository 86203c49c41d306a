# SPDX-License-Identifier: Apache-2.0
"""Numbers of configurations in numba, one configuration at a time; see `_index_table`.

For code that walks through a space row by row. All functions take an `IndexTable` and rows of
*local indices*, of any integer dtype, and are compiled once for all spaces.

`rank` and `unrank` are inlined, and pass only the array `IndexTable.flat` on: references to arrays
are counted at every call, which would take longer than the arithmetic. Code that calls them in an
inner loop takes `table.flat` out of the table once, and calls `rank_flat` and `unrank_flat`.
"""

import numba
import numpy as np

from ._index_table import Header

_FREE, _ONE_SUM = Header.FREE, Header.ONE_SUM
_KIND, _N_SITES, _N_GROUPS, _TOTAL = Header.KIND, Header.N_SITES, Header.N_GROUPS, Header.TOTAL
_DIMS, _STRIDES = Header.DIMS, Header.STRIDES
_DIGIT_START, _DIGIT_STEP = Header.DIGIT_START, Header.DIGIT_STEP
_BLOCKS, _GROUPS, _COUNTS = Header.BLOCKS, Header.GROUPS, Header.COUNTS


@numba.njit(cache=True, inline="always")
def rank(table, row):
    """Number of the configuration with local indices `row` (N,); -1 if it is not in the space."""
    return rank_flat(table.flat, row)


@numba.njit(cache=True, inline="always")
def rank_flat(flat, row):
    """`rank`, from the array ``table.flat`` alone."""
    kind = flat[_KIND]
    if kind == _FREE:
        number = _rank_free(flat, row)
    elif kind == _ONE_SUM:
        number = _rank_sum(flat, row, 0, flat[_N_SITES], flat[_TOTAL], flat[_COUNTS])
    else:
        number = _rank_general(flat, row)
    return number


@numba.njit(cache=True, inline="always")
def unrank(table, number, row):
    """Writes the local indices of configuration `number` into `row` (N,)."""
    unrank_flat(table.flat, number, row)


@numba.njit(cache=True, inline="always")
def unrank_flat(flat, number, row):
    """`unrank`, from the array ``table.flat`` alone."""
    kind = flat[_KIND]
    if kind == _FREE:
        _unrank_free(flat, number, row, 0, flat[_N_SITES])
    elif kind == _ONE_SUM:
        _unrank_sum(flat, number, row, 0, flat[_N_SITES], flat[_TOTAL], flat[_COUNTS])
    else:
        _unrank_general(flat, number, row)


@numba.njit(cache=True)
def satisfies(table, row):
    """Whether the configuration with local indices `row` (N,) belongs to the space."""
    return rank(table, row) >= 0


@numba.njit(cache=True)
def rank_rows(table, rows, out):
    """Writes the numbers of `rows` (B, N) into `out` (B,)."""
    flat = table.flat
    for k in range(len(rows)):
        out[k] = rank_flat(flat, rows[k])


@numba.njit(cache=True)
def unrank_rows(table, numbers, rows):
    """Writes the configurations with `numbers` (B,) into `rows` (B, N)."""
    flat = table.flat
    for k in range(len(rows)):
        unrank_flat(flat, numbers[k], rows[k])


@numba.njit(cache=True)
def unrank_block(table, first, rows):
    """Writes the configurations first, first + 1, ... into `rows` (B, N)."""
    flat = table.flat
    for k in range(len(rows)):
        unrank_flat(flat, first + k, rows[k])


# -- configurations to numbers -----------------------------------------------------------------


@numba.njit(cache=True)
def _rank_free(flat, row):
    dims, strides = flat[_DIMS], flat[_STRIDES]
    number = 0
    inside = True
    for i in range(flat[_N_SITES]):
        q = np.int64(row[i])
        inside &= (q >= 0) & (q < flat[dims + i])
        number += flat[strides + i] * q
    return number if inside else -1


@numba.njit(cache=True)
def _rank_sum(flat, row, first, last, left, counts):
    """Number of a part of the row with the fixed sum `left`; -1 if it has another."""
    dims, start, step = flat[_DIMS], flat[_DIGIT_START], flat[_DIGIT_STEP]
    width = left + 2
    # the count of all states with at most `left`, at row n - 1 - i of the counts
    at = counts + (last - first - 1) * width + left + 1
    number = 0
    for i in range(first, last):
        q = flat[start + i] + flat[step + i] * np.int64(row[i])
        if q < 0 or q >= flat[dims + i] or q > left:
            return -1
        number += flat[at] - flat[at - q]
        left -= q
        at -= width + q
    return number if left == 0 else -1


@numba.njit(cache=True)
def _rank_general(flat, row):
    dims, start, step = flat[_DIMS], flat[_DIGIT_START], flat[_DIGIT_STEP]
    number = 0
    for g in range(flat[_N_GROUPS]):
        group = flat[_GROUPS] + 5 * g
        key = 0
        for b in range(flat[group], flat[group + 1]):
            block = flat[_BLOCKS] + 5 * b
            first, last, total = flat[block], flat[block + 1], flat[block + 2]
            place = 0
            if total >= 0:
                place = _rank_sum(flat, row, first, last, total, flat[block + 3])
                if place < 0:
                    return -1
            else:
                for i in range(first, last):
                    q = flat[start + i] + flat[step + i] * np.int64(row[i])
                    if q < 0 or q >= flat[dims + i]:
                        return -1
                    place = place * flat[dims + i] + q
            key = key * flat[block + 4] + place
        n_keys = flat[group + 3]
        if n_keys >= 0:
            key = _find(flat, flat[group + 2], n_keys, key)
            if key < 0:
                return -1
        number = number * flat[group + 4] + key
    return number


@numba.njit(cache=True)
def _find(flat, first, n_keys, key):
    """Place of `key` in a sorted part of `flat`; -1 if it is not there."""
    low, high = 0, n_keys
    while low < high:
        middle = (low + high) // 2
        if flat[first + middle] < key:
            low = middle + 1
        else:
            high = middle
    if low < n_keys and flat[first + low] == key:
        return low
    return -1


# -- numbers to configurations -----------------------------------------------------------------


@numba.njit(cache=True)
def _unrank_free(flat, number, row, first, last):
    dims, start, step = flat[_DIMS], flat[_DIGIT_START], flat[_DIGIT_STEP]
    for i in range(last - 1, first - 1, -1):
        d = flat[dims + i]
        if d == 2:  # no division, which is slow
            q = number & 1
            number >>= 1
        else:
            q = number % d
            number //= d
        row[i] = flat[start + i] + flat[step + i] * q


@numba.njit(cache=True)
def _unrank_sum(flat, number, row, first, last, left, counts):
    dims, start, step = flat[_DIMS], flat[_DIGIT_START], flat[_DIGIT_STEP]
    width = left + 2
    at = counts + (last - first - 1) * width + left + 1
    for i in range(first, last):
        largest = min(flat[dims + i] - 1, left)
        q, before = 0, 0
        # a digit is passed over while the states with it, or a smaller one, come before `number`
        while q < largest:
            following = flat[at] - flat[at - q - 1]
            if following > number:
                break
            before = following
            q += 1
        number -= before
        row[i] = flat[start + i] + flat[step + i] * q
        left -= q
        at -= width + q


@numba.njit(cache=True)
def _unrank_general(flat, number, row):
    for g in range(flat[_N_GROUPS] - 1, -1, -1):
        group = flat[_GROUPS] + 5 * g
        key = number % flat[group + 4]
        number //= flat[group + 4]
        if flat[group + 3] >= 0:
            key = flat[flat[group + 2] + key]
        for b in range(flat[group + 1] - 1, flat[group] - 1, -1):
            block = flat[_BLOCKS] + 5 * b
            place = key % flat[block + 4]
            key //= flat[block + 4]
            first, last, total = flat[block], flat[block + 1], flat[block + 2]
            if total >= 0:
                _unrank_sum(flat, place, row, first, last, total, flat[block + 3])
            else:
                _unrank_free(flat, place, row, first, last)
