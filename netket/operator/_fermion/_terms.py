# SPDX-License-Identifier: Apache-2.0
"""`FermionTerms`: distinct products of creators and annihilators, without their weights.

What the algebra does to weights is linear, w'_t = sum_s ± w_s (`Combination`), or a product of two
weights for each product of terms, so that it works for traced weights as well.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .._base import is_traced
from .._kernels._rows import CANCELLATION, without_noise
from .._strings import StringTerms
from . import _words
from ._words import EMPTY, FULL

# Sums of one term and many look the one up; others sort all.
_FEW = 8


class Combination(NamedTuple):
    """w'_target += sign w_source."""

    source: np.ndarray  # (E,)
    odd: np.ndarray  # (E,) whether the sign is -1
    target: np.ndarray  # (E,)
    size: int  # number of w'

    def __call__(self, weights: Any) -> Any:
        """w' (size,); sums that cancel up to rounding are exactly zero."""
        if len(self.source) == self.size == len(weights) and self._is_identity:
            return weights
        if is_traced(weights):
            return _combined(weights, *self)
        weights = np.asarray(weights)
        parts = np.where(self.odd, -1, 1).astype(weights.dtype) * weights[self.source]
        total, moduli = np.zeros(self.size, weights.dtype), np.zeros(self.size)
        np.add.at(total, self.target, parts)
        np.add.at(moduli, self.target, np.abs(parts))
        total[np.abs(total) <= CANCELLATION * np.finfo(weights.dtype).eps * moduli] = 0
        return total

    @property
    def _is_identity(self) -> bool:
        count = np.arange(self.size)
        same = np.array_equal(self.source, count) and np.array_equal(self.target, count)
        return same and not self.odd.any()


def _combined(weights: Any, source: Any, odd: Any, target: Any, size: int) -> Any:
    parts = jnp.where(odd, -1, 1).astype(weights.dtype) * weights[source]
    total = jnp.zeros(size, weights.dtype).at[target].add(parts)
    moduli = jnp.abs(jax.lax.stop_gradient(parts))
    return without_noise(total, jnp.zeros(size, moduli.dtype).at[target].add(moduli))


class FermionTerms:
    """Distinct products, in the order in which they were given. Hashable by content, immutable.

    Args:
        codes: the products, see `_words`; distinct rows (T, L), aligned.
        order: ``"N"``, ``"A"`` or ``"P"`` if the products are known to have this order.
    """

    def __init__(self, codes: np.ndarray, order: str | None = None):
        self.codes, self.order = codes, order
        self._tables: dict[Any, Any] = {}

    @classmethod
    def distinct(cls, codes: np.ndarray, order: str | None = None) -> "tuple[FermionTerms, Any]":
        """Terms from rows that may repeat, and the number of the term that each row is, (T,)."""
        codes = _words.aligned(codes)
        keys = _keys(codes)
        _, first, number = np.unique(keys, return_index=True, return_inverse=True)
        if not np.array_equal(codes[first[number]], codes):  # two products with one key
            _, first, number = np.unique(codes, axis=0, return_index=True, return_inverse=True)
        rank = np.empty(len(first), np.int64)
        rank[np.argsort(first)] = np.arange(len(first))
        return cls(codes[np.sort(first)], order), rank[number.reshape(-1)]

    def __getitem__(self, keep: np.ndarray) -> "FermionTerms":
        """Some of the terms: a mask, or indices."""
        return FermionTerms(_words.aligned(self.codes[keep]), self.order)

    # -- identity -----------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.codes)

    @cached_property
    def _hash(self) -> int:
        return hash((self.codes.shape, self.codes.tobytes()))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, FermionTerms) and np.array_equal(self.codes, other.codes)

    def __reduce__(self) -> tuple:
        return FermionTerms, (self.codes, self.order)

    def cached(self, name: Any, make: Callable[[], Any]) -> Any:
        """`make()`, computed once."""
        if name not in self._tables:
            self._tables[name] = make()
        return self._tables[name]

    # -- facts --------------------------------------------------------------------------------

    @cached_property
    def tuples(self) -> list[tuple[tuple[int, int], ...]]:
        """Each product as ((orbital, 1 for a creator), ...)."""
        rows = self.codes.tolist()
        return [tuple((c >> 1, c & 1) for c in row if c >= 0) for row in rows]

    @property
    def texts(self) -> list[str]:
        """Each product as text, such as ``"0^ 1"``."""
        return [" ".join(f"{i}{'^' * d}" for i, d in term) for term in self.tuples]

    def conserves(self, first: int, last: int) -> np.ndarray:
        """Whether each product keeps the number of particles on the sites first ... last - 1."""
        here = (self.codes >= 2 * first) & (self.codes < 2 * last)
        change = np.where(self.codes & 1, 1, -1) * here
        return change.sum(axis=1) == 0

    @cached_property
    def n_vanishing(self) -> int:
        """Number of products that are zero."""
        return int(_words.factors(self.codes).zero.sum())

    # -- other forms of the same sum ------------------------------------------------------------

    def in_order(self, order: str) -> "tuple[FermionTerms, Combination]":
        """The terms multiplied out in normal (``"N"``), antinormal or pair order."""
        return self.cached(order, lambda: self._in_order(order))

    def _in_order(self, order: str) -> "tuple[FermionTerms, Combination]":
        factors, source = _words.without(
            FULL if order == "A" else EMPTY, _words.factors(self.codes)
        )
        codes, odd = _words.ordered(factors, order)
        terms, target = self.distinct(codes, order)
        return terms, Combination(source, odd, target, len(terms))

    def strings(self, n_sites: int, fermionic: tuple[bool, ...]) -> tuple[StringTerms, Combination]:
        """The terms as strings on two-state sites."""
        return self.cached(fermionic, lambda: self._strings(n_sites, np.array(fermionic)))

    def _strings(self, n_sites: int, fermionic: np.ndarray) -> tuple[StringTerms, Combination]:
        source, odd, words = _words.strings(self.codes, n_sites, fermionic)
        terms, target = StringTerms.merge(n_sites, *words)
        return terms, Combination(source, odd, target, len(terms))

    def between(self, x: np.ndarray, xp: np.ndarray, n_sites: int) -> int | None:
        """The first term that connects two configurations, as words of bits (W,)."""
        every = np.ones(n_sites, bool)
        source, _, (care, want, _, flip) = _words.strings(self.codes, n_sites, every)
        found = np.flatnonzero(((flip == x ^ xp) & ((x & care) == want)).all(axis=1))
        return int(source[found[0]]) if len(found) else None

    @cached_property
    def adjoint(self) -> "FermionTerms":
        """The adjoint of every product, which is also its transpose."""
        return FermionTerms(_words.adjoint(self.codes))

    @cached_property
    def self_adjoint(self) -> tuple[Combination, Combination]:
        """Two combinations, C of the weights w and D of w*: the sum is hermitian if C w = D w*.

        Normal-ordered products are linearly independent.
        """
        ordered, combination = self.in_order("N")
        daggered, adjoint = self.adjoint.in_order("N")
        both, place = ordered.plus(daggered)
        return (
            combination._replace(size=len(both)),
            adjoint._replace(target=place[adjoint.target], size=len(both)),
        )

    # -- algebra ------------------------------------------------------------------------------

    def plus(self, other: "FermionTerms") -> "tuple[FermionTerms, np.ndarray]":
        """All terms of both, ours first, and the numbers that those of `other` have."""
        if self == other:
            return self, np.arange(len(self))
        order = self.order if self.order == other.order else None
        width = max(self.codes.shape[1], other.codes.shape[1])
        if _FEW * len(other) > len(self):
            pair = [_words.widened(t.codes, width) for t in (self, other)]
            terms, number = self.distinct(np.concatenate(pair), order)
            return terms, number[len(self) :]
        keys, by_key = self._index
        place = np.searchsorted(keys, other._keys)
        theirs = by_key[np.minimum(place, len(self) - 1)]
        ours_there = _words.widened(self.codes[theirs], width)
        new = (ours_there != _words.widened(other.codes, width)).any(axis=1)
        n_new = int(new.sum())
        if not n_new:
            return self, theirs
        theirs[new] = len(self) + np.arange(n_new)
        pair = [_words.widened(c, width) for c in (self.codes, other.codes[new])]
        terms = FermionTerms(np.concatenate(pair), order)
        at = np.flatnonzero(new)[np.argsort(other._keys[new])]
        terms._tables["index"] = (
            np.insert(keys, place[at], other._keys[at]),
            np.insert(by_key, place[at], theirs[at]),
        )
        return terms, theirs

    @cached_property
    def _keys(self) -> np.ndarray:
        return _keys(self.codes)

    @property
    def _index(self) -> tuple[np.ndarray, np.ndarray]:
        """Keys in order, and the terms that have them."""

        def make() -> tuple[np.ndarray, np.ndarray]:
            order = np.argsort(self._keys)
            return self._keys[order], order

        return self.cached("index", make)

    def times(
        self, other: "FermionTerms"
    ) -> "tuple[FermionTerms, np.ndarray, np.ndarray, np.ndarray]":
        """Products of all pairs of terms, without those that vanish.

        Returns:
            The distinct products; of which of our terms and of which of `other` the pairs are,
            and the number of their product, each (P,).
        """
        left, right = (i.ravel() for i in np.indices((len(self), len(other))))
        codes = _words.aligned(np.concatenate([self.codes[left], other.codes[right]], axis=1))
        keep = ~_words.factors(codes).zero
        terms, target = self.distinct(codes[keep])
        return terms, left[keep], right[keep], target


# One random odd number for each place in a product; repeated for very long ones.
_MULTIPLIERS = np.random.default_rng(2024).integers(1, 2**63, 64, np.uint64) * np.uint64(
    2
) + np.uint64(1)


def _keys(codes: np.ndarray) -> np.ndarray:
    """A number for each product, almost surely another one for another product: uint64 (T,)."""
    multipliers = np.resize(_MULTIPLIERS, codes.shape[1])
    if codes.shape[1] > len(_MULTIPLIERS):
        multipliers = multipliers * (np.arange(codes.shape[1], dtype=np.uint64) * np.uint64(2) + 1)
    return ((codes + 1).astype(np.uint64) * multipliers).sum(axis=1, dtype=np.uint64)
