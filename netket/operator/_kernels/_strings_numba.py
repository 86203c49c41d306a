# SPDX-License-Identifier: Apache-2.0
"""Numba row kernels of strings on two-state sites."""

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from ._flip_kernels import flip_kernel
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
def _is_odd(word: Any, words: Any, mask: Any, t: Any, n_words: Any) -> Any:
    """Whether an odd number of bits is set in x & mask[t]."""
    folded = word & mask[t, 0]
    for k in range(1, n_words):
        folded ^= words[k] & mask[t, k]
    return (_count(folded) & np.uint64(1)) != 0


# sums may be taken in any order, so that they are not slower than their terms
@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _group_sum(word: Any, words: Any, weights: Any, sign: Any, begin: Any, end: Any) -> Any:
    """Sum of weights with the signs of x."""
    n_words = sign.shape[1]
    total = 0 * weights[0]
    for t in range(begin, end):
        total += -weights[t] if _is_odd(word, words, sign, t, n_words) else weights[t]
    return total


@njit(cache=True, nogil=True)
def _sum_of_true(
    word: Any,
    words: Any,
    weights: Any,
    moduli: Any,
    sign: Any,
    care: Any,
    want: Any,
    begin: Any,
    end: Any,
) -> Any:
    """Sum of the weights whose condition x fulfils, with their signs; and that of their moduli."""
    n_words = sign.shape[1]
    total, bound = 0 * weights[0], 0.0
    for t in range(begin, end):
        holds = (word & care[t, 0]) == want[t, 0]
        for k in range(1, n_words):
            holds = holds and (words[k] & care[t, k]) == want[t, k]
        if holds:
            total += -weights[t] if _is_odd(word, words, sign, t, n_words) else weights[t]
            bound += moduli[t]
    return total, bound


@njit(cache=True, nogil=True)
def _conditional_sum(
    words: Any, weights: Any, moduli: Any, sign: Any, care: Any, want: Any, begin: Any, end: Any
) -> Any:
    """`_sum_of_true` for x in words."""
    return _sum_of_true(words[0], words, weights, moduli, sign, care, want, begin, end)


@njit(cache=True, nogil=True)
def _packed(x: Any, n_words: Any) -> Any:
    """The bits of x in words."""
    words = np.zeros(n_words, np.uint64)
    for i in range(x.shape[0]):
        words[i >> 6] |= np.uint64(x[i]) << np.uint64(i & 63)
    return words


@row_kernel(StringData)
def append_string_row(data: Any, x: Any, conn: Any, n: Any) -> Any:
    u = np.uint64  # places are not negative: signed ones would be checked for it
    weights, moduli, sign, care, want = data.weights, data.moduli, data.sign, data.care, data.want
    begins, site_begins, sites = data.begins, data.site_begins, data.sites
    word, words = u(0), sign.reshape(-1)  # one word needs no array: this one is not read then
    if sign.shape[1] == 1:
        for i in range(x.shape[0]):
            word |= u(x[i]) << u(i)
    else:
        words = _packed(x, sign.shape[1])
        word = words[0]
    noise = CANCELLATION * np.finfo(moduli.dtype).eps
    end, last = u(begins[0]), u(site_begins[0])
    for g in range(begins.shape[0] - 1):
        begin, end = end, u(begins[g + 1])
        first, last = last, u(site_begins[g + 1])
        if begin == end:
            continue
        if care.shape[0] == 0:
            total, bound = _group_sum(word, words, weights, sign, begin, end), moduli[g]
        else:
            total, bound = _sum_of_true(word, words, weights, moduli, sign, care, want, begin, end)
        if abs(total) <= noise * bound:
            continue
        conn.mels[n] = total
        conn.size[n] = last - first
        for c in range(last - first):
            site = sites[first + c]
            conn.sites[n, c] = site
            conn.values[n, c] = 1 - x[u(site)]
        n += 1
    return n


@flip_kernel(StringData)
def string_flip_elements(data: Any, word: Any, words: Any, mels: Any) -> None:
    """The elements of all groups."""
    u = np.uint64
    weights, moduli, sign, care, want = data.weights, data.moduli, data.sign, data.care, data.want
    begins = data.begins
    noise = CANCELLATION * np.finfo(moduli.dtype).eps
    end = u(begins[0])
    for g in range(begins.shape[0] - 1):
        begin, end = end, u(begins[g + 1])
        if begin == end:
            mels[g] = 0
        elif care.shape[0] == 0:
            total, bound = _group_sum(word, words, weights, sign, begin, end), moduli[g]
            mels[g] = total if abs(total) > noise * bound else 0 * total
        else:
            total, bound = _sum_of_true(word, words, weights, moduli, sign, care, want, begin, end)
            mels[g] = total if abs(total) > noise * bound else 0 * total
