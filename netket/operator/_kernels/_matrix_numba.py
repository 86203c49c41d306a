# SPDX-License-Identifier: Apache-2.0
"""Numba walker over all rows of a matrix: CSR, dense, and matrix times vectors.

They work with the numbers of configurations; no array of all configurations is ever made. Rows
are computed in blocks by `walk`, the only function that is compiled for every kind of operator;
what is done with the blocks is the same for all. Inner loops get plain arrays: taking arrays out
of tuples costs more than the arithmetic.
"""

from typing import Any

import numpy as np
from numba import njit

from netket.hilbert._index_kernels import rank, unrank

from ._cache import stamped
from ._numbering import BLOCKS, FREE
from ._rows import CANCELLATION
from ._rows_numba import append_row, new_conn

# -- from one configuration to the next -------------------------------------------------------


@njit(cache=True, nogil=True)
def _increase(digits: Any, dims: Any, first: Any, last: Any) -> Any:
    """The next digits of an unconstrained block; False after the last, which becomes the first."""
    for i in range(last - 1, first - 1, -1):
        if digits[i] < dims[i] - 1:
            digits[i] += 1
            return True
        digits[i] = 0
    return False


@njit(cache=True, nogil=True)
def _increase_fixed(digits: Any, dims: Any, first: Any, last: Any) -> Any:
    """The next digits of a block with a fixed sum; False after the last."""
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
    return found >= 0


@njit(cache=True, nogil=True)
def _advance(digits: Any, dims: Any, at: Any, blocks: Any) -> Any:
    """The next configuration of a product of blocks; the last block counts fastest."""
    for b in range(blocks.shape[0] - 1, -1, -1):
        first, last = blocks[b, 0], blocks[b, 1]
        if last == first:
            continue
        if at[first] < 0:
            if _increase(digits, dims, first, last):
                return
        elif _increase_fixed(digits, dims, first, last):
            return


# -- columns of a row -------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _columns_by_strides(
    row: Any, x: Any, stride: Any, n: Any, size: Any, sites: Any, values: Any, columns: Any
) -> Any:
    """Numbers of x' for all slots, in an unconstrained space."""
    for k in range(n):
        column = row
        for c in range(size[k]):
            site = sites[k, c]
            column += stride[site] * (np.int64(values[k, c]) - np.int64(x[site]))
        columns[k] = column


@njit(cache=True, nogil=True)
def _set_terms(
    digits: Any, weight: Any, at: Any, total: Any, counts: Any, left: Any, partial: Any
) -> Any:
    """What is left of the sum of its block at every site, and partial sums of the number."""
    rest = 0
    for i in range(digits.shape[0]):
        q = digits[i]
        if at[i] < 0:
            partial[i + 1] = partial[i] + weight[i] * q
        else:
            rest = total[i] if total[i] >= 0 else rest
            left[i] = rest
            a = at[i] + rest + 1
            partial[i + 1] = partial[i] + weight[i] * (counts[a] - counts[a - q])
            rest -= q


@njit(cache=True, nogil=True)
def _columns_by_counts(
    row: Any,
    digits: Any,
    left: Any,
    partial: Any,
    start: Any,
    step: Any,
    weight: Any,
    at: Any,
    total: Any,
    ends: Any,
    counts: Any,
    n: Any,
    size: Any,
    sites: Any,
    values: Any,
    columns: Any,
) -> Any:
    """Numbers of x' for all slots, -1 for those outside, in a product of blocks."""
    n_sites = digits.shape[0]
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
def _columns_by_rank(
    row: Any, x: Any, table: Any, n: Any, size: Any, sites: Any, values: Any, columns: Any
) -> Any:
    """Numbers of x' for all slots, -1 for those outside, in any space."""
    y = x.copy()
    for k in range(n):
        columns[k] = row
        if size[k] > 0:
            for c in range(size[k]):
                y[sites[k, c]] = values[k, c]
            columns[k] = rank(table, y)
            for c in range(size[k]):
                y[sites[k, c]] = x[sites[k, c]]


@njit(cache=True, nogil=True)
def walk(
    data: Any,
    table: Any,
    numbering: Any,
    conn: Any,
    first: Any,
    columns: Any,
    mels: Any,
    sizes: Any,
) -> Any:
    """Columns and matrix elements of consecutive rows, in the order of the slots.

    Args:
        data, table, numbering, conn: operator, index table, numbering, and a row buffer.
        first: the first row.
        columns, mels: (R, K), filled; a column is -1 if x' is not in the space.
        sizes: (R,), filled with the number of elements of each row.
    """
    n_sites = table.dims.shape[0]
    kind, dims, start, step = numbering.kind, numbering.dims, numbering.start, numbering.step
    stride, weight, at, total = numbering.stride, numbering.weight, numbering.at, numbering.total
    ends, counts, blocks = numbering.ends, numbering.counts, numbering.blocks
    size, sites, values, row_mels = conn.size, conn.sites, conn.values, conn.mels
    x, digits = np.empty(n_sites, values.dtype), np.empty(n_sites, np.int64)
    left, partial = np.zeros(n_sites + 1, np.int64), np.zeros(n_sites + 1, np.int64)
    unrank(table, first, x)
    for i in range(n_sites):
        digits[i] = start[i] + step[i] * x[i]
    for r in range(sizes.shape[0]):
        row = first + r
        if r > 0 and kind == FREE:
            _increase(x, dims, 0, n_sites)
        elif r > 0 and kind == BLOCKS:
            _advance(digits, dims, at, blocks)
            for i in range(n_sites):  # steps are 1 or -1
                x[i] = (digits[i] - start[i]) * step[i]
        elif r > 0:
            unrank(table, row, x)
        n = append_row(data, x, conn, 0)
        if kind == FREE:
            _columns_by_strides(row, x, stride, n, size, sites, values, columns[r])
        elif kind == BLOCKS:
            _set_terms(digits, weight, at, total, counts, left, partial)
            _columns_by_counts(
                row,
                digits,
                left,
                partial,
                start,
                step,
                weight,
                at,
                total,
                ends,
                counts,
                n,
                size,
                sites,
                values,
                columns[r],
            )
        else:
            _columns_by_rank(row, x, table, n, size, sites, values, columns[r])
        for k in range(n):
            mels[r, k] = row_mels[k]
        sizes[r] = n


# -- what is done with them -------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _sort(
    row: Any,
    columns: Any,
    mels: Any,
    n: Any,
    sorted_columns: Any,
    sorted_mels: Any,
    above_columns: Any,
    above_mels: Any,
) -> Any:
    """Elements that are not zero, sorted by column.

    Kernels go through the sites in order, so that columns below the row come in increasing, and
    those above in decreasing order: split by that, nearly nothing is left to sort.

    Returns:
        The number of elements, or -1 - k if slot k has a matrix element outside of the space.
    """
    below, above = 0, 0
    for k in range(n):
        column, mel = columns[k], mels[k]
        if mel == 0:
            continue
        if column < 0:
            return -1 - k
        # both are written and one is kept: a branch would be a coin toss
        sorted_columns[below], sorted_mels[below] = column, mel
        above_columns[above], above_mels[above] = column, mel
        is_below = column < row
        below += is_below
        above += not is_below
    n = below
    for k in range(above - 1, -1, -1):
        sorted_columns[n], sorted_mels[n] = above_columns[k], above_mels[k]
        n += 1
    for k in range(1, n):
        column, mel, j = sorted_columns[k], sorted_mels[k], k
        while j > 0 and sorted_columns[j - 1] > column:
            sorted_columns[j], sorted_mels[j] = sorted_columns[j - 1], sorted_mels[j - 1]
            j -= 1
        if j != k:
            sorted_columns[j], sorted_mels[j] = column, mel
    return n


@njit(cache=True, nogil=True)
def _merge(columns: Any, mels: Any, n: Any, noise: Any) -> Any:
    """Sum elements of equal columns, in place; sums that cancel up to rounding are dropped."""
    m, k = 0, 0
    while k < n:
        column, total, moduli, first = columns[k], mels[k], abs(mels[k]), k
        k += 1
        while k < n and columns[k] == column:
            total += mels[k]
            moduli += abs(mels[k])
            k += 1
        if k - first == 1 or abs(total) > noise * moduli:
            columns[m], mels[m] = column, total
            m += 1
    return m


@njit(cache=True, nogil=True)
def csr_rows(
    first: Any,
    begin: Any,
    columns: Any,
    mels: Any,
    sizes: Any,
    merging: Any,
    indptr: Any,
    indices: Any,
    values: Any,
) -> Any:
    """Write rows of `walk`, the first of which is row `first`, into CSR arrays.

    Rows before `begin` are skipped. Stops before the first row for which there may be no room.

    Returns:
        The first row that is not written, and -1, or the slot whose x' is not in the space.
    """
    slots = columns.shape[1]
    sorted_columns, sorted_mels = np.empty(slots, np.int64), np.empty(slots, mels.dtype)
    above_columns, above_mels = np.empty(slots, np.int64), np.empty(slots, mels.dtype)
    noise = CANCELLATION * np.finfo(mels.dtype).eps
    last = first + sizes.shape[0]
    place = indptr[begin]
    for row in range(begin, last):
        r = row - first
        if place + slots > indices.shape[0]:
            return row, -1
        n = _sort(
            row,
            columns[r],
            mels[r],
            sizes[r],
            sorted_columns,
            sorted_mels,
            above_columns,
            above_mels,
        )
        if n < 0:
            return row, -1 - n
        if merging:
            n = _merge(sorted_columns, sorted_mels, n, noise)
        for k in range(n):
            indices[place + k] = sorted_columns[k]
            values[place + k] = sorted_mels[k]
        place += n
        indptr[row + 1] = place
    return last, -1


@njit(cache=True, nogil=True)
def dense_rows(first: Any, columns: Any, mels: Any, sizes: Any, matrix: Any) -> Any:
    """Add rows of `walk` to `matrix` (n, n); row and slot of an x' outside, or -1, -1."""
    for r in range(sizes.shape[0]):
        for k in range(sizes[r]):
            if mels[r, k] != 0:
                if columns[r, k] < 0:
                    return first + r, k
                matrix[first + r, columns[r, k]] += mels[r, k]
    return -1, -1


@njit(cache=True, nogil=True)
def apply_rows(first: Any, columns: Any, mels: Any, sizes: Any, v: Any, out: Any) -> Any:
    """out = O v in rows of `walk`, v (n, m); row and slot of an x' outside, or -1, -1."""
    for r in range(sizes.shape[0]):
        for k in range(sizes[r]):
            if mels[r, k] != 0:
                if columns[r, k] < 0:
                    return first + r, k
                for c in range(v.shape[1]):
                    out[first + r, c] += mels[r, k] * v[columns[r, k], c]
    return -1, -1


@njit(cache=True, nogil=True)
def state_of_slot(data: Any, table: Any, conn: Any, row: Any, k: Any, x: Any, xp: Any) -> Any:
    """Local indices of configuration `row` and of x' in slot k, for error messages."""
    unrank(table, row, x)
    append_row(data, x, conn, 0)
    xp[:] = x
    for c in range(conn.size[k]):
        xp[conn.sites[k, c]] = conn.values[k, c]


stamped(walk, state_of_slot)

__all__ = ["apply_rows", "csr_rows", "dense_rows", "new_conn", "state_of_slot", "walk"]
