# SPDX-License-Identifier: Apache-2.0
"""Numba walker over the rows of operators that flip the same bits everywhere; see `_flips`.

`flip_elements(data, word, mels)` writes the matrix elements of all flips for the configuration with
these bits, site i being bit i. A kind of data registers it with `flip_kernel`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numba.extending import overload

# modules that register kernels
from . import _ising_numba, _strings_numba  # noqa: F401
from ._borrowed import borrowed
from ._cache import stamped
from ._flip_kernels import FLIP_KERNELS


def flip_elements(data: Any, word: Any, mels: np.ndarray) -> None:
    """Write the matrix elements of all flips for one configuration; numba code only."""
    raise TypeError("`flip_elements` can only be called from code that numba compiles.")


@overload(flip_elements, jit_options={"forceinline": True})
def _select_kernel(data: Any, word: Any, mels: Any) -> Callable[..., Any] | None:
    kind: Any = getattr(data, "instance_class", None)
    return FLIP_KERNELS.get(kind)


def new_scratch(flips: Any, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """Matrix elements of a row, and the order of groups."""
    return np.zeros(flips.masks.shape[1], dtype), np.arange(len(flips.high))


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
        scratch: arrays as `new_scratch` makes them.
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
    mels, order = scratch
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
        flip_elements(data, word, mels)
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


stamped(walk_flips)

__all__ = ["FLIP_KERNELS", "new_scratch", "walk_flips"]
