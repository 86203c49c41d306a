# SPDX-License-Identifier: Apache-2.0
"""`Numbering`: how the number of a configuration changes when few of its sites do.

A space is a product of blocks of sites, each unconstrained or with a fixed sum of digits (see
`netket.hilbert.index`). Cut anywhere, the number of x is that of its left part plus that of its
right part,

    k(x) = left[c_L] + right[c_R],      c = sum_i stride_i n_i for the sites of a part,

where left[c] counts the states that begin with a smaller part, and right[c] is the place of a
right part among those that fit to the same left parts. Both codes are packed in one word,
together with a checksum that is zero iff no block has another sum than it should have, so that
the word of x' follows from that of x by one product for every site that changes.

Where the tables would be too large, the number is a sum over sites,

    k(x) = sum_i w_i f_i(q_i, l_i),
    f_i = q_i, or counts[a_i + l_i + 1] - counts[a_i + l_i - q_i + 1] if the sum is fixed,

with digits q_i and what is left, l_i, of the sum of the block at site i.
"""

from typing import NamedTuple

import numpy as np

from netket.hilbert.index import IndexTable

#: Kinds of spaces.
FREE, PAIR, BLOCKS, LISTED = 0, 1, 2, 3

# Bits of the codes of both parts in a word; the tables are smaller than the matrix in any case.
_CODE_BITS = 20
_CHECK_BITS = 20
_SMALL_TABLE = 2**12


class Numbering(NamedTuple):
    """The arrays of the formulas; for numba."""

    kind: int  # FREE: no block has a fixed sum; LISTED: some states are listed, no formula holds
    dims: np.ndarray  # (N,) local dimensions
    start: np.ndarray  # (N,) digit of local index 0
    step: np.ndarray  # (N,) 1 or -1: digit = start + step * index
    packed: np.ndarray  # (N,) weights of local indices: in the number if FREE, in words if PAIR
    origin: int  # the word is origin + sum_i packed_i n_i
    left: np.ndarray  # int32 table of the left part if PAIR
    right: np.ndarray  # int32 table of the right part if PAIR
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
    tables = None if listed or free else _tables(table)
    none = np.zeros(0, np.int32)
    packed, origin, left, right = tables or (np.resize(table.strides, n), 0, none, none)
    return Numbering(
        kind=LISTED if listed else FREE if free else BLOCKS if tables is None else PAIR,
        dims=np.array(table.dims),
        start=np.array(table.digit_start),
        step=np.array(table.digit_step),
        packed=np.array(packed, np.int64),
        origin=origin,
        left=left,
        right=right,
        weight=weight,
        at=at,
        total=total,
        ends=ends,
        counts=np.array(table.counts),
        blocks=np.array(table.blocks[:, :2]),
    )


# -- tables -----------------------------------------------------------------------------------


def _tables(table: IndexTable) -> tuple[np.ndarray, int, np.ndarray, np.ndarray] | None:
    """Weights and origin of the words, and the tables; None if they would be too large."""
    dims = table.dims.astype(float)
    sizes = [max(dims[:i].prod(), dims[i:].prod()) for i in range(len(dims) + 1)]
    cut = int(np.argmin(sizes))
    if sizes[cut] > min(2**_CODE_BITS, max(_SMALL_TABLE, table.n_states)):
        return None
    checks = _check_weights(table)
    if checks is None:
        return None
    left, right = (_segments(table, *sites) for sites in ((0, cut), (cut, len(dims))))
    tables = _left_table(left, right), _right_table(right)
    codes = [_place_values(table.dims[:cut]) << _CODE_BITS, _place_values(table.dims[cut:])]
    of_digits = np.concatenate(codes) + (checks << (2 * _CODE_BITS))
    # the checksum of a legal configuration is taken as the origin
    expected = sum(
        int(checks[first]) * int(total) for first, last, total in table.blocks[:, :3] if total > 0
    )
    origin = int(of_digits @ table.digit_start) - (expected << (2 * _CODE_BITS))
    return of_digits * table.digit_step, origin, *tables


def _check_weights(table: IndexTable) -> np.ndarray | None:
    """Weights of the digits, with which deviations of the sums of blocks cannot cancel."""
    weights, base = np.zeros(len(table.dims), np.int64), 1
    for first, last, total in table.blocks[:, :3]:
        if total >= 0 and last > first:
            weights[first:last] = base
            base *= 2 * int((table.dims[first:last] - 1).sum()) + 1
    return weights if base < 2**_CHECK_BITS else None


def _place_values(dims: np.ndarray) -> np.ndarray:
    return np.cumprod(np.append(1, dims[:0:-1]))[::-1][: len(dims)].astype(np.int64)


def _segments(table: IndexTable, begin: int, end: int) -> list[tuple[np.ndarray, int, bool]]:
    """The parts of blocks between two sites.

    Returns:
        For each: the sums of digits of all its configurations (all 0 if the block is free), the
        sum of the block, and whether it is a proper part.
    """
    parts = []
    for first, last, total in table.blocks[:, :3]:
        low, high = max(first, begin), min(last, end)
        if low >= high:
            continue
        sums = np.zeros(1, np.int64)
        for d in table.dims[low:high]:
            sums = np.add.outer(sums, np.arange(d) if total >= 0 else np.zeros(d, int)).ravel()
        parts.append((sums, max(int(total), 0), bool(total >= 0 and high - low < last - first)))
    return parts


def _fits(segments: list) -> np.ndarray:
    """Which configurations of whole blocks have the right sums."""
    result = np.ones(1, bool)
    for sums, total, _ in segments:
        result = np.logical_and.outer(result, sums == total).ravel()
    return result


def _left_table(left: list, right: list) -> np.ndarray:
    """Number of states that begin with a smaller left part."""
    behind = right
    following = np.ones(1, np.int64)
    if left and left[-1][2]:
        sums, total, _ = left[-1]
        ways = np.bincount(right[0][0], minlength=total + 1)
        rest = total - sums
        following = np.where(rest >= 0, ways[np.clip(rest, 0, len(ways) - 1)], 0)
        following[rest >= len(ways)] = 0
        left, behind = left[:-1], right[1:]
    states = np.multiply.outer(_fits(left), following).ravel() * int(_fits(behind).sum())
    return (np.cumsum(states) - states).astype(np.int32)


def _right_table(right: list) -> np.ndarray:
    """Place of a right part among those that fit to the same left parts."""
    place = np.zeros(1, np.int64)
    if right and right[0][2]:
        sums, right = right[0][0], right[1:]
        place = np.empty(len(sums), np.int64)
        for total in range(sums.max() + 1):
            same = sums == total
            place[same] = np.arange(same.sum())
    fits = _fits(right)
    among = np.cumsum(fits) - fits
    return np.add.outer(place * int(fits.sum()), among).ravel().astype(np.int32)
