# SPDX-License-Identifier: Apache-2.0
"""Whether configurations belong to a Hilbert space."""

import jax
import numpy as np

from netket.hilbert import AbstractHilbert
from netket.jax.sharding import own_rows
from netket.utils.types import Array

__all__ = ["check_members"]


def check_members(hilbert: AbstractHilbert, σ: Array, what: str) -> None:
    """Raises an error that names the first configuration outside a discrete space.

    Args:
        hilbert: The space.
        σ: Configurations (B, N), of which each process checks its own; none while jax traces.
        what: What is checked, the beginning of the message.
    """
    if isinstance(σ, jax.core.Tracer) or not hasattr(hilbert, "states_at_index"):
        return
    σ = own_rows(σ) if isinstance(σ, jax.Array) else np.asarray(σ)
    legal = np.ones(len(σ), dtype=bool)
    for site in range(hilbert.size):
        legal &= np.isin(σ[:, site], np.asarray(hilbert.states_at_index(site)))
    if hilbert.constraint is not None:
        legal &= np.asarray(hilbert.constraint(σ))
    if not np.all(legal):
        row = int(np.flatnonzero(~legal)[0])
        raise ValueError(
            f"{what} must belong to {hilbert}, but row {row} does not: {σ[row].tolist()}."
        )
