# SPDX-License-Identifier: Apache-2.0
"""`FiniteGroup`: a list of elements, with the table of their products g⁻¹ h."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from ..types import Array
from ._characters import (
    Classes,
    linear_characters,
    projective_characters,
    real_if_close,
)
from ._irreps import irreducible_matrices
from .element import Element

G = TypeVar("G", bound="FiniteGroup")


class FiniteGroup:
    """A finite group, as the list of its elements.

    Elements are compared by the key that `_canonical` makes of them; subclasses that know more
    about their elements compute `product_table` and `inverse` faster.

    Args:
        elems: the elements, each an `Element`. That they form a group is checked when needed.
    """

    def __init__(self, elems: Sequence[Element]):
        self.elems = list(elems)

    # -- a sequence of elements ---------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.elems)

    def __iter__(self) -> Iterator[Element]:
        return iter(self.elems)

    def __getitem__(self, i: Any) -> Any:
        return self.elems[i]

    def __call__(self, initial: Array) -> Array:
        """All elements applied to an array (..., N): result (len(self), ..., N)."""
        xp = jnp if isinstance(initial, jax.Array) else np
        return xp.stack([g(initial) for g in self.elems])

    def __matmul__(self, other: Any) -> Any:
        """Products with all elements of another group, or action on an array."""
        if isinstance(other, FiniteGroup):
            return self._with_elements([g @ h for g in self.elems for h in other.elems])
        if isinstance(other, np.ndarray | jax.Array):
            return self(other)
        return NotImplemented

    def _with_elements(self: G, elems: Sequence[Element]) -> G:
        return self.replace(elems=list(elems))

    def replace(self: G, **updates: Any) -> G:
        """A copy in which some attributes have other values."""
        values = {k: v for k, v in self.__dict__.items() if not self._is_derived(k)}
        unknown = sorted(set(updates) - set(values))
        if unknown:
            raise ValueError(f"{type(self).__name__} has no attribute {', '.join(unknown)}.")
        new = object.__new__(type(self))
        new.__dict__.update(values | updates)
        return new

    def _is_derived(self, name: str) -> bool:
        return isinstance(getattr(type(self), name, None), cached_property)

    def _canonical(self, element: Element) -> Any:
        """A hashable key, equal for elements that act in the same way."""
        return element

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._key == other._key

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple:
        return tuple(self.elems)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(elems={self.elems})"

    # -- structure ----------------------------------------------------------------------------

    def remove_duplicates(self: G, *, return_inverse: bool = False) -> G | tuple[G, np.ndarray]:
        """The group with only the first of the elements that act in the same way.

        Args:
            return_inverse: return also, for every element, its place in the result.
        """
        places: dict[Any, int] = {}
        keys = [self._canonical(g) for g in self.elems]
        inverse = np.array([places.setdefault(k, len(places)) for k in keys], dtype=int)
        _, first = np.unique(inverse, return_index=True)
        group = self._with_elements([self.elems[i] for i in first])
        return (group, inverse) if return_inverse else group

    def is_subgroup(self, other: "FiniteGroup", *, proper: bool = False) -> bool:
        """Whether `other` is a subgroup of this group: all its elements are among ours.

        Args:
            other: the smaller group.
            proper: whether it must have fewer elements.
        """
        mine = {self._canonical(g) for g in self.elems}
        theirs = {other._canonical(g) for g in other.elems}
        return theirs < mine if proper else theirs <= mine

    def _place_of(self) -> Callable[[Element], int]:
        places = {self._canonical(g): i for i, g in enumerate(self.elems)}

        def place(element: Element) -> int:
            try:
                return places[self._canonical(element)]
            except KeyError:
                raise RuntimeError(_NOT_CLOSED.format(type(self).__name__)) from None

        return place

    @cached_property
    def _multiplication_table(self) -> np.ndarray:
        place = self._place_of()
        n = len(self)
        products = [place(g @ h) for g in self.elems for h in self.elems]
        return np.array(products, dtype=int).reshape(n, n)

    @cached_property
    def inverse(self) -> np.ndarray:
        """Index of the inverse of each element, (n,).

        Raises:
            RuntimeError: an inverse is missing.
        """
        table = self._multiplication_table
        identity = np.flatnonzero((table == np.arange(len(self))).all(axis=1))
        if len(identity) != 1:
            raise RuntimeError(_NO_INVERSE.format(type(self).__name__))
        rows, columns = np.nonzero(table == identity[0])
        if not np.array_equal(rows, np.arange(len(self))):
            raise RuntimeError(_NO_INVERSE.format(type(self).__name__))
        return columns

    @cached_property
    def product_table(self) -> np.ndarray:
        """Index of g⁻¹ h for elements number g, h; shape (n, n).

        Raises:
            RuntimeError: the elements do not form a group.
        """
        return self._multiplication_table[self.inverse]

    @cached_property
    def conjugacy_table(self) -> np.ndarray:
        """Index of h⁻¹ g h for elements number g, h; shape (n, n)."""
        _check_table(self)
        column = np.arange(len(self))
        # (h⁻¹ g) h, where the table of g⁻¹ h gives the product with g = (h⁻¹ g)⁻¹
        left = self.product_table.T  # h⁻¹ g
        return self.product_table[self.inverse[left], column[None, :]]

    @cached_property
    def conjugacy_classes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The classes of elements that are conjugate to each other.

        Returns:
            Membership of elements (n_classes, n) as booleans; an element of each class (n_classes,)
            with the smallest index; the class of each element (n,).
        """
        representative = self.conjugacy_table.min(axis=1)
        representatives, labels = np.unique(representative, return_inverse=True)
        members = labels[None, :] == np.arange(len(representatives))[:, None]
        return members, representatives, labels

    # -- characters ---------------------------------------------------------------------------

    @property
    def _classes(self) -> Classes:
        _, representatives, labels = self.conjugacy_classes
        return Classes(self.product_table[self.inverse], self.inverse, representatives, labels)

    @cached_property
    def character_table_by_class(self) -> np.ndarray:
        """Characters of the irreps, (n_irreps, n_classes).

        Rows are sorted by dimension, beginning with the trivial irrep; columns are in the order of
        `conjugacy_classes`. The table is real if all characters are.
        """
        return linear_characters(self._classes)

    def character_table(self, multiplier: np.ndarray | None = None) -> np.ndarray:
        """Characters of all elements, (n_irreps, n).

        Args:
            multiplier: the factors (n, n) of a projective representation, D(g) D(h) =
                multiplier[g, h] D(g h); by default all are 1.

        Raises:
            ValueError: the multiplier is not unitary, or does not belong to a representation.
        """
        *_, labels = self.conjugacy_classes
        if multiplier is None:
            return self.character_table_by_class[:, labels]
        table, factors = self.projective_characters_by_class(multiplier)
        return table[:, labels] * factors

    def projective_characters_by_class(
        self, multiplier: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Projective characters of the representatives of the classes.

        Args:
            multiplier: see `character_table`.

        Returns:
            Characters (n_irreps, n_classes), and factors (n,) by which the character of the
            representative is multiplied to get that of another element of its class; they are 0
            in classes where all characters are 0.

        Raises:
            ValueError: see `character_table`.
        """
        multiplier = np.asarray(multiplier)
        if multiplier.shape != (len(self), len(self)):
            raise ValueError(
                f"Argument `multiplier` must have shape {(len(self), len(self))}, a factor for "
                f"each pair of elements, but has {multiplier.shape}."
            )
        if not np.allclose(np.abs(multiplier), 1):
            raise ValueError("Argument `multiplier` must hold factors of absolute value 1.")
        if not self.check_multiplier(multiplier, rtol=1e-6, atol=1e-6):
            raise ValueError(
                "Argument `multiplier` must satisfy α(x, y) α(xy, z) = α(x, yz) α(y, z) for all "
                "elements x, y, z."
            )
        return projective_characters(self._classes, multiplier.astype(complex))

    def check_multiplier(self, multiplier: np.ndarray, rtol: float = 1e-8, atol: float = 0) -> bool:
        """Whether α(x, y) α(xy, z) = α(x, yz) α(y, z), as the associative law requires.

        Args:
            multiplier: the factors α, (n, n).
            rtol: relative tolerance.
            atol: absolute tolerance.
        """
        alpha, products = np.asarray(multiplier), self._classes.products
        return all(
            np.allclose(alpha[x][:, None] * alpha[xy], alpha[x][products] * alpha, rtol, atol)
            for x, xy in enumerate(products)
        )

    def character_table_readable(
        self, multiplier: np.ndarray | None = None, full: bool = False
    ) -> tuple[list[str], np.ndarray]:
        """The character table with names for its columns.

        Args:
            multiplier: see `character_table`.
            full: a column for each element, not for each class.

        Returns:
            Names like "2xRot(90°)", the size of the class and one of its elements (of elements if
            `full`); and the table.

        Example:
            >>> from netket.utils.group import planar
            >>> planar.C(2).character_table_readable()[0]
            ['1xId()', '1xRot(180°)']
        """
        if full:
            return [str(g) for g in self.elems], self.character_table(multiplier)
        members, representatives, _ = self.conjugacy_classes
        sizes = members.sum(axis=1)
        names = [f"{n}x{self.elems[i]}" for n, i in zip(sizes, representatives)]
        if multiplier is None:
            return names, self.character_table_by_class.copy()
        return names, real_if_close(self.projective_characters_by_class(multiplier)[0])

    @cached_property
    def _irrep_matrices(self) -> list[np.ndarray]:
        table = self.character_table()
        return irreducible_matrices(self.product_table, self.inverse, table)

    def irrep_matrices(self) -> list[np.ndarray]:
        """The irreps as unitary matrices, in the order of `character_table`.

        Returns:
            For each irrep the matrices D(g) of all elements, (n, d, d), with D(g) D(h) = D(g h);
            they are real if that is possible.
        """
        return list(self._irrep_matrices)


def _check_table(group: FiniteGroup) -> None:
    """Every row of the table of a group is a permutation."""
    table = group.product_table
    if not (np.sort(table[0]) == np.arange(len(group))).all():
        raise RuntimeError(_REPEATED.format(type(group).__name__))


_NOT_CLOSED = "This {} is no group: the product of two elements is not among its elements."
_REPEATED = "This {} has elements that act in the same way: use `remove_duplicates()`."
_NO_INVERSE = "This {} is no group: the inverse of an element is not among its elements."
