# SPDX-License-Identifier: Apache-2.0
"""Random integers from one draw of random bits."""

import jax
import jax.numpy as jnp

from netket.utils.types import ArrayLike, PRNGKeyT

__all__ = ["nth", "random_integers"]


def nth(u: jax.Array, n: ArrayLike) -> jax.Array:
    """An integer from 0 to n - 1, from u uniform in [0, 1)."""
    # the product may be rounded up to n
    return jnp.minimum((u * n).astype(jnp.int32), jnp.asarray(n, jnp.int32) - 1)


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
    return nth(jax.random.uniform(key, shape, jnp.float64), n)
