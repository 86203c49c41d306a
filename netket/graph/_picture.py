# SPDX-License-Identifier: Apache-2.0
"""What is seen in the picture of a lattice: sites, their periodic images, bonds."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ._bonds import Templates, neighbor_templates

if TYPE_CHECKING:
    from .lattice import Lattice


class Picture(NamedTuple):
    """Points and lines in space.

    Attributes:
        sites: (N, d) positions of the sites.
        images: (M, d) positions of images of sites around the periodic boundary.
        image_ids: (M,) the sites of which they are images.
        bonds: (B, 2, d) both ends of bonds; the bonds of the lattice, then those that lead to an
            image.
        kinds: (B,) which kind each bond is of: its neighbour order, or its colour.
        n_inner: how many bonds do not lead to an image.
        bent: the kinds that pass over a site, and are drawn as arcs.
        labels: what the kinds are called.
        is_ordered: the kinds are neighbour orders.
        corners: (2^d, d) corners of the unit cell.
    """

    sites: np.ndarray
    images: np.ndarray
    image_ids: np.ndarray
    bonds: np.ndarray
    kinds: np.ndarray
    n_inner: int
    bent: frozenset[int]
    labels: dict[int, str]
    is_ordered: bool
    corners: np.ndarray


def compose(lattice: Lattice, distance_order: int) -> Picture:
    """The picture of a lattice, with neighbours up to an order, or with its custom edges."""
    templates, labels = _visible_bonds(lattice, distance_order)
    extent, pbc = lattice.extent, lattice.pbc
    cells = lattice.basis_coords[:: len(lattice.site_offsets), :-1]
    inner, outer = [], []
    images: dict[tuple[float, ...], tuple[np.ndarray, int]] = {}

    def coords(cell: np.ndarray, sublattice: int) -> np.ndarray:
        return np.append(cell, np.full((*cell.shape[:-1], 1), sublattice), axis=-1)

    for (a, b), shift, color in zip(*templates):
        target = cells + shift
        exists = (pbc | ((target >= 0) & (target < extent))).all(axis=1)
        wrapped = np.where(pbc, target % extent, target)
        for cell, goal, back in zip(cells[exists], target[exists], wrapped[exists]):
            ends = lattice._positions_of(np.stack([coords(cell, a), coords(goal, b)]))
            if (goal == back).all():
                inner.append((ends, color))
                continue
            # the bond is seen at both sides of the boundary
            around = (back - goal) @ lattice.basis_vectors
            source, sink = (
                int(lattice.id_from_basis_coords(coords(c, s))) for c, s in ((cell, a), (back, b))
            )
            outer += [(ends, color), (ends + around, color)]
            for place, site in ((ends[1], sink), (ends[0] + around, source)):
                images[tuple(np.round(place, 6) + 0.0)] = (place, site)
    bonds = inner + outer
    d = lattice.ndim
    return Picture(
        sites=lattice.positions,
        images=np.array([place for place, _ in images.values()]).reshape(-1, d),
        image_ids=np.array([site for _, site in images.values()], dtype=int),
        bonds=np.array([ends for ends, _ in bonds]).reshape(-1, 2, d),
        kinds=np.array([color for _, color in bonds], dtype=int),
        n_inner=len(inner),
        bent=_bent(lattice, templates),
        labels=labels,
        is_ordered=lattice._custom_templates is None,
        corners=np.array(list(itertools.product((0, 1), repeat=d))) @ lattice.basis_vectors,
    )


def _visible_bonds(lattice: Lattice, distance_order: int) -> tuple[Templates, dict[int, str]]:
    if lattice._custom_templates is not None:
        templates = lattice._custom_templates
        colors = np.unique(templates.colors).tolist()
        return templates, {c: f"colour {c}" for c in colors}
    cell = (lattice.basis_vectors, lattice.site_offsets)
    size = (lattice.extent, lattice.pbc)
    templates = neighbor_templates(*cell, *size, distance_order, lattice._distance_atol)
    orders = np.unique(templates.colors).tolist()
    return templates, {k: f"{_ordinal(k + 1)} neighbours" for k in orders}


def _ordinal(n: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{'th' if n % 100 in (11, 12, 13) else ending}"


def _bent(lattice: Lattice, templates: Templates) -> frozenset[int]:
    """The colours of bonds that pass over a site."""
    bent = set()
    for (a, b), shift, color in zip(*templates):
        reach = int(np.abs(shift).max(initial=0)) + 1
        ranges = [np.arange(-reach, reach + 1)] * lattice.ndim
        cells = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, lattice.ndim)
        start = lattice.site_offsets[a]
        vector = shift @ lattice.basis_vectors + lattice.site_offsets[b] - start
        for offset in lattice.site_offsets:
            points = cells @ lattice.basis_vectors + offset - start
            along = points @ vector / (vector @ vector)
            aside = np.linalg.norm(points - along[:, None] * vector, axis=1)
            if ((aside < 1e-6) & (along > 1e-6) & (along < 1 - 1e-6)).any():
                bent.add(int(color))
    return frozenset(bent)
