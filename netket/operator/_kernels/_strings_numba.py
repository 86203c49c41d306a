# SPDX-License-Identifier: Apache-2.0
"""Numba row kernel of strings on two-state sites."""

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from ._rows import CANCELLATION
from ._rows_numba import row_kernel
from ._strings import StringData


def _count_bits(typing_context: Any, word: Any) -> Any:
    """Number of bits set in a uint64, by the instruction that the processor has for it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


_count: Any = intrinsic(_count_bits)


@njit(cache=True, nogil=True, inline="always")
def _odd(words: Any, mask: Any, n_words: Any) -> Any:
    """Whether an odd number of bits is set in words & mask."""
    folded = words[0] & mask[0]
    for k in range(1, n_words):
        folded ^= words[k] & mask[k]
    return (_count(folded) & np.uint64(1)) != 0


@njit(cache=True, nogil=True)
def _group_sum(words: Any, weights: Any, sign: Any, begin: Any, end: Any) -> Any:
    """Sum of weights with the signs of x."""
    n_words = words.shape[0]
    total = 0 * weights[0]
    for t in range(begin, end):
        total += -weights[t] if _odd(words, sign[t], n_words) else weights[t]
    return total


@njit(cache=True, nogil=True)
def _conditional_sum(
    words: Any, weights: Any, moduli: Any, sign: Any, care: Any, want: Any, begin: Any, end: Any
) -> Any:
    """Sum of the weights whose condition x fulfils, with their signs; and that of their moduli."""
    n_words = words.shape[0]
    total, bound = 0 * weights[0], 0.0
    for t in range(begin, end):
        holds = True
        for k in range(n_words):
            holds = holds and (words[k] & care[t, k]) == want[t, k]
        if holds:
            total += -weights[t] if _odd(words, sign[t], n_words) else weights[t]
            bound += moduli[t]
    return total, bound


@row_kernel(StringData)
def append_string_row(data: Any, x: Any, conn: Any, n: Any) -> Any:
    weights, moduli, sign, care, want = data.weights, data.moduli, data.sign, data.care, data.want
    begins, site_begins, sites = data.begins, data.site_begins, data.sites
    words = np.zeros(sign.shape[1], np.uint64)
    for i in range(x.shape[0]):
        words[i >> 6] |= np.uint64(x[i]) << np.uint64(i & 63)
    noise = CANCELLATION * np.finfo(moduli.dtype).eps
    for g in range(begins.shape[0] - 1):
        begin, end = begins[g], begins[g + 1]
        if begin == end:
            continue
        if care.shape[0] == 0:
            total, bound = _group_sum(words, weights, sign, begin, end), moduli[g]
        else:
            total, bound = _conditional_sum(words, weights, moduli, sign, care, want, begin, end)
        if abs(total) <= noise * bound:
            continue
        conn.mels[n] = total
        first = site_begins[g]
        conn.size[n] = site_begins[g + 1] - first
        for c in range(first, site_begins[g + 1]):
            conn.sites[n, c - first] = sites[c]
            conn.values[n, c - first] = 1 - x[sites[c]]
        n += 1
    return n
