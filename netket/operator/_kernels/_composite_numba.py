# SPDX-License-Identifier: Apache-2.0
"""Numba row kernels of sums and products, which recur over the tuple of children."""

from typing import Any

import numpy as np
from numba.extending import overload

from ._composite import ProductData, SumData
from ._rows_numba import Conn, append_row, row_kernel


@row_kernel(SumData)
def append_sum_row(data: Any, x: Any, conn: Any, n: Any) -> Any:
    return _append_terms(data.children, data.coefficients, 0, x, conn, n)


@row_kernel(ProductData)
def append_product_row(data: Any, x: Any, conn: Any, n: Any) -> Any:
    end = _append_factors(data.children, data.slots, 0, x, conn, n)
    for k in range(n, end):
        conn.mels[k] *= data.coefficient[()]
    return end


def _append_terms(
    children: tuple, coefficients: np.ndarray, i: int, x: np.ndarray, conn: Conn, n: int
) -> int:
    """Rows of `children`, times coefficients[i], coefficients[i + 1], ...; numba code only."""
    raise TypeError("`_append_terms` can only be called from code that numba compiles.")


def _append_factors(
    children: tuple, slots: np.ndarray, i: int, x: np.ndarray, conn: Conn, n: int
) -> int:
    """Rows of the product of `children`; slots[i] is for children[0]; numba code only."""
    raise TypeError("`_append_factors` can only be called from code that numba compiles.")


@overload(_append_terms)
def _terms_kernel(children: Any, coefficients: Any, i: Any, x: Any, conn: Any, n: Any) -> Any:
    # numba wants the same names and annotations as those of the stub's overload
    def nothing(children: Any, coefficients: Any, i: Any, x: Any, conn: Any, n: Any) -> Any:
        return n

    def append(children: Any, coefficients: Any, i: Any, x: Any, conn: Any, n: Any) -> Any:
        end = append_row(children[0], x, conn, n)
        for k in range(n, end):
            conn.mels[k] *= coefficients[i]
        return _append_terms(children[1:], coefficients, i + 1, x, conn, end)

    def append_equal(children: Any, coefficients: Any, i: Any, x: Any, conn: Any, n: Any) -> Any:
        first = children[:equal]
        for j in range(equal):
            end = append_row(first[j], x, conn, n)
            for k in range(n, end):
                conn.mels[k] *= coefficients[i + j]
            n = end
        return _append_terms(children[equal:], coefficients, i + equal, x, conn, n)

    # consecutive terms of one kind are one loop: compiling takes as long as for one of them
    kinds = list(children)
    equal = next((j for j, kind in enumerate(kinds) if kind != kinds[0]), len(kinds))
    if equal > 1:
        return append_equal
    return append if len(children) else nothing


@overload(_append_factors)
def _factors_kernel(children: Any, slots: Any, i: Any, x: Any, conn: Any, n: Any) -> Any:
    def last(children: Any, slots: Any, i: Any, x: Any, conn: Any, n: Any) -> Any:
        return append_row(children[0], x, conn, n)

    def append(children: Any, slots: Any, i: Any, x: Any, conn: Any, n: Any) -> Any:
        width = conn.sites.shape[1]
        first = Conn(
            np.empty(slots[i], conn.mels.dtype),
            np.empty(slots[i], np.int32),
            np.empty((slots[i], width), np.int32),
            np.empty((slots[i], width), conn.values.dtype),
        )
        y = x.copy()
        for k in range(append_row(children[0], x, first, 0)):
            if first.mels[k] == 0:
                continue
            for c in range(first.size[k]):
                y[first.sites[k, c]] = first.values[k, c]
            end = _append_factors(children[1:], slots, i + 1, y, conn, n)
            for m in range(n, end):
                conn.mels[m] *= first.mels[k]
                size = conn.size[m]
                for c in range(first.size[k]):  # what the other factors left as it was
                    site, changed = first.sites[k, c], False
                    for s in range(conn.size[m]):
                        changed = changed or conn.sites[m, s] == site
                    if not changed:
                        conn.sites[m, size] = site
                        conn.values[m, size] = first.values[k, c]
                        size += 1
                conn.size[m] = size
            for c in range(first.size[k]):
                y[first.sites[k, c]] = x[first.sites[k, c]]
            n = end
        return n

    return append if len(children) > 1 else last
