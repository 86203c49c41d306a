# SPDX-License-Identifier: Apache-2.0
"""Point groups of the cube and the tetrahedron, with the axes of the cube along x, y and z."""

from .axial import inversion, inversion_group, rotation
from .axial import reflection as _reflection
from .element import Identity
from .point_group import PointGroup

__all__ = [
    "Fd3m",
    "O",
    "Oh",
    "T",
    "Td",
    "Th",
    "cubic",
    "cubic_rotations",
    "diamond",
    "octahedral",
    "octahedral_rotations",
    "pyritohedral",
    "pyrochlore",
    "tetrahedral",
    "tetrahedral_rotations",
]


def T() -> PointGroup:
    """The rotations of a tetrahedron."""
    diagonals = [(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)]
    thirds = [rotation(angle, axis) for angle in (120, -120) for axis in diagonals]
    halves = [rotation(180, axis) for axis in ((0, 0, 1), (0, 1, 0), (1, 0, 0))]
    return PointGroup([Identity(), *thirds, *halves], ndim=3)


def Td() -> PointGroup:
    """The symmetry group of a tetrahedron."""
    return PointGroup([Identity(), _reflection((1, 1, 0))], ndim=3) @ T()


def Th() -> PointGroup:
    """The rotations of a tetrahedron, and the inversion: the group of a pyritohedron."""
    return inversion_group() @ T()


def O() -> PointGroup:  # noqa: E743
    """The rotations of a cube."""
    return PointGroup([Identity(), rotation(90, (0, 0, 1))], ndim=3) @ T()


def Oh() -> PointGroup:
    """The symmetry group of a cube."""
    return inversion_group() @ O()


def Fd3m() -> PointGroup:
    """The symmetry group of diamond and pyrochlore lattices, about a site of the diamond lattice.

    It is non-symmorphic; the cubic unit cell has side 1.
    """
    centre = inversion().change_origin((1 / 8, 1 / 8, 1 / 8))
    cell = [[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
    return PointGroup([Identity(), centre], ndim=3, unit_cell=cell) @ Td()


tetrahedral = Td
tetrahedral_rotations = T
pyritohedral = Th
octahedral = cubic = Oh
octahedral_rotations = cubic_rotations = O
diamond = pyrochlore = Fd3m
