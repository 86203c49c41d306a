# SPDX-License-Identifier: Apache-2.0
"""Checks of the arguments from which groups of lattices are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from netket.utils.group import PointGroup

    from .lattice import Lattice


def check_axes(axes: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """The axes of a translation group; all by default."""
    if axes is None:
        return tuple(range(ndim))
    given = tuple(int(a) for a in np.atleast_1d(axes))
    if not given or min(given) < 0 or max(given) >= ndim or len(set(given)) < len(given):
        raise ValueError(
            f"Argument `axes` must hold different integers from 0 to {ndim - 1}, the directions of "
            f"the lattice, but is {axes!r}."
        )
    return given


def check_strides(
    strides: int | Sequence[int] | None, axes: tuple[int, ...], lattice: Lattice
) -> tuple[int, ...]:
    """The strides of a translation group, one for each of its axes; 1 by default."""
    values = np.atleast_1d(1 if strides is None else strides)
    if np.ndim(1 if strides is None else strides) == 0:
        values = np.repeat(values, len(axes))
    if len(values) != len(axes) or not np.issubdtype(values.dtype, np.integer):
        raise ValueError(
            f"Argument `strides` must be one integer, or {len(axes)} of them, one for each axis, "
            f"but is {strides!r}."
        )
    for axis, stride in zip(axes, values):
        length = int(lattice.extent[axis])
        if stride < 1 or (lattice.pbc[axis] and length % stride):
            raise ValueError(
                f"Argument `strides` must hold divisors of the lengths {lattice.extent.tolist()} "
                f"of the lattice, but has {int(stride)} for axis {axis} of length {length}."
            )
    return tuple(int(s) for s in values)


def check_acts_on_sites(lattice: Lattice, group: PointGroup, images: np.ndarray) -> Any:
    """Numbers of the sites (n, n_nodes) to which a point group maps all sites."""
    from .lattice import InvalidSiteError

    try:
        ids = np.asarray(lattice.id_from_position(images))
    except InvalidSiteError:
        for g, points in zip(group.elems, images):
            try:
                lattice.id_from_position(points)
            except InvalidSiteError:
                raise InvalidSiteError(
                    f"Argument `point_group` must map sites of the lattice to sites, but {g} does "
                    f"not. It must be a symmetry of {lattice!r} about the origin; "
                    "`change_origin` moves it."
                ) from None
        raise
    bad = (np.sort(ids, axis=1) != np.arange(lattice.n_nodes)).any(axis=1)
    if bad.any():
        raise InvalidSiteError(
            "Argument `point_group` must map different sites to different sites, but "
            f"{group.elems[int(np.argmax(bad))]} does not: the lattice {lattice!r} has lengths, or "
            "boundaries, that are not symmetric."
        )
    return ids
