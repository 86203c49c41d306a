# SPDX-License-Identifier: Apache-2.0
"""Numba drivers for operators that flip the same bits in every configuration; see `_flips`.

`flip_elements(data, word, words, mels)` writes the matrix elements of all flips for the
configuration with these bits: site i is bit i % 64 of words[i // 64], and `word` is words[0], all
there is if there are at most 64 sites. A kind of data registers it with `flip_kernel`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numba.extending import overload

# modules that register kernels
from . import _ising_numba, _strings_numba  # noqa: F401
from ._borrowed import borrowed, copy_items
from ._cache import stamped
from ._flip_kernels import FLIP_KERNELS
from ._repeat_numba import repeat_row


def flip_elements(data: Any, word: Any, words: np.ndarray, mels: np.ndarray) -> None:
    """Write the matrix elements of all flips for one configuration; numba code only."""
    raise TypeError("`flip_elements` can only be called from code that numba compiles.")


@overload(flip_elements, jit_options={"forceinline": True})
def _select_kernel(data: Any, word: Any, words: Any, mels: Any) -> Callable[..., Any] | None:
    kind: Any = getattr(data, "instance_class", None)
    return FLIP_KERNELS.get(kind)


def has_flips(data: Any) -> bool:
    """Whether this kind of data has a `flip_kernel`."""
    return type(data) in FLIP_KERNELS


def new_flip_scratch(flips: Any, dtype: Any) -> tuple[np.ndarray, ...]:
    """Matrix elements of a row, the order of groups, and the word."""
    return np.zeros(flips.masks.shape[1], dtype), np.arange(len(flips.high)), np.zeros(1, np.uint64)


@njit(cache=True, nogil=True)
def _sort_groups(order: Any, high: Any, row: Any) -> None:
    """Sort groups by row xor high, starting from the order for another row, which is similar."""
    for g in range(1, order.shape[0]):
        group = order[g]
        key, j = row ^ high[group], g
        while j > 0 and (row ^ high[order[j - 1]]) > key:
            order[j] = order[j - 1]
            j -= 1
        order[j] = group


@njit(cache=True, nogil=True)
def walk_flips(
    data: Any,
    flips: Any,
    scratch: Any,
    first: Any,
    last: Any,
    place: Any,
    ends: Any,
    indices: Any,
    values: Any,
) -> Any:
    """Columns in order, and matrix elements, none of which is zero, of consecutive rows.

    Args:
        data, flips: the operator, and its flips.
        scratch: arrays as `new_flip_scratch` makes them.
        first, last: the first row, and that after the last.
        place: where the first row begins in `indices` and `values`.
        ends: filled with the ends of the rows, that of row `first` first.
        indices, values: columns and matrix elements; there must be room for all slots of a row.

    Returns:
        The first row that is not written because there may be no room, and where it begins.
    """
    data, scratch, ends = borrowed(data), borrowed(scratch), borrowed(ends)
    indices, values = borrowed(indices), borrowed(values)
    n_sites, low_bits, high, begins, masks, slots = borrowed(flips)
    mels, order, words = scratch
    n_low = 1 << low_bits
    word = np.uint64(0)  # the bits of the row in reverse
    for i in range(n_sites):
        word |= np.uint64((first >> (n_sites - 1 - i)) & 1) << np.uint64(i)
    for row in range(first, last):
        if place + masks.shape[1] > indices.shape[0]:
            return row, place
        low = np.uint64(row & (n_low - 1))
        if row == first or low == 0:
            _sort_groups(order, high, row >> low_bits)
        flip_elements(data, word, words, mels)
        # the next row, beginning from the last site
        bit = np.uint64(1) << np.uint64(n_sites - 1)
        while word & bit:
            word ^= bit
            bit >>= np.uint64(1)
        word |= bit
        for g in range(order.shape[0]):
            group = np.uint64(order[g])
            for t in range(np.uint64(begins[group]), np.uint64(begins[group + np.uint64(1)])):
                mel = mels[np.uint64(slots[low, t])]
                indices[place], values[place] = row ^ masks[low, t], mel
                place += mel != 0
        ends[row - first] = place
    return last, place


# -- samples -------------------------------------------------------------------------------------


@njit(cache=True, nogil=True, forceinline=True)
def _word(x: Any, first: Any, last: Any) -> Any:
    """The bits of x, from site `first` to `last` - 1."""
    word = np.uint64(0)
    for i in range(first, last):
        word |= np.uint64(x[i]) << np.uint64(i - first)
    return word


@njit(cache=True, nogil=True)
def flip_rows(data: Any, indices: Any, mels: Any, counts: Any) -> Any:
    """Matrix elements of all flips, (B, K), for local indices (B, N).

    How many are not zero is written to `counts` (B,); the largest of these is returned.
    """
    data, indices = borrowed(data), borrowed(indices)
    mels, counts = borrowed(mels), borrowed(counts)
    n_sites = indices.shape[1]
    words = np.zeros(max((n_sites + 63) >> 6, 1), np.uint64)
    most = 0
    for b in range(indices.shape[0]):
        x, row = indices[b], mels[b]
        if words.shape[0] == 1:
            flip_elements(data, _word(x, 0, n_sites), words, row)
        else:
            for w in range(words.shape[0]):
                words[w] = _word(x, 64 * w, min(64 * w + 64, n_sites))
            flip_elements(data, words[0], words, row)
        n = 0
        for k in range(row.shape[0]):
            n += row[k] != 0
        counts[b] = n
        most = max(most, n)
    return most


@njit(cache=True, nogil=True, forceinline=True)
def _flip_all(flipped: Any, begins: Any, sites: Any, slots: Any, place: Any, flat: Any) -> None:
    """Flip the sites of all slots in copies of the sample that begin at `place`."""
    at, end = np.uint64(place * flipped.shape[0]), np.uint64(begins[0])
    for k in range(1, slots + 1):
        begin, end = end, np.uint64(begins[np.uint64(k)])
        for c in range(begin, end):
            site = np.uint64(sites[c])
            flat[at + site] = flipped[site]
        at += np.uint64(flipped.shape[0])


@njit(cache=True, nogil=True)
def write_flips(
    x: Any,
    start: Any,
    step: Any,
    site_begins: Any,
    sites: Any,
    begins: Any,
    counts: Any,
    row_mels: Any,
    xp: Any,
    mels: Any,
) -> None:
    """Write rows as samples: that of sample b into xp (M, N) and mels (M,) at begins[b].

    Elements that are zero are left out, and what is free up to begins[b + 1] becomes padding: the
    sample itself, and 0. Samples are x_i = start_i + step_i n_i, and slot k flips the sites from
    site_begins[k] on.
    """
    x, start, step, begins = borrowed(x), borrowed(start), borrowed(step), borrowed(begins)
    site_begins, sites, row_mels = borrowed(site_begins), borrowed(sites), borrowed(row_mels)
    xp, mels, counts = borrowed(xp), borrowed(mels), borrowed(counts)
    flipped, flat = np.empty(x.shape[1], xp.dtype), xp.reshape(-1)
    slots = row_mels.shape[1]
    for b in range(x.shape[0]):
        repeat_row(x, b, xp, begins[b], begins[b + 1])
        for i in range(x.shape[1]):
            flipped[i] = 2 * start[i] + step[i] - x[b, i]
        place, end = begins[b], site_begins[0]
        if counts[b] == slots:
            copy_items(mels, place, row_mels, b * slots, slots)
            _flip_all(flipped, site_begins, sites, slots, place, flat)
            continue
        for k in range(slots):
            first, end = end, site_begins[k + 1]
            mel = row_mels[b, k]
            if mel == 0:
                continue
            mels[place] = mel
            for c in range(first, end):
                site = np.uint64(sites[c])
                xp[place, site] = flipped[site]
            place += 1
        for m in range(place, begins[b + 1]):
            mels[m] = 0


stamped(walk_flips, flip_rows)

__all__ = ["flip_rows", "has_flips", "new_flip_scratch", "walk_flips", "write_flips"]
