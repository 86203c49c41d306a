# SPDX-License-Identifier: Apache-2.0
r"""A product of matrices that is updated when few of them change.

.. math::

    P_{l+1, j} = P_{l, 2j}\, P_{l, 2j+1}, \qquad P_{0, j} = \prod_{i \in \text{block } j} A_i

A binary tree of products over blocks of sites: a site changes one product of each level, so that
an update multiplies about :math:`\log_2 N` matrices instead of N. The lowest levels, which would be
most of the memory, are not stored.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from netket.utils.types import Array

from ._sweep import rescaled

__all__ = ["Tree", "build", "update"]

_BLOCK = 4  # sites of a product of the lowest level
_FEW_CHANGES = 4  # up to how many of them are chosen one by one


class Tree(NamedTuple):
    """What is remembered of one configuration."""

    x: jax.Array
    """indices of local states (N,)"""
    levels: tuple[tuple[jax.Array, jax.Array], ...]
    """from blocks to halves of the chain: rescaled products (n, D, D), logarithms of scales (n,)"""

    @property
    def halves(self) -> jax.Array:
        """One or two matrices, whose product is that of the chain but for the scale."""
        return self.levels[-1][0]

    @property
    def log_scale(self) -> jax.Array:
        return jnp.sum(self.levels[-1][1])


def build(matrices: Callable, x: Array) -> Tree:
    """The tree of one configuration.

    Args:
        matrices: Function (sites, local states) -> matrices (..., D, D).
        x: Indices of local states (N,).
    """
    x = jnp.asarray(x)
    n_blocks = -(-len(x) // _BLOCK)
    level = _blocks(matrices, x, jnp.arange(n_blocks))
    levels = [level]
    while len(level[0]) > 2:
        products, scales = level
        if len(products) % 2:  # a last one without a partner
            products = jnp.concatenate([products, _identity_like(products)])
            scales = jnp.concatenate([scales, jnp.zeros_like(scales[:1])])
            levels[-1] = (products, scales)
        level = _pairs((products[0::2], scales[0::2]), (products[1::2], scales[1::2]))
        levels.append(level)
    return Tree(x, tuple(levels))


def update(matrices: Callable, tree: Tree, sites: Array, new: Array) -> Tree:
    """The tree of a configuration with other local states `new` (k,) at `sites` (k,)."""
    x = tree.x.at[sites].set(new)
    index = jnp.asarray(sites) // _BLOCK
    changed = _blocks(matrices, x, index)
    levels = []
    for k, level in enumerate(tree.levels):
        products, scales = (_replaced(old, index, part) for old, part in zip(level, changed))
        levels.append((products, scales))
        if k + 1 < len(tree.levels):
            pairs = 2 * (index // 2)
            # from the old level: the new one is not needed for the amplitude alone
            changed = _pairs(*(_chosen(level, i, index, changed) for i in (pairs, pairs + 1)))
            index = index // 2
    return Tree(x, tuple(levels))


def _replaced(old: jax.Array, index: jax.Array, new: jax.Array) -> jax.Array:
    """The array with other entries `new` (k, ...) at `index` (k,)."""
    if len(index) > _FEW_CHANGES:
        return old.at[index].set(new)
    # one loop together with the choice between the old and the new tree by who asks for it
    entries = jnp.arange(len(old)).reshape(-1, *(1,) * (old.ndim - 1))
    for i, part in zip(index, new):
        old = jnp.where(entries == i, part, old)
    return old


def _chosen(
    level: tuple[jax.Array, jax.Array],
    wanted: jax.Array,
    index: jax.Array,
    changed: tuple[jax.Array, jax.Array],
) -> tuple[jax.Array, jax.Array]:
    """Entries `wanted` (k,) of a level that has changed at `index` (k,)."""
    is_new = wanted[:, None] == index
    place, any_new = jnp.argmax(is_new, axis=-1), jnp.any(is_new, axis=-1)
    products = jnp.where(any_new[:, None, None], changed[0][place], level[0][wanted])
    return products, jnp.where(any_new, changed[1][place], level[1][wanted])


def _blocks(matrices: Callable, x: jax.Array, index: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Products of some blocks, (n, D, D), and logarithms of their scales."""
    product = None
    for offset in range(min(_BLOCK, len(x))):
        site = _BLOCK * index + offset
        factor = matrices(jnp.minimum(site, len(x) - 1), x[jnp.minimum(site, len(x) - 1)])
        identity = jnp.eye(factor.shape[-1], dtype=factor.dtype)
        factor = jnp.where((site < len(x))[:, None, None], factor, identity)
        product = factor if product is None else product @ factor
    assert product is not None
    return rescaled(product)


def _pairs(
    left: tuple[jax.Array, jax.Array], right: tuple[jax.Array, jax.Array]
) -> tuple[jax.Array, jax.Array]:
    products, scales = rescaled(left[0] @ right[0])
    return products, scales + left[1] + right[1]


def _identity_like(products: jax.Array) -> jax.Array:
    return jnp.eye(products.shape[-1], dtype=products.dtype)[None]
