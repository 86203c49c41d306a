# SPDX-License-Identifier: Apache-2.0
"""Numba walker over all rows of a matrix: CSR, dense, and matrix times vectors.

They work with the numbers of configurations; no array of all configurations is ever made. `walk`
is the only function that is compiled for every kind of operator; the others, which it is linked
with, are the same for all.
"""

from typing import Any

import numpy as np
from numba import njit

from netket.hilbert._index_kernels import rank, unrank

from ._borrowed import borrowed
from ._cache import stamped
from ._flips_numba import has_flips, new_flip_scratch, walk_flips
from ._numbering import _CODE_BITS, BLOCKS, FREE, LISTED, PAIR
from ._rows import CANCELLATION
from ._rows_numba import append_row, append_row_inlined, new_conn

_MASK = 2**_CODE_BITS - 1


@njit(cache=True, nogil=True)
def _state(table: Any, number: Any, x: Any) -> None:
    """Local indices of configuration `number`."""
    unrank(table, number, x)


# -- from one configuration to the next -------------------------------------------------------


@njit(cache=True, nogil=True)
def _increase(digits: Any, dims: Any, first: Any, last: Any) -> Any:
    """The next digits of an unconstrained block.

    Returns:
        The first site that changes; -1 after the last configuration, which becomes the first.
    """
    for i in range(last - 1, first - 1, -1):
        if digits[i] < dims[i] - 1:
            digits[i] += 1
            return i
        digits[i] = 0
    return -1


@njit(cache=True, nogil=True)
def _increase_fixed(digits: Any, dims: Any, first: Any, last: Any) -> Any:
    """The next digits of a block with a fixed sum, as `_increase`."""
    behind, found = 0, -1  # sum of the digits behind site i
    for i in range(last - 1, first - 1, -1):
        if behind > 0 and digits[i] < dims[i] - 1:
            digits[i] += 1
            behind, found = behind - 1, i
            break
        behind += digits[i]
    for i in range(last - 1, found if found >= 0 else first - 1, -1):
        digits[i] = min(behind, dims[i] - 1)
        behind -= digits[i]
    return found


@njit(cache=True, nogil=True, forceinline=True)
def _advance(
    x: Any, digits: Any, dims: Any, start: Any, step: Any, packed: Any, at: Any, blocks: Any
) -> Any:
    """The next configuration of a product of blocks; the change of its word.

    The last block counts fastest.
    """
    changed = 0
    for b in range(blocks.shape[0] - 1, -1, -1):
        first, last = blocks[b, 0], blocks[b, 1]
        if last == first:
            continue
        if at[first] < 0:
            changed = _increase(digits, dims, first, last)
        else:
            changed = _increase_fixed(digits, dims, first, last)
        if changed >= 0:
            break
    word = 0
    for i in range(max(changed, 0), digits.shape[0]):
        new = (digits[i] - start[i]) * step[i]  # steps are 1 or -1
        word += packed[i] * (new - x[i])
        x[i] = new
    return word


# -- columns of a row -------------------------------------------------------------------------


@njit(cache=True, nogil=True, forceinline=True)
def _words(
    word: Any, x: Any, packed: Any, n: Any, size: Any, sites: Any, values: Any, columns: Any
) -> None:
    """Words of x' for all slots."""
    for k in range(n):
        new = word
        for c in range(size[k]):
            site = np.uint64(sites[k, c])  # unsigned: it cannot count from the end
            new += packed[site] * (np.int64(values[k, c]) - np.int64(x[site]))
        columns[k] = new


@njit(cache=True, nogil=True, forceinline=True)
def _look_up(columns: Any, n: Any, left: Any, right: Any) -> None:
    """Numbers instead of words, -1 for those outside of the space."""
    for k in range(n):
        word = columns[k]
        if word >> (2 * _CODE_BITS) == 0:
            columns[k] = np.int64(left[word >> _CODE_BITS]) + np.int64(right[word & _MASK])
        else:
            columns[k] = -1


@njit(cache=True, nogil=True)
def _columns_by_counts(row: Any, digits: Any, space: Any, n: Any, conn: Any, columns: Any) -> None:
    """Numbers of x' for all slots, -1 for those outside, in a product of blocks."""
    start, step, weight, at = space.start, space.step, space.weight, space.at
    total, ends, counts = space.total, space.ends, space.counts
    size, sites, values = conn.size, conn.sites, conn.values
    n_sites = digits.shape[0]
    left, partial = np.zeros(n_sites + 1, np.int64), np.zeros(n_sites + 1, np.int64)
    rest = 0  # what is left of the sum of its block at every site, and partial sums of the number
    for i in range(n_sites):
        q = digits[i]
        if at[i] < 0:
            partial[i + 1] = partial[i] + weight[i] * q
        else:
            rest = total[i] if total[i] >= 0 else rest
            left[i] = rest
            a = at[i] + rest + 1
            partial[i + 1] = partial[i] + weight[i] * (counts[a] - counts[a - q])
            rest -= q
    old = np.empty(sites.shape[1], np.int64)
    for k in range(n):
        if size[k] == 0:
            columns[k] = row
            continue
        first, last = n_sites, 0
        for c in range(size[k]):
            site = sites[k, c]
            first, last = min(first, site), max(last, site)
            old[c] = digits[site]
            digits[site] = start[site] + step[site] * np.int64(values[k, c])
        column = row - (partial[last + 1] - partial[first])
        rest, inside = left[first], True
        for i in range(first, last + 1):
            q = digits[i]
            if at[i] < 0:
                column += weight[i] * q
                continue
            if total[i] >= 0:
                rest = total[i]
            if q > rest:
                inside = False
                break
            a = at[i] + rest + 1
            column += weight[i] * (counts[a] - counts[a - q])
            rest -= q
            # at the end of a block nothing is left; after the last change as much as in x
            if (ends[i] and rest != 0) or (i == last and not ends[i] and rest != left[i + 1]):
                inside = False
                break
        columns[k] = column if inside else -1
        for c in range(size[k]):
            digits[sites[k, c]] = old[c]


@njit(cache=True, nogil=True)
def _columns_by_rank(row: Any, x: Any, table: Any, n: Any, conn: Any, columns: Any) -> None:
    """Numbers of x' for all slots, -1 for those outside, in any space."""
    size, sites, values = conn.size, conn.sites, conn.values
    y = x.copy()
    for k in range(n):
        columns[k] = row
        if size[k] > 0:
            for c in range(size[k]):
                y[sites[k, c]] = values[k, c]
            columns[k] = rank(table, y)
            for c in range(size[k]):
                y[sites[k, c]] = x[sites[k, c]]


# -- elements of a row ------------------------------------------------------------------------


@njit(cache=True, nogil=True, forceinline=True)
def _put(columns: Any, mels: Any, n: Any, place: Any, indices: Any, out: Any) -> Any:
    """Write the elements that are not zero from `place` on.

    Returns:
        The end, or -1 - k if slot k has a matrix element outside of the space.
    """
    for k in range(n):
        if mels[k] == 0:
            continue
        if columns[k] < 0:
            return -1 - k
        indices[place], out[place] = columns[k], mels[k]
        place += 1
    return place


@njit(cache=True, nogil=True, forceinline=True)
def _put_sorted(
    row: Any,
    columns: Any,
    mels: Any,
    n: Any,
    place: Any,
    indices: Any,
    out: Any,
    above_columns: Any,
    above_mels: Any,
) -> Any:
    """As `_put`, in the order of columns.

    Kernels go through the sites in order, so that columns below the row come in increasing, and
    those above in decreasing order: split by that, nearly nothing is left to sort.
    """
    first, above = place, 0
    for k in range(n):
        column, mel = columns[k], mels[k]
        if mel == 0:
            continue
        if column < 0:
            return -1 - k
        # both are written and one is kept: a branch would be a coin toss
        indices[place], out[place] = column, mel
        above_columns[above], above_mels[above] = column, mel
        is_below = column < row
        place += is_below
        above += not is_below
    for k in range(above - 1, -1, -1):
        indices[place], out[place] = above_columns[k], above_mels[k]
        place += 1
    falls = 0
    for k in range(first + 1, place):
        falls += indices[k] < indices[k - 1]
    if falls > 0:
        _insertion_sort(indices, out, first, place)
    return place


@njit(cache=True, nogil=True)
def _insertion_sort(indices: Any, out: Any, first: Any, last: Any) -> None:
    for k in range(first + 1, last):
        column, mel, j = indices[k], out[k], k
        while j > first and indices[j - 1] > column:
            indices[j], out[j] = indices[j - 1], out[j - 1]
            j -= 1
        if j != k:
            indices[j], out[j] = column, mel


@njit(cache=True, nogil=True)
def _merge(indices: Any, out: Any, first: Any, last: Any, noise: Any) -> Any:
    """Sum elements of equal columns, in place; sums that cancel up to rounding are dropped."""
    m, k = first, first
    while k < last:
        column, total, moduli, begin = indices[k], out[k], abs(out[k]), k
        k += 1
        while k < last and indices[k] == column:
            total += out[k]
            moduli += abs(out[k])
            k += 1
        if k - begin == 1 or abs(total) > noise * moduli:
            indices[m], out[m] = column, total
            m += 1
    return m


@njit(cache=True, nogil=True)
def _begin(table: Any, space: Any, first: Any, x: Any, digits: Any) -> Any:
    """Set x and digits to those of configuration `first`; its word."""
    _state(table, first, x)
    word = space.origin
    for i in range(digits.shape[0]):
        digits[i] = space.start[i] + space.step[i] * x[i]
        word += space.packed[i] * x[i]
    return word


@njit(cache=True, nogil=True)
def walk(
    data: Any,
    table: Any,
    space: Any,
    conn: Any,
    scratch: Any,
    first: Any,
    last: Any,
    ordered: Any,
    merging: Any,
    place: Any,
    ends: Any,
    indices: Any,
    values: Any,
) -> Any:
    """Columns and matrix elements, none of which is zero, of consecutive rows.

    Args:
        data, table, space, conn: operator, index table, numbering, and a row buffer.
        scratch: arrays as `new_scratch` makes them.
        first, last: the first row, and that after the last.
        ordered: whether columns are to be sorted,
        merging: and elements of equal columns summed.
        place: where the first row begins in `indices` and `values`.
        ends: filled with the ends of the rows, that of row `first` first.
        indices, values: columns and matrix elements; there must be room for all slots of a row.

    Returns:
        The first row that is not written, where it begins, and the slot because of which the walk
        ends early: its x' is not in the space; or -1 if there may be no room for the next row.
    """
    data, table, space, conn = borrowed(data), borrowed(table), borrowed(space), borrowed(conn)
    scratch, ends = borrowed(scratch), borrowed(ends)
    indices, values = borrowed(indices), borrowed(values)
    x, digits, columns, above_columns, above_mels = scratch
    # plain arrays in the loop: tuples of arrays are slow to pass on
    kind, dims, start, step, packed = space.kind, space.dims, space.start, space.step, space.packed
    at, blocks, left, right = space.at, space.blocks, space.left, space.right
    mels, size, sites, sigma = conn
    slots = columns.shape[0]
    noise = CANCELLATION * np.finfo(values.dtype).eps
    word = _begin(table, space, first, x, digits)
    for row in range(first, last):
        if place + slots > indices.shape[0]:
            return row, place, -1
        if row > first:
            if kind == LISTED:
                _state(table, row, x)
            else:
                word += _advance(x, digits, dims, start, step, packed, at, blocks)
        n = append_row_inlined(data, x, conn, 0)
        if kind == FREE or kind == PAIR:
            _words(word, x, packed, n, size, sites, sigma, columns)
            if kind == PAIR:
                _look_up(columns, n, left, right)
        elif kind == BLOCKS:
            _columns_by_counts(row, digits, space, n, conn, columns)
        else:
            _columns_by_rank(row, x, table, n, conn, columns)
        if ordered:
            end = _put_sorted(
                row, columns, mels, n, place, indices, values, above_columns, above_mels
            )
        else:
            end = _put(columns, mels, n, place, indices, values)
        if end < 0:
            return row, place, -1 - end
        if merging:
            end = _merge(indices, values, place, end, noise)
        place = end
        ends[row - first] = place
    return last, place, -1


def new_scratch(n_sites: int, conn: Any) -> tuple[np.ndarray, ...]:
    """Local indices, digits, columns of a row, and the sorted halves of one."""
    slots = len(conn.mels)
    return (
        np.zeros(n_sites, conn.values.dtype),
        np.zeros(n_sites, np.int64),
        np.empty(slots, np.int64),
        np.empty(slots, np.int64),
        np.empty(slots, conn.mels.dtype),
    )


# -- what is done with rows -------------------------------------------------------------------


@njit(cache=True, nogil=True)
def dense_rows(first: Any, ends: Any, indices: Any, values: Any, matrix: Any) -> None:
    """Add rows of `walk`, from row `first` on, to `matrix` (n, n)."""
    begin = 0
    for r in range(ends.shape[0]):
        for k in range(begin, ends[r]):
            matrix[first + r, indices[k]] += values[k]
        begin = ends[r]


@njit(cache=True, nogil=True)
def apply_rows(first: Any, ends: Any, indices: Any, values: Any, v: Any, out: Any) -> None:
    """out = O v in rows of `walk`, from row `first` on; v (n, m)."""
    begin, single = 0, v.shape[1] == 1
    for r in range(ends.shape[0]):
        row = first + r
        if single:
            total = out[row, 0]
            for k in range(begin, ends[r]):
                total += values[k] * v[indices[k], 0]
            out[row, 0] = total
        else:
            for k in range(begin, ends[r]):
                for c in range(v.shape[1]):
                    out[row, c] += values[k] * v[indices[k], c]
        begin = ends[r]


@njit(cache=True, nogil=True)
def state_of_slot(data: Any, table: Any, conn: Any, row: Any, k: Any, x: Any, xp: Any) -> None:
    """Local indices of configuration `row` and of x' in slot k, for error messages."""
    data, conn = borrowed(data), borrowed(conn)
    _state(table, row, x)
    append_row(data, x, conn, 0)
    xp[:] = x
    for c in range(conn.size[k]):
        xp[conn.sites[k, c]] = conn.values[k, c]


stamped(walk, state_of_slot)

__all__ = [
    "apply_rows",
    "dense_rows",
    "has_flips",
    "new_conn",
    "new_flip_scratch",
    "new_scratch",
    "state_of_slot",
    "walk",
    "walk_flips",
]
