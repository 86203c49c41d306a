# SPDX-License-Identifier: Apache-2.0
"""`Terms`: the structure of a sum of k-site matrices, O = c + sum_t M_t, without its values.

The values of all elements of all terms are one flat vector, in the order of the terms and of
the elements in their patterns. Every operation here returns a new structure and index arrays
that say where values go, so that it works for values that jax traces, too.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ._pattern import Pattern, make_pattern, product_pattern, union_pattern

Support = tuple[int, ...]

# Matrices with more elements off the diagonal are not compared with other terms.
_MAX_COMPARED = 50_000


class Terms:
    """Supports and patterns of the terms. Hashable by content, immutable.

    Args:
        supports: the sites of every term in increasing order; the terms are sorted by it and
            no two have the same.
        patterns: the pattern of every term.
    """

    def __init__(self, supports: Sequence[Support], patterns: Sequence[Pattern]):
        self.supports, self.patterns = tuple(supports), tuple(patterns)
        self._tables: dict[str, Any] = {}

    def cached(self, name: str, make: Callable[[], Any]) -> Any:
        """`make()`, computed once: tables for the kernels."""
        if name not in self._tables:
            self._tables[name] = make()
        return self._tables[name]

    @cached_property
    def _hash(self) -> int:
        return hash((self.supports, self.patterns))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Terms)
            and hash(self) == hash(other)
            and self.supports == other.supports
            and self.patterns == other.patterns
        )

    def __reduce__(self) -> tuple:
        return Terms, (self.supports, self.patterns)

    def __len__(self) -> int:
        return len(self.supports)

    @cached_property
    def counts(self) -> np.ndarray:
        """Number of values of every term, (T,)."""
        return np.array([len(p) for p in self.patterns], np.int64)

    @cached_property
    def offsets(self) -> np.ndarray:
        """Where the values of each term begin, and the end of the last: (T + 1,)."""
        return np.concatenate([[0], np.cumsum(self.counts, dtype=np.int64)])

    @property
    def n_values(self) -> int:
        return int(self.offsets[-1])

    @cached_property
    def on_diagonal(self) -> np.ndarray:
        """Which values are of elements on the diagonal, (V,) bool."""
        return np.concatenate([np.zeros(0, bool), *(p.rows == p.cols for p in self.patterns)])

    # -- facts for the kernels ----------------------------------------------------------------

    @cached_property
    def max_conn_size(self) -> int:
        """Upper bound of the number of connected elements: the diagonal and each term's most."""
        return 1 + sum(p.max_off for p in self.patterns)

    @cached_property
    def max_changes(self) -> int:
        """Largest number of sites that an element changes."""
        return max((p.max_changes for p in self.patterns), default=0)

    @cached_property
    def may_collide(self) -> bool:
        """Whether two terms can lead to the same x': they change the same sites alike.

        Large matrices are not looked through: they may.
        """
        if len(self) < 2:
            return False
        if max(len(p.off_diagonal) for p in set(self.patterns)) > _MAX_COMPARED:
            return True
        seen: dict[Support, list[frozenset]] = {}
        for support, pattern in zip(self.supports, self.patterns):
            for where, moves in pattern.moves.items():
                others = seen.setdefault(tuple(support[i] for i in where), [])
                if any(not moves.isdisjoint(other) for other in others):
                    return True
                others.append(moves)
        return False

    @cached_property
    def conserves_sum(self) -> bool:
        """Whether no element changes the sum of the local indices."""
        return all(
            np.array_equal(p.digits(p.rows).sum(-1), p.digits(p.cols).sum(-1))
            for p in set(self.patterns)
        )

    # -- structure operations -----------------------------------------------------------------

    @cached_property
    def transposed(self) -> "tuple[Terms, np.ndarray]":
        """The transpose, and the index into our values of each of its values."""
        pairs = [p.transposed for p in self.patterns]
        order = [i + offset for (_, i), offset in zip(pairs, self.offsets)]
        return Terms(self.supports, [p for p, _ in pairs]), _concatenate(order)

    def plus(self, other: "Terms") -> "tuple[Terms, np.ndarray, np.ndarray]":
        """The sum, and where our values and the other's values are added to in its values."""
        mine = dict(zip(self.supports, range(len(self))))
        theirs = dict(zip(other.supports, range(len(other))))
        supports = sorted([*self.supports, *(s for s in other.supports if s not in mine)])
        patterns, special = [], []
        for t, support in enumerate(supports):
            a, b = mine.get(support), theirs.get(support)
            if a is None or b is None:
                patterns.append(self.patterns[a] if b is None else other.patterns[b])
            elif self.patterns[a] is other.patterns[b]:
                patterns.append(self.patterns[a])
            else:
                pattern, in_a, in_b = union_pattern(self.patterns[a], other.patterns[b])
                patterns.append(pattern)
                special.append((t, a, b, in_a, in_b))
        result = Terms(supports, patterns)
        place = dict(zip(supports, range(len(supports))))
        at_a = self._shifted([place[s] for s in self.supports], result)
        at_b = other._shifted([place[s] for s in other.supports], result)
        for t, a, b, in_a, in_b in special:
            at_a[self.offsets[a] : self.offsets[a + 1]] = result.offsets[t] + in_a
            at_b[other.offsets[b] : other.offsets[b + 1]] = result.offsets[t] + in_b
        return result, at_a, at_b

    def _shifted(self, places: list[int], result: "Terms") -> np.ndarray:
        """Indices of our values in `result`, where term t is term places[t]."""
        shift = result.offsets[np.array(places, np.int64)] - self.offsets[:-1]
        return np.arange(self.n_values) + np.repeat(shift, self.counts)

    def restricted(self, keep: np.ndarray) -> "Terms":
        """Only the elements in the mask `keep` (V,); terms without any are dropped."""
        if keep.all():
            return self
        begins = self.offsets[:-1]
        # reduceat needs non-empty slices: terms always have values
        all_kept = np.logical_and.reduceat(keep, begins)
        supports, patterns = [], []
        for t, (support, pattern) in enumerate(zip(self.supports, self.patterns)):
            if not all_kept[t]:
                mask = keep[self.offsets[t] : self.offsets[t + 1]]
                if not mask.any():
                    continue
                pattern = make_pattern(pattern.dims, pattern.rows[mask], pattern.cols[mask])
            supports.append(support)
            patterns.append(pattern)
        return Terms(supports, patterns)

    def times(self, other: "Terms") -> "Product":
        """The structure of the product of two operators without constants."""
        found: dict[Support, list[tuple]] = {}
        for a, (support_a, pattern_a) in enumerate(zip(self.supports, self.patterns)):
            for b, (support_b, pattern_b) in enumerate(zip(other.supports, other.patterns)):
                support = tuple(sorted({*support_a, *support_b}))
                plan = product_pattern(
                    pattern_a,
                    pattern_b,
                    tuple(map(support.index, support_a)),
                    tuple(map(support.index, support_b)),
                )
                if len(plan[0]):
                    found.setdefault(support, []).append((a, b, *plan))
        return self._assemble(other, found)

    def _assemble(self, other: "Terms", found: dict[Support, list[tuple]]) -> "Product":
        supports = sorted(found)
        patterns, parts = [], []
        for support in supports:
            pattern, places = _union_of([part[2] for part in found[support]])
            patterns.append(pattern)
            parts.append(places)
        result = Terms(supports, patterns)
        left, right, target = [], [], []
        for t, support in enumerate(supports):
            for (a, b, _, i, j, k), place in zip(found[support], parts[t]):
                left.append(i + self.offsets[a])
                right.append(j + other.offsets[b])
                target.append(place[k] + result.offsets[t])
        return Product(result, *map(_concatenate, (left, right, target)))

    def product_size(self, other: "Terms") -> tuple[int, int]:
        """Upper bounds for `times`: elements of all products, and rows of the largest term."""
        elements = int(self.counts.sum()) * int(other.counts.sum())
        rows_a = max((p.n_rows for p in self.patterns), default=1)
        rows_b = max((p.n_rows for p in other.patterns), default=1)
        return elements, rows_a * rows_b


class Product(NamedTuple):
    """Value target[p] of `terms` gets value left[p] of A times value right[p] of B added."""

    terms: Terms
    left: np.ndarray  # (P,)
    right: np.ndarray  # (P,)
    target: np.ndarray  # (P,)


def _concatenate(parts: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, np.int64)


def _union_of(patterns: Sequence[Pattern]) -> tuple[Pattern, list[np.ndarray]]:
    """The union of patterns on one support, and where the elements of each are in it."""
    union = patterns[0]
    for pattern in patterns[1:]:
        union = union if pattern is union else union_pattern(union, pattern)[0]
    codes = union.rows * union.n_rows + union.cols
    return union, [np.searchsorted(codes, p.rows * p.n_rows + p.cols) for p in patterns]
