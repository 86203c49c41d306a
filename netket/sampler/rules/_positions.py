# SPDX-License-Identifier: Apache-2.0
"""Moves of continuous positions: which space they need, and walls."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import AbstractHilbert

__all__ = ["check_positions", "into_cell"]


def check_positions(hilbert: AbstractHilbert, rule: str) -> None:
    """Raises an error if samples of the space are not positions in a `Cell`."""
    if not hasattr(hilbert, "geometry"):
        raise TypeError(
            f"{rule} moves continuous positions, but {hilbert} has none. Use MetropolisLocal, "
            "MetropolisExchange or MetropolisHamiltonian for discrete spaces."
        )


def into_cell(hilbert: Any, r: jax.Array) -> tuple[jax.Array, jax.Array | None]:
    """Positions (C, N) mapped back into periodic directions; whether they are within the walls.

    Args:
        hilbert: A space of particles.
        r: Coordinates, those of one particle next to each other.

    Returns:
        The coordinates, and for every chain (C,) whether it is inside, or None without walls.
    """
    geometry = hilbert.geometry
    repeats = r.shape[-1] // geometry.dimension
    extent = jnp.asarray(np.tile(geometry.extent, repeats), r.dtype)
    periodic = np.tile(geometry.pbc, repeats)
    walls = ~periodic & np.isfinite(np.tile(geometry.extent, repeats))
    if periodic.any():
        r = jnp.where(periodic, jnp.mod(r, jnp.where(periodic, extent, 1)), r)
    if not walls.any():
        return r, None
    return r, jnp.all(~walls | ((r >= 0) & (r <= extent)), axis=-1)
