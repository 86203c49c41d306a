# SPDX-License-Identifier: Apache-2.0
"""Copies of a sample in numba, which connected elements are made from."""

from typing import Any

from numba import njit

from ._borrowed import BLOCK_BYTES, copy_block, copy_items


@njit(cache=True, nogil=True, forceinline=True)
def repeat_row(x: Any, b: Any, xp: Any, at: Any, copies: Any) -> None:
    """xp[at : at + copies * N] = x[b], again and again; xp is flat, and not x."""
    n, block = x.shape[1], BLOCK_BYTES // x.itemsize
    if n <= block and b * n + block <= x.size and at + copies * n + block <= xp.size:
        # whole blocks: the end of each is overwritten by the next copy, or by the next sample
        for k in range(copies):
            copy_block(xp, at + k * n, x, b * n)
        return
    if copies > 0:  # ever larger copies
        copy_items(xp, at, x, b * n, n)
    done = 1
    while done < copies:
        more = min(done, copies - done)
        copy_items(xp, at + done * n, xp, at, more * n)
        done += more
