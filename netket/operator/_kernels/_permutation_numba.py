# SPDX-License-Identifier: Apache-2.0
"""Numba row kernel of permutation terms."""

from typing import Any

import numpy as np

from ._permutation import PermutationData
from ._rows_numba import row_kernel


@row_kernel(PermutationData)
def append_permutation_row(data: Any, x: Any, conn: Any, n: Any) -> Any:
    n_terms, n_sites = data.images.shape
    fermionic = data.crossings.shape[0] < n_terms
    for t in range(n_terms):
        images, flips, size = data.images[t], data.flips[t], np.uint64(0)
        for i in range(n_sites):
            value = x[np.uint64(images[i])]
            if flips:
                value = data.top[i] - value
            # written in any case: whether a site changes cannot be predicted
            conn.sites[n, size] = i
            conn.values[n, size] = value
            size += np.uint64(value != x[i])
        odd = False
        if fermionic:
            for j in range(n_sites):
                if x[images[j]] == 0:
                    continue
                for i in range(j):
                    if images[i] > images[j] and x[images[i]] != 0:
                        odd = not odd
        conn.mels[n] = -data.weights[t] if odd else data.weights[t]
        conn.size[n] = size
        n += 1
    return n
