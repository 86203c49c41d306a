# SPDX-License-Identifier: Apache-2.0
"""`Pattern`: which matrix elements <r|M|c> of a k-site matrix there are, without their values.

Terms of the same kind (all bonds of a lattice, say) share one pattern, and all tables that the
row kernels need are properties of it.
"""

from functools import cached_property, lru_cache

import numpy as np


class Pattern:
    """Positions of the elements of a matrix on k sites, sorted by row and column.

    Build patterns by `make_pattern`, which returns the same object for the same content.

    Args:
        dims: local dimensions of the k sites, the first is the most significant digit.
        rows: row numbers of the E elements.
        cols: column numbers.
    """

    def __init__(self, dims: tuple[int, ...], rows: np.ndarray, cols: np.ndarray):
        self.dims, self.rows, self.cols = dims, rows, cols
        self._hash = hash((dims, rows.tobytes(), cols.tobytes()))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Pattern)
            and self._hash == other._hash
            and self.dims == other.dims
            and np.array_equal(self.rows, other.rows)
            and np.array_equal(self.cols, other.cols)
        )

    def __reduce__(self) -> tuple:
        return make_pattern, (self.dims, self.rows, self.cols)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def n_rows(self) -> int:
        """Number of local configurations, d_1 d_2 ... d_k."""
        return int(np.prod(self.dims, dtype=np.int64))

    @cached_property
    def strides(self) -> np.ndarray:
        """Weights of the digits in row numbers, (k,)."""
        return np.cumprod((1, *self.dims[:0:-1]), dtype=np.int64)[::-1].copy()

    def digits(self, numbers: np.ndarray) -> np.ndarray:
        """Local indices (..., k) of row or column numbers (...)."""
        return numbers[..., None] // self.strides % np.array(self.dims)

    # -- transposition ------------------------------------------------------------------------

    @cached_property
    def transposed(self) -> "tuple[Pattern, np.ndarray]":
        """The pattern of the transpose, and the index into our values of each of its elements."""
        order = np.lexsort((self.rows, self.cols))
        return make_pattern(self.dims, self.cols[order], self.rows[order]), order

    # -- tables for the kernels ---------------------------------------------------------------

    @cached_property
    def off_diagonal(self) -> np.ndarray:
        """Indices of the elements off the diagonal, (O,), sorted by row."""
        return np.flatnonzero(self.rows != self.cols)

    @cached_property
    def diagonal(self) -> np.ndarray:
        """Index of the diagonal element of every row, or -1: (n_rows,) int32."""
        table = np.full(self.n_rows, -1, np.int32)
        on = np.flatnonzero(self.rows == self.cols)
        table[self.rows[on]] = on
        return table

    @cached_property
    def off_counts(self) -> np.ndarray:
        """Number of off-diagonal elements of every row, (n_rows,)."""
        return np.bincount(self.rows[self.off_diagonal], minlength=self.n_rows)

    @cached_property
    def max_off(self) -> int:
        """Largest number of off-diagonal elements in a row."""
        return int(self.off_counts.max(initial=0))

    @cached_property
    def changes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What off-diagonal element o does: it changes position[j] of the support to value[j].

        Returns:
            begins (O + 1,), positions and values, for j in begins[o] ... begins[o + 1].
        """
        old = self.digits(self.rows[self.off_diagonal])
        new = self.digits(self.cols[self.off_diagonal])
        element, position = np.nonzero(old != new)
        counts = np.bincount(element, minlength=len(self.off_diagonal))
        begins = np.concatenate([[0], np.cumsum(counts)])
        return begins, position, new[element, position]

    @cached_property
    def max_changes(self) -> int:
        """Largest number of sites that an element changes."""
        return int(np.diff(self.changes[0]).max(initial=0))

    @cached_property
    def padded_tables(self) -> tuple[np.ndarray, np.ndarray]:
        """Off-diagonal elements by row, padded to `max_off`, for the jax kernel.

        Returns:
            Index of the element or -1, (n_rows, max_off), and new digits (n_rows, max_off, k);
            padding leaves the digits as they are.
        """
        off, rows = self.off_diagonal, self.rows[self.off_diagonal]
        begins = np.concatenate([[0], np.cumsum(self.off_counts)])
        slot = np.arange(len(off)) - begins[rows]
        index = np.full((self.n_rows, self.max_off), -1, np.int32)
        index[rows, slot] = off
        own = self.digits(np.arange(self.n_rows))
        new = np.repeat(own[:, None], self.max_off, axis=1)
        new[rows, slot] = self.digits(self.cols[off])
        return index, new

    @cached_property
    def moves(self) -> dict[tuple[int, ...], frozenset[tuple]]:
        """For every set of positions that elements change: the (old, new) digits there."""
        begins, position, value = self.changes
        old = self.digits(self.rows[self.off_diagonal])
        table: dict[tuple[int, ...], set[tuple]] = {}
        for o in range(len(self.off_diagonal)):
            where = position[begins[o] : begins[o + 1]]
            move = (*old[o, where].tolist(), *value[begins[o] : begins[o + 1]].tolist())
            table.setdefault(tuple(where.tolist()), set()).add(move)
        return {where: frozenset(moves) for where, moves in table.items()}


@lru_cache(maxsize=4096)
def _interned(dims: tuple[int, ...], rows: bytes, cols: bytes) -> Pattern:
    return Pattern(dims, np.frombuffer(rows, np.int64), np.frombuffer(cols, np.int64))


def make_pattern(dims: tuple[int, ...], rows: np.ndarray, cols: np.ndarray) -> Pattern:
    """The pattern with elements at (rows, cols), which must be sorted and distinct."""
    rows, cols = np.asarray(rows, np.int64), np.asarray(cols, np.int64)
    return _interned(tuple(map(int, dims)), rows.tobytes(), cols.tobytes())


@lru_cache(maxsize=4096)
def union_pattern(a: Pattern, b: Pattern) -> tuple[Pattern, np.ndarray, np.ndarray]:
    """The pattern with the elements of both, and where each element of a and of b is in it."""
    codes_a = a.rows * a.n_rows + a.cols
    codes_b = b.rows * a.n_rows + b.cols
    codes = np.union1d(codes_a, codes_b)
    pattern = make_pattern(a.dims, codes // a.n_rows, codes % a.n_rows)
    return pattern, np.searchsorted(codes, codes_a), np.searchsorted(codes, codes_b)


@lru_cache(maxsize=4096)
def product_pattern(
    a: Pattern, b: Pattern, where_a: tuple[int, ...], where_b: tuple[int, ...]
) -> tuple[Pattern, np.ndarray, np.ndarray, np.ndarray]:
    """The pattern of the product A B on the union of the supports of A and B.

    Args:
        a: pattern of A.
        b: pattern of B.
        where_a: positions in the union of the sites of A.
        where_b: positions of those of B.

    Returns:
        The pattern, and P products of elements: element i[p] of A times element j[p] of B is a
        contribution to element k[p] of the product.
    """
    rows_a, cols_a = a.digits(a.rows), a.digits(a.cols)
    rows_b, cols_b = b.digits(b.rows), b.digits(b.cols)
    shared = sorted(set(where_a) & set(where_b))
    at_a = [where_a.index(s) for s in shared]
    at_b = [where_b.index(s) for s in shared]
    dims = [a.dims[i] for i in at_a]
    i, j = _join(_number(cols_a[:, at_a], dims), _number(rows_b[:, at_b], dims))
    n = max(where_a + where_b) + 1
    union_dims = np.ones(n, np.int64)
    rows, cols = np.zeros((len(i), n), np.int64), np.zeros((len(i), n), np.int64)
    # rows: A acts last, so its rows win; columns: B acts first
    for position, s in enumerate(where_b):
        union_dims[s] = b.dims[position]
        rows[:, s], cols[:, s] = rows_b[j, position], cols_b[j, position]
    for position, s in enumerate(where_a):
        union_dims[s] = a.dims[position]
        rows[:, s] = rows_a[i, position]
        if s not in where_b:
            cols[:, s] = cols_a[i, position]
    size = int(np.prod(union_dims))
    codes = _number(rows, union_dims) * size + _number(cols, union_dims)
    codes, k = np.unique(codes, return_inverse=True)
    return make_pattern(tuple(union_dims), codes // size, codes % size), i, j, k


def _number(digits: np.ndarray, dims: np.ndarray | list[int]) -> np.ndarray:
    """Mixed-radix numbers of rows of digits, the first the most significant."""
    result = np.zeros(len(digits), np.int64)
    for position, d in enumerate(dims):
        result = result * int(d) + digits[:, position]
    return result


def _join(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs (i, j) with a[i] == b[j]."""
    order = np.argsort(b, kind="stable")
    first = np.searchsorted(b[order], a, side="left")
    counts = np.searchsorted(b[order], a, side="right") - first
    i = np.repeat(np.arange(len(a)), counts)
    within = np.arange(len(i)) - np.repeat(np.cumsum(counts) - counts, counts)
    return i, order[np.repeat(first, counts) + within]
