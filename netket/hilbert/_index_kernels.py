# SPDX-License-Identifier: Apache-2.0
"""Numbers of configurations in numba, one configuration at a time; see `index`.

For code that walks through a space row by row. All functions take an `IndexTable` and rows of
*local indices*, of any integer dtype, and are compiled once for all spaces.
"""

import numba
import numpy as np


@numba.njit(cache=True)
def rank(table, row):  # type: ignore[no-untyped-def]
    """Number of the configuration with local indices `row` (N,); -1 if it is not in the space."""
    dims, start, step = table.dims, table.digit_start, table.digit_step
    if len(table.strides) == len(dims):
        return _rank_free(dims, table.strides, row)
    number = 0
    for g in range(len(table.groups)):
        key = 0
        for b in range(table.groups[g, 0], table.groups[g, 1]):
            total = table.blocks[b, 2]
            first, last = table.blocks[b, 0], table.blocks[b, 1]
            place = 0
            if total < 0:
                for i in range(first, last):
                    q = start[i] + step[i] * np.int64(row[i])
                    if q < 0 or q >= dims[i]:
                        return -1
                    place = place * dims[i] + q
            else:
                place = _rank_sum(table, row, b)
                if place < 0:
                    return -1
            key = key * table.blocks[b, 4] + place
        n_keys = table.groups[g, 3]
        if n_keys >= 0:
            key = _find(table.keys, table.groups[g, 2], n_keys, key)
            if key < 0:
                return -1
        number = number * table.groups[g, 4] + key
    return number


@numba.njit(cache=True)
def _rank_free(dims, strides, row):  # type: ignore[no-untyped-def]
    number = 0
    inside = True
    for i in range(len(dims)):
        q = np.int64(row[i])
        inside &= (q >= 0) & (q < dims[i])
        number += strides[i] * q
    return number if inside else -1


@numba.njit(cache=True)
def _rank_sum(table, row, b):  # type: ignore[no-untyped-def]
    """Number, in block `b` with a fixed sum, of its part of the row; -1 if outside."""
    dims, start, step, counts = table.dims, table.digit_start, table.digit_step, table.counts
    first, last, left = table.blocks[b, 0], table.blocks[b, 1], table.blocks[b, 2]
    width = left + 2
    at = table.blocks[b, 3] + (last - first - 1) * width
    number = 0
    for i in range(first, last):
        q = start[i] + step[i] * np.int64(row[i])
        if q < 0 or q >= dims[i] or q > left:
            return -1
        number += counts[at + left + 1] - counts[at + left - q + 1]
        left -= q
        at -= width
    return number if left == 0 else -1


@numba.njit(cache=True)
def _find(keys, first, n_keys, key):  # type: ignore[no-untyped-def]
    """Place of `key` in the sorted slice of `keys`; -1 if it is not there."""
    low, high = 0, n_keys
    while low < high:
        middle = (low + high) // 2
        if keys[first + middle] < key:
            low = middle + 1
        else:
            high = middle
    if low < n_keys and keys[first + low] == key:
        return low
    return -1


@numba.njit(cache=True)
def unrank(table, number, row):  # type: ignore[no-untyped-def]
    """Writes the local indices of configuration `number` into `row` (N,)."""
    dims, start, step = table.dims, table.digit_start, table.digit_step
    left = np.int64(number)
    for g in range(len(table.groups) - 1, -1, -1):
        size = table.groups[g, 4]
        key = left % size
        left = left // size
        if table.groups[g, 3] >= 0:
            key = table.keys[table.groups[g, 2] + key]
        for b in range(table.groups[g, 1] - 1, table.groups[g, 0] - 1, -1):
            place = key % table.blocks[b, 4]
            key = key // table.blocks[b, 4]
            if table.blocks[b, 2] >= 0:
                _unrank_sum(table, place, row, b)
                continue
            for i in range(table.blocks[b, 1] - 1, table.blocks[b, 0] - 1, -1):
                row[i] = start[i] + step[i] * (place % dims[i])
                place = place // dims[i]


@numba.njit(cache=True)
def _unrank_sum(table, place, row, b):  # type: ignore[no-untyped-def]
    dims, start, step, counts = table.dims, table.digit_start, table.digit_step, table.counts
    first, last, left = table.blocks[b, 0], table.blocks[b, 1], table.blocks[b, 2]
    width = left + 2
    at = table.blocks[b, 3] + (last - first - 1) * width
    for i in range(first, last):
        upper = counts[at + left + 1]
        q = 0
        # a digit is passed over while the states with it, or a smaller one, come before `place`
        while q < dims[i] - 1 and q < left and upper - counts[at + left - q] <= place:
            q += 1
        place -= upper - counts[at + left - q + 1]
        row[i] = start[i] + step[i] * q
        left -= q
        at -= width


@numba.njit(cache=True)
def satisfies(table, row):  # type: ignore[no-untyped-def]
    """Whether the configuration with local indices `row` (N,) belongs to the space."""
    return rank(table, row) >= 0


@numba.njit(cache=True)
def unrank_block(table, first, rows):  # type: ignore[no-untyped-def]
    """Writes the configurations first, first + 1, ... into `rows` (B, N)."""
    for k in range(len(rows)):
        unrank(table, first + k, rows[k])


@numba.njit(cache=True)
def rank_rows(table, rows, out):  # type: ignore[no-untyped-def]
    """Writes the numbers of `rows` (B, N) into `out` (B,)."""
    for k in range(len(rows)):
        out[k] = rank(table, rows[k])
