# SPDX-License-Identifier: Apache-2.0
"""Ising terms: H = -h sum_i X_i + J sum_(i,j) Z_i Z_j on sites with two states."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from ._rows import row_jax


class IsingData(NamedTuple):
    """Coefficients and edges."""

    h: Any  # ()
    J: Any  # ()
    edges: Any  # (E, 2) int32


@row_jax.register(IsingData)
def ising_row(data: IsingData, x: Any) -> tuple[Any, Any]:
    """The diagonal, then the N single flips; they are there for h = 0, too (d/dh is not 0)."""
    differ = x[data.edges[:, 0]] != x[data.edges[:, 1]]
    parity = differ.shape[0] - 2 * jnp.sum(differ)
    # comparisons of numbers, as the compiler makes one loop of them, but not of parts put together
    slots = jnp.arange(x.shape[0] + 1, dtype=np.int32)
    flips = slots[:, None] == slots[1:]
    diagonal = data.J * parity.astype(data.J.real.dtype)
    return x ^ flips.astype(x.dtype), jnp.where(slots == 0, diagonal, -data.h)
