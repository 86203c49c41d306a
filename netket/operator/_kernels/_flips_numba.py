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
def _word(x: Any, second: Any, first: Any, last: Any) -> Any:
    """The bits of a sample, from site `first` to `last` - 1."""
    word = np.uint64(0)
    for i in range(first, last):
        word |= np.uint64(x[i] == second[i]) << np.uint64(i - first)
    return word


@njit(cache=True, nogil=True)
def flip_rows(data: Any, x: Any, levels: Any, mels: Any, counts: Any) -> Any:
    """Matrix elements of all flips, (B, K), for samples (B, N).

    How many are not zero is written to `counts` (B,).

    Args:
        data: the operator.
        x: samples.
        levels: the two local states of every site, (2, N).
        mels, counts: filled.

    Returns:
        -1, or the index of the first sample with a value that is no local state; and the largest
        of the counts.
    """
    data, x, levels = borrowed(data), borrowed(x), borrowed(levels)
    mels, counts = borrowed(mels), borrowed(counts)
    one, other = levels[0], levels[1]
    n_sites = x.shape[1]
    words = np.zeros(max((n_sites + 63) >> 6, 1), np.uint64)
    most = 0
    for b in range(x.shape[0]):
        sample, row = x[b], mels[b]
        bad = 0  # counted: a loop with a way out is not vectorised
        for i in range(n_sites):
            bad += not ((sample[i] == one[i]) | (sample[i] == other[i]))
        if bad:
            return b, most
        if words.shape[0] == 1:
            flip_elements(data, _word(sample, other, 0, n_sites), words, row)
        else:
            for w in range(words.shape[0]):
                words[w] = _word(sample, other, 64 * w, min(64 * w + 64, n_sites))
            flip_elements(data, words[0], words, row)
        n = 0
        for k in range(row.shape[0]):
            n += row[k] != 0
        counts[b] = n
        most = max(most, n)
    return -1, most


@njit(cache=True, nogil=True)
def write_flips(
    x: Any,
    levels: Any,
    site_begins: Any,
    sites: Any,
    places: Any,
    width: Any,
    counts: Any,
    row_mels: Any,
    xp: Any,
    mels: Any,
) -> None:
    """Write rows as samples into xp and mels, which are flat.

    Elements that are zero are left out. What is free becomes padding: the sample itself, and 0.

    Args:
        x, levels, counts: as for `flip_rows`, which has filled `row_mels` (B, K).
        site_begins, sites, places: slot k flips the sites from site_begins[k] on, which are at
            `places` in K copies of a sample.
        width: of rows; 0 if they are as long as `counts` says.
        row_mels, mels: may be the same memory, if `width` is K or no element is zero.
        xp: filled with x'.
    """
    x, levels, counts = borrowed(x), borrowed(levels), borrowed(counts)
    site_begins, sites, places = borrowed(site_begins), borrowed(sites), borrowed(places)
    row_mels, xp, mels = borrowed(row_mels), borrowed(xp), borrowed(mels)
    one, other = levels[0], levels[1]
    n_sites, slots = x.shape[1], row_mels.shape[1]
    flipped = np.empty(n_sites, xp.dtype)
    place = 0
    for b in range(x.shape[0]):
        length = width if width else counts[b]
        at = place * n_sites
        repeat_row(x, b, xp, at, length)
        for i in range(n_sites):
            flipped[i] = one[i] if x[b, i] == other[i] else other[i]
        if counts[b] == slots and length == slots:
            if width != slots:
                copy_items(mels, place, row_mels, b * slots, slots)
            for s in range(sites.shape[0]):
                xp[np.uint64(at + places[s])] = flipped[np.uint64(sites[s])]
            place += length
            continue
        done, end = place, site_begins[0]
        place += length
        for k in range(slots):
            first, end = end, site_begins[k + 1]
            mel = row_mels[b, k]
            if mel == 0:
                continue
            mels[done] = mel
            for c in range(first, end):
                site = np.uint64(sites[c])
                xp[np.uint64(done * n_sites) + site] = flipped[site]
            done += 1
        for m in range(done, place):
            mels[m] = 0


stamped(walk_flips, flip_rows, write_flips)

__all__ = ["flip_rows", "has_flips", "new_flip_scratch", "walk_flips", "write_flips"]
