# SPDX-License-Identifier: Apache-2.0
"""Pictures of one- and two-dimensional lattices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from netket.utils import optional

if TYPE_CHECKING:
    from .lattice import Lattice


def draw_lattice(
    lattice: Lattice,
    ax: Any = None,
    figsize: tuple[float, float] | None = None,
    distance_order: int = 1,
    *,
    node_size: float | None = None,
    node_color: str = "#1f78b4",
    node_text_color: str | None = None,
    node_text_offset: tuple[float, float] | None = None,
    extra_sites_alpha: float = 0.3,
    draw_neighbors: bool = True,
    draw_text: bool = True,
    draw_basis_vectors: bool = True,
    draw_unit_cell: bool = True,
    show: bool = True,
) -> Any:
    """Draws a lattice in one or two dimensions; bonds around the boundary end half-way.

    Args:
        lattice: the lattice.
        ax, figsize: where to draw; a new figure by default.
        distance_order: bonds are drawn up to this colour.
        node_size, node_color, node_text_color, node_text_offset: how sites are drawn.
        extra_sites_alpha: transparency of the bonds around the boundary.
        draw_neighbors, draw_text, draw_basis_vectors, draw_unit_cell: what is drawn.
        show: open the window.

    Returns:
        The axes of matplotlib.

    Raises:
        ValueError: the lattice has more than two dimensions.
    """
    if lattice.ndim > 2:
        raise ValueError(f"Only lattices in 1 or 2 dimensions can be drawn, but not {lattice!r}.")
    plt = optional.require("matplotlib.pyplot", "to draw a lattice", extra="extra")
    if ax is None:
        _, ax = plt.subplots(figsize=figsize)
    points = _planar(lattice.positions)
    if draw_neighbors:
        _draw_bonds(ax, lattice, distance_order, extra_sites_alpha)
    ax.scatter(*points.T, s=node_size, color=node_color, zorder=3)
    if draw_text:
        shift = np.asarray(node_text_offset if node_text_offset is not None else (0.05, 0.05))
        for i, point in enumerate(points):
            ax.text(*(point + shift), str(i), color=node_text_color, zorder=4)
    basis = _planar(lattice.basis_vectors)
    origin = points[0]
    if draw_unit_cell and lattice.ndim == 2:
        corners = origin + np.array([0 * basis[0], basis[0], basis.sum(axis=0), basis[1]])
        ax.fill(*corners.T, color="lightgray", alpha=0.4, zorder=0)
    if draw_basis_vectors:
        for vector in basis:
            ax.annotate("", origin + vector, origin, arrowprops={"arrowstyle": "->"})
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_axis_off()
    if show:
        plt.show()
    return ax


def _planar(vectors: np.ndarray) -> np.ndarray:
    """Vectors in one or two dimensions as vectors in two."""
    return np.pad(vectors, ((0, 0), (0, 2 - vectors.shape[1])))


def _draw_bonds(ax: Any, lattice: Lattice, distance_order: int, alpha: float) -> None:
    shifts = np.concatenate([np.zeros((1, lattice.ndim)), lattice._image_shifts()])
    for i, j, color in lattice.edges(return_color=True):
        if color >= distance_order:
            continue
        start, end = lattice.positions[i], lattice.positions[j]
        # the image of the other end that is closest
        vector = min(end - start + shifts, key=lambda v: float(v @ v))
        if np.allclose(start + vector, end):
            ax.plot(*_planar(np.array([start, end])).T, color="gray", zorder=1)
        else:
            for line in ([start, start + vector / 2], [end - vector / 2, end]):
                ax.plot(*_planar(np.array(line)).T, color="gray", alpha=alpha, zorder=1)
