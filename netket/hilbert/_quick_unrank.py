# SPDX-License-Identifier: Apache-2.0
"""Samples with given numbers, a chunk of sites at a time; see `_quick_rank`.

Without a constraint, the number is divided into the codes of the chunks. With a fixed sum, the code
of a chunk that has the sum t left is the last one with A[t, code] <= k, and k - A[t, code] is left
for the next one: one search in a list that is sorted by t, then by A.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ._index_table import IndexTable
from ._quick_rank import chunk_cuts, sum_tables

#: Writes samples (B, N) with numbers (B,) into an array.
Unranker = Callable[[np.ndarray, np.ndarray], None]

#: Codes of a chunk without a constraint.
_FREE_CODES = 2**8


def quick_unranker(table: IndexTable, values: np.ndarray) -> Unranker | None:
    """The fastest way to many samples.

    Args:
        table: the space.
        values: (largest dimension, N) the local states by their digits.

    Returns:
        None if numbers, or tables, are too large for this.
    """
    blocks = table.blocks.tolist()
    cuts = [chunk_cuts(table, block, _FREE_CODES) for block in blocks]
    sizes = [(b[2] + 2) * b[4] if b[2] >= 0 else b[4] for b in blocks]
    if not all(cuts) or table.n_states == 0 or max(sizes, default=0) >= 2**62:
        return None
    unrankers = [_block_unranker(table, b, cut, values) for b, cut in zip(blocks, cuts)]
    groups = [
        (list(range(g[0], g[1])), table.keys_of(g) if g[3] >= 0 else None, g[4])
        for g in table.groups.tolist()
    ]

    def unrank(numbers: np.ndarray, out: np.ndarray) -> None:
        number = numbers
        for place, (members, keys, size) in reversed(list(enumerate(groups))):
            number, key = (number, number) if place == 0 else np.divmod(number, size)
            if keys is not None:
                key = keys.take(key)
            for b in reversed(members):
                first, last, _, _, n_states = blocks[b]
                key, own = (key, key) if b == members[0] else np.divmod(key, n_states)
                unrankers[b](own, out[:, first:last])

    return unrank


def _block_unranker(
    table: IndexTable, block: list, cuts: list[int], values: np.ndarray
) -> Unranker:
    chunks = [_chunk_states(table, values, a, b) for a, b in zip(cuts, cuts[1:])]
    sites = [slice(a - block[0], b - block[0]) for a, b in zip(cuts, cuts[1:])]
    if block[2] >= 0:
        return _sum_unranker(table, block, cuts, chunks, sites)

    def unrank_free(number: np.ndarray, out: np.ndarray) -> None:
        for c in range(len(chunks) - 1, -1, -1):
            number, code = (number, number) if c == 0 else np.divmod(number, len(chunks[c]))
            out[:, sites[c]] = chunks[c].take(code, axis=0)

    return unrank_free


def _chunk_states(table: IndexTable, values: np.ndarray, first: int, last: int) -> np.ndarray:
    """(n_codes, n) samples of a chunk."""
    dims = table.dims[first:last].tolist()
    digits = np.unravel_index(np.arange(int(np.prod(dims))), dims)
    return np.stack([values[q, site] for site, q in enumerate(digits, first)], axis=1)


def _sum_unranker(
    table: IndexTable, block: list, cuts: list[int], chunks: list, sites: list[slice]
) -> Unranker:
    total, n_states = block[2], block[4]
    steps: list[Any] = []
    for (a, b), states in zip(zip(cuts, cuts[1:]), chunks):
        added, rest = sum_tables(table, block, a, b)
        # codes that leave no negative sum, from sums that the sites before can leave: counts of
        # others may have overflowed
        possible = (rest[:-1] <= total) & (added[:-1] >= 0)
        possible[: max(total - int((table.dims[block[0] : a] - 1).sum()), 0)] = False
        t, code = np.nonzero(possible)
        chosen = added[t, code]
        steps.append((t * n_states + chosen, chosen, rest[t, code], states[code]))

    def unrank_sum(number: np.ndarray, out: np.ndarray) -> None:
        left: Any = total
        for where, (keys, added, rest, states) in zip(sites, steps):
            at = np.searchsorted(keys, left * n_states + number, side="right") - 1
            out[:, where] = states.take(at, axis=0)
            number = number - added.take(at)
            left = rest.take(at)

    return unrank_sum
