# SPDX-License-Identifier: Apache-2.0
"""Bosons on a graph: hopping, on-site and neighbour interaction, chemical potential.

H = -J sum_(i,j) (b^dagger_i b_j + h.c.) + U/2 sum_i n_i (n_i - 1)
    + V sum_(i,j) n_i n_j - mu sum_i n_i
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ._rows import row_jax, without_noise


class BoseHubbardData(NamedTuple):
    """Coefficients, edges, and the largest number of bosons on each site."""

    U: Any  # ()
    V: Any  # ()
    J: Any  # ()
    mu: Any  # ()
    edges: Any  # (E, 2) int32
    most: Any  # (N,) int64


@row_jax.register(BoseHubbardData)
def bose_hubbard_row(data: BoseHubbardData, x: Any) -> tuple[Any, Any]:
    """The diagonal, then one hop along every edge in both directions."""
    real, sites = data.J.real.dtype, jnp.arange(x.shape[0])
    ends = jnp.concatenate([data.edges, data.edges[:, ::-1]])
    source, target = ends[:, 0], ends[:, 1]
    n = x.astype(real)
    pairs = n[data.edges[:, 0]] * n[data.edges[:, 1]]
    parts = (
        data.U * (jnp.sum(n * (n - 1)) / 2),
        data.V * jnp.sum(pairs),
        -data.mu * jnp.sum(n),
    )
    moduli = sum(jnp.abs(jax.lax.stop_gradient(part)) for part in parts)
    diagonal = without_noise(parts[0] + parts[1] + parts[2], moduli)
    # <x| b^dagger_s b_t |x'>: x' has one boson less at s, and one more at t
    allowed = (x[source] > 0) & (x[target] < data.most[target])
    factor = jnp.where(allowed, jnp.sqrt(n[source] * (n[target] + 1)), 0)
    change = (target[:, None] == sites).astype(x.dtype) - (source[:, None] == sites)
    hopped = x + jnp.where(allowed[:, None], change, 0).astype(x.dtype)
    return jnp.concatenate([x[None], hopped]), jnp.append(diagonal, -data.J * factor)
