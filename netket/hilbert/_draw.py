# SPDX-License-Identifier: Apache-2.0
"""How random samples of a space are drawn, in jax or, with the same result, in numpy.

A part of n sites with fixed sum T of its digits is drawn site by site from

    P(q | r sites after this one, sum t left) = W(r, t - q) / W(r + 1, t),

where W(r, t) counts the ways in which r sites add up to t.

Compiling this takes 0.2 s, for every number of samples. Where a key is known, the first samples are
therefore drawn in numpy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from netket.utils.types import Array, PRNGKeyT

from . import _index_jax, _index_numpy, _threefry
from ._index_table import Block, Group, build_table
from ._on_host import is_asked_often
from .discrete import DiscreteHilbert

#: Up to this many configurations, those that satisfy a constraint by the user are listed.
_MAX_LISTED = 2**20

#: Random numbers, times the digits they decide between, up to which numpy may be faster.
_MAX_NUMPY = 2**18


class _Tools(NamedTuple):
    """What samples are drawn with.

    Attributes:
        xp: `numpy` or `jax.numpy`.
        random: has the functions of `jax.random` for keys.
        scan: `jax.lax.scan`.
        unrank: from an index table and numbers to local indices.
    """

    xp: Any
    random: Any
    scan: Callable
    unrank: Callable


def _scan(step: Callable, carry: Array, xs: tuple[Array, ...]) -> tuple[Array, np.ndarray]:
    """`jax.lax.scan` in numpy, for results of the shape of the carry."""
    results = np.empty((len(xs[0]), *carry.shape), dtype=np.int64)
    for result, x in zip(results, zip(*xs)):
        carry, result[...] = step(carry, x)
    return carry, results


def _unrank(table: Any, numbers: np.ndarray) -> np.ndarray:
    return _index_numpy.unrank(table, numbers, lambda indices: indices, np.dtype(np.int64))


_JAX = _Tools(jnp, jax.random, jax.lax.scan, _index_jax.unrank)
_NUMPY = _Tools(np, _threefry, _scan, _unrank)


def random_samples(
    hilb: DiscreteHilbert, key: Any, size: int, dtype: np.dtype, max_rounds: int | None = None
) -> jax.Array:
    """Samples (size, N), uniformly.

    Args:
        hilb: the space.
        key: random key of jax.
        size: number of samples.
        dtype: of the samples.
        max_rounds: after so many rejected draws, samples may be outside of the space.
    """
    if not is_asked_often((hilb, size, dtype)) and _may_be_numpy(hilb, size):
        known = _threefry.known_key(key)
        if known is not None:
            return jnp.asarray(_samples(_NUMPY, hilb, known, size, dtype, None))
    return _samples_compiled(_JAX, hilb, key, size, dtype, max_rounds)


def _may_be_numpy(hilb: DiscreteHilbert, size: int) -> bool:
    entries = 1
    for group in hilb._groups:
        if group.constraint is not None and not is_listed(group):
            return False
        entries += sum(b.n_sites * (1 if b.total is None else _n_digits(b)) for b in group.blocks)
    return size * entries <= _MAX_NUMPY


def is_listed(group: Group) -> bool:
    """Whether samples of a group with a constraint are drawn from a list of all."""
    n = group.n_product_states
    return n is not None and n <= _MAX_LISTED


def _samples(
    tools: _Tools,
    hilb: DiscreteHilbert,
    key: Any,
    size: int,
    dtype: np.dtype,
    max_rounds: int | None,
) -> Array:
    groups = hilb._groups
    keys = tools.random.split(key, len(groups)) if len(groups) > 1 else [key]
    parts = [_random_group(tools, g, k, size, max_rounds) for g, k in zip(groups, keys)]
    indices = parts[0] if len(parts) == 1 else tools.xp.concatenate(parts, axis=1)
    return hilb.local_indices_to_states(indices, dtype=dtype)


_samples_compiled = jax.jit(_samples, static_argnums=(0, 1, 3, 4, 5))


def _random_group(
    tools: _Tools, group: Group, key: Any, size: int, max_rounds: int | None
) -> Array:
    """Local indices (size, n) of a group of sites."""
    if group.constraint is None:
        return _random_product(tools, group, key, size)
    if is_listed(group):
        table = build_table([group])  # its list is kept by the group
        assert table is not None
        numbers = tools.random.randint(key, (size,), 0, table.n_states, dtype=int)
        return tools.unrank(table, numbers)
    return _random_by_rejection(group, key, size, max_rounds)


def _random_product(tools: _Tools, group: Group, key: Any, size: int) -> Array:
    blocks = group.blocks
    if all(b.total is not None and max(b.dims, default=1) <= 2 for b in blocks):
        return _random_bits_of_sums(tools, blocks, key, size)
    keys = tools.random.split(key, len(blocks)) if len(blocks) > 1 else [key]
    parts = [_random_block(tools, b, k, size) for b, k in zip(blocks, keys)]
    return parts[0] if len(parts) == 1 else tools.xp.concatenate(parts, axis=1)


def _random_by_rejection(
    group: Group, key: PRNGKeyT, size: int, max_rounds: int | None
) -> jax.Array:
    """Draws until all samples are accepted, or for a number of rounds."""

    def satisfied(indices: jax.Array) -> jax.Array:
        return group.constraint((group.start + group.step * indices).astype(group.dtype))

    def draw_rejected(carry: tuple) -> tuple:
        key, indices, accepted, n = carry
        key, subkey = jax.random.split(key)
        drawn = _random_product(_JAX, group, subkey, size)
        new = jnp.where(accepted[:, None], indices, drawn)
        return key, new, satisfied(new), n + 1

    def goes_on(carry: tuple) -> jax.Array:
        _, _, accepted, n = carry
        return ~accepted.all() & (True if max_rounds is None else n < max_rounds)

    key, subkey = jax.random.split(key)
    first = jnp.asarray(_random_product(_JAX, group, subkey, size))
    start = (key, first, satisfied(first), jnp.zeros((), jnp.int32))
    return jax.lax.while_loop(goes_on, draw_rejected, start)[1]


def _random_block(tools: _Tools, block: Block, key: Any, size: int) -> Array:
    """Local indices (size, n) of consecutive sites."""
    dims = np.array(block.dims, dtype=np.int64)
    if block.total is None:
        d = int(dims.max(initial=1))
        uniform = len(set(block.dims)) <= 1
        shape = (size, len(dims))
        if uniform and d <= 2**15 and d & (d - 1) == 0:
            bits = flat(tools.random.bits, key, shape, dtype=np.uint32)
            return (bits & np.uint32(d - 1)).astype(np.int16)
        maxval = d if uniform else np.tile(dims, size)
        small = np.int32 if d < 2**31 else np.int64
        return flat(tools.random.randint, key, shape, minval=0, maxval=maxval, dtype=small)
    digits = _random_digits_of_sum(tools, block, key, size)
    return dims - 1 - digits if block.descending else digits


def flat(draw: Callable, key: Any, shape: tuple[int, ...], **kwargs: Any) -> Array:
    """The same numbers as ``draw(key, shape)``; XLA compiles this several times faster."""
    return draw(key, shape=(math.prod(shape),), **kwargs).reshape(shape)


def _random_bits_of_sums(tools: _Tools, blocks: Sequence[Block], key: Any, size: int) -> Array:
    """Local indices 0 and 1: a one is drawn with probability (ones left) / (sites left).

    One loop for all blocks, as loops are what takes long to compile.
    """
    xp = tools.xp
    left = np.concatenate([np.arange(b.n_sites, 0, -1) for b in blocks])
    totals = np.repeat([b.total for b in blocks], [b.n_sites for b in blocks])
    is_first = np.concatenate([np.arange(b.n_sites) == 0 for b in blocks])

    def site(ones: Array, at: tuple) -> tuple:
        u, sites, total, first = at
        ones = xp.where(first, total, ones)
        digit = (u * sites < ones).astype(ones.dtype)
        return ones - digit, digit

    u = flat(tools.random.uniform, key, (len(left), size))
    start = xp.zeros(size, dtype=totals.dtype)
    digits = tools.scan(site, start, (u, left, totals, is_first))[1].T
    descending = np.repeat([b.descending for b in blocks], [b.n_sites for b in blocks])
    dims = np.array([d for b in blocks for d in b.dims], dtype=np.int64)
    return xp.where(descending, dims - 1 - digits, digits)


def _n_digits(block: Block) -> int:
    """How many digits a site of a block with a fixed sum may have."""
    assert block.total is not None
    return min(max(block.dims, default=1) - 1, block.total) + 1


def _random_digits_of_sum(tools: _Tools, block: Block, key: Any, size: int) -> Array:
    xp, total = tools.xp, block.total
    assert total is not None
    digits = np.arange(_n_digits(block))

    def site(left: Array, at: tuple) -> tuple:
        u, row = at
        rest = left[:, None] - digits
        weights = xp.where(rest >= 0, row[xp.maximum(rest, 0)], -np.inf)
        cumulative = xp.cumsum(xp.exp(weights - weights.max(axis=1, keepdims=True)), axis=1)
        digit = (cumulative <= u[:, None] * cumulative[:, -1:]).sum(axis=1)
        return left - digit, digit

    u = flat(tools.random.uniform, key, (block.n_sites, size))
    log_ways = _log_ways(block.n_sites, len(digits), total)
    return tools.scan(site, xp.full(size, total), (u, xp.asarray(log_ways)))[1].T


@lru_cache(maxsize=32)
def _log_ways(n: int, n_digits: int, total: int) -> np.ndarray:
    """log W(r, t) for r = n - 1 ... 0 sites with digits 0 ... n_digits - 1, (n, total + 1)."""
    rows = np.full((n, total + 1), -np.inf)
    row = np.full(total + 1, -np.inf)
    row[0] = 0.0
    for r in range(n):
        rows[n - 1 - r] = row
        new = row.copy()
        for q in range(1, n_digits):
            new[q:] = np.logaddexp(new[q:], row[:-q])
        row = new
    return rows
