# SPDX-License-Identifier: Apache-2.0
"""The groups of a lattice: translations, its point group as permutations, and its space group."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from netket.utils.group import PermutationGroup, PointGroup

from .space_group import SpaceGroup, TranslationGroup, site_permutations


class LatticeGroups:
    """The methods of `Lattice` that return groups."""

    # a point group, a function that makes one, or None
    _point_group: Any

    def _point_group_or_default(self, point_group: PointGroup | None) -> PointGroup:
        if point_group is None:
            default = self._point_group
            if not isinstance(default, PointGroup) and callable(default):
                default = self._point_group = default()
            if default is None:
                raise RuntimeError(
                    f"{self!r} has no default point group: pass one as argument `point_group`, "
                    "here or when the lattice is made."
                )
            point_group = default
        if not isinstance(point_group, PointGroup):
            raise TypeError(
                "Argument `point_group` must be a `PointGroup`, but is a "
                f"{type(point_group).__name__}."
            )
        return point_group

    @cached_property
    def full_translation_group(self) -> TranslationGroup:
        """All translations of the periodic directions."""
        return TranslationGroup(self)  # type: ignore[arg-type]

    def translation_group(
        self, dim: int | Sequence[int] | None = None, strides: int | Sequence[int] | None = None
    ) -> TranslationGroup:
        """Translations along some directions.

        Args:
            dim: the directions, all by default; open ones contribute nothing.
            strides: the smallest translation in each, in units of the basis vectors; 1 by default.

        Raises:
            ValueError: a direction does not exist; a stride does not divide the length.

        Example:
            >>> import netket as nk
            >>> len(nk.graph.Grid((4, 6)).translation_group(dim=1, strides=3))
            2
        """
        if dim is None and strides is None:
            return self.full_translation_group
        return TranslationGroup(self, dim, strides)  # type: ignore[arg-type]

    @cached_property
    def default_space_group(self) -> SpaceGroup:
        """The space group with the default point group.

        Raises:
            RuntimeError: the lattice has none.
        """
        return SpaceGroup(self, self._point_group_or_default(None))  # type: ignore[arg-type]

    def space_group(self, point_group: PointGroup | None = None) -> SpaceGroup:
        """Translations, combined with the elements of a point group.

        Args:
            point_group: the point group about the origin; by default that of the lattice.

        Raises:
            RuntimeError: there is no default.
            InvalidSiteError: the point group does not map sites to sites.

        Example:
            >>> import netket as nk
            >>> len(nk.graph.Square(4).space_group())
            128
        """
        if point_group is None:
            return self.default_space_group
        return SpaceGroup(self, self._point_group_or_default(point_group))  # type: ignore[arg-type]

    def space_group_builder(self, point_group: PointGroup | None = None) -> SpaceGroup:
        """Deprecated name of `space_group`."""
        warnings.warn(
            "Method `space_group_builder` is deprecated: use `space_group`.",
            FutureWarning,
            stacklevel=2,
        )
        return self.space_group(point_group)

    def point_group(self, point_group: PointGroup | None = None) -> PermutationGroup:
        """The elements of a point group as permutations of sites.

        Args:
            point_group: the point group about the origin; by default that of the lattice.

        Raises:
            RuntimeError: there is no default.
            InvalidSiteError: the point group does not map sites to sites.
        """
        group = self._point_group_or_default(point_group)
        return site_permutations(self, group.replace(unit_cell=self.basis_vectors))  # type: ignore

    def rotation_group(self, point_group: PointGroup | None = None) -> PermutationGroup:
        """The rotations of a point group as permutations of sites.

        Args:
            point_group: see `point_group`.
        """
        group = self._point_group_or_default(point_group).rotation_group()
        return site_permutations(self, group.replace(unit_cell=self.basis_vectors))  # type: ignore
