# SPDX-License-Identifier: Apache-2.0
"""Numba row kernel of Ising terms."""

from typing import Any

from ._ising import IsingData
from ._rows_numba import row_kernel


@row_kernel(IsingData)
def append_ising_row(data: Any, x: Any, conn: Any, n: Any) -> Any:
    parity = 0
    for e in range(data.edges.shape[0]):
        parity += 1 if x[data.edges[e, 0]] == x[data.edges[e, 1]] else -1
    conn.mels[n] = data.J[()] * parity
    conn.size[n] = 0
    n += 1
    for i in range(x.shape[0]):
        conn.mels[n] = -data.h[()]
        conn.size[n] = 1
        conn.sites[n, 0] = i
        conn.values[n, 0] = 1 - x[i]
        n += 1
    return n
