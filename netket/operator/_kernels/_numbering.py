# SPDX-License-Identifier: Apache-2.0
"""`Numbering`: how the number of a configuration changes when few of its sites do.

In a space that is a product of blocks of sites, each unconstrained or with a fixed sum of digits
(see `netket.hilbert.index`), the number of x is a sum over sites,

    k(x) = sum_i w_i f_i(q_i, l_i),
    f_i = q_i, or counts[a_i + l_i + 1] - counts[a_i + l_i - q_i + 1] if the sum is fixed,

with digits q_i and what is left, l_i, of the sum of the block at site i. The number of x' thus
follows from that of x by the terms between the first and the last site that changes.
"""

from typing import NamedTuple

import numpy as np

from netket.hilbert.index import IndexTable

#: Kinds of spaces.
FREE, BLOCKS, LISTED = 0, 1, 2


class Numbering(NamedTuple):
    """The arrays of the formula; for numba."""

    kind: int  # FREE: no block has a fixed sum; LISTED: some states are listed, no formula holds
    dims: np.ndarray  # (N,) local dimensions
    start: np.ndarray  # (N,) digit of local index 0
    step: np.ndarray  # (N,) 1 or -1: digit = start + step * index
    stride: np.ndarray  # (N,) if FREE: weights of local indices
    weight: np.ndarray  # (N,) w_i
    at: np.ndarray  # (N,) a_i, or -1 in an unconstrained block
    total: np.ndarray  # (N,) sum of the digits of the block that begins at site i, or -1
    ends: np.ndarray  # (N,) whether site i is the last one of a block with a fixed sum
    counts: np.ndarray  # flat
    blocks: np.ndarray  # (n_blocks, 2) first site, last site + 1


def make_numbering(table: IndexTable) -> Numbering:
    """The numbering of the space with this index table."""
    n = len(table.dims)
    weight, at = np.zeros(n, np.int64), np.full(n, -1, np.int64)
    total, ends = np.full(n, -1, np.int64), np.zeros(n, bool)
    listed = bool(np.any(table.groups[:, 3] >= 0))
    after = 1  # number of states of all blocks behind
    for first, last, block_total, place, size in table.blocks[::-1]:
        if block_total < 0:
            radix = np.cumprod(np.append(1, table.dims[first + 1 : last][::-1]))[::-1]
            weight[first:last] = after * radix
        elif last > first:
            weight[first:last] = after
            at[first:last] = place + np.arange(last - first - 1, -1, -1) * (block_total + 2)
            total[first], ends[last - 1] = block_total, True
        after *= 0 if listed else int(size)
    free = len(table.strides) == n
    return Numbering(
        kind=LISTED if listed else FREE if free else BLOCKS,
        dims=np.array(table.dims),
        start=np.array(table.digit_start),
        step=np.array(table.digit_step),
        stride=np.array(table.strides),
        weight=weight,
        at=at,
        total=total,
        ends=ends,
        counts=np.array(table.counts),
        blocks=np.array(table.blocks[:, :2]),
    )
