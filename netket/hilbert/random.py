# SPDX-License-Identifier: Apache-2.0
"""Random samples of Hilbert spaces, uniform over their states, and random changes of samples.

`random_state` and `flip_state_scalar` are plum functions: a space of your own adds a method by
``@nk.hilbert.random.random_state.dispatch``.

A part of n sites with fixed sum T of its digits is drawn site by site from

    P(q | r sites after this one, sum t left) = W(r, t - q) / W(r + 1, t),

where W(r, t) counts the ways in which r sites add up to t.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from plum import Dispatcher

from netket.config import config
from netket.errors import UnoptimisedCustomConstraintRandomStateMethodWarning
from netket.utils.types import DType, PRNGKeyT

from . import _index_jax
from ._index_table import Block, Group, build_table
from .abstract import AbstractHilbert
from .constraint import DiscreteHilbertConstraint
from .discrete import DiscreteHilbert
from .homogeneous import HomogeneousHilbert
from .tensor import TensorGenericHilbert

__all__ = ["flip_state", "flip_state_batch", "flip_state_scalar", "random_state"]

_dispatch = Dispatcher()

#: Up to this many configurations, those that satisfy a constraint by the user are listed.
_MAX_LISTED = 2**20

#: After so many rejected draws outside of compiled functions, an error takes the place of waiting.
_MAX_ROUNDS = 50_000


# -- random samples ----------------------------------------------------------------------------


@_dispatch
def random_state(
    hilb: AbstractHilbert, key: Any, size: Any = None, *, dtype: DType = None
) -> jax.Array:
    """Samples drawn uniformly from the basis of a space.

    Args:
        hilb: the space.
        key: random key of jax.
        size: None for one sample, an integer, or a shape.
        dtype: of the samples.

    Returns:
        Array of shape ``(N,)``, ``(size, N)`` or ``(*size, N)``.
    """
    if size is None:
        return random_state(hilb, key, 1, dtype=dtype)[0]
    shape = tuple(int(n) for n in size)
    return random_state(hilb, key, math.prod(shape), dtype=dtype).reshape(*shape, hilb.size)


@_dispatch
def random_state(  # noqa: F811
    hilb: AbstractHilbert, key: Any, size: int | np.integer, *, dtype: DType = None
) -> jax.Array:
    raise TypeError(
        f"{type(hilb).__name__} has no random states: add a method by "
        "`@netket.hilbert.random.random_state.dispatch`, for a space, a key, and a number of "
        "samples `size: int`, and the keyword argument `dtype`."
    )


@_dispatch
def random_state(  # noqa: F811
    hilb: DiscreteHilbert, key: Any, size: int | np.integer, *, dtype: DType = None
) -> jax.Array:
    return _random_discrete(hilb, key, int(size), dtype)


@_dispatch
def random_state(  # noqa: F811
    hilb: HomogeneousHilbert, key: Any, size: int | np.integer, *, dtype: DType = None
) -> jax.Array:
    if hilb.constraint is None:
        return _random_discrete(hilb, key, int(size), dtype)
    # third parties add methods for their constraints
    return random_state(hilb, hilb.constraint, key, int(size), dtype=dtype)


@_dispatch
def random_state(  # noqa: F811
    hilb: HomogeneousHilbert,
    constraint: DiscreteHilbertConstraint,
    key: Any,
    size: int,
    *,
    dtype: DType = None,
) -> jax.Array:
    return _random_discrete(hilb, key, size, dtype)


@_dispatch
def random_state(  # noqa: F811
    hilb: TensorGenericHilbert, key: Any, size: int | np.integer, *, dtype: DType = None
) -> jax.Array:
    keys = jax.random.split(key, len(hilb.subspaces))
    parts = [random_state(h, k, int(size), dtype=dtype) for h, k in zip(hilb.subspaces, keys)]
    return jnp.concatenate(parts, axis=-1)


def _random_discrete(hilb: DiscreteHilbert, key: Any, size: int, dtype: DType) -> jax.Array:
    dtype = hilb._local_dtype if dtype is None else np.dtype(dtype)
    rejecting = [g for g in hilb._groups if g.constraint is not None and not _is_listed(g)]
    for group in rejecting:
        _warn_of_rejection(hilb, group.constraint)
    if not rejecting or isinstance(key, jax.core.Tracer):
        return _random_samples(hilb, key, size, dtype)
    samples = _random_samples(hilb, key, size, dtype, _MAX_ROUNDS)
    if not hilb.constraint(samples).all():
        raise RuntimeError(
            f"No random states of {hilb} were found: after {_MAX_ROUNDS} attempts, some of {size} "
            "samples still do not satisfy the constraint. If it allows any state, restrict the "
            "samples that are tried, by ExtraConstraint(SumConstraint(...), constraint), or add a "
            "method by `@netket.hilbert.random.random_state.dispatch`."
        )
    return samples


def _is_listed(group: Group) -> bool:
    n = group.n_product_states
    return n is not None and n <= _MAX_LISTED


def _warn_of_rejection(hilb: DiscreteHilbert, constraint: Any) -> None:
    if config.netket_random_state_fallback_warning:
        warnings.warn(
            UnoptimisedCustomConstraintRandomStateMethodWarning(hilb, constraint), stacklevel=5
        )


@partial(jax.jit, static_argnums=(0, 2, 3, 4))
def _random_samples(
    hilb: DiscreteHilbert, key: PRNGKeyT, size: int, dtype: Any, max_rounds: int | None = None
) -> jax.Array:
    groups = hilb._groups
    keys = jax.random.split(key, len(groups)) if len(groups) > 1 else [key]
    parts = [_random_group(g, k, size, max_rounds) for g, k in zip(groups, keys)]
    indices = parts[0] if len(parts) == 1 else jnp.concatenate(parts, axis=1)
    return hilb.local_indices_to_states(indices, dtype=dtype)


def _random_group(group: Group, key: PRNGKeyT, size: int, max_rounds: int | None) -> jax.Array:
    """Local indices (size, n) of a group of sites."""
    if group.constraint is None:
        return _random_product(group, key, size)
    if _is_listed(group):
        table = build_table([group])  # its list is kept by the group
        assert table is not None
        return _index_jax.unrank(table, jax.random.randint(key, (size,), 0, table.n_states))
    return _random_by_rejection(group, key, size, max_rounds)


def _random_product(group: Group, key: PRNGKeyT, size: int) -> jax.Array:
    blocks = group.blocks
    if all(b.total is not None and max(b.dims, default=1) <= 2 for b in blocks):
        return _random_bits_of_sums(blocks, key, size)
    keys = jax.random.split(key, len(blocks)) if len(blocks) > 1 else [key]
    parts = [_random_block(b, k, size) for b, k in zip(blocks, keys)]
    return parts[0] if len(parts) == 1 else jnp.concatenate(parts, axis=1)


def _random_by_rejection(
    group: Group, key: PRNGKeyT, size: int, max_rounds: int | None
) -> jax.Array:
    """Draws until all samples are accepted, or for a number of rounds."""

    def satisfied(indices: jax.Array) -> jax.Array:
        return group.constraint((group.start + group.step * indices).astype(group.dtype))

    def draw_rejected(carry: tuple) -> tuple:
        key, indices, accepted, n = carry
        key, subkey = jax.random.split(key)
        new = jnp.where(accepted[:, None], indices, _random_product(group, subkey, size))
        return key, new, satisfied(new), n + 1

    def goes_on(carry: tuple) -> jax.Array:
        _, _, accepted, n = carry
        return ~accepted.all() & (True if max_rounds is None else n < max_rounds)

    key, subkey = jax.random.split(key)
    first = _random_product(group, subkey, size)
    start = (key, first, satisfied(first), jnp.zeros((), jnp.int32))
    return jax.lax.while_loop(goes_on, draw_rejected, start)[1]


def _random_block(block: Block, key: PRNGKeyT, size: int) -> jax.Array:
    """Local indices (size, n) of consecutive sites."""
    dims = np.array(block.dims, dtype=np.int64)
    if block.total is None:
        d = int(dims.max(initial=1))
        uniform = len(set(block.dims)) <= 1
        if uniform and d <= 2**15 and d & (d - 1) == 0:
            bits = _flat(jax.random.bits, key, (size, len(dims)), dtype=jnp.uint32)
            return (bits & (d - 1)).astype(jnp.int16)
        maxval = d if uniform else np.tile(dims, size)
        small = jnp.int32 if d < 2**31 else jnp.int64
        shape = (size, len(dims))
        return _flat(jax.random.randint, key, shape, minval=0, maxval=maxval, dtype=small)
    digits = _random_digits_of_sum(block, key, size)
    return dims - 1 - digits if block.descending else digits


def _flat(draw: Any, key: PRNGKeyT, shape: tuple[int, ...], **kwargs: Any) -> jax.Array:
    """The same numbers as ``draw(key, shape)``; XLA compiles this several times faster."""
    return draw(key, shape=(math.prod(shape),), **kwargs).reshape(shape)


def _random_bits_of_sums(blocks: Sequence[Block], key: PRNGKeyT, size: int) -> jax.Array:
    """Local indices 0 and 1: a one is drawn with probability (ones left) / (sites left).

    One loop for all blocks, as loops are what takes long to compile.
    """
    left = np.concatenate([np.arange(b.n_sites, 0, -1) for b in blocks])
    totals = np.repeat([b.total for b in blocks], [b.n_sites for b in blocks])
    is_first = np.concatenate([np.arange(b.n_sites) == 0 for b in blocks])

    def site(ones: jax.Array, at: tuple) -> tuple:
        u, sites, total, first = at
        ones = jnp.where(first, total, ones)
        digit = (u * sites < ones).astype(ones.dtype)
        return ones - digit, digit

    u = _flat(jax.random.uniform, key, (len(left), size))
    start = jnp.zeros(size, dtype=totals.dtype)
    digits = jax.lax.scan(site, start, (u, left, totals, is_first))[1].T
    descending = np.repeat([b.descending for b in blocks], [b.n_sites for b in blocks])
    dims = np.array([d for b in blocks for d in b.dims], dtype=np.int64)
    return jnp.where(descending, dims - 1 - digits, digits)


def _random_digits_of_sum(block: Block, key: PRNGKeyT, size: int) -> jax.Array:
    n, d, total = block.n_sites, max(block.dims), block.total
    assert total is not None
    log_ways = _log_ways(n, d, total)
    digits = np.arange(min(d - 1, total) + 1)

    def site(left: jax.Array, at: tuple) -> tuple:
        u, row = at
        rest = left[:, None] - digits
        weights = jnp.where(rest >= 0, row[jnp.maximum(rest, 0)], -jnp.inf)
        cumulative = jnp.cumsum(jnp.exp(weights - weights.max(axis=1, keepdims=True)), axis=1)
        digit = (cumulative <= u[:, None] * cumulative[:, -1:]).sum(axis=1)
        return left - digit, digit

    u = _flat(jax.random.uniform, key, (n, size))
    start = jnp.full(size, total)
    return jax.lax.scan(site, start, (u, jnp.asarray(log_ways)))[1].T


def _log_ways(n: int, d: int, total: int) -> np.ndarray:
    """log W(r, t) for r = n - 1 ... 0 sites of dimension d, shape (n, total + 1)."""
    rows = np.full((n, total + 1), -np.inf)
    row = np.full(total + 1, -np.inf)
    row[0] = 0.0
    for r in range(n):
        rows[n - 1 - r] = row
        new = row.copy()
        for q in range(1, min(d - 1, total) + 1):
            new[q:] = np.logaddexp(new[q:], row[:-q])
        row = new
    return rows


# -- random changes ----------------------------------------------------------------------------


def flip_state(
    hilb: DiscreteHilbert, key: PRNGKeyT, state: jax.Array, indices: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Changes one site of a sample, or of each of several, to another local state at random.

    Constraints of the space are not respected.

    Args:
        hilb: the space.
        key: random key of jax.
        state: samples of shape (..., N).
        indices: the sites to change, integers of shape (...).

    Returns:
        The new samples (..., N), and the previous values of the sites, (...).
    """
    state, indices = jnp.asarray(state), jnp.asarray(indices)
    if state.ndim == 1 and indices.ndim == 0:
        return flip_state_scalar(hilb, key, state, indices)
    return flip_state_batch(hilb, key, state, indices)


@_dispatch
def flip_state_scalar(hilb: DiscreteHilbert, key: Any, state: Any, index: Any) -> tuple:
    """`flip_state` for one sample (N,) and one site."""
    return _flip(hilb, key, state, index)


@_dispatch
def flip_state_batch(hilb: DiscreteHilbert, key: Any, state: Any, index: Any) -> tuple:
    """`flip_state` for samples (..., N) and sites (...)."""
    return _flip(hilb, key, state, index)


@partial(jax.jit, static_argnums=0)
def _flip(
    hilb: DiscreteHilbert, key: PRNGKeyT, state: jax.Array, sites: jax.Array
) -> tuple[jax.Array, jax.Array]:
    batch = jnp.broadcast_shapes(state.shape[:-1], sites.shape)
    state = jnp.broadcast_to(state, (*batch, hilb.size))
    here = jnp.arange(hilb.size) == jnp.broadcast_to(sites, batch)[..., None]
    indices = hilb.states_to_local_indices(state)
    other = _other_index(hilb.shape, key, _at(here, indices), here)
    new = hilb.local_indices_to_states(
        jnp.where(here, other[..., None], indices.astype(other.dtype)), dtype=state.dtype
    )
    return jnp.where(here, new, state), _at(here, state)


def _at(here: jax.Array, values: Any) -> jax.Array:
    """The values at the sites that `here` marks, one for each sample."""
    values = jnp.asarray(values)
    return jnp.where(here, values, jnp.zeros_like(values)).sum(axis=-1, dtype=values.dtype)


def _other_index(
    shape: tuple[int, ...], key: PRNGKeyT, index: jax.Array, here: jax.Array
) -> jax.Array:
    """Another local index than `index`, uniformly; the same if a site has only one."""
    if set(shape) == {2}:
        return 1 - index
    dim = shape[0] if len(set(shape)) == 1 else _at(here, np.array(shape))
    small = jnp.int32 if max(shape) < 2**31 else jnp.int64
    others = jnp.broadcast_to(jnp.maximum(dim - 1, 1), index.shape).ravel()
    other = _flat(jax.random.randint, key, index.shape, minval=0, maxval=others, dtype=small)
    # those from `index` on move up by one
    return jnp.where(dim == 1, index, other + (other >= index))
