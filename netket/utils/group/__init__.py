# SPDX-License-Identifier: Apache-2.0
"""Finite groups: permutations, isometries, their products, classes, characters and irreps."""

from . import axial, cubic, icosa, planar
from .cyclic import cyclic_group
from .element import Element, Identity
from .finite import FiniteGroup
from .permutation import Permutation, PermutationGroup
from .point_group import PGSymmetry, PointGroup, trivial_point_group

__all__ = [
    "Element",
    "FiniteGroup",
    "Identity",
    "PGSymmetry",
    "Permutation",
    "PermutationGroup",
    "PointGroup",
    "axial",
    "cubic",
    "cyclic_group",
    "icosa",
    "planar",
    "trivial_point_group",
]
