# SPDX-License-Identifier: Apache-2.0
"""Pictures of lattices in one, two and three dimensions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from netket.utils import optional

from ._picture import Picture, compose

if TYPE_CHECKING:
    from .lattice import Lattice

#: Colours of the kinds of bonds, well apart in print and for the colour-blind.
_BOND_COLORS = ("#5b6670", "#e07b39", "#2a9d8f", "#8e5ea2", "#c9a227", "#b23a48")
_BASIS_COLOR = "#b22222"
_CELL_COLOR = "#f2d7b6"

#: Sites are seen from this direction in three dimensions: degrees of elevation and azimuth.
_VIEW = (16.0, -68.0)

#: How large images are in three dimensions, where they are in front of other sites.
_IMAGE_SHARE = 0.72

#: Inches.
_LEGEND_WIDTH = 1.75


class Style(NamedTuple):
    """How things are drawn; sizes are in points.

    Attributes:
        diameter: of the sites.
        color, text_color, image_text_color: of the sites, their numbers, and those of images.
        text_offset: where numbers are, relative to the sites.
        font_size: of the numbers; 0 for none.
        image_alpha: opacity of what lies beyond the periodic boundary.
    """

    diameter: float
    color: str
    text_color: str
    image_text_color: str
    text_offset: np.ndarray
    font_size: float
    image_alpha: float


def draw_lattice(
    lattice: Lattice,
    ax: Any = None,
    figsize: tuple[float, float] | None = None,
    distance_order: int = 1,
    *,
    node_size: float | None = None,
    node_color: str = "#1f78b4",
    node_text_color: str | None = None,
    node_text_offset: float | tuple[float, ...] | None = None,
    extra_sites_alpha: float = 0.3,
    draw_neighbors: bool = True,
    draw_text: bool = True,
    draw_basis_vectors: bool = True,
    draw_unit_cell: bool = True,
    show: bool = True,
) -> Any:
    """Draws a lattice; bonds around the periodic boundary are dashed, and lead to images of sites.

    Args:
        lattice: the lattice, in one, two or three dimensions.
        ax: axes of matplotlib, in three dimensions with ``projection="3d"``; new ones by default.
        figsize: size of the new figure in inches.
        distance_order: up to which order neighbours are connected; a lattice with custom edges
            shows these instead, and their colours.
        node_size: area of the sites in square points, as in ``scatter``.
        node_color, node_text_color: colours of sites, and of their numbers.
        node_text_offset: where the numbers are, relative to the sites: one number for all
            directions, or one for each.
        extra_sites_alpha: opacity of what lies beyond the periodic boundary.
        draw_neighbors, draw_text, draw_basis_vectors, draw_unit_cell: what is drawn.
        show: open the window.

    Returns:
        The axes of matplotlib.

    Raises:
        TypeError: `ax` are no axes.
        ValueError: the lattice has more than three dimensions; axes of the wrong kind are given.
    """
    if lattice.ndim > 3:
        raise ValueError(
            f"Only lattices in up to 3 dimensions can be drawn, but not {lattice!r}, which has "
            f"{lattice.ndim}."
        )
    plt = optional.require("matplotlib.pyplot", "to draw a lattice", extra="extra")
    picture = compose(lattice, distance_order if draw_neighbors else 0)
    if not draw_neighbors:
        picture = picture._replace(bonds=picture.bonds[:0], kinds=picture.kinds[:0], n_inner=0)
        picture = picture._replace(images=picture.images[:0], image_ids=picture.image_ids[:0])
    if not (draw_unit_cell or draw_basis_vectors):
        picture = picture._replace(corners=picture.corners[:0])
    solid = lattice.ndim == 3
    has_legend = len(picture.labels) > 1 and len(picture.kinds) > 0
    if ax is None:
        size = _figure_size(lattice, picture, has_legend) if figsize is None else figsize
        keywords = {"projection": "3d", "computed_zorder": False} if solid else {}
        _, ax = plt.subplots(figsize=size, layout="constrained", subplot_kw=keywords)
        # what room is left is to the right, for the legend
        ax.set_anchor("W" if has_legend else "C")
        width, height = size[0] - _LEGEND_WIDTH * has_legend, size[1]
    elif not hasattr(ax, "set_axis_off"):
        raise TypeError(f"Argument `ax` must be axes of matplotlib, but is {ax!r}.")
    elif solid != hasattr(ax, "get_zlim"):
        raise ValueError(
            f"Argument `ax` must {'' if solid else 'not '}be made with projection='3d' for a "
            f"lattice in {lattice.ndim} dimensions."
        )
    else:
        box = ax.get_window_extent()
        width, height = box.width / ax.figure.dpi, box.height / ax.figure.dpi
    ax.set_axis_off()
    _set_limits(ax, lattice, picture)
    diameter = _diameter(lattice, picture, width, height) if node_size is None else node_size**0.5
    style = Style(
        diameter=diameter,
        color=node_color,
        text_color="white" if node_text_color is None else node_text_color,
        image_text_color=node_color if node_text_color is None else node_text_color,
        text_offset=np.broadcast_to(np.asarray(node_text_offset or 0.0), (lattice.ndim,)),
        font_size=_font_size(diameter, lattice.n_nodes) if draw_text else 0.0,
        image_alpha=extra_sites_alpha,
    )
    draw: Any = _Solid(ax, style) if solid else _Flat(ax, style)
    if draw_unit_cell:
        draw.unit_cell(lattice.basis_vectors)
    draw.bonds(picture)
    if draw_basis_vectors:
        draw.basis(lattice.basis_vectors, _points(picture))
    draw.sites(picture)
    if has_legend:
        handles = [
            plt.Line2D([], [], color=_bond_color(kind), lw=1.6, label=label)
            for kind, label in picture.labels.items()
        ]
        ax.legend(
            handles=handles, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9
        )
    if show:
        plt.show()
    return ax


# -- sizes -------------------------------------------------------------------------------------


def _points(picture: Picture) -> np.ndarray:
    """(M, d) the sites and their images."""
    return np.concatenate([picture.sites, picture.images])


def _box(lattice: Lattice, picture: Picture) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper corner of what is drawn, (2,) or (3,)."""
    points = np.concatenate([_points(picture), picture.corners])
    if lattice.ndim < 3:
        bent = np.isin(picture.kinds, list(picture.bent))
        arcs = [_arc(line) for line in _flat(picture.bonds[bent])]
        points = np.concatenate([_flat(points), *arcs])
    margin = (0.15 if lattice.ndim == 3 else 0.45) * _nearest(lattice)
    if len(picture.corners) and lattice.ndim < 3:
        # names of the basis vectors
        margin = max(margin, 0.3 * float(np.linalg.norm(lattice.basis_vectors, axis=1).min()))
    return points.min(axis=0) - margin, points.max(axis=0) + margin


def _nearest(lattice: Lattice) -> float:
    """The smallest distance between sites."""
    periods = [3] * lattice.ndim
    cells = np.stack(np.unravel_index(np.arange(3**lattice.ndim), periods), axis=-1) - 1
    vectors = (cells @ lattice.basis_vectors)[:, None, None] + (
        lattice.site_offsets - lattice.site_offsets[:, None]
    )
    lengths = np.linalg.norm(vectors, axis=-1)
    return float(lengths[lengths > 1e-9].min())


def _figure_size(lattice: Lattice, picture: Picture, has_legend: bool) -> tuple[float, float]:
    """Inches, such that neighbours are well apart, within the width of a page."""
    if lattice.ndim == 3:
        return (6.0 + _LEGEND_WIDTH * has_legend, 6.0)
    low, high = _box(lattice, picture)
    scale = min(0.75 / _nearest(lattice), 7.5 / (high - low).max())
    width, height = (high - low) * scale
    return float(max(width, 1.5) + _LEGEND_WIDTH * has_legend), float(max(height, 0.8))


def _set_limits(ax: Any, lattice: Lattice, picture: Picture) -> None:
    low, high = _box(lattice, picture)
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    if lattice.ndim < 3:
        ax.set_aspect("equal")
        return
    ax.set_zlim(low[2], high[2])
    # the box is as long as the lattice, so that lengths are equal in all directions
    ax.set_box_aspect(high - low, zoom=1.15)
    ax.set_proj_type("persp", focal_length=0.8)
    ax.view_init(*_VIEW)


def _diameter(lattice: Lattice, picture: Picture, width: float, height: float) -> float:
    """Points across a site, on axes of that size in inches."""
    low, high = _box(lattice, picture)
    if lattice.ndim == 3:
        share, inches = 0.3, min(width, height) / (high - low).max()
    else:
        share, inches = 0.4, min(width / (high - low)[0], height / (high - low)[1])
    return float(np.clip(share * 72 * inches * _nearest(lattice), 1.5, 19.0))


def _font_size(diameter: float, n_nodes: int) -> float:
    """Points, such that all numbers fit into a site; 0 if they would be too small to read."""
    size = min(0.6 * diameter, 1.15 * diameter / len(str(n_nodes - 1)))
    return size if size >= 3.5 else 0.0


def _bond_color(kind: int) -> str:
    return _BOND_COLORS[kind % len(_BOND_COLORS)]


# -- one and two dimensions ----------------------------------------------------------------------


def _flat(points: np.ndarray) -> np.ndarray:
    """Points (..., d) in one or two dimensions as points in two."""
    missing = 2 - points.shape[-1]
    return np.pad(points, [(0, 0)] * (points.ndim - 1) + [(0, missing)])


class _Flat:
    """Draws on a plane."""

    def __init__(self, ax: Any, style: Style):
        self.ax, self.style = ax, style

    def unit_cell(self, basis: np.ndarray) -> None:
        if len(basis) == 2:
            corners = np.array([0 * basis[0], basis[0], basis[0] + basis[1], basis[1]])
            self.ax.fill(*corners.T, facecolor=_CELL_COLOR, alpha=0.55, edgecolor="none", zorder=0)

    def bonds(self, picture: Picture) -> None:
        lines = _flat(picture.bonds)
        for number, (line, kind) in enumerate(zip(lines, picture.kinds.tolist())):
            is_inner = number < picture.n_inner
            path = _arc(line) if kind in picture.bent else line
            self.ax.plot(
                *path.T,
                color=_bond_color(kind),
                lw=1.1 if kind > 0 and picture.is_ordered else 1.6,
                ls="-" if is_inner else (0, (3, 2)),
                alpha=1.0 if is_inner else max(self.style.image_alpha, 0.1) ** 0.5,
                zorder=1 if is_inner else 0.5,
                solid_capstyle="round",
            )

    def basis(self, basis: np.ndarray, sites: np.ndarray) -> None:
        points, vectors = _flat(sites), _flat(basis)
        for k, vector in enumerate(vectors):
            # arrows end at the rim of a site
            shrink = [
                self.style.diameter / 2
                if np.linalg.norm(points - end, axis=1).min() < 1e-6
                else 0.0
                for end in (0 * vector, vector)
            ]
            self.ax.annotate(
                "",
                vector,
                (0.0, 0.0),
                zorder=2,
                arrowprops={
                    "arrowstyle": "-|>,head_width=0.22,head_length=0.5",
                    "color": _BASIS_COLOR,
                    "lw": 1.8,
                    "shrinkA": shrink[0],
                    "shrinkB": shrink[1],
                },
            )
            aside = np.array([vector[1], -vector[0]]) / np.linalg.norm(vector)
            # on the outer side of the cell
            if len(vectors) == 2 and aside @ vectors[1 - k] > 0:
                aside = -aside
            self.ax.annotate(
                _vector_name(k),
                0.75 * vector,
                11 * aside,
                textcoords="offset points",
                ha="center",
                va="center",
                color=_BASIS_COLOR,
                fontsize=11,
                zorder=5,
            )

    def sites(self, picture: Picture) -> None:
        sites, images = _flat(picture.sites), _flat(picture.images)
        alpha = self.style.image_alpha
        area = self.style.diameter**2
        self.ax.scatter(*images.T, s=area, color="white", lw=0, zorder=2.5)
        self.ax.scatter(*images.T, s=area, color=self.style.color, alpha=alpha, lw=0, zorder=2.6)
        self.ax.scatter(*sites.T, s=area, color=self.style.color, lw=0, zorder=3)
        self._numbers(sites, range(len(sites)), self.style.text_color)
        self._numbers(images, picture.image_ids.tolist(), self.style.image_text_color)

    def _numbers(self, points: np.ndarray, numbers: Any, color: str) -> None:
        if not self.style.font_size:
            return
        for point, number in zip(points + _flat(self.style.text_offset), numbers):
            self.ax.text(
                *point,
                str(number),
                color=color,
                fontsize=self.style.font_size,
                ha="center",
                va="center_baseline",
                zorder=4,
            )


def _arc(line: np.ndarray, n: int = 24) -> np.ndarray:
    """Half an ellipse over a line (2, 2)."""
    vector = line[1] - line[0]
    # to the same side, whatever the direction of the bond
    normal = np.array([-vector[1], vector[0]])
    if normal[1] < 0 or (normal[1] == 0 and normal[0] < 0):
        normal = -normal
    t = np.linspace(0, np.pi, n)[:, None]
    along = (1 - np.cos(t)) / 2
    return line[0] + along * vector + 0.22 * np.sin(t) * normal


def _vector_name(k: int) -> str:
    return rf"$\mathbf{{a}}_{k + 1}$"


# -- three dimensions --------------------------------------------------------------------------


class _Solid:
    """Draws in space, what is far away first and paler."""

    def __init__(self, ax: Any, style: Style):
        self.ax, self.style = ax, style
        elevation, azimuth = np.deg2rad([ax.elev, ax.azim])
        self._towards_viewer = np.array(
            [
                np.cos(elevation) * np.cos(azimuth),
                np.cos(elevation) * np.sin(azimuth),
                np.sin(elevation),
            ]
        )
        limits = np.array([ax.get_xlim(), ax.get_ylim(), ax.get_zlim()])
        corners = np.stack(np.meshgrid(*limits), axis=-1).reshape(-1, 3) @ self._towards_viewer
        self._depths = (corners.min(), corners.max())

    def _nearness(self, points: np.ndarray) -> np.ndarray:
        """From 0, far away, to 1."""
        low, high = self._depths
        return (points @ self._towards_viewer - low) / (high - low)

    def _pale(self, color: str, nearness: float, alpha: float = 1.0) -> np.ndarray:
        from matplotlib.colors import to_rgb

        strength = alpha * (0.35 + 0.65 * float(np.clip(nearness, 0, 1)))
        return strength * np.array(to_rgb(color)) + (1 - strength)

    def unit_cell(self, basis: np.ndarray) -> None:
        for line in _cell_edges(basis):
            order = 10 * float(self._nearness(line).min()) - 0.1
            self.ax.plot(*line.T, color="#c08a4a", lw=1.3, zorder=order, alpha=0.9)

    def bonds(self, picture: Picture) -> None:
        # behind the sites at both ends
        lines = zip(picture.bonds, picture.kinds.tolist(), self._nearness(picture.bonds).min(1))
        for number, (line, kind, nearness) in enumerate(lines):
            is_inner = number < picture.n_inner
            fade = 1.0 if is_inner else max(self.style.image_alpha, 0.1) ** 0.5
            self.ax.plot(
                *line.T,
                color=self._pale(_bond_color(kind), nearness, fade),
                lw=(1.7 if is_inner else 1.0) * (0.6 + 0.6 * nearness),
                ls="-" if is_inner else (0, (3, 2)),
                zorder=10 * nearness,
                solid_capstyle="round",
            )

    def basis(self, basis: np.ndarray, sites: np.ndarray) -> None:
        for k, vector in enumerate(basis):
            nearness = float(self._nearness(np.array([0 * vector, vector])).min())
            # up to the rim of a site
            shown = 0.86 if np.linalg.norm(sites - vector, axis=1).min() < 1e-6 else 1.0
            arrow = {"lw": 1.8, "arrow_length_ratio": 0.14, "zorder": 10 * nearness + 0.4}
            self.ax.quiver(0, 0, 0, *(shown * vector), color=_BASIS_COLOR, **arrow)
            self.ax.text(
                *(0.55 * vector + 0.1 * (vector - basis.mean(axis=0))),
                _vector_name(k),
                color=_BASIS_COLOR,
                fontsize=11,
                ha="center",
                va="center",
                zorder=11,
            )

    def sites(self, picture: Picture) -> None:
        for point, number, is_image in _numbered(picture):
            # images are small and let pass through what is behind them
            share, alpha = (_IMAGE_SHARE, self.style.image_alpha) if is_image else (1.0, 1.0)
            nearness = float(self._nearness(point))
            scale = share * (0.75 + 0.5 * nearness)
            order = 10 * nearness + 0.5
            self.ax.scatter(
                *point,
                s=(scale * self.style.diameter) ** 2,
                color=[self._pale(self.style.color, nearness)],
                alpha=alpha,
                lw=0.0 if is_image else 0.6,
                edgecolor="white",
                depthshade=False,
                zorder=order,
            )
            if self.style.font_size:
                self.ax.text(
                    *(point + self.style.text_offset),
                    str(number),
                    color=self.style.image_text_color if is_image else self.style.text_color,
                    alpha=0.35 + 0.65 * nearness if is_image else 1.0,
                    fontsize=scale * self.style.font_size,
                    ha="center",
                    va="center_baseline",
                    zorder=order + 0.01,
                )


def _numbered(picture: Picture) -> Iterator[tuple[np.ndarray, int, bool]]:
    """Points, their numbers, and whether they are images."""
    for number, point in enumerate(picture.sites):
        yield point, number, False
    for number, point in zip(picture.image_ids.tolist(), picture.images):
        yield point, number, True


def _cell_edges(basis: np.ndarray) -> Iterator[np.ndarray]:
    """The edges (2, 3) of a unit cell, without those along the basis vectors."""
    for k in range(3):
        first, second = (basis[i] for i in range(3) if i != k)
        for corner in (first, second, first + second):
            yield np.array([corner, corner + basis[k]])
