# SPDX-License-Identifier: Apache-2.0
"""Permutation terms: O = sum_t w_t P_t, x'_i = x_(g_t(i)), where all local states may be reversed.

Permutations of fermionic orbitals have the sign of the order of the occupied ones:
(-1)^#{i < j: g(i) > g(j), x'_i = x'_j = 1}.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp

from ._rows import row_jax


class PermutationData(NamedTuple):
    """Coefficients and permutations."""

    weights: Any  # (T,)
    images: Any  # (T, N) int32, g_t(0), g_t(1), ...
    flips: Any  # (T,) whether n becomes d - 1 - n on all sites
    top: Any  # (N,) d - 1
    # (T, N, N) whether i < j and g(i) > g(j), (T, 0, 0) without signs. Numba, which compares the
    # images instead, gets (0, 0, 0), and (T, 0, 0) without signs.
    crossings: Any


@row_jax.register(PermutationData)
def permutation_row(data: PermutationData, x: Any) -> tuple[Any, Any]:
    """One slot for each term."""
    xp = x[data.images]
    xp = jnp.where(data.flips[:, None], data.top.astype(x.dtype) - xp, xp)
    if data.crossings.shape[1] == 0:
        return xp, data.weights
    occupied = xp.astype(jnp.int32)
    pairs = jnp.einsum("tij,tj->ti", data.crossings.astype(jnp.int32), occupied)
    odd = jnp.sum(pairs * occupied, axis=-1) & 1
    return xp, jnp.where(odd == 1, -data.weights, data.weights)
