# SPDX-License-Identifier: Apache-2.0
"""Ising terms: H = -h sum_i X_i + J sum_(i,j) Z_i Z_j on sites with two states."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ._rows import CHEAP, row_jax, short_rows


class IsingData(NamedTuple):
    """Coefficients and edges."""

    h: Any  # ()
    J: Any  # ()
    edges: Any  # (E, 2) int32


@row_jax.register(IsingData)
def ising_row(data: IsingData, x: Any) -> tuple[Any, Any]:
    """The diagonal, then the N single flips; they are there for h = 0, too (d/dh is not 0)."""
    one, other = (x.at[data.edges[:, k]].get(**_KNOWN) for k in (0, 1))
    parity = one.shape[0] - 2 * jnp.sum(one != other, dtype=np.int32)
    # comparisons of numbers, as the compiler makes one loop of them, but not of parts put together
    slots = jnp.arange(x.shape[0] + 1, dtype=np.int32)
    flips = slots[:, None] == slots[1:]
    diagonal = data.J * parity.astype(data.J.real.dtype)
    return x ^ flips.astype(x.dtype), jnp.where(slots == 0, diagonal, -data.h)


@short_rows.register(IsingData)
def ising_short_rows(data: IsingData, x: Any, grid: Any) -> tuple[Any, Any] | None:
    """Copies of x, each but the first with one site in its other state; integers of any type."""
    (batch, n_sites), levels = x.shape, grid.levels
    if levels is None or not all(isinstance(v, int) for v in levels):
        return None  # samples are no integers
    if x.dtype == bool or x.size == 0:
        return None
    # In rows of N + 1, the copies without the first one have the changed sites in the last column.
    copies = jnp.concatenate([x] * (n_sites + 1), axis=1).reshape(batch, n_sites, n_sites + 1)
    changed = (sum(levels) - x)[..., None]
    xp = jax.lax.dynamic_update_slice(copies, changed, (0, 0, n_sites))
    one, other = (x.at[:, data.edges[:, k]].get(**_KNOWN) for k in (0, 1))
    n_edges = one.shape[1]
    if set(levels) == {1, -1}:
        is_narrow = x.dtype == np.int8 and n_edges <= np.iinfo(np.int8).max
        parity = jnp.sum(one * other, axis=1, dtype=np.int8 if is_narrow else np.int32)
    else:
        parity = n_edges - 2 * jnp.sum(one != other, axis=1, dtype=np.int32)
    diagonal = (data.J * parity.astype(data.J.real.dtype))[:, None]
    if batch * (n_sites + 2 * n_edges) < CHEAP:
        flips = jnp.broadcast_to(-data.h, (batch, n_sites))
        mels = jnp.concatenate([diagonal, flips], axis=1)
    else:  # a faster loop of more operations
        mels = jnp.where(jnp.arange(n_sites + 1, dtype=np.int32) == 0, diagonal, -data.h)
    return xp.reshape(batch, n_sites + 1, n_sites), mels


# sites are known to exist
_KNOWN: dict[str, Any] = {"mode": "promise_in_bounds", "wrap_negative_indices": False}
