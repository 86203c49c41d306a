# SPDX-License-Identifier: Apache-2.0
"""`StringTerms`: sums of strings of two-state operators, without their weights.

With x the bits of a configuration (the local index of each site), term t is ::

    <x|O_t|x'> = w_t [x & care_t = want_t] (-1)^|x & sign_t|,    x' = x xor flip_t

where |.| counts bits. Pauli strings, and products of creators and annihilators with their
Jordan-Wigner signs, are of this form. Terms are sorted so that those with equal flip, which lead
to one and the same x', are adjacent; such a range is a group.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from netket.utils.types import ArrayLike

from ._bits import count_bits, n_words, pack_bits, set_bits, sorted_rows, unpack_bits


class StringTerms:
    """Structure of a sum of strings. Hashable by content, immutable.

    Use `pack` or `merge`, which sort.

    Args:
        n_sites: number of sites N.
        care: sites that must have a certain bit, words of uint64, (T, W).
        want: these bits; 0 elsewhere, (T, W).
        sign: sites whose bits decide the sign, (T, W).
        flip: sites whose bits change, (T, W).
    """

    def __init__(
        self, n_sites: int, care: np.ndarray, want: np.ndarray, sign: np.ndarray, flip: np.ndarray
    ):
        self.n_sites = n_sites
        self.care, self.want, self.sign, self.flip = care, want, sign, flip
        self._tables: dict[str, Any] = {}

    # -- construction -------------------------------------------------------------------------

    @classmethod
    def pack(
        cls, care: ArrayLike, want: ArrayLike, sign: ArrayLike, flip: ArrayLike
    ) -> "tuple[StringTerms, np.ndarray]":
        """Terms from arrays of 0 and 1, and the order that sorts them.

        Args:
            care, want, sign, flip: see the module; shape (T, N).

        Returns:
            The terms, and `order` (T,): term t is what was given as order[t].
        """
        n_sites = np.shape(care)[1]
        return cls.sort(n_sites, *(pack_bits(bits) for bits in (care, want, sign, flip)))

    @classmethod
    def sort(
        cls, n_sites: int, care: np.ndarray, want: np.ndarray, sign: np.ndarray, flip: np.ndarray
    ) -> "tuple[StringTerms, np.ndarray]":
        """`pack` for words (T, W)."""
        order, _ = sorted_rows([c for words in (flip, sign, care, want) for c in words.T])
        return cls(n_sites, *(words[order] for words in (care, want & care, sign, flip))), order

    @classmethod
    def merge(
        cls, n_sites: int, care: np.ndarray, want: np.ndarray, sign: np.ndarray, flip: np.ndarray
    ) -> "tuple[StringTerms, np.ndarray]":
        """Distinct terms from words (T, W).

        Returns:
            The terms, and `place` (T,): the weight of what was given as t is to be added to
            that of term place[t].
        """
        parts = (care, want & care, sign, flip)
        order, differs = sorted_rows([c for i in (3, 2, 0, 1) for c in parts[i].T])
        place = np.empty(len(order), np.int64)
        place[order] = np.cumsum(differs) - 1
        first = order[differs]
        return cls(n_sites, *(words[first] for words in parts)), place

    @classmethod
    def empty(cls, n_sites: int) -> "StringTerms":
        """No terms: the operator that is zero."""
        return cls(n_sites, *(np.zeros((0, n_words(n_sites)), np.uint64) for _ in range(4)))

    def __getitem__(self, keep: np.ndarray) -> "StringTerms":
        """Some of the terms: a mask, or increasing indices."""
        return StringTerms(
            self.n_sites, self.care[keep], self.want[keep], self.sign[keep], self.flip[keep]
        )

    # -- identity -----------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.flip)

    @property
    def _arrays(self) -> tuple[np.ndarray, ...]:
        return self.care, self.want, self.sign, self.flip

    @cached_property
    def _hash(self) -> int:
        return hash((self.n_sites, *(a.tobytes() for a in self._arrays)))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, StringTerms)
            and self.n_sites == other.n_sites
            and hash(self) == hash(other)
            and all(map(np.array_equal, self._arrays, other._arrays))
        )

    def __reduce__(self) -> tuple:
        return StringTerms, (self.n_sites, *self._arrays)

    def cached(self, name: str, make: Callable[[], Any]) -> Any:
        """`make()`, computed once: tables for the kernels."""
        if name not in self._tables:
            self._tables[name] = make()
        return self._tables[name]

    # -- facts --------------------------------------------------------------------------------

    def bits(self, name: str) -> np.ndarray:
        """``"care"``, ``"want"``, ``"sign"`` or ``"flip"`` as an int8 array (T, N)."""
        return unpack_bits(getattr(self, name), self.n_sites)

    @cached_property
    def has_care(self) -> bool:
        """Whether any term depends on x by more than a sign."""
        return bool(self.care.any())

    @cached_property
    def begins(self) -> np.ndarray:
        """Where the groups begin, and the end of the last: (G + 1,), at least one group.

        Without any terms there is one group that is empty, the diagonal.
        """
        differs = (self.flip[1:] != self.flip[:-1]).any(-1)
        return np.concatenate([[0], np.flatnonzero(differs) + 1, [len(self)]])

    @cached_property
    def group_flips(self) -> np.ndarray:
        """The flip of every group, (G, W)."""
        if not len(self):
            return np.zeros((1, self.flip.shape[1]), np.uint64)
        return self.flip[self.begins[:-1]]

    @property
    def n_groups(self) -> int:
        """Number of groups: how many x' there can be."""
        return len(self.begins) - 1

    @cached_property
    def max_flips(self) -> int:
        """Largest number of sites that change."""
        return int(count_bits(self.group_flips).max(initial=0))

    @cached_property
    def changes(self) -> tuple[np.ndarray, np.ndarray]:
        """The sites that change, of all groups, and where those of each begin (G + 1,)."""
        return set_bits(self.group_flips)

    @cached_property
    def transposed(self) -> "tuple[StringTerms, np.ndarray, np.ndarray]":
        """The transpose.

        Returns:
            Its terms, which of our weights each of its terms has, (T,), and whether it gets
            the opposite sign, (T,).
        """
        want = self.want ^ (self.flip & self.care)
        terms, order = self.sort(self.n_sites, self.care, want, self.sign, self.flip)
        odd = count_bits(self.flip & self.sign) % 2 == 1
        return terms, order, odd[order]
