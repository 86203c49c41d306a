# SPDX-License-Identifier: Apache-2.0
"""Isometries and point groups of the plane. Angles are in degrees, counterclockwise."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .element import Element, Identity
from .point_group import PGSymmetry, PointGroup

__all__ = [
    "C",
    "D",
    "dihedral",
    "glide",
    "glide_group",
    "rectangle",
    "reflection",
    "reflection_group",
    "rotation",
    "rotation_group",
    "square",
]


def rotation(angle: float) -> Element:
    """The rotation by an angle about the origin."""
    c, s = _cos_sin(angle)
    return _element([[c, -s], [s, c]])


def reflection(angle: float) -> PGSymmetry:
    """The reflection by a line through the origin with an angle to the x axis."""
    c, s = _cos_sin(2 * angle)
    return PGSymmetry([[c, s], [s, -c]])


def glide(trans: Sequence[float], origin: Sequence[float] = (0, 0)) -> PGSymmetry:
    """The reflection by a line along `trans`, and translation by it.

    Args:
        trans: (2,) the translation.
        origin: (2,) a point of the line.
    """
    x, y = trans
    if x == y == 0:
        raise ValueError("Argument `trans` must not be zero: it is the direction of the line.")
    mirror = reflection(np.degrees(np.arctan2(y, x)))
    return PGSymmetry(mirror.matrix, trans).change_origin(origin)


def C(n: int) -> PointGroup:
    """The group of rotations by multiples of 360°/n."""
    return PointGroup([rotation(360 * i / n) for i in range(check_order(n))], ndim=2)


def D(n: int, axis: float = 0) -> PointGroup:
    """The symmetry group of a regular polygon with n corners.

    Args:
        n: number of rotations.
        axis: angle of one of the mirrors to the x axis.
    """
    return reflection_group(axis) @ C(n)


def reflection_group(angle: float) -> PointGroup:
    """The identity, and the reflection by a line with an angle to the x axis."""
    return PointGroup([Identity(), reflection(angle)], ndim=2)


def glide_group(trans: Sequence[float], origin: Sequence[float] = (0, 0)) -> PointGroup:
    """The identity and a glide reflection, a group in a lattice with the period 2 `trans`."""
    return PointGroup([Identity(), glide(trans, origin)], ndim=2)


def rectangle() -> PointGroup:
    """The symmetry group of a rectangle, with sides along the axes: D(2)."""
    return D(2)


def square() -> PointGroup:
    """The symmetry group of a square, with sides along the axes: D(4)."""
    return D(4)


def check_order(n: int) -> int:
    """n as an integer of at least 1."""
    if not isinstance(n, int | np.integer) or n < 1:
        raise ValueError(f"Argument `n` must be a positive integer, but is {n!r}.")
    return int(n)


def _cos_sin(angle: float) -> tuple[float, float]:
    """Cosine and sine of an angle in degrees, exact where they are multiples of 1/2."""
    values = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    halves = np.rint(2 * np.array(values)) / 2
    c, s = np.where(np.abs(halves - values) < 1e-12, halves, values) + 0.0
    return float(c), float(s)


def _element(matrix: Any) -> Element:
    return (
        Identity() if np.allclose(matrix, np.eye(len(matrix)), atol=1e-12) else PGSymmetry(matrix)
    )


rotation_group = C
dihedral = D
