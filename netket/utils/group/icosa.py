# SPDX-License-Identifier: Apache-2.0
"""Point groups of the icosahedron, with corners along the z axis and in the plane of x and z."""

import numpy as np

from .axial import C, inversion_group
from .element import Identity
from .point_group import PGSymmetry, PointGroup

__all__ = ["I", "Ih", "icosahedral", "icosahedral_rotations"]


def I() -> PointGroup:  # noqa: E743
    """The rotations of an icosahedron."""
    # every rotation is a z a' z', where a and a' turn about a corner, and z and z' about the z axis
    pairs = (C(5, axis=(2, 0, 1)) @ C(5)).matrices()
    products = (pairs[:, None] @ pairs[None, :]).reshape(-1, 3, 3)
    _, first = np.unique(np.rint(products.reshape(-1, 9) * 1e6), axis=0, return_index=True)
    elems = [PGSymmetry(products[i]) for i in np.sort(first)]
    return PointGroup([Identity(), *elems[1:]], ndim=3)


def Ih() -> PointGroup:
    """The symmetry group of an icosahedron."""
    return inversion_group() @ I()


icosahedral = Ih
icosahedral_rotations = I
