# SPDX-License-Identifier: Apache-2.0
"""Edges of a lattice from templates (a, b, R, colour), repeated in every unit cell.

A template connects sublattice a of a cell with sublattice b of the cell displaced by R.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Templates(NamedTuple):
    """Edges of one unit cell.

    Attributes:
        sublattices: (T, 2) sublattices a and b.
        cells: (T, d) displacement R of the cell.
        colors: (T,) colours.
    """

    sublattices: np.ndarray
    cells: np.ndarray
    colors: np.ndarray


def neighbor_templates(
    basis: np.ndarray,
    offsets: np.ndarray,
    extent: np.ndarray,
    pbc: np.ndarray,
    max_order: int,
    atol: float,
) -> Templates:
    """Templates of neighbours, whose colour k counts the distinct distances; each bond once.

    Args:
        basis: (d, d) basis vectors.
        offsets: (n, d) positions in the unit cell.
        extent, pbc: (d,) size and periodicity.
        max_order: how many distances.
        atol: distances that differ by less are the same.
    """
    margin = _diameter(offsets)
    heights = 1 / np.linalg.norm(np.linalg.inv(basis), axis=0)
    # more than max_order distances lie within this many steps along the shortest direction
    radius = np.linalg.norm(basis, axis=1).min() * (max_order + 1) + margin
    if not pbc.any():
        radius = min(radius, np.linalg.norm(np.abs(basis * extent[:, None]).sum(axis=0)) + margin)
    while True:
        reach = np.ceil((radius + margin) / heights).astype(int)
        # beyond an open lattice there is nothing to connect to
        limited = np.where(pbc, reach, np.minimum(reach, extent - 1))
        ab, cells, lengths = _pairs_within(basis, offsets, limited, radius + atol)
        order = np.cumsum(np.diff(lengths, prepend=0.0) > atol) - 1
        everything = not pbc.any() and (reach >= extent - 1).all()
        if everything or (len(order) and order[-1] >= max_order):
            break
        radius *= 1.5
    kept = order < max_order
    return Templates(ab[kept], cells[kept], order[kept])


def _diameter(offsets: np.ndarray) -> float:
    return float(np.linalg.norm(offsets[:, None] - offsets[None, :], axis=-1).max())


def _pairs_within(
    basis: np.ndarray, offsets: np.ndarray, reach: np.ndarray, radius: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sublattices (P, 2), displacements (P, d) and lengths (P,), ascending, of bonds."""
    ranges = [np.arange(-n, n + 1) for n in reach]
    cells = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, len(basis))
    n = len(offsets)
    first, second = np.triu_indices(n)
    # within a sublattice, only one of R and -R, and not R = 0
    positive = np.arange(len(cells)) > len(cells) // 2
    wanted = positive[:, None] | (first != second)
    cell, pair = np.nonzero(wanted)
    vectors = cells[cell] @ basis + (offsets[second] - offsets[first])[pair]
    lengths = np.linalg.norm(vectors, axis=1)
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] < radius]
    cell, pair = cell[order], pair[order]
    return np.stack([first[pair], second[pair]], axis=1), cells[cell], lengths[order]


def custom_templates(
    basis: np.ndarray,
    offsets: np.ndarray,
    extent: np.ndarray,
    pbc: np.ndarray,
    custom_edges: Sequence[tuple],
    atol: float,
) -> Templates:
    """Templates of the edges (a, b, vector) or (a, b, vector, colour) of a user."""
    ab, cells, colors = [], [], []
    for place, edge in enumerate(custom_edges):
        if len(edge) not in (3, 4):
            raise ValueError(
                "Argument `custom_edges` must hold (from, to, vector) or (from, to, vector, "
                f"colour), but has {edge}."
            )
        a, b, vector = edge[:3]
        for sublattice in (a, b):
            if not 0 <= sublattice < len(offsets):
                raise ValueError(
                    f"Argument `custom_edges` must connect sublattices from 0 to "
                    f"{len(offsets) - 1}, but has {edge}."
                )
        cell = (np.asarray(vector, dtype=float) - offsets[b] + offsets[a]) @ np.linalg.inv(basis)
        if np.linalg.norm((cell - np.rint(cell)) @ basis) > atol:
            raise ValueError(
                f"Argument `custom_edges` has the vector {vector}, which does not lead from a site "
                f"of sublattice {a} to one of sublattice {b}."
            )
        cell = np.rint(cell).astype(int)
        if (~pbc & (np.abs(cell) >= extent)).any():
            raise ValueError(
                f"Argument `custom_edges` has the vector {vector}, which is longer than the "
                f"lattice of {extent.tolist()} unit cells in a direction that is not periodic."
            )
        if a == b and not np.where(pbc, cell % extent, cell).any():
            raise ValueError(
                f"Argument `custom_edges` has the vector {vector}, which connects every site of "
                f"sublattice {a} with itself, around a periodic lattice of {extent.tolist()} unit "
                "cells. Use a larger `extent`, or pbc=False for a short direction."
            )
        ab.append((a, b))
        cells.append(cell)
        colors.append(edge[3] if len(edge) == 4 else place)
    return Templates(
        np.array(ab, dtype=np.int64).reshape(-1, 2),
        np.array(cells, dtype=np.int64).reshape(-1, len(basis)),
        np.array(colors, dtype=np.int64),
    )


def check_double_edges(
    templates: Templates, extent: np.ndarray, pbc: np.ndarray, n_sublattices: int, *, ordered: bool
) -> None:
    """Periodic directions must not turn different bonds into edges between the same two sites.

    Neighbours of one order count once. Other bonds are told apart by their colours.

    Args:
        templates: edges of one unit cell.
        extent, pbc: (d,) size and periodicity.
        n_sublattices: sites in the unit cell.
        ordered: colours are the orders of neighbours.

    Raises:
        ValueError: two sites would be neighbours of two orders, or have two edges of one colour.
    """
    seen: dict[tuple, int] = {}
    for number, (key, back) in enumerate(zip(*_ends(templates, extent, pbc))):
        color = int(templates.colors[number])
        if not ordered and (key == back or seen.get((min(key, back), color)) is not None):
            other = number if key == back else seen[min(key, back), color]
            raise _double_edge(templates, other, number, extent, n_sublattices)
        name = min(key, back) if ordered else (min(key, back), color)
        other = seen.setdefault(name, number)
        if ordered and templates.colors[other] != color:
            raise _double_edge(templates, other, number, extent, n_sublattices)


def _ends(templates: Templates, extent: np.ndarray, pbc: np.ndarray) -> tuple[list, list]:
    """What each template connects, seen from both ends: (a, b, R), up to whole periods."""
    ab, cells, _ = templates
    ways = ((ab, cells), (ab[:, ::-1], -cells))
    there, back = (
        [*map(tuple, np.append(ends, np.where(pbc, shift % extent, shift), axis=1).tolist())]
        for ends, shift in ways
    )
    return there, back


def _double_edge(
    templates: Templates, first: int, second: int, extent: np.ndarray, n_sublattices: int
) -> ValueError:
    (a, b), cell = templates.sublattices[second], templates.cells[second]
    target = int(np.ravel_multi_index(tuple(cell % extent), tuple(extent.tolist())))
    sites = f"sites {a} and {target * n_sublattices + b}"
    colors = templates.colors[[first, second]].tolist()
    open_ends = _ends(templates, extent, np.zeros_like(extent, dtype=bool))
    first_end, second_end = ({ends[i] for ends in open_ends} for i in (first, second))
    if first != second and first_end == second_end:
        return ValueError(
            f"Argument `custom_edges` must hold each edge once, but has that of colour {colors[0]} "
            f"between {sites} twice, or from both ends."
        )
    what = (
        f"be neighbours of order {colors[0] + 1} and of order {colors[1] + 1}"
        if colors[0] != colors[1]
        else f"have two edges of colour {colors[0]}"
    )
    way_out = "a smaller `max_neighbor_order`" if colors[0] != colors[1] else "other edges"
    return ValueError(
        f"Argument `pbc` must not lead to double edges, but on a lattice of {extent.tolist()} unit "
        f"cells, {sites} would {what}, around a short periodic direction. Use a larger `extent`, "
        f"pbc=False for this direction, or {way_out}."
    )


def bonds_from_templates(
    templates: Templates, extent: np.ndarray, pbc: np.ndarray, n_sublattices: int, *, unique: bool
) -> tuple[np.ndarray, bool]:
    """Repeats templates in every unit cell.

    Args:
        templates: edges of one unit cell.
        extent, pbc: (d,) size and periodicity.
        n_sublattices: sites in the unit cell.
        unique: keep only one of several edges of a colour between two sites, and accept no edge
            from a site to itself. Otherwise there must be none, see `check_double_edges`.

    Returns:
        (E, 3) edges with colours; whether some were repeated.
    """
    shape = tuple(extent.tolist())
    n_cells = math.prod(shape)
    cells = np.stack(np.unravel_index(np.arange(n_cells), shape), axis=-1)
    parts = [np.zeros((0, 3), dtype=np.int64)]
    for (a, b), shift, color in zip(*templates):
        target = cells + shift
        inside = (pbc | ((target >= 0) & (target < extent))).all(axis=1)
        target = np.ravel_multi_index(tuple((target[inside] % extent).T), shape)
        source = np.flatnonzero(inside)
        i, j = source * n_sublattices + a, target * n_sublattices + b
        parts.append(np.stack([np.minimum(i, j), np.maximum(i, j), np.full_like(i, color)], axis=1))
    edges = np.concatenate(parts)
    if not unique:
        return edges, False
    loops = edges[edges[:, 0] == edges[:, 1]]
    if len(loops):
        raise RuntimeError(
            f"Neighbours of order {loops[0, 2] + 1} connect site {loops[0, 0]} with itself, around "
            "a short periodic direction. Use a larger `extent`, pbc=False for this direction, or a "
            "smaller `max_neighbor_order`."
        )
    distinct = np.unique(edges[:, [2, 0, 1]], axis=0)
    return distinct[:, [1, 2, 0]], len(distinct) < len(edges)
