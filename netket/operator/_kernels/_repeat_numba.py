# SPDX-License-Identifier: Apache-2.0
"""Copies of a sample in numba, which connected elements are made from."""

from typing import Any

from numba import njit

from ._borrowed import copy_items


@njit(cache=True, nogil=True)
def repeat_row(x: Any, b: Any, xp: Any, begin: Any, end: Any) -> None:
    """xp[begin:end] = x[b], with ever larger copies."""
    n = x.shape[1]
    if end > begin:
        copy_items(xp, begin * n, x, b * n, n)
    done = 1
    while begin + done < end:
        more = min(done, end - begin - done)
        copy_items(xp, (begin + done) * n, xp, begin * n, more * n)
        done += more
