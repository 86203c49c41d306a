# SPDX-License-Identifier: Apache-2.0
"""What rules for continuous positions share: normal numbers, the space they need, walls."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import AbstractHilbert
from netket.utils.types import Array, PRNGKeyT, PyTree

from .base import DrawnAheadRule

__all__ = ["PositionRule", "into_cell"]


class PositionRule(DrawnAheadRule):
    """A rule for positions in a `Cell` that needs a normal number for each coordinate."""

    def check_space(self, hilbert: AbstractHilbert) -> None:
        if not hasattr(hilbert, "geometry"):
            raise TypeError(
                f"{type(self).__name__} moves continuous positions, but {hilbert} has none. Use "
                "MetropolisLocal, MetropolisExchange or MetropolisHamiltonian for discrete spaces."
            )

    def draw(self, sampler: Any, key: PRNGKeyT, shape: tuple[int, ...]) -> jax.Array:
        """Standard normal numbers (..., C, N)."""
        return jax.random.normal(key, (*shape, sampler.hilbert.size), sampler.dtype)

    def transition(
        self,
        sampler: Any,
        machine: Any,
        parameters: PyTree,
        state: Any,
        key: PRNGKeyT,
        r: Array,
    ) -> tuple[Array, Array | None]:
        return super().transition(sampler, machine, parameters, state, key, r)

    transition.is_one_step_of_propose = True  # type: ignore[attr-defined]


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
