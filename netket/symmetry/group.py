# SPDX-License-Identifier: Apache-2.0
"""The groups of `netket.utils.group`, where representations are."""

from netket.utils.group import (
    Element,
    FiniteGroup,
    Identity,
    Permutation,
    PermutationGroup,
    PGSymmetry,
    PointGroup,
    axial,
    cubic,
    cyclic_group,
    icosa,
    planar,
    trivial_point_group,
)

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
