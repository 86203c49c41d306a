# SPDX-License-Identifier: Apache-2.0
"""What the bonds of one unit cell tell about a lattice: connected, bipartite, a grid.

If bonds within a cell connect its sites, and others lead to the next cell in every direction, the
lattice is connected, and the sides of all sites follow from one of them: site s of cell n is on
side c_s + p·n (mod 2). All other bonds have to agree, those around periodic directions, too.
"""

from typing import NamedTuple

import numpy as np

from ._bonds import Templates


class Structure(NamedTuple):
    """A connected lattice.

    Attributes:
        is_bipartite: whether its sites are on two sides, with bonds only between them.
        is_grid: whether there is one site per cell, with bonds to the next cells, and no others.
    """

    is_bipartite: bool
    is_grid: bool


def structure(
    templates: Templates, extent: np.ndarray, pbc: np.ndarray, n_sublattices: int
) -> Structure | None:
    """The structure of a lattice, if bonds connect each cell, and neighbouring cells.

    Args:
        templates: edges of one unit cell.
        extent, pbc: (d,) size and periodicity.
        n_sublattices: sites in the unit cell.

    Returns:
        None if more than these bonds must be looked at.
    """
    size = list(zip(extent.tolist(), pbc.tolist()))
    bonds = []
    for (a, b), cell in zip(templates.sublattices.tolist(), templates.cells.tolist()):
        if all(periodic or -length < step < length for step, (length, periodic) in zip(cell, size)):
            # along a single periodic cell there is no step
            steps = [step if length > 1 else 0 for step, (length, _) in zip(cell, size)]
            bonds.append((a, b, steps))
    inside = [(a, b) for a, b, steps in bonds if not any(steps)]
    sides = _sides(inside, n_sublattices)
    if None in sides:
        return None
    turns = [0] * len(size)  # p, 1 where the next cell has its sides exchanged
    missing = {i for i, (length, _) in enumerate(size) if length > 1}
    n_grid = len(missing)
    for a, b, steps in bonds:
        taken = [i for i, step in enumerate(steps) if step]
        if len(taken) == 1 and taken[0] in missing and abs(steps[taken[0]]) == 1:
            missing.remove(taken[0])
            turns[taken[0]] = 1 ^ sides[a] ^ sides[b]
    if missing:
        return None
    bipartite = all(_agrees(sides[a] ^ sides[b] ^ 1, s, turns, size) for a, b, s in bonds)
    return Structure(bipartite, n_sublattices == 1 and len(bonds) == n_grid)


def _sides(bonds: list[tuple[int, int]], n: int) -> list:
    """The side of each of n sites of a cell, (n,); None where bonds do not lead."""
    sides: list[int | None] = [0] + [None] * (n - 1)
    grows = n > 1
    while grows:
        grows = False
        for a, b in bonds:
            for start, end in ((a, b), (b, a)):
                side = sides[start]
                if side is not None and sides[end] is None:
                    sides[end], grows = side ^ 1, True
    return sides


def _agrees(excess: int, steps: list[int], turns: list[int], size: list[tuple[int, bool]]) -> bool:
    """Whether bonds between cells connect different sides, wherever they are.

    Args:
        excess: 0 if they would, if the cells had their sides in the same places.
        steps: (d,) from one cell to the other.
        turns: (d,) 1 where the next cell has its sides exchanged.
        size: (d,) length and periodicity.
    """
    for step, turn, (length, periodic) in zip(steps, turns, size):
        if turn and step:
            excess ^= step & 1
            if periodic and length & 1:
                # times around the lattice, which begins in its first and in its last cell
                fewest, most = step // length, (length - 1 + step) // length
                if fewest != most:
                    return False
                excess ^= fewest & 1
    return not excess
