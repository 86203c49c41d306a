# SPDX-License-Identifier: Apache-2.0
"""Numba row kernel of P O P."""

from typing import Any

import numpy as np
from numba import njit

from netket.hilbert._index_kernels import satisfies

from ._projected import ProjectedData
from ._rows_numba import append_row, row_kernel


@njit(cache=True, nogil=True)
def _fits(left: Any, total: Any) -> Any:
    """Whether nothing is left of the fixed sums."""
    for p in range(total.shape[0]):
        if total[p] >= 0 and left[p] != 0:
            return False
    return True


@row_kernel(ProjectedData)
def append_projected_row(data: Any, x: Any, conn: Any, n: Any) -> Any:
    space = data.space
    part, total, step = space.part, space.total, space.step
    left = total.copy()
    for i in range(x.shape[0]):
        left[part[i]] -= space.start[i] + step[i] * np.int64(x[i])
    listed = space.listed[0]
    if not _fits(left, total) or (listed and not satisfies(space.table, x)):
        return n
    end = append_row(data.child, x, conn, n)
    y = x.copy()
    for k in range(n, end):
        for c in range(conn.size[k]):
            site = conn.sites[k, c]
            left[part[site]] -= step[site] * (np.int64(conn.values[k, c]) - np.int64(x[site]))
            y[site] = conn.values[k, c]
        legal = _fits(left, total) and (not listed or satisfies(space.table, y))
        for c in range(conn.size[k]):
            site = conn.sites[k, c]
            left[part[site]] += step[site] * (np.int64(conn.values[k, c]) - np.int64(x[site]))
            y[site] = x[site]
        if not legal:
            conn.mels[k] = 0
            conn.size[k] = 0
    return end
