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
    heights = 1 / np.sqrt((np.linalg.inv(basis) ** 2).sum(axis=0))
    # more than max_order distances lie within this many steps along the shortest direction
    radius = math.sqrt((basis**2).sum(axis=1).min()) * (max_order + 1) + margin
    is_open = not pbc.any()
    if is_open:
        box = np.abs(basis * extent[:, None]).sum(axis=0)
        radius = min(radius, math.hypot(*box.tolist()) + margin)
    while True:
        reach = np.ceil((radius + margin) / heights).astype(int)
        # beyond an open lattice there is nothing to connect to
        limited = np.where(pbc, reach, np.minimum(reach, extent - 1))
        ab, cells, lengths = _pairs_within(basis, offsets, limited, radius + atol)
        order = np.zeros(len(lengths), dtype=np.int64)
        np.cumsum(lengths[1:] - lengths[:-1] > atol, out=order[1:])
        everything = is_open and (reach >= extent - 1).all()
        if everything or (len(order) and order[-1] >= max_order):
            break
        radius *= 1.5
    # lengths ascend
    n_kept = int((order < max_order).sum())
    return Templates(ab[:n_kept], cells[:n_kept], order[:n_kept])


def _diameter(offsets: np.ndarray) -> float:
    if len(offsets) == 1:
        return 0.0
    return math.sqrt(((offsets[:, None] - offsets[None, :]) ** 2).sum(axis=-1).max())


def _pairs_within(
    basis: np.ndarray, offsets: np.ndarray, reach: np.ndarray, radius: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sublattices (P, 2), displacements (P, d) and lengths (P,), ascending, of bonds."""
    cells = np.indices((2 * reach + 1).tolist()).reshape(len(basis), -1).T - reach
    n = len(offsets)
    pairs = np.array([(a, b) for a in range(n) for b in range(a, n)])
    first, second = pairs.T
    # within a sublattice, only one of R and -R, and not R = 0
    positive = np.arange(len(cells)) > len(cells) // 2
    cell, pair = (positive[:, None] | (first != second)).nonzero()
    vectors = (cells @ basis)[cell] + (offsets[second] - offsets[first])[pair]
    lengths = np.sqrt((vectors**2).sum(axis=1))
    order = lengths.argsort(kind="stable")
    order = order[lengths[order] < radius]
    return pairs[pair[order]], cells[cell[order]], lengths[order]


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
    periods = [length if p else 0 for length, p in zip(extent.tolist(), pbc.tolist())]
    there, back = [], []
    for (a, b), cell in zip(templates.sublattices.tolist(), templates.cells.tolist()):
        there.append((a, b, *(r % n if n else r for r, n in zip(cell, periods))))
        back.append((b, a, *(-r % n if n else -r for r, n in zip(cell, periods))))
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
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Repeats templates in every unit cell.

    Args:
        templates: edges of one unit cell.
        extent, pbc: (d,) size and periodicity.
        n_sublattices: sites in the unit cell.
        unique: keep only one of several edges of a colour between two sites, and accept no edge
            from a site to itself. Otherwise there must be none, see `check_double_edges`.

    Returns:
        (2, E) sites, the smaller first; (E,) colours; whether some edges were repeated. Edges that
        are `unique` are sorted by colour, and by sites.
    """
    n_sites = math.prod(extent.tolist()) * n_sublattices
    ends = [
        _repeated(ab, cell, extent.tolist(), pbc.tolist(), n_sublattices)
        for ab, cell in zip(templates.sublattices.tolist(), templates.cells.tolist())
    ]
    edges = np.concatenate(ends, axis=1) if ends else np.zeros((2, 0), dtype=np.int64)
    edges = np.stack([np.minimum(*edges), np.maximum(*edges)])
    colors = np.repeat(templates.colors, [pairs.shape[1] for pairs in ends])
    if not unique:
        return edges, colors, False
    loops = edges[0] == edges[1]
    if loops.any():
        raise RuntimeError(
            f"Neighbours of order {colors[loops][0] + 1} connect site {edges[0, loops][0]} with "
            "itself, around a short periodic direction. Use a larger `extent`, pbc=False for this "
            "direction, or a smaller `max_neighbor_order`."
        )
    keys = np.sort((colors * n_sites + edges[0]) * n_sites + edges[1])
    different = keys[1:] != keys[:-1]
    repeated = not different.all()
    if repeated:
        keys = keys[np.append(True, different)]
    rest, last = np.divmod(keys, n_sites)
    colors, first = np.divmod(rest, n_sites)
    return np.stack([first, last]), colors, repeated


def _repeated(
    sublattices: list[int], cell: list[int], extent: list[int], pbc: list[bool], n: int
) -> np.ndarray:
    """(2, E) the sites that a template connects, in the order of the first unit cell."""
    source = target = np.zeros((), dtype=np.int64)
    for step, length, periodic in zip(cell, extent, pbc):
        if periodic:
            start = np.arange(length)
            stop = (start + step) % length
        else:
            start = np.arange(max(0, -step), min(length, length - step))
            stop = start + step
        source = (source * length)[..., None] + start
        target = (target * length)[..., None] + stop
    a, b = sublattices
    return np.stack([source.ravel() * n + a, target.ravel() * n + b])
