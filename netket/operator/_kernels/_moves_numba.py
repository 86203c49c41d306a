# SPDX-License-Identifier: Apache-2.0
"""Numba row kernel of strings that are found by the particles that move."""

from typing import Any

import numpy as np
from numba import njit

from ._moves import MoveData
from ._rows import CANCELLATION
from ._rows_numba import row_kernel
from ._strings_numba import _conditional_sum


@njit(cache=True, nogil=True)
def _next_choice(chosen: Any, k: Any, n: Any) -> Any:
    """The next k of n numbers in `chosen`, or False after the last."""
    j = k - 1
    while j >= 0 and chosen[j] == n - k + j:
        j -= 1
    if j < 0:
        return False
    chosen[j] += 1
    for i in range(j + 1, k):
        chosen[i] = chosen[i - 1] + 1
    return True


@row_kernel(MoveData)
def append_move_row(data: Any, x: Any, conn: Any, n: Any) -> Any:
    weights, moduli, sign, care, want = data.weights, data.moduli, data.sign, data.care, data.want
    begins, empty, site_begins, sites = data.begins, data.empty, data.site_begins, data.sites
    key_begins, offsets, ranks = data.key_begins, data.offsets, data.ranks
    n_words = sign.shape[1]
    words = np.zeros(n_words, np.uint64)
    occupied = np.empty(x.shape[0], np.int64)
    n_occupied = 0
    for i in range(x.shape[0]):
        words[i >> 6] |= np.uint64(x[i]) << np.uint64(i & 63)
        if x[i]:
            occupied[n_occupied] = i
            n_occupied += 1
    noise = CANCELLATION * np.finfo(moduli.dtype).eps
    chosen = np.zeros(offsets.shape[0], np.int64)
    for k in range(offsets.shape[0]):
        if k > n_occupied:
            break
        for j in range(k):
            chosen[j] = j
        more = True
        while more:
            key = offsets[k]
            for j in range(k):
                key += ranks[j, occupied[chosen[j]]]
            for m in range(key_begins[key], key_begins[key + 1]):
                free = True
                for w in range(n_words):
                    free = free and (words[w] & empty[m, w]) == 0
                if not free:
                    continue
                total, bound = _conditional_sum(
                    words, weights, moduli, sign, care, want, begins[m], begins[m + 1]
                )
                if abs(total) <= noise * bound:
                    continue
                conn.mels[n] = total
                first = site_begins[m]
                conn.size[n] = site_begins[m + 1] - first
                for c in range(first, site_begins[m + 1]):
                    conn.sites[n, c - first] = sites[c]
                    conn.values[n, c - first] = 1 - x[sites[c]]
                n += 1
            more = _next_choice(chosen, k, n_occupied)
    return n
