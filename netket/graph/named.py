# SPDX-License-Identifier: Apache-2.0
"""Lattices with names: chains, grids, and the usual lattices in two and three dimensions."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from . import _point_groups as point_groups
from .lattice import Lattice, check_extent, check_pbc

_HEXAGONAL = [[1.0, 0.0], [0.5, 0.75**0.5]]
_FCC = [[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]]
_BCC = [[-0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.5, 0.5, -0.5]]
# centres of the hexagons are at the origin, where the rotations are
_HONEYCOMB = [[0.5, 0.5 / 3**0.5], [1.0, 1.0 / 3**0.5]]


def Grid(
    extent: Sequence[int],
    *,
    pbc: bool | Sequence[bool] = True,
    color_edges: bool = False,
    point_group: Any = None,
    **kwargs: Any,
) -> Lattice:
    """A hypercubic lattice whose sides may differ.

    Args:
        extent: length of each side.
        pbc: whether it is periodic, in all directions or in each.
        color_edges: give edges the number of their direction as colour.
        point_group: symmetry around a site, for space groups.
        kwargs: other arguments of `Lattice`.

    Example:
        >>> import netket as nk
        >>> nk.graph.Grid((3, 4)).n_edges
        24
    """
    if np.ndim(extent) != 1:
        raise TypeError(
            f"Argument `extent` must be a sequence of side lengths, but is {extent!r}. For equal "
            "sides, use Hypercube(length, n_dim)."
        )
    basis = np.eye(len(extent))
    if color_edges:
        if "custom_edges" in kwargs:
            raise ValueError("Arguments `color_edges` and `custom_edges` must not both be given.")
        crossed = _crossed(extent, pbc, len(basis))
        kwargs["custom_edges"] = [(0, 0, basis[i], i) for i in np.flatnonzero(crossed).tolist()]
    if point_group is None:
        # colours tell directions apart
        point_group = partial(point_groups.hypercubic, extent, pbc, not color_edges)
    return Lattice(basis, extent, pbc=pbc, point_group=point_group, **kwargs)


def Hypercube(
    length: int, n_dim: int = 1, *, pbc: bool | Sequence[bool] = True, **kwargs: Any
) -> Lattice:
    """A hypercubic lattice with sides of equal length.

    Args:
        length: length of each side.
        n_dim: number of directions.
        pbc: whether it is periodic, in all directions or in each.
        kwargs: other arguments of `Lattice`.
    """
    return _hypercube("Hypercube", length, n_dim, pbc, kwargs)


def Chain(length: int, *, pbc: bool | Sequence[bool] = True, **kwargs: Any) -> Lattice:
    """A chain of `length` sites, periodic or not.

    Example:
        >>> import netket as nk
        >>> nk.graph.Chain(3, pbc=False).edges()
        [(0, 1), (1, 2)]
    """
    return _hypercube("Chain", length, 1, pbc, kwargs)


def Square(length: int, *, pbc: bool | Sequence[bool] = True, **kwargs: Any) -> Lattice:
    """A square lattice of length x length sites; arguments as of `Hypercube`."""
    return _hypercube("Square", length, 2, pbc, kwargs)


def Cube(length: int, *, pbc: bool | Sequence[bool] = True, **kwargs: Any) -> Lattice:
    """A cubic lattice of length x length x length sites; arguments as of `Hypercube`."""
    return _hypercube("Cube", length, 3, pbc, kwargs)


def _hypercube(name: str, length: int, n_dim: int, pbc: Any, kwargs: dict) -> Lattice:
    for argument, value in (("length", length), ("n_dim", n_dim)):
        if not isinstance(value, int | np.integer) or value < 1:
            raise TypeError(f"Argument `{argument}` must be a positive integer, but is {value!r}.")
    return Grid([int(length)] * int(n_dim), pbc=pbc, **kwargs)._named(name)


def Triangular(
    extent: Sequence[int], *, pbc: bool | Sequence[bool] = True, **kwargs: Any
) -> Lattice:
    """A triangular lattice of unit cells; arguments as of `Lattice`."""
    _default(kwargs, partial(point_groups.if_regular, point_groups.hexagonal, extent, pbc))
    return Lattice(_HEXAGONAL, extent, pbc=pbc, **kwargs)._named("Triangular")


def Honeycomb(
    extent: Sequence[int], *, pbc: bool | Sequence[bool] = True, **kwargs: Any
) -> Lattice:
    """A honeycomb lattice, two sites per unit cell; arguments as of `Lattice`."""
    _default(kwargs, partial(point_groups.if_regular, point_groups.hexagonal, extent, pbc))
    lattice = Lattice(_HEXAGONAL, extent, site_offsets=_HONEYCOMB, pbc=pbc, **kwargs)
    return lattice._named("Honeycomb")


def KitaevHoneycomb(
    extent: Sequence[int],
    *,
    pbc: bool | Sequence[bool] = True,
    point_group: Any = None,
    **kwargs: Any,
) -> Lattice:
    """A honeycomb lattice whose edges have colour 0, 1 or 2, by the direction of the bond."""
    a, b = np.array(_HONEYCOMB)
    first, second = np.array(_HEXAGONAL)
    bonds = [b - a, b - a - first, b - a - second]
    kept = [True, *_crossed(extent, pbc, 2)]
    if point_group is None:
        point_group = partial(point_groups.if_periodic, point_groups.half_turn, pbc)
    return Lattice(
        _HEXAGONAL,
        extent,
        site_offsets=_HONEYCOMB,
        pbc=pbc,
        point_group=point_group,
        custom_edges=[(0, 1, bonds[color], color) for color in np.flatnonzero(kept).tolist()],
        **kwargs,
    )._named("KitaevHoneycomb")


def Kagome(extent: Sequence[int], *, pbc: bool | Sequence[bool] = True, **kwargs: Any) -> Lattice:
    """A kagome lattice, three sites per unit cell; arguments as of `Lattice`."""
    _default(kwargs, partial(point_groups.if_regular, point_groups.hexagonal, extent, pbc))
    offsets = [[0.5, 0.0], [0.25, 0.75**0.5 / 2], [0.75, 0.75**0.5 / 2]]
    return Lattice(_HEXAGONAL, extent, site_offsets=offsets, pbc=pbc, **kwargs)._named("Kagome")


def FCC(
    extent: Sequence[int],
    *,
    pbc: bool | Sequence[bool] = True,
    point_group: Any = None,
    **kwargs: Any,
) -> Lattice:
    """A face-centred cubic lattice of primitive cells, with a cubic lattice constant of 1."""
    if point_group is None:
        point_group = partial(point_groups.if_regular, point_groups.cube, extent, pbc)
    return Lattice(_FCC, extent, pbc=pbc, point_group=point_group, **kwargs)._named("FCC")


def BCC(
    extent: Sequence[int],
    *,
    pbc: bool | Sequence[bool] = True,
    point_group: Any = None,
    **kwargs: Any,
) -> Lattice:
    """A body-centred cubic lattice of primitive cells, with a cubic lattice constant of 1."""
    if point_group is None:
        point_group = partial(point_groups.if_regular, point_groups.cube, extent, pbc)
    return Lattice(_BCC, extent, pbc=pbc, point_group=point_group, **kwargs)._named("BCC")


def Diamond(
    extent: Sequence[int],
    *,
    pbc: bool | Sequence[bool] = True,
    point_group: Any = None,
    **kwargs: Any,
) -> Lattice:
    """A diamond lattice, two sites per primitive cell, with a cubic lattice constant of 1."""
    offsets = [[0.0] * 3, [0.25] * 3]
    if point_group is None:
        point_group = partial(point_groups.if_regular, point_groups.diamond, extent, pbc)
    lattice = Lattice(
        _FCC, extent, site_offsets=offsets, pbc=pbc, point_group=point_group, **kwargs
    )
    return lattice._named("Diamond")


def Pyrochlore(
    extent: Sequence[int],
    *,
    pbc: bool | Sequence[bool] = True,
    point_group: Any = None,
    **kwargs: Any,
) -> Lattice:
    """A pyrochlore lattice, four sites per primitive cell, with a cubic lattice constant of 1."""
    offsets = np.array([[1, 1, 1], [1, 3, 3], [3, 1, 3], [3, 3, 1]]) / 8
    if point_group is None:
        point_group = partial(point_groups.if_regular, point_groups.diamond, extent, pbc)
    lattice = Lattice(
        _FCC, extent, site_offsets=offsets, pbc=pbc, point_group=point_group, **kwargs
    )
    return lattice._named("Pyrochlore")


def _crossed(extent: Sequence[int], pbc: bool | Sequence[bool], ndim: int) -> np.ndarray:
    """(d,) whether bonds lead from a unit cell to the next in each direction."""
    return check_pbc(pbc, ndim) | (check_extent(extent, ndim) > 1)


def _default(kwargs: dict, point_group: Any) -> None:
    """Sets the point group if the user has given none."""
    if kwargs.get("point_group") is None:
        kwargs["point_group"] = point_group
