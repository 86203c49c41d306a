# SPDX-License-Identifier: Apache-2.0
"""Ising terms: H = -h sum_i X_i + J sum_(i,j) Z_i Z_j on sites with two states."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from ._rows import flipped_sites, row_jax


class IsingData(NamedTuple):
    """Coefficients and edges."""

    h: Any  # ()
    J: Any  # ()
    edges: Any  # (E, 2) int32


@row_jax.register(IsingData)
def ising_row(data: IsingData, x: Any) -> tuple[Any, Any]:
    """The diagonal, then the N single flips; they are there for h = 0, too (d/dh is not 0)."""
    one, other = (_values_at(x, data.edges[:, k]) for k in (0, 1))
    parity = one.shape[0] - 2 * jnp.sum(one != other, dtype=np.int32)
    # comparisons of numbers, as the compiler makes one loop of them, but not of parts put together
    slots = jnp.arange(x.shape[0] + 1, dtype=np.int32)
    flips = slots[:, None] == slots[1:]
    diagonal = data.J * parity.astype(data.J.real.dtype)
    return x ^ flips.astype(x.dtype), jnp.where(slots == 0, diagonal, -data.h)


@flipped_sites.register(IsingData)
def ising_flips(data: IsingData, n_sites: int) -> np.ndarray:
    """None, then every site."""
    return np.arange(-1, n_sites)


def _values_at(x: Any, sites: Any) -> Any:
    """x[sites], for sites that are known to exist."""
    return x.at[sites].get(mode="promise_in_bounds", wrap_negative_indices=False)
