# SPDX-License-Identifier: Apache-2.0
"""Numba row kernels of Ising terms."""

from typing import Any

import numpy as np

from ._flip_kernels import flip_kernel
from ._ising import IsingData
from ._rows_numba import row_kernel


@row_kernel(IsingData)
def append_ising_row(data: Any, x: Any, conn: Any, n: Any) -> Any:
    edges, field = data.edges, -data.h[()]
    differ: Any = 0
    for e in range(edges.shape[0]):  # unsigned sites cannot count from the end
        differ += np.int64(x[np.uint64(edges[e, 0])] != x[np.uint64(edges[e, 1])])
    conn.mels[n] = data.J[()] * (edges.shape[0] - 2 * differ)
    conn.size[n] = 0
    n += 1
    for i in range(x.shape[0]):
        conn.mels[n + i] = field
        conn.size[n + i] = 1
        conn.sites[n + i, 0] = i
        conn.values[n + i, 0] = 1 - x[i]
    return n + x.shape[0]


@flip_kernel(IsingData)
def ising_flip_elements(data: Any, word: Any, words: Any, mels: Any) -> None:
    """The diagonal, then the single flips."""
    edges, field = data.edges, -data.h[()]
    differ: Any = 0
    if words.shape[0] == 1:
        for e in range(edges.shape[0]):
            i, j = np.uint64(edges[e, 0]), np.uint64(edges[e, 1])
            differ += np.int64(((word >> i) ^ (word >> j)) & np.uint64(1))
    else:
        for e in range(edges.shape[0]):
            i, j = np.uint64(edges[e, 0]), np.uint64(edges[e, 1])
            left, right = words[i >> np.uint64(6)], words[j >> np.uint64(6)]
            parity = (left >> (i & np.uint64(63))) ^ (right >> (j & np.uint64(63)))
            differ += np.int64(parity & np.uint64(1))
    mels[0] = data.J[()] * (edges.shape[0] - 2 * differ)
    for k in range(1, mels.shape[0]):
        mels[k] = field
