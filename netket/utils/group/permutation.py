# SPDX-License-Identifier: Apache-2.0
"""Permutations g of sites: (g a)(i) = a(g⁻¹ i) for an array a over the sites."""

import warnings
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..hashable_array import HashableArray
from ..types import Array
from ._rows import find_hashes, hash_rows, hash_weights
from .element import Element, Identity
from .finite import _NO_INVERSE, _NOT_CLOSED, FiniteGroup


class Permutation(Element):
    """A permutation g of n sites.

    Args:
        permutation: deprecated name of `inverse_permutation_array`.
        name: how the element is printed.
        permutation_array: the images g(0), g(1), ...
        inverse_permutation_array: the preimages; acting on an array a gives ``a[preimages]``.
        validate: check that it is a permutation.

    Raises:
        ValueError: not exactly one array is given, or it is no permutation.

    Example:
        >>> import numpy as np
        >>> from netket.utils.group import Permutation
        >>> Permutation(permutation_array=[1, 2, 0]) @ np.array([10, 20, 30])
        array([30, 10, 20])
    """

    def __init__(
        self,
        permutation: Sequence[int] | None = None,
        *,
        name: str | None = None,
        permutation_array: Sequence[int] | np.ndarray | None = None,
        inverse_permutation_array: Sequence[int] | np.ndarray | None = None,
        validate: bool = True,
    ):
        given = [permutation, permutation_array, inverse_permutation_array]
        if sum(a is not None for a in given) != 1:
            raise ValueError(
                "Exactly one of the arguments `permutation_array` and `inverse_permutation_array` "
                "must be given."
            )
        if permutation is not None:
            warnings.warn(
                "Argument `permutation` is deprecated: pass the same array as "
                "`inverse_permutation_array`, or the images as `permutation_array`.",
                FutureWarning,
                stacklevel=2,
            )
        array = np.array(next(a for a in given if a is not None), dtype=int)
        if validate and (
            array.ndim != 1 or not np.array_equal(np.sort(array), np.arange(array.size))
        ):
            raise ValueError(
                f"A permutation of n sites must contain each of 0, ..., n - 1 once, but is {array}."
            )
        preimages = np.argsort(array) if permutation_array is not None else array
        self._inverse_permutation_array = HashableArray(preimages)
        self._name = name

    @property
    def permutation_array(self) -> np.ndarray:
        """The images g(0), g(1), ..."""
        return np.argsort(self.inverse_permutation_array)

    @property
    def inverse_permutation_array(self) -> np.ndarray:
        """The preimages g⁻¹(0), g⁻¹(1), ..."""
        return self._inverse_permutation_array.wrapped

    @property
    def permutation(self) -> np.ndarray:
        """Deprecated name of `inverse_permutation_array`."""
        warnings.warn(
            "Attribute `permutation` is deprecated: use `inverse_permutation_array`.",
            FutureWarning,
            stacklevel=2,
        )
        return self.inverse_permutation_array

    def __call__(self, ket: Array) -> Array:
        return ket[..., self.inverse_permutation_array]

    def apply_to_id(self, x: Array) -> np.ndarray:
        """The images g(x) of site numbers, an array of any shape."""
        return self.permutation_array[np.asarray(x)]

    def cycle_decomposition(self) -> list[list[int]]:
        """The cycles of sites, each a list in which g maps a site to the next one."""
        images = self.permutation_array
        cycles, seen = [], np.zeros(len(images), dtype=bool)
        for first in range(len(images)):
            cycle, site = [], first
            while not seen[site]:
                seen[site] = True
                cycle.append(site)
                site = int(images[site])
            if cycle:
                cycles.append(cycle)
        return cycles

    def _compose(self, other: Element) -> Element | None:
        if not isinstance(other, Permutation):
            return None
        names = (self._name, other._name)
        name = None if None in names else f"{names[0]} @ {names[1]}"
        # (g h)⁻¹ = h⁻¹ g⁻¹
        preimages = other.inverse_permutation_array[self.inverse_permutation_array]
        return Permutation(inverse_permutation_array=preimages, name=name, validate=False)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.inverse_permutation_array, dtype=dtype)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Permutation)
            and self._inverse_permutation_array == other._inverse_permutation_array
        )

    def __hash__(self) -> int:
        return hash(self._inverse_permutation_array)

    def __repr__(self) -> str:
        return self._name or f"Permutation({self.permutation_array.tolist()})"


class PermutationGroup(FiniteGroup):
    """A group of permutations of `degree` sites.

    Args:
        elems: the elements, each a `Permutation` or an `Identity`.
        degree: number of sites.

    Raises:
        ValueError: an element permutes another number of sites.
    """

    def __init__(self, elems: Sequence[Element], degree: int):
        super().__init__(elems)
        self.degree = int(degree)
        for g in self.elems:
            if isinstance(g, Permutation) and len(g.inverse_permutation_array) != self.degree:
                raise ValueError(
                    f"Argument `elems` must hold permutations of {self.degree} sites, but has {g}."
                )

    @property
    def shape(self) -> tuple[int, int]:
        """Number of elements, and of sites."""
        return (len(self), self.degree)

    def to_array(self) -> np.ndarray:
        """The preimages of all elements, (len(self), degree): ``a[group.to_array()]`` is g a."""
        return self._array.copy()

    @cached_property
    def _array(self) -> np.ndarray:
        rows = [self._canonical_array(g) for g in self.elems]
        return np.array(rows, dtype=int).reshape(len(self), self.degree)

    def _canonical_array(self, g: Any) -> np.ndarray:
        return np.arange(self.degree) if isinstance(g, Identity) else g.inverse_permutation_array

    def _canonical(self, element: Element) -> bytes:
        return self._canonical_array(element).astype(np.int64).tobytes()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.to_array(), dtype=dtype)

    def __call__(self, initial: Array) -> Array:
        moved = initial[..., self._array]
        xp = jnp if isinstance(initial, jax.Array) else np
        return xp.moveaxis(moved, -2, 0)

    def apply_to_id(self, x: Array) -> np.ndarray:
        """The images g(x) of site numbers under all elements: shape ``(len(self), *x.shape)``."""
        return np.argsort(self._array, axis=1)[:, np.asarray(x)]

    @property
    def _key(self) -> tuple:
        return (self.degree, *self.elems)

    @cached_property
    def inverse(self) -> np.ndarray:
        hashes = hash_rows(self._array)
        places = find_hashes(hashes, hash_rows(np.argsort(self._array, axis=1)))
        if (places < 0).any():
            raise RuntimeError(_NO_INVERSE.format(type(self).__name__))
        return places

    @cached_property
    def product_table(self) -> np.ndarray:
        # the preimages of g⁻¹ h are x -> h⁻¹ g x; their hash is Σ_x w(x) h⁻¹(g x), which
        # = Σ_y w(g⁻¹ y) h⁻¹(y) is a product of matrices
        preimages = self._array.astype(np.uint64)
        wanted = hash_weights(self.degree)[self._array] @ preimages.T
        places = find_hashes(hash_rows(self._array), wanted)
        if (places < 0).any():
            raise RuntimeError(_NOT_CLOSED.format(type(self).__name__))
        return places

    def __repr__(self) -> str:
        return f"PermutationGroup(elems={self.elems}, degree={self.degree})"


def group_of_rows(preimages: np.ndarray) -> PermutationGroup:
    """A group whose elements are known to be permutations.

    Args:
        preimages: (n_group, degree) integers, not to be used any more: elements have its rows.
    """
    group = PermutationGroup([], degree=preimages.shape[1])
    preimages = np.ascontiguousarray(preimages, dtype=int)
    preimages.flags.writeable = False
    for row in preimages:
        element = object.__new__(Permutation)
        element._inverse_permutation_array = array = object.__new__(HashableArray)
        array.__setstate__(row)  # without a copy
        element._name = None
        group.elems.append(element)
    group.__dict__["_array"] = preimages
    return group
