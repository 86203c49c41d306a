# SPDX-License-Identifier: Apache-2.0
"""Samples by blocks, and which of their connected elements are real."""

import jax
import jax.numpy as jnp


def sample_blocks(σ: jax.Array, block: int) -> tuple[jax.Array, int]:
    """Samples (B, N) as (n_blocks, block, N), the last one repeated as needed; and B."""
    n = σ.shape[0]
    missing = -n % block
    if missing:
        σ = jnp.concatenate([σ, jnp.repeat(σ[-1:], missing, axis=0)])
    return σ.reshape(-1, block, σ.shape[1]), n


def real_rows(x: jax.Array, xp: jax.Array, mels: jax.Array | None) -> jax.Array:
    """Which elements (b, K) need the network: σ' ≠ σ and, if `mels` are given, mel ≠ 0."""
    changed = jnp.any(xp != x[:, None, :], axis=-1)
    return changed if mels is None else changed & (mels != 0)
