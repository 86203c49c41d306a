# SPDX-License-Identifier: Apache-2.0
"""`Moves`: the strings of an operator, sorted by the particles that move; see `_kernels._moves`."""

from collections.abc import Sequence
from functools import cached_property
from itertools import combinations, product
from math import comb
from typing import Any

import numpy as np

from .._kernels import MoveLevel
from .._strings import StringTerms, sorted_rows, unpack_bits
from .._strings._bits import set_bits

# Sets of sites that are numbered, and pairs of them in tables.
_MAX_SETS, _MAX_PAIRS = 2**20, 2**23


class Moves:
    """Strings by moves.

    Attributes:
        order: the strings, those of each move adjacent, (T,).
        begins: where the strings of each move begin, and the end, (M + 1,).
        start, end: the sites A and B of each move, bits (M, N).
        size, rank: the number of sites in A, and their rank, (M,).
    """

    def __init__(self, terms: StringTerms):
        self.terms = terms
        start = terms.want & terms.flip
        order, differs = sorted_rows([c for words in (terms.flip, start) for c in words.T])
        first = order[differs]
        a, b = (unpack_bits(w[first], terms.n_sites) for w in (start, terms.flip & ~start))
        size, rank = a.sum(axis=1, dtype=np.int64), set_ranks(a)
        by = np.lexsort((b.any(axis=1), rank, size))  # B is empty on the diagonal, which is first
        counts = np.diff([*np.flatnonzero(differs), len(order)])
        groups = np.split(order, np.flatnonzero(differs)[1:])
        self.order = np.concatenate([groups[m] for m in by])
        self.begins = np.concatenate([[0], np.cumsum(counts[by])])
        self.start, self.end, self.size, self.rank = a[by], b[by], size[by], rank[by]

    def __len__(self) -> int:
        return len(self.size)

    @cached_property
    def numba_tables(self) -> tuple[np.ndarray, ...]:
        """The structure arrays of `MoveData` after its weights and their moduli."""
        n, k = self.terms.n_sites, int(self.size.max(initial=0))
        offsets = np.concatenate([[0], np.cumsum([comb(n, j) for j in range(k + 1)])])
        keys = offsets[self.size] + self.rank
        key_begins = np.searchsorted(keys, np.arange(offsets[-1] + 1))
        first = self.order[self.begins[:-1]]
        flips = self.terms.flip[first]
        sites, site_begins = set_bits(flips)
        empty = flips & ~self.terms.want[first]
        words = (np.ascontiguousarray(getattr(self.terms, w)[self.order]) for w in _WORDS)
        return (
            *words,
            self.begins.astype(np.int64),
            np.ascontiguousarray(empty),
            site_begins.astype(np.int64),
            sites.astype(np.int32),
            key_begins.astype(np.int64),
            offsets[:-1].astype(np.int64),
            rank_table(max(k, 1), n),
        )

    # -- for a space with fixed numbers of particles --------------------------------------------

    def choices(self, sectors: Sequence[tuple[int, int]]) -> list[list[tuple[Any, Any]]]:
        """For each k, which particles and which holes can be in moves: `MoveLevel.choices`.

        Args:
            sectors: number of sites, and of particles, of consecutive parts of the sites.
        """
        ends = np.cumsum([0, *(n for n, _ in sectors)])
        parts = list(zip(ends[:-1], ends[1:]))
        counts = [
            np.stack([bits[:, i:j].sum(axis=1) for i, j in parts], axis=1)
            for bits in (self.start, self.end)
        ]
        particles = [n for _, n in sectors]
        holes = [size - n for size, n in sectors]
        result: list[list[tuple[Any, Any]]] = []
        for k in range(int(self.size.max(initial=0)) + 1):
            kinds = np.unique(np.concatenate(counts, axis=1)[self.size == k], axis=0)
            pairs = [np.split(kind, 2) for kind in kinds]
            made = [(_choices(particles, a), _choices(holes, b)) for a, b in pairs]
            result.append([(a, b) for a, b in made if len(a) and len(b)])
        return result

    def levels(self, sectors: Sequence[tuple[int, int]], index_dtype: Any) -> tuple[MoveLevel, ...]:
        """The tables of the jax kernel."""
        choices = self.choices(sectors)
        return tuple(self._level(k, c, index_dtype) for k, c in enumerate(choices) if c)

    def _level(self, k: int, choices: list[tuple[Any, Any]], index_dtype: Any) -> MoveLevel:
        n, members = self.terms.n_sites, np.flatnonzero(self.size == k)
        n_sets = comb(n, k)
        table = np.full((n_sets, n_sets), len(members), np.int32)
        table[self.rank[members], set_ranks(self.end[members])] = np.arange(len(members))
        counts = np.append(np.diff(self.begins)[members], 0)
        place = np.arange(counts.max())
        there = place < counts[:, None]
        at = np.where(there, np.append(self.begins[members], 0)[:, None] + place, 0)
        term = np.where(there, self.order[at], len(self.terms)).astype(np.int32)
        flip = np.zeros((len(members) + 1, n), index_dtype)
        flip[:-1] = self.start[members] | self.end[members]

        def gathered(name: str) -> np.ndarray:
            words = np.ascontiguousarray(getattr(self.terms, name).astype("<u8"))
            halves = words.view("<u4").astype(np.uint32)[:, : max(-(-n // 32), 1)]
            return np.concatenate([halves, np.zeros((1, halves.shape[1]), np.uint32)])[term]

        used = self.order[at[there]]
        simple = k and len(place) == 1 and (self.terms.care == self.terms.flip)[used].all()
        return MoveLevel(
            choices=tuple(choices),
            ranks=rank_table(k, n).astype(np.int32),
            table=table,
            term=term,
            sign=gathered("sign"),
            care=None if simple else gathered("care"),
            want=None if simple else gathered("want"),
            flip=flip,
        )


_WORDS = ("sign", "care", "want")


def n_slots(choices: list[list[tuple[Any, Any]]]) -> int:
    """Number of slots of the jax kernel."""
    return sum(len(a) * len(b) for level in choices for a, b in level)


def can_number_sets(n_sites: int, size: int) -> bool:
    """Whether the sets of up to `size` sites are few enough to be numbered."""
    return sum(comb(n_sites, k) for k in range(size + 1)) <= _MAX_SETS


def can_number_pairs(n_sites: int, size: int) -> bool:
    """Whether the pairs of sets are few enough for tables."""
    return sum(comb(n_sites, k) ** 2 for k in range(size + 1)) <= _MAX_PAIRS


def rank_table(k: int, n_sites: int) -> np.ndarray:
    """C(i, j + 1) for j < k and the sites i, (k, N)."""
    return np.array([[comb(i, j + 1) for i in range(n_sites)] for j in range(k)], np.int64).reshape(
        k, n_sites
    )


def set_ranks(bits: np.ndarray) -> np.ndarray:
    """Ranks of sets of sites, bits (M, N)."""
    row, site = np.nonzero(bits)
    k = int(bits.sum(axis=1).max(initial=0))
    place = np.cumsum(bits, axis=1, dtype=np.int64)[row, site] - 1
    ranks = np.zeros(len(bits), np.int64)
    np.add.at(ranks, row, rank_table(k, bits.shape[1])[place, site])
    return ranks


def _choices(numbers: Sequence[int], sizes: np.ndarray) -> np.ndarray:
    """All ways to take sizes[s] of numbers[s] consecutive items, (P, k)."""
    begins = np.cumsum([0, *numbers])
    parts = [list(combinations(range(b, b + n), int(k))) for b, n, k in zip(begins, numbers, sizes)]
    sets = [sum(choice, ()) for choice in product(*parts)]
    return np.array(sets, np.int32).reshape(len(sets), int(np.sum(sizes)))
