# SPDX-License-Identifier: Apache-2.0
"""Default point groups of the lattices with names, about the origin."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from netket.utils.group import Identity, PGSymmetry, PointGroup, cubic, planar
from netket.utils.group.element import Element


def hypercubic(
    extent: Sequence[int], pbc: bool | Sequence[bool], exchanges: bool = True
) -> PointGroup:
    """Reflections, and exchanges of equal axes, of a hypercubic lattice.

    The origin is a site in periodic directions, and the middle of the lattice in open ones.

    Args:
        extent: (d,) length of each side.
        pbc: (d,) whether each direction is periodic.
        exchanges: whether axes may be exchanged.
    """
    n = len(extent)
    axes = [(int(length), bool(p)) for length, p in zip(extent, np.broadcast_to(pbc, n))]
    permutations = [tuple(range(n))]
    if exchanges:
        permutations = [
            p
            for p in itertools.permutations(range(n))
            if all(axes[i] == axes[j] for i, j in enumerate(p))
        ]
    centre = np.array([0.0 if p else (length - 1) / 2 for length, p in axes])
    elems: list[Element] = []
    for permutation in permutations:
        for signs in itertools.product((1.0, -1.0), repeat=n):
            element = PGSymmetry(np.eye(n)[list(permutation)] * np.array(signs))
            elems.append(element.change_origin(centre))
    return PointGroup([Identity(), *elems[1:]], ndim=n)


def if_regular(
    group: Callable[[], PointGroup], extent: Sequence[int], pbc: bool | Sequence[bool]
) -> PointGroup | None:
    """A point group that needs a periodic lattice with sides of equal length; None without it."""
    return group() if np.all(pbc) and len(set(extent)) == 1 else None


def if_periodic(group: Callable[[], PointGroup], pbc: bool | Sequence[bool]) -> PointGroup | None:
    """A point group that needs a periodic lattice; None without it."""
    return group() if np.all(pbc) else None


hexagonal = partial(planar.D, 6)
half_turn = partial(planar.C, 2)
cube = cubic.Oh
diamond = cubic.Fd3m
