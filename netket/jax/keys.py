# SPDX-License-Identifier: Apache-2.0
"""Random keys: from integers or the operating system, and as an endless sequence."""

import numbers
import operator
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

from netket.utils.numbers import random_seed
from netket.utils.types import Array, PRNGKeyT, SeedT

from .sharding import of_process


def PRNGKey(seed: SeedT | None = None, *, root: int = 0) -> PRNGKeyT:
    """A random key from a seed.

    Args:
        seed: an integer; or a key, which is returned as it is; or None for a seed of the operating
            system.
        root: rank of the process whose seed of the operating system all use, if there are several;
            all of them call this function.

    Raises:
        TypeError: `seed` is something else.
    """
    if seed is None:
        seed = of_process(random_seed(), root)
    if _is_key(seed):
        return seed
    try:
        if isinstance(seed, bool | np.bool_):
            raise TypeError
        seed = operator.index(seed)
    except TypeError:
        raise TypeError(
            f"Argument `seed` must be an integer, a random key or None, but is {seed!r}."
        ) from None
    return jax.random.key(seed)


def _is_key(x: object) -> bool:
    if not isinstance(x, jax.Array | np.ndarray):
        return False
    # legacy keys are vectors of integers
    return jnp.issubdtype(x.dtype, jax.dtypes.prng_key) or (
        x.dtype == np.uint32 and x.ndim == 1 and x.size in (2, 4)
    )


class PRNGSeq:
    """An endless iterator of independent random keys.

    Args:
        base_key: what `PRNGKey` takes.
    """

    def __init__(self, base_key: SeedT | None = None):
        if base_key is None or isinstance(base_key, numbers.Integral):
            base_key = PRNGKey(base_key)
        self._current = base_key

    def __iter__(self) -> Iterator[PRNGKeyT]:
        return self

    def __next__(self) -> PRNGKeyT:
        self._current, key = jax.random.split(self._current)
        return key

    def next(self) -> PRNGKeyT:
        """The next key."""
        return next(self)

    def take(self, num: int) -> PRNGKeyT:
        """The next `num` keys as an array, whose first axis has length `num`."""
        keys = jax.random.split(self._current, num + 1)
        self._current = keys[-1]
        return keys[:-1]


def batch_choice(
    key: PRNGKeyT, a: Array, p: Array, *, return_prob: bool = False
) -> jax.Array | tuple[jax.Array, jax.Array]:
    """One element of `a` for each row of `p`, drawn with the weights in that row.

    Args:
        key: a random key.
        a: what to choose from, K elements along axis 0.
        p: weights (B, K), not negative; rows need not be normalised.
        return_prob: also return the weights of the chosen elements.

    Returns:
        The chosen elements, B along axis 0, and, on request, their weights (B,).
    """
    cumulative = jnp.cumsum(p, axis=-1)
    total = cumulative[..., -1:]
    # 1 - u lies in (0, 1]: elements of weight zero can never be chosen
    u = 1 - jax.random.uniform(key, total.shape, dtype=cumulative.dtype)
    index = jnp.sum(cumulative < u * total, axis=-1)
    if not return_prob:
        return a[index]
    return a[index], jnp.take_along_axis(p, index[..., None], axis=-1)[..., 0]
