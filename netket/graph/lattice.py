# SPDX-License-Identifier: Apache-2.0
"""`Lattice`: unit cells repeated in d directions, r = Σ_i n_i a_i + o_s.

Sites are numbered lexicographically in (n_1, ..., n_d, s): the sublattice s counts fastest, then
the last direction.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from netket.errors import InitializePeriodicLatticeOnSmallLatticeWarning, NetketError

from ._bonds import (
    bonds_from_templates,
    check_double_edges,
    custom_templates,
    neighbor_templates,
)
from ._lattice_groups import LatticeGroups
from ._structure import structure
from .drawing import draw_lattice
from .graph import Graph


class InvalidSiteError(NetketError, ValueError):
    """A position or coordinate does not belong to a site of the lattice."""


class InvalidWaveVectorError(NetketError, ValueError):
    """A wave vector does not fit into the periodic lattice."""


@dataclass(frozen=True)
class LatticeSite:
    """A site of a lattice.

    Attributes:
        id: its number.
        position: its position in space, (d,).
        basis_coord: the coordinates of its unit cell, and its sublattice, (d + 1,).
    """

    id: int
    position: np.ndarray
    basis_coord: np.ndarray

    def __repr__(self) -> str:
        return f"LatticeSite({self.id}, {self.basis_coord})"


class Lattice(LatticeGroups, Graph):
    """A finite part of a lattice, periodic or not in each direction.

    Args:
        basis_vectors: (d, d) the vectors between neighbouring unit cells, one per row.
        extent: (d,) number of unit cells in each direction.
        pbc: whether the lattice is periodic, for all directions or for each.
        site_offsets: (n, d) positions of the sites in the unit cell; by default one at the origin.
        distance_atol: distances that differ by less are the same.
        point_group: the symmetry of the lattice around the origin, for space groups.
        max_neighbor_order: edges connect k-th neighbours for k = 1, ..., max_neighbor_order (by
            default 1), and have the colour k - 1.
        custom_edges: instead, list of (from, to, vector) or (from, to, vector, colour): in every
            unit cell, an edge goes from sublattice `from` to the site of sublattice `to` that is
            displaced by the vector. Without a colour it is the place in the list.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: shapes do not fit; the basis vectors are linearly dependent; both kinds of edges
            are given; a vector does not connect the sublattices; around a short periodic direction,
            two sites would have two edges of one colour, or be neighbours of two orders.
        RuntimeError: an edge would connect a site with itself, around a short periodic direction.

    Example:
        >>> import netket as nk
        >>> nk.graph.Lattice([[1, 0], [0, 1]], extent=(3, 4), pbc=[True, False]).n_edges
        21
    """

    def __init__(
        self,
        basis_vectors: Sequence[Sequence[float]] | np.ndarray,
        extent: Sequence[int],
        *,
        pbc: bool | Sequence[bool] = True,
        site_offsets: Sequence[Sequence[float]] | np.ndarray | None = None,
        distance_atol: float = 1e-5,
        point_group: Any = None,
        max_neighbor_order: int | None = None,
        custom_edges: Sequence[tuple] | None = None,
    ):
        self._basis_vectors = _check_basis(basis_vectors)
        self._extent = check_extent(extent, len(self._basis_vectors))
        self._pbc = check_pbc(pbc, len(self._basis_vectors))
        self._site_offsets = _check_offsets(site_offsets, self._basis_vectors, distance_atol)
        self._point_group = point_group
        self._distance_atol = distance_atol
        self._known_name: str | None = None
        cell = (self._basis_vectors, self._site_offsets)
        if custom_edges is not None:
            if max_neighbor_order is not None:
                raise ValueError(
                    "Arguments `custom_edges` and `max_neighbor_order` must not both be given."
                )
            size = (self._extent, self._pbc)
            templates = custom_templates(*cell, *size, custom_edges, distance_atol)
        else:
            order = _check_order(max_neighbor_order)
            templates = neighbor_templates(*cell, self._extent, self._pbc, order, distance_atol)
        # pictures show each bond where it is
        self._custom_templates = None if custom_edges is None else templates
        repeats = (templates, self._extent, self._pbc, len(self._site_offsets))
        pairs, colors, repeated = bonds_from_templates(*repeats, unique=custom_edges is None)
        check_double_edges(*repeats, ordered=custom_edges is None)
        if repeated:
            for i in np.flatnonzero(self._pbc & (self._extent <= 2)).tolist()[:1]:
                warnings.warn(
                    InitializePeriodicLatticeOnSmallLatticeWarning(int(self._extent[i]), i),
                    stacklevel=3,
                )
        self._set(pairs, colors, math.prod(self._extent.tolist()) * len(self._site_offsets))
        if (known := structure(*repeats)) is not None:
            self._is_connected, self._is_bipartite = True, known.is_bipartite
        self._is_grid = known is not None and known.is_grid

    # -- the unit cell ------------------------------------------------------------------------

    @property
    def basis_vectors(self) -> np.ndarray:
        """(d, d) the vectors between neighbouring unit cells, one per row."""
        return self._basis_vectors

    @property
    def site_offsets(self) -> np.ndarray:
        """(n, d) positions of the sites in the unit cell."""
        return self._site_offsets

    @property
    def ndim(self) -> int:
        """Number of directions, d."""
        return len(self._basis_vectors)

    @property
    def extent(self) -> np.ndarray:
        """(d,) number of unit cells in each direction."""
        return self._extent

    @property
    def pbc(self) -> np.ndarray:
        """(d,) whether each direction is periodic."""
        return self._pbc

    # -- sites --------------------------------------------------------------------------------

    @property
    def _grid_shape(self) -> tuple[int, ...]:
        return (*self._extent.tolist(), len(self._site_offsets))

    @cached_property
    def basis_coords(self) -> np.ndarray:
        """(n_nodes, d + 1) coordinates of the unit cell, and sublattice, of every site."""
        return np.stack(np.unravel_index(np.arange(self.n_nodes), self._grid_shape), axis=-1)

    @cached_property
    def positions(self) -> np.ndarray:
        """(n_nodes, d) positions of the sites."""
        return self._positions_of(self.basis_coords)

    def _positions_of(self, coords: np.ndarray) -> np.ndarray:
        return coords[..., :-1] @ self._basis_vectors + self._site_offsets[coords[..., -1]]

    @cached_property
    def sites(self) -> list[LatticeSite]:
        """The sites in order."""
        parts = zip(self.positions, self.basis_coords)
        return [LatticeSite(i, position, coord) for i, (position, coord) in enumerate(parts)]

    def id_from_basis_coords(self, basis_coords: Any) -> int | np.ndarray:
        """Numbers of the sites with given coordinates, which are not wrapped.

        Args:
            basis_coords: (..., d + 1) coordinates of the unit cell, and sublattice.

        Raises:
            InvalidSiteError: there is no such site.
        """
        coords = self._checked_coords(basis_coords)
        ids = np.ravel_multi_index(tuple(np.moveaxis(coords, -1, 0)), self._grid_shape)
        return int(ids) if ids.ndim == 0 else ids

    def position_from_basis_coords(self, basis_coords: Any) -> np.ndarray:
        """Positions (..., d) of the sites with coordinates (..., d + 1).

        Raises:
            InvalidSiteError: there is no such site.
        """
        return self._positions_of(self._checked_coords(basis_coords))

    def _checked_coords(self, basis_coords: Any) -> np.ndarray:
        coords = np.asarray(basis_coords)
        if coords.shape[-1:] != (self.ndim + 1,) or not np.issubdtype(coords.dtype, np.integer):
            raise InvalidSiteError(
                f"Argument `basis_coords` must hold {self.ndim + 1} integers for each site, the "
                f"unit cell and the sublattice, but has shape {coords.shape}, {coords.dtype}."
            )
        outside = ((coords < 0) | (coords >= self._grid_shape)).any(axis=-1)
        if outside.any():
            raise InvalidSiteError(
                f"Argument `basis_coords` must be between 0 and {self._grid_shape} (not included), "
                f"but has {coords[outside][0].tolist()}."
            )
        return coords

    def id_from_position(self, position: Any) -> int | np.ndarray:
        """Numbers of the sites at given positions; periodic directions are wrapped.

        Args:
            position: (..., d) positions.

        Raises:
            InvalidSiteError: there is no site at a position.
        """
        position = np.asarray(position, dtype=float)
        if position.shape[-1:] != (self.ndim,):
            raise InvalidSiteError(
                f"Argument `position` must have shape (..., {self.ndim}), but has {position.shape}."
            )
        cells = (position[..., None, :] - self._site_offsets) @ np.linalg.inv(self._basis_vectors)
        cell = np.rint(cells).astype(int)  # (..., n, d), for every sublattice
        error = np.linalg.norm((cells - cell) @ self._basis_vectors, axis=-1)
        cell = np.where(self._pbc, cell % self._extent, cell)
        fits = (error < self._distance_atol) & ((cell >= 0) & (cell < self._extent)).all(axis=-1)
        if not fits.any(axis=-1).all():
            bad = position[~fits.any(axis=-1)].reshape(-1, self.ndim)[0]
            raise InvalidSiteError(
                f"Argument `position` must hold positions of sites, but there is none at {bad}."
            )
        sublattice = fits.argmax(axis=-1)
        cell = np.take_along_axis(cell, sublattice[..., None, None], axis=-2)[..., 0, :]
        coords = np.concatenate([cell, sublattice[..., None]], axis=-1)
        return self.id_from_basis_coords(coords)

    # -- geometry -----------------------------------------------------------------------------

    def distances(self) -> np.ndarray:
        if not self._is_grid:
            return super().distances()
        lengths = np.zeros((1, 1), dtype=int)
        for length, periodic in zip(self._extent.tolist(), self._pbc.tolist()):
            cells = np.arange(length)
            steps = np.abs(cells - cells[:, None])
            if periodic:
                steps = np.minimum(steps, length - steps)
            n = len(lengths) * length
            lengths = (lengths[:, None, :, None] + steps[:, None, :]).reshape(n, n)
        return lengths

    def distances_euclidean(self, *, minimum_image: bool = True) -> np.ndarray:
        """Distances in space between all sites.

        Args:
            minimum_image: in periodic directions, take the closest of the images of a site.

        Returns:
            (n_nodes, n_nodes).
        """
        # distances depend on the difference of the unit cells, and on the sublattices only
        wrapped = self._pbc & minimum_image
        periods = np.where(wrapped, self._extent, 2 * self._extent - 1).tolist()
        table = self._distance_table(periods, self._image_shifts() if minimum_image else None)
        n, d = len(self._site_offsets), self.ndim
        place = np.arange(n * n).reshape((1,) * d + (n,) + (1,) * d + (n,))
        stride = n * n
        for k in reversed(range(d)):
            cells = np.arange(self._extent[k])
            difference = (cells - cells[:, None]) % periods[k]
            shape = np.ones(2 * d + 2, dtype=int)
            shape[[k, d + 1 + k]] = self._extent[k]
            place = place + stride * difference.reshape(shape)
            stride *= periods[k]
        return table.ravel()[place].reshape(self.n_nodes, self.n_nodes)

    def _distance_table(self, periods: list[int], shifts: np.ndarray | None) -> np.ndarray:
        """Distances (prod(periods), n, n) by difference of unit cells, and sublattices."""
        cells = np.stack(np.unravel_index(np.arange(np.prod(periods)), periods), axis=-1)
        # the first half of the differences is positive
        cells = np.where(cells < self._extent, cells, cells - periods)
        vectors = (cells @ self._basis_vectors)[:, None, None] + (
            self._site_offsets - self._site_offsets[:, None]
        )
        squares = (vectors**2).sum(axis=-1)
        for shift in () if shifts is None else shifts:
            np.minimum(squares, ((vectors + shift) ** 2).sum(axis=-1), out=squares)
        return np.sqrt(squares)

    def _image_shifts(self) -> np.ndarray:
        """Vectors to the images of the lattice, without zero, that may hold the closest site."""
        edges = self._basis_vectors * self._extent[:, None]
        reach = self._image_reach(edges)
        ranges = [np.arange(-n, n + 1) if p else np.zeros(1, int) for n, p in zip(reach, self._pbc)]
        shifts = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, self.ndim)
        return shifts[shifts.any(axis=1)] @ edges

    def _image_reach(self, edges: np.ndarray) -> np.ndarray:
        # the minimum image lies within half the diagonal of the box
        radius = np.linalg.norm(np.abs(edges).sum(axis=0)) / 2
        heights = 1 / np.linalg.norm(np.linalg.inv(edges), axis=0)
        spread = np.ptp(self._site_offsets, axis=0) @ np.abs(np.linalg.inv(edges))
        return np.ceil(radius / heights + 0.5 + spread).astype(int)

    def to_reciprocal_lattice(self, ks: Any) -> np.ndarray:
        """Integer coordinates of wave vectors in the basis of the reciprocal lattice.

        Args:
            ks: (..., d) wave vectors in Cartesian coordinates.

        Returns:
            (..., d) integers m with k · (L_i a_i) = 2π m_i.

        Raises:
            InvalidWaveVectorError: a vector does not fit into the periodic box, or is not zero in
                an open direction.
        """
        ks = np.atleast_2d(np.asarray(ks, dtype=float))
        m = ks @ (self._basis_vectors * self._extent[:, None]).T / (2 * np.pi)
        integers = np.rint(m).astype(int)
        good = (np.abs(m - integers) < 1e-5) & (self._pbc | (integers == 0))
        if not good.all():
            bad = ~good.all(axis=-1)
            raise InvalidWaveVectorError(
                "Argument `ks` must hold wave vectors with k·(L_i a_i) = 2π m_i for integers m_i, "
                f"zero in open directions, but has {ks[bad][0].tolist()}, where m is "
                f"{m[bad][0].tolist()}."
            )
        return integers

    # -- pictures and names -------------------------------------------------------------------

    draw = draw_lattice

    def _named(self, name: str) -> Lattice:
        self._known_name = name
        return self

    def __repr__(self) -> str:
        if self._known_name is None:
            lines = [
                f"n_nodes={self.n_nodes}",
                f"extent={self._extent}",
                f"basis_vectors=\n        {_indented(self._basis_vectors)}",
                f"site_offsets=\n        {_indented(self._site_offsets)}",
            ]
            return "Lattice(\n" + "".join(f"    {line},\n" for line in lines) + ")\n"
        return f"{str(self)[:-1]}, n_nodes={self.n_nodes})"

    def __str__(self) -> str:
        if self._known_name is None:
            return repr(self)
        pbc = self._pbc.tolist()
        shown = pbc[0] if len(set(pbc)) == 1 else pbc
        return f"{self._known_name}(extent={self._extent.tolist()}, pbc={shown})"


def _indented(array: np.ndarray) -> str:
    return str(array).replace("\n", "\n        ")


# -- checks of arguments -----------------------------------------------------------------------


def _check_basis(basis_vectors: Any) -> np.ndarray:
    basis = np.asarray(basis_vectors, dtype=float)
    if basis.ndim != 2 or basis.shape[0] != basis.shape[1]:
        raise ValueError(
            "Argument `basis_vectors` must be d vectors in d dimensions, one per row, but has "
            f"shape {basis.shape}."
        )
    if abs(np.linalg.det(basis)) < 1e-12 * math.hypot(*basis.flat) ** len(basis):
        raise ValueError("Argument `basis_vectors` must be linearly independent vectors.")
    return basis


def _check_order(order: Any) -> int:
    if order is None:
        return 1
    if isinstance(order, bool) or not isinstance(order, int | np.integer):
        raise TypeError(f"Argument `max_neighbor_order` must be an integer, but is {order!r}.")
    if order < 0:
        raise ValueError(f"Argument `max_neighbor_order` must be at least 0, but is {order}.")
    return int(order)


def check_extent(extent: Any, ndim: int) -> np.ndarray:
    """The extent as integers (d,)."""
    array = np.asarray(extent)
    if array.ndim != 1:
        raise TypeError(
            f"Argument `extent` must be a sequence, the length of each of {ndim} directions, but "
            f"is {extent!r}."
        )
    if len(array) != ndim:
        raise ValueError(
            f"Argument `extent` must have {ndim} entries, one for each basis vector, but has "
            f"{len(array)}."
        )
    if not np.issubdtype(array.dtype, np.integer) or (array < 1).any():
        raise ValueError(f"Argument `extent` must hold positive integers, but is {extent!r}.")
    return array.astype(np.int64)


def check_pbc(pbc: Any, ndim: int) -> np.ndarray:
    """Whether each direction is periodic, (d,)."""
    array = np.asarray(pbc)
    if array.dtype != bool or array.shape not in ((), (ndim,)):
        raise ValueError(
            f"Argument `pbc` must be True, False, or {ndim} of them, one for each direction, but "
            f"is {pbc!r}."
        )
    return np.broadcast_to(array, (ndim,)).copy()


def _check_offsets(offsets: Any, basis: np.ndarray, atol: float) -> np.ndarray:
    if offsets is None:
        return np.zeros((1, len(basis)))
    offsets = np.asarray(offsets, dtype=float)
    if offsets.ndim != 2 or offsets.shape[1] != len(basis) or len(offsets) == 0:
        raise ValueError(
            f"Argument `site_offsets` must have shape (n, {len(basis)}), one position for each "
            f"site of the unit cell, but has {offsets.shape}."
        )
    fractional = (offsets[:, None] - offsets[None, :]) @ np.linalg.inv(basis)
    remainder = (fractional - np.rint(fractional)) @ basis
    same = np.tril(np.linalg.norm(remainder, axis=-1) < atol, -1).any(axis=1)
    if same.any():
        warnings.warn(
            f"Argument `site_offsets` has sites that coincide; only {offsets[~same].tolist()} are "
            "kept.",
            stacklevel=4,
        )
    return offsets[~same]
