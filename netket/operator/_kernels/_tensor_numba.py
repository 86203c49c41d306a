# SPDX-License-Identifier: Apache-2.0
"""Numba row kernel of tensor products, which recurs over the tuple of factors."""

from typing import Any

import numpy as np
from numba.extending import overload

from ._rows_numba import Conn, append_row, row_kernel
from ._tensor import TensorData


@row_kernel(TensorData)
def append_tensor_row(data: Any, x: Any, conn: Any, n: Any) -> Any:
    end = _append_parts(data.children, data.first, data.last, data.slots, 0, x, conn, n)
    for k in range(n, end):
        conn.mels[k] *= data.coefficient[()]
    return end


def _append_parts(
    children: tuple,
    first: np.ndarray,
    last: np.ndarray,
    slots: np.ndarray,
    i: int,
    x: np.ndarray,
    conn: Conn,
    n: int,
) -> int:
    """Rows of the product of `children`; first[i], ... are of children[0]; numba code only."""
    raise TypeError("`_append_parts` can only be called from code that numba compiles.")


@overload(_append_parts)
def _parts_kernel(
    children: Any, first: Any, last: Any, slots: Any, i: Any, x: Any, conn: Any, n: Any
) -> Any:
    def one(
        children: Any, first: Any, last: Any, slots: Any, i: Any, x: Any, conn: Any, n: Any
    ) -> Any:
        end = append_row(children[0], x[first[i] : last[i]], conn, n)
        for k in range(n, end):
            for c in range(conn.size[k]):
                conn.sites[k, c] += first[i]
        return end

    def several(
        children: Any, first: Any, last: Any, slots: Any, i: Any, x: Any, conn: Any, n: Any
    ) -> Any:
        width = conn.sites.shape[1]
        part = Conn(
            np.empty(slots[i], conn.mels.dtype),
            np.empty(slots[i], np.int32),
            np.empty((slots[i], width), np.int32),
            np.empty((slots[i], width), conn.values.dtype),
        )
        for k in range(append_row(children[0], x[first[i] : last[i]], part, 0)):
            if part.mels[k] == 0:
                continue
            end = _append_parts(children[1:], first, last, slots, i + 1, x, conn, n)
            for m in range(n, end):
                conn.mels[m] *= part.mels[k]
                size = conn.size[m]
                for c in range(part.size[k]):
                    conn.sites[m, size + c] = part.sites[k, c] + first[i]
                    conn.values[m, size + c] = part.values[k, c]
                conn.size[m] = size + part.size[k]
            n = end
        return n

    return several if len(children) > 1 else one
