# SPDX-License-Identifier: Apache-2.0
"""Groups of translations, and of isometries, that act on the sites of a lattice.

A `SpaceGroup` has the elements T(n) p for all vectors n of the finite lattice and all p of a point
group, and p⁻¹ T(n) q = T(p⁻¹ n + δ) r, where δ is 0 unless there are glides or screws. Its irreps
are induced from projective irreps of the little groups, the elements that keep a wave vector k up
to a reciprocal vector of the lattice (Bradley and Cracknell, The Mathematical Theory of Symmetry in
Solids, 1972).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from netket.utils.group import Identity, Permutation, PermutationGroup, PointGroup
from netket.utils.group._characters import character_order, real_if_close, sort_characters
from netket.utils.group.element import Element

from ._group_checks import check_acts_on_sites, check_axes, check_strides

if TYPE_CHECKING:
    from .lattice import Lattice

__all__ = ["SpaceGroup", "Translation", "TranslationGroup"]


class Translation(Permutation):
    """A permutation of sites that is a translation.

    Args:
        permutation: deprecated name of `inverse_permutation_array`.
        displacement: (d,) the translation, in units of the basis vectors.
        permutation_array: the images of the sites.
        inverse_permutation_array: the preimages of the sites.
    """

    def __init__(
        self,
        permutation: Sequence[int] | None = None,
        *,
        displacement: Any,
        permutation_array: Sequence[int] | None = None,
        inverse_permutation_array: Sequence[int] | None = None,
    ):
        self._vector = np.asarray(displacement)
        super().__init__(
            permutation,
            name=f"Translation({self._vector.tolist()})",
            permutation_array=permutation_array,
            inverse_permutation_array=inverse_permutation_array,
        )

    def _compose(self, other: Element) -> Element | None:
        if not isinstance(other, Translation):
            return super()._compose(other)
        return Translation(
            displacement=self._vector + other._vector,
            inverse_permutation_array=other.inverse_permutation_array[
                self.inverse_permutation_array
            ],
        )


def _translation(vector: np.ndarray, preimages: np.ndarray) -> Element:
    """A translation whose preimages are known to be a permutation."""
    if not vector.any():
        return Identity()
    element = object.__new__(Translation)
    Permutation.__init__(
        element,
        name=f"Translation({vector.tolist()})",
        inverse_permutation_array=preimages,
        validate=False,
    )
    element._vector = vector
    return element


class _LatticeGroup(PermutationGroup):
    """A group of permutations of the sites of a lattice, with a table of products of its own."""

    lattice: Lattice

    def _set(self, elems: Sequence[Element], preimages: np.ndarray) -> None:
        self.elems = list(elems)
        self.degree = self.lattice.n_nodes
        self.__dict__["_array"] = preimages

    def _with_elements(self, elems: Sequence[Element]) -> Any:
        return PermutationGroup(elems, degree=self.degree)

    def _arguments(self) -> dict[str, Any]:
        raise TypeError(f"{type(self).__name__} must define `_arguments`.")

    def replace(self, **updates: Any) -> Any:
        """The group with other arguments; with other elements, a `PermutationGroup` of them."""
        if set(updates) & {"elems", "degree"}:
            values = {"elems": self.elems, "degree": self.degree, **updates}
            return PermutationGroup(**values)
        arguments = self._arguments()
        unknown = sorted(set(updates) - set(arguments))
        if unknown:
            raise ValueError(f"{type(self).__name__} has no attribute {', '.join(unknown)}.")
        return type(self)(**{**arguments, **updates})

    def __hash__(self) -> int:
        return PermutationGroup.__hash__(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PermutationGroup) and self._key == other._key


class TranslationGroup(_LatticeGroup):
    """The translations of a lattice that are multiples of strides along some axes.

    Args:
        lattice: the lattice.
        axes: the axes, all by default; open ones contribute nothing.
        strides: (len(axes),) or one number, the steps in units of the basis vectors.

    Raises:
        ValueError: an axis does not exist; a stride does not divide the length of its axis.

    Example:
        >>> import netket as nk
        >>> nk.graph.Chain(4).translation_group().elems
        [Id(), Translation([1]), Translation([2]), Translation([3])]
    """

    def __init__(
        self,
        lattice: Lattice,
        axes: int | Sequence[int] | None = None,
        strides: int | Sequence[int] | None = None,
    ):
        self.lattice = lattice
        self.axes = check_axes(axes, lattice.ndim)
        self.strides = check_strides(strides, self.axes, lattice)
        coords = np.stack(np.unravel_index(np.arange(lattice.n_nodes), lattice._grid_shape))
        # the preimage of a site is at its coordinates less the translation
        moved = coords[None, :-1] - self._vectors[:, :, None]
        moved = np.where(lattice.pbc[:, None], moved % lattice.extent[:, None], moved)
        sublattice = np.broadcast_to(coords[-1], moved[:, 0].shape)
        index = (*np.moveaxis(moved, 1, 0), sublattice)
        preimages = np.ravel_multi_index(index, lattice._grid_shape)
        self._set([_translation(v, p) for v, p in zip(self._vectors, preimages)], preimages)

    def _arguments(self) -> dict[str, Any]:
        return {"lattice": self.lattice, "axes": self.axes, "strides": self.strides}

    @property
    def group_shape(self) -> np.ndarray:
        """(d,) number of translations along each axis of the lattice."""
        shape = np.ones(self.lattice.ndim, dtype=int)
        for axis, stride in zip(self.axes, self.strides):
            if self.lattice.pbc[axis]:
                shape[axis] = self.lattice.extent[axis] // stride
        return shape

    @property
    def _all_strides(self) -> np.ndarray:
        """(d,) strides along all axes."""
        strides = np.ones(self.lattice.ndim, dtype=int)
        strides[list(self.axes)] = self.strides
        return strides

    @cached_property
    def _steps(self) -> np.ndarray:
        """(n, d) the translations, in units of the strides, lexicographically in `axes`."""
        shape = self.group_shape
        order = [*self.axes, *(set(range(len(shape))) - set(self.axes))]
        steps = np.stack(np.unravel_index(np.arange(shape.prod()), shape[order]), axis=-1)
        return steps[:, np.argsort(order)]

    @property
    def _vectors(self) -> np.ndarray:
        """(n, d) the translations, in units of the basis vectors."""
        return self._steps * self._all_strides

    def _index(self, steps: np.ndarray) -> np.ndarray:
        """Index of the element with steps (..., d), which are wrapped."""
        shape = self.group_shape
        order = [*self.axes, *(set(range(len(shape))) - set(self.axes))]
        parts = tuple(np.moveaxis(steps % shape, -1, 0)[order])
        return np.ravel_multi_index(parts, tuple(shape[order]))

    @cached_property
    def inverse(self) -> np.ndarray:
        return self._index(-self._steps)

    @cached_property
    def product_table(self) -> np.ndarray:
        return self._index(self._steps[None, :] - self._steps[:, None])

    @cached_property
    def conjugacy_classes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        elements = np.arange(len(self))
        return np.eye(len(self), dtype=bool), elements, elements.copy()

    @cached_property
    def character_table_by_class(self) -> np.ndarray:
        return sort_characters(self._characters(self._steps))

    @cached_property
    def _momenta_of_rows(self) -> np.ndarray:
        """(n, d) the integers m of the rows of the character table."""
        return self._steps[character_order(self._characters(self._steps))]

    @cached_property
    def _row_of_momentum(self) -> np.ndarray:
        """(n,) the row of the character table of the momentum m = steps number i."""
        return np.argsort(self._index(self._momenta_of_rows))

    def _characters(self, momenta: np.ndarray) -> np.ndarray:
        """exp(-2πi Σ_a m_a n_a / L_a) for integers m, (..., d); (..., n)."""
        shape = self.group_shape
        period = int(np.lcm.reduce(shape))
        turns = (momenta * (period // shape)) @ self._steps.T % period
        angles = 2 * np.pi * np.arange(period) / period
        circle = np.cos(angles) - 1j * np.sin(angles)
        halves = np.rint(2 * circle) / 2  # exact where it is rational
        for part, exact in ((circle.real, halves.real), (circle.imag, halves.imag)):
            part[...] = np.where(np.abs(part - exact) < 1e-12, exact + 0.0, part)
        return circle[turns]

    def momentum_irrep(self, *k: Any) -> np.ndarray:
        """Characters exp(-i k·r) of all translations r, for a wave vector.

        Args:
            k: the components of the wave vector, in Cartesian coordinates.

        Returns:
            Complex numbers (n,).

        Raises:
            InvalidWaveVectorError: the wave vector does not fit into the periodic box.
        """
        return self._characters(self._integer_momentum(_wave_vector(k, self.lattice.ndim)))

    def _integer_momentum(self, k: np.ndarray) -> np.ndarray:
        """Integers m with k·r = 2π Σ_a m_a n_a / L_a for n steps."""
        return self.lattice.to_reciprocal_lattice(k)[0]

    def __repr__(self) -> str:
        return (
            f"TranslationGroup(lattice:\n  {self.lattice}\n  axes: {self.axes}\n  strides: "
            f"{self.strides}\n  {len(self)} elements\n)"
        )


class SpaceGroup(_LatticeGroup):
    """The products of all translations of a lattice and the elements of a point group.

    Elements are ordered by translation first. On small lattices several of them may be the same
    permutation; they are kept, as elements of the group of the infinite lattice would be.

    Args:
        lattice: the lattice.
        point_group: the point group, about the origin.

    Raises:
        InvalidSiteError: the point group does not map sites to sites.

    Example:
        >>> import netket as nk
        >>> nk.graph.Chain(3).space_group().elems[:3]
        [Id(), PGSymmetry([[-1.]], [0.]), Translation([1])]
    """

    def __init__(self, lattice: Lattice, point_group: PointGroup):
        if not isinstance(point_group, PointGroup):
            raise TypeError(
                "Argument `point_group` must be a `PointGroup`, but is a "
                f"{type(point_group).__name__}."
            )
        self.lattice = lattice
        self._point = point_group.replace(unit_cell=lattice.basis_vectors)
        self.full_translation_group = lattice.full_translation_group
        self.point_group = site_permutations(lattice, self._point)
        translations, points = self.full_translation_group, self.point_group
        preimages = points._array[:, translations._array].transpose(1, 0, 2)
        preimages = preimages.reshape(-1, lattice.n_nodes)
        elems = [_product(t, p, row) for (t, p), row in zip(self._pairs(), preimages)]
        self._set(elems, preimages)

    def _pairs(self) -> list[tuple[Element, Element]]:
        return [(t, p) for t in self.full_translation_group for p in self.point_group]

    def _arguments(self) -> dict[str, Any]:
        return {"lattice": self.lattice, "point_group": self._point}

    @property
    def point_group_(self) -> PointGroup:
        """Deprecated: the point group as isometries."""
        warnings.warn(
            "Attribute `point_group_` is deprecated: keep the point group that the space group is "
            "made from.",
            FutureWarning,
            stacklevel=2,
        )
        return self._point

    @property
    def space_group(self) -> SpaceGroup:
        """Deprecated: the group itself."""
        warnings.warn(
            "Attribute `space_group` is deprecated: it is the group itself.",
            FutureWarning,
            stacklevel=2,
        )
        return self

    @property
    def rotation_group(self) -> PermutationGroup:
        """The elements of the point group that are rotations, as permutations."""
        return site_permutations(self.lattice, self._point.rotation_group())

    def translation_group(self, axes: int | Sequence[int] | None = None) -> TranslationGroup:
        """The translations along some axes, all by default."""
        if axes is None:
            return self.full_translation_group
        return TranslationGroup(self.lattice, axes)

    # -- structure ----------------------------------------------------------------------------

    @cached_property
    def _integer_matrices(self) -> np.ndarray:
        """(n_p, d, d) integers W with p T(n) p⁻¹ = T(W n)."""
        basis = self.lattice.basis_vectors
        matrices = np.linalg.inv(basis).T @ self._point.matrices() @ basis.T
        return np.rint(matrices).astype(int)

    @cached_property
    def product_table(self) -> np.ndarray:
        translations, point = self.full_translation_group, self._point
        shape, n_points = translations.group_shape, len(point)
        products = point.product_table  # p⁻¹ q = T(δ) r
        shifts = point._quotients - point._array[products]
        shifts = shifts[..., :-1, -1] @ np.linalg.inv(self.lattice.basis_vectors)
        delta = translations._index(np.rint(shifts).astype(int) * (shape > 1))
        rotated = self._integer_matrices[point.inverse] @ translations._steps.T  # p⁻¹ n
        rotated = translations._index(rotated.transpose(0, 2, 1))  # (n_p, n_t)
        # p⁻¹ T(m - n) q = T(p⁻¹ (m - n) + δ) r
        moved = rotated[:, translations.product_table].transpose(1, 0, 2)[..., None]
        if delta.any():
            sums = translations.product_table[translations.inverse]
            moved = sums[moved, delta[:, None, :]]
        table = moved * n_points + products[:, None, :]
        return table.reshape(len(self), len(self))

    @cached_property
    def inverse(self) -> np.ndarray:
        identity = self._point.product_table[0, 0]
        return self.product_table[:, identity]

    # -- irreps -------------------------------------------------------------------------------

    def little_group(self, *k: Any) -> PointGroup:
        """The elements of the point group that keep a wave vector up to a reciprocal vector.

        Args:
            k: the components of the wave vector, in Cartesian coordinates.

        Raises:
            InvalidWaveVectorError: the wave vector does not fit into the periodic box.
        """
        keep = self._little_elements(_wave_vector(k, self.lattice.ndim))
        return self._point.replace(elems=[self._point[i] for i in keep])

    def _little_elements(self, k: np.ndarray) -> np.ndarray:
        """Indices of the elements of the little group in the point group."""
        star = self._star(k)
        return np.flatnonzero((star == star[self._point.product_table[0, 0]]).all(axis=1))

    def _star(self, k: np.ndarray) -> np.ndarray:
        """(n_p, d) integer coordinates of the images of k under the point group."""
        images = np.stack([self._point.matrices() @ k]).reshape(-1, self.lattice.ndim)
        m = self.lattice.to_reciprocal_lattice(images)
        return m % self.lattice.extent

    def little_group_multipliers(self, *k: Any) -> np.ndarray | None:
        """The factors α(g, h) = exp(-i (g⁻¹k - k)·w_h) of projective irreps of the little group.

        w_h is the translation in the element h, a glide for example.

        Args:
            k: the components of the wave vector, in Cartesian coordinates.

        Returns:
            Complex numbers (n, n); None if all of them are 1.
        """
        vector = _wave_vector(k, self.lattice.ndim)
        elements = self._little_elements(vector)
        matrices = self._point.matrices()[elements]
        shifts = self._point.translations()[elements]
        change = vector @ matrices - vector  # g⁻¹ k - k
        multipliers = np.exp(-1j * change @ shifts.T)
        return None if np.allclose(multipliers, 1, atol=1e-8) else multipliers

    def little_group_irreps_readable(
        self, *k: Any, full: bool = False
    ) -> tuple[list[str], np.ndarray]:
        """Character table of the little group, see `FiniteGroup.character_table_readable`.

        Args:
            k: the components of the wave vector, in Cartesian coordinates.
            full: a column for each element, not for each class.
        """
        multiplier = self.little_group_multipliers(*k)
        return self.little_group(*k).character_table_readable(multiplier, full)

    def one_arm_irreps(self, *k: Any) -> np.ndarray:
        """Characters of the elements that keep a wave vector k, and 0 for all others.

        Args:
            k: the components of the wave vector, in Cartesian coordinates.

        Returns:
            (n_irreps, n), a row for each irrep of the little group, in the order of its table.
        """
        vector = _wave_vector(k, self.lattice.ndim)
        elements = self._little_elements(vector)
        multiplier = self.little_group_multipliers(*k)
        characters = self.little_group(*k).character_table(multiplier)
        phases = np.exp(-1j * self._point.translations()[elements] @ vector)
        table = np.zeros((len(characters), len(self._point)), dtype=complex)
        table[:, elements] = characters * phases
        bloch = self.full_translation_group.momentum_irrep(vector)
        return real_if_close((bloch[:, None] * table[:, None, :]).reshape(len(table), -1))

    def space_group_irreps(self, *k: Any) -> np.ndarray:
        """Characters of the irreps with a wave vector k and all that it is mapped to (its star).

        Args:
            k: the components of the wave vector, in Cartesian coordinates.

        Returns:
            (n_irreps, n), in the order of `one_arm_irreps`.
        """
        arm = self.one_arm_irreps(*k)
        points = np.arange(len(self._point))
        # h⁻¹ g h for all g, and h of the point group
        left = self.inverse[self.product_table[points]]
        conjugates = self.product_table[left, points[:, None]]
        n_little = len(self._little_elements(_wave_vector(k, self.lattice.ndim)))
        total = sum(arm[:, places] for places in conjugates)
        return real_if_close(np.asarray(total) / n_little)

    def irrep_indices(self, *k: Any) -> np.ndarray:
        """Rows of the character table that hold the irreps with a wave vector k.

        They are what representations and their sectors take as `character_index`.

        Args:
            k: the components of the wave vector, in Cartesian coordinates.

        Returns:
            (n_irreps,) in the order of `space_group_irreps`.

        Example:
            >>> import netket as nk
            >>> nk.graph.Chain(6).space_group().irrep_indices(0)
            array([0, 2])
        """
        overlaps = self.space_group_irreps(*k) @ self.character_table().conj().T
        return np.argmax(np.abs(overlaps), axis=1)

    @cached_property
    def irrep_momenta(self) -> np.ndarray:
        """A wave vector of the star of each irrep, (n_irreps, d), in the order of the table."""
        lattice = self.lattice
        steps = self.full_translation_group._steps
        reciprocal = 2 * np.pi * np.linalg.inv(lattice.basis_vectors).T
        shifted = np.where(2 * steps > lattice.extent, steps - lattice.extent, steps)
        momenta = np.full((len(self.character_table_by_class), lattice.ndim), np.nan)
        for k in (shifted / lattice.extent) @ reciprocal:
            if not np.isnan(momenta).any():
                break
            rows = self.irrep_indices(*k)
            momenta[rows] = np.where(np.isnan(momenta[rows]), k, momenta[rows])
        return momenta

    def __repr__(self) -> str:
        return f"SpaceGroup(lattice:\n{self.lattice}\npoint_group:\n{self._point})"


def _product(t: Element, p: Any, preimages: np.ndarray) -> Element:
    """T(n) p, where the preimages are known."""
    if isinstance(t, Identity):
        return p
    if isinstance(p, Identity):
        return t
    return Permutation(inverse_permutation_array=preimages, name=f"{t} @ {p}", validate=False)


def _wave_vector(k: tuple, ndim: int) -> np.ndarray:
    """The components of a wave vector, given one by one or as an array."""
    vector = np.asarray(k, dtype=float).reshape(-1)
    if vector.shape != (ndim,):
        raise ValueError(
            f"Argument `k` must have {ndim} components, as many as the lattice has dimensions, but "
            f"has {len(vector)}."
        )
    return vector


def site_permutations(lattice: Lattice, group: PointGroup) -> PermutationGroup:
    """A point group as permutations of the sites of a lattice.

    Args:
        lattice: the lattice.
        group: the point group, about the origin.

    Raises:
        InvalidSiteError: the group does not map sites to sites.
    """
    if group.ndim != lattice.ndim:
        raise ValueError(
            f"Argument `point_group` must act in {lattice.ndim} dimensions, as many as the lattice "
            f"has, but acts in {group.ndim}."
        )
    W, w = group.matrices(), group.translations()
    images = lattice.positions @ W.transpose(0, 2, 1) + w[:, None, :]
    ids = check_acts_on_sites(lattice, group, images)
    elems: list[Element] = []
    for g, image in zip(group.elems, ids):
        is_identity = isinstance(g, Identity)
        elems.append(
            g if is_identity else Permutation(permutation_array=image, name=str(g), validate=False)
        )
    result = PermutationGroup(elems, degree=lattice.n_nodes)
    result.__dict__["_of_a_lattice"] = True  # known to permute sites
    # on small lattices different elements can be the same permutation, but not the same element
    distinct = len(np.unique(result._array, axis=0)) == len(result)
    if not distinct and group.replace(unit_cell=None).is_symmorphic:
        result.__dict__["product_table"] = group.product_table
        result.__dict__["inverse"] = group.inverse
    return result
