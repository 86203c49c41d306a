# SPDX-License-Identifier: Apache-2.0
"""Numbers of samples of sites with two states, in a few numpy operations.

Without a constraint, the number of a sample is a product with powers of two. With a fixed sum,

    k = Σ_j W(n - 1 - c_j, T - j),

where c_0 < c_1 < ... are the T sites with digit 1, and W(r, t) counts how r sites add up to t.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ._index_table import Header, IndexTable

Ranker = Callable[[np.ndarray], np.ndarray | None]


def two_state_ranker(table: IndexTable, start: Any, step: Any) -> Ranker | None:
    """A function from samples (B, N) to numbers (B,), or to None if one is not in the space.

    Args:
        table: the space.
        start, step: numbers with which samples are ``start + step * index``.

    Returns:
        None if the space is not of this kind.
    """
    kind = int(table.flat[Header.KIND])
    is_small = table.n_states <= 2**53  # so that floating-point numbers are exact
    if np.ndim(start) or not is_small or len(table.dims) == 0 or not (table.dims == 2).all():
        return None
    if kind == Header.FREE:
        return _free_ranker(table, start, start + step)
    if kind == Header.ONE_SUM and table.n_states > 0:
        if table.digit_step[0] > 0:
            return _sum_ranker(table, start, start + step)
        return _sum_ranker(table, start + step, start)
    return None


def _digits(rows: np.ndarray, zero: Any, one: Any) -> np.ndarray | None:
    digits = rows == one
    return digits if (digits | (rows == zero)).all() else None


def _free_ranker(table: IndexTable, zero: Any, one: Any) -> Ranker:
    weights = table.strides.astype(float)

    def rank(rows: np.ndarray) -> np.ndarray | None:
        digits = _digits(rows, zero, one)
        return None if digits is None else digits @ weights

    return rank


def _sum_ranker(table: IndexTable, zero: Any, one: Any) -> Ranker:
    n, total = len(table.dims), int(table.flat[Header.TOTAL])
    ways = np.diff(table.counts_of(table.blocks[0].tolist()), axis=1)  # (n, total + 1)
    # by how many ones there were before, and by site
    weights = ways[::-1, total:0:-1].T.ravel()
    shift = n * np.arange(total)

    def rank(rows: np.ndarray) -> np.ndarray | None:
        digits = _digits(rows, zero, one)
        if digits is None:
            return None
        places = np.flatnonzero(digits)
        if len(places) != len(rows) * total:
            return None
        places = places.reshape(len(rows), total)
        first = n * np.arange(len(rows))
        # all ones in the row where they should be
        if total and not ((places[:, 0] >= first) & (places[:, -1] < first + n)).all():
            return None
        return weights[places + (shift - first[:, None])].sum(axis=1)

    return rank
