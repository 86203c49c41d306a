# SPDX-License-Identifier: Apache-2.0
"""Random integers from one draw of random bits, and choices among the entries of a mask."""

from math import prod

import jax
import jax.numpy as jnp
import numpy as np

from netket.utils.types import ArrayLike, DType, PRNGKeyT

__all__ = ["nth", "nth_true", "random_integers", "uniform"]


def nth(u: jax.Array, n: ArrayLike) -> jax.Array:
    """An integer from 0 to n - 1, from u uniform in [0, 1)."""
    # the product may be rounded up to n
    return jnp.minimum((u * n).astype(jnp.int32), jnp.asarray(n, jnp.int32) - 1)


def uniform(key: PRNGKeyT, shape: tuple[int, ...], dtype: DType = float) -> jax.Array:
    """Uniform numbers in [0, 1), drawn as one vector, which XLA compiles much faster."""
    return jax.random.uniform(key, (prod(shape),), dtype).reshape(shape)


def random_integers(key: PRNGKeyT, shape: tuple[int, ...], n: ArrayLike) -> jax.Array:
    """Uniform integers from 0 to n - 1.

    With 64-bit numbers this draws and compiles half as much as `jax.random.randint`, and is uniform
    up to n / 2^53.

    Args:
        key: A random key.
        shape: Shape of the result.
        n: How many integers there are to choose from, broadcast to `shape`.
    """
    if not jax.config.jax_enable_x64:
        return jax.random.randint(key, shape, 0, n, dtype=jnp.int32)
    return nth(uniform(key, shape, jnp.float64), n)


def nth_true(mask: jax.Array, n: jax.Array) -> jax.Array:
    """Positions (C,) of the n-th (C,) true entry of every row of a mask (C, K), from n = 0.

    In two levels, first the block of about sqrt(K) entries, then the entry: cumulative sums over
    all of K are slow.
    """
    n_chains, k = mask.shape
    size = max(int(np.ceil(np.sqrt(k))), 1)
    n_blocks = max(-(-k // size), 1)
    padded = jnp.pad(mask, ((0, 0), (0, n_blocks * size - k)))
    entries = padded.reshape(n_chains, n_blocks, size).astype(jnp.float32)
    sums = jnp.sum(entries, axis=-1)
    n = n.astype(jnp.float32)[:, None]
    before = _cumulative(sums) <= n  # blocks that end before the entry
    block = jnp.sum(before, axis=-1, dtype=jnp.int32)
    row = jnp.take_along_axis(entries, block[:, None, None], axis=1, mode="clip")[:, 0]
    rest = n - jnp.sum(jnp.where(before, sums, 0), axis=-1, keepdims=True)
    return block * size + jnp.sum(_cumulative(row) <= rest, axis=-1, dtype=jnp.int32)


def _cumulative(counts: jax.Array) -> jax.Array:
    """Cumulative sums of few small integers, exact in single precision."""
    k = counts.shape[-1]
    upper = np.triu(np.ones((k, k), np.float32))
    return jnp.dot(counts, upper, precision=jax.lax.Precision.HIGHEST)
