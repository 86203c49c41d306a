# SPDX-License-Identifier: Apache-2.0
"""Point groups of the icosahedron, with corners along the z axis and in the plane of x and z."""

import numpy as np

from .axial import inversion_group, rotation
from .element import Identity
from .point_group import PointGroup

__all__ = ["I", "Ih", "icosahedral", "icosahedral_rotations"]


def I() -> PointGroup:  # noqa: E743
    """The rotations of an icosahedron."""
    # corners in a ring around the one on the z axis, and opposite to them
    azimuths = np.radians(72 * np.arange(5))
    ring = [(2 * np.cos(a), 2 * np.sin(a), 1.0) for a in azimuths]
    # a rotation that takes the corner on the axis to any other, then the turns about the axis
    to_corners = [Identity(), *(rotation(72, x) for x in ring)]
    lower = [rotation(144, x) for x in ring]
    flip = [rotation(180, (0, 1, 0))]
    turns = PointGroup([rotation(72 * i, (0, 0, 1)) for i in range(5)], ndim=3)
    return PointGroup([*to_corners, *lower, *flip], ndim=3) @ turns


def Ih() -> PointGroup:
    """The symmetry group of an icosahedron."""
    return inversion_group() @ I()


icosahedral = Ih
icosahedral_rotations = I
