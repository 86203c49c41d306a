# SPDX-License-Identifier: Apache-2.0
"""The numba loop that merges connected elements densely and takes out the diagonal."""

from typing import Any

import numba as nb
import numpy as np


@nb.njit(cache=True, nogil=True)
def pack_rows(
    x: Any,  # (b, W) bytes of the samples
    xp: Any,  # (M, W) bytes of their connected elements
    mels: Any,  # (M,)
    sections: Any,  # (b,) ends of the elements of each sample
    begin: Any,  # first of the M rows to look at
    first: Any,  # number of sample x[0] among all samples
    out: Any,  # (capacity, W)
    out_mels: Any,  # (capacity,)
    out_segments: Any,  # (capacity,) the sample each row belongs to
    filled: Any,  # rows of `out` that are taken
    diagonal: Any,  # (B,) sums of the elements with σ' = σ
) -> Any:
    """Copies off-diagonal rows until `out` is full; returns the next row, and the rows taken."""
    width = x.shape[1]
    s = np.searchsorted(sections, begin, side="right")
    for row in range(begin, xp.shape[0]):
        while sections[s] <= row:
            s += 1
        mel = mels[row]
        if mel == 0:
            continue
        same = True
        for i in range(width):
            if xp[row, i] != x[s, i]:
                same = False
                break
        if same:
            diagonal[first + s] += mel
            continue
        if filled == out.shape[0]:
            return row, filled
        for i in range(width):
            out[filled, i] = xp[row, i]
        out_mels[filled] = mel
        out_segments[filled] = first + s
        filled += 1
    return xp.shape[0], filled
