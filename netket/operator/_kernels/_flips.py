# SPDX-License-Identifier: Apache-2.0
"""Operators that flip the same sets of bits in every configuration: x' = x xor flip_t.

On a space of all 2^N configurations of N sites with two states, the number of x is its bits, site
0 being the most significant one, so that the columns of row k are k xor mask_t: no configuration is
needed, and nothing has to be looked up. What is left is to write them in order.

Split into high and low bits, k = (H, L) and mask_t = (h_t, l_t). Columns are in the order of
H xor h_t, and of L xor l_t where these are equal. The second order is a table, made once for all L;
the first one changes every 2^s rows.
"""

from typing import NamedTuple

import numpy as np

# Low bits: 2^s rows have the same order of groups.
_LOW_BITS = 6


class Flips(NamedTuple):
    """Masks in the order in which rows need them; for numba."""

    n_sites: int
    low_bits: int
    high: np.ndarray  # (G,) int64, high bits of groups of masks that only differ in the low ones
    begins: np.ndarray  # (G + 1,) int64, where the masks of a group begin
    masks: np.ndarray  # (2^s, T) int32, masks by group, in the order of columns for these low bits
    slots: np.ndarray  # (2^s, T) int32, the slots that they have in the kernel


def flipped_sites(flips: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The sites that flips (T, N) change.

    Returns:
        Where those of each begin, (T + 1,); all of them, (S,); and their places in `flips`, (S,).
    """
    begins = np.append(0, np.cumsum(np.count_nonzero(flips, axis=1), dtype=np.int64))
    return begins, np.nonzero(flips)[1].astype(np.int32), np.flatnonzero(flips)


def make_flips(flips: np.ndarray) -> Flips:
    """The tables for distinct flips (T, N), 1 where a site changes; T > 0."""
    n_sites = flips.shape[1]
    low_bits = min(_LOW_BITS, n_sites)
    masks = flips.astype(np.int64) @ (1 << np.arange(n_sites - 1, -1, -1, dtype=np.int64))
    order = np.argsort(masks, kind="stable")
    high = masks[order] >> low_bits
    first = np.flatnonzero(np.diff(high, prepend=-1))
    group = np.cumsum(np.diff(high, prepend=-1) != 0) - 1
    size = 1 << low_bits
    low = (masks[order] & (size - 1)) ^ np.arange(size)[:, None]
    within = np.argsort(group * size + low, axis=1)  # (2^s, T)
    return Flips(
        n_sites,
        low_bits,
        high[first],
        np.append(first, len(masks)),
        masks[order][within].astype(np.int32),
        order[within].astype(np.int32),
    )
