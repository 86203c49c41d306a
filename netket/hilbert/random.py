# SPDX-License-Identifier: Apache-2.0
"""Random samples of Hilbert spaces, uniform over their states, and random changes of samples.

`random_state` and `flip_state_scalar` are plum functions: a space of your own adds a method by
``@nk.hilbert.random.random_state.dispatch``. For how samples are drawn, see `_draw`.
"""

from __future__ import annotations

import math
import warnings
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from plum import Dispatcher

from netket.config import config
from netket.errors import UnoptimisedCustomConstraintRandomStateMethodWarning
from netket.utils.types import DType, PRNGKeyT

from ._draw import flat, is_listed, random_samples
from ._on_host import is_on_host
from .abstract import AbstractHilbert
from .constraint import DiscreteHilbertConstraint
from .discrete import DiscreteHilbert
from .homogeneous import HomogeneousHilbert
from .tensor import TensorGenericHilbert

__all__ = ["flip_state", "flip_state_batch", "flip_state_scalar", "random_state"]

# Any, as the functions it makes have the attribute `dispatch`
_dispatch: Any = Dispatcher()

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
        return _reshaped(random_state(hilb, key, 1, dtype=dtype), (hilb.size,))
    shape = tuple(int(n) for n in size)
    samples = random_state(hilb, key, math.prod(shape), dtype=dtype)
    return _reshaped(samples, (*shape, hilb.size))


def _reshaped(samples: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    if is_on_host(samples):  # jax would compile a function for this
        return jnp.asarray(np.asarray(samples).reshape(shape))
    return samples.reshape(shape)


@random_state.dispatch
def _random_unknown(
    hilb: AbstractHilbert, key: Any, size: int | np.integer, *, dtype: DType = None
) -> jax.Array:
    raise TypeError(
        f"{type(hilb).__name__} has no random states: add a method by "
        "`@netket.hilbert.random.random_state.dispatch`, for a space, a key, and a number of "
        "samples `size: int`, and the keyword argument `dtype`."
    )


@random_state.dispatch
def _random_discrete(
    hilb: DiscreteHilbert, key: Any, size: int | np.integer, *, dtype: DType = None
) -> jax.Array:
    return _draw(hilb, key, int(size), dtype)


@random_state.dispatch
def _random_homogeneous(
    hilb: HomogeneousHilbert, key: Any, size: int | np.integer, *, dtype: DType = None
) -> jax.Array:
    if hilb.constraint is None:
        return _draw(hilb, key, int(size), dtype)
    # third parties add methods for their constraints
    return random_state(hilb, hilb.constraint, key, int(size), dtype=dtype)


@random_state.dispatch
def _random_constrained(
    hilb: HomogeneousHilbert,
    constraint: DiscreteHilbertConstraint,
    key: Any,
    size: int,
    *,
    dtype: DType = None,
) -> jax.Array:
    return _draw(hilb, key, size, dtype)


@random_state.dispatch
def _random_product(
    hilb: TensorGenericHilbert, key: Any, size: int | np.integer, *, dtype: DType = None
) -> jax.Array:
    keys = jax.random.split(key, len(hilb.subspaces))
    parts = [random_state(h, k, int(size), dtype=dtype) for h, k in zip(hilb.subspaces, keys)]
    return jnp.concatenate(parts, axis=-1)


def _draw(hilb: DiscreteHilbert, key: Any, size: int, dtype: DType) -> jax.Array:
    dtype = hilb._local_dtype if dtype is None else np.dtype(dtype)
    rejecting = [g for g in hilb._groups if g.constraint is not None and not is_listed(g)]
    for group in rejecting:
        _warn_of_rejection(hilb, group.constraint)
    if not rejecting or isinstance(key, jax.core.Tracer):
        return random_samples(hilb, key, size, dtype)
    samples = random_samples(hilb, key, size, dtype, _MAX_ROUNDS)
    if not hilb.constraint(samples).all():
        raise RuntimeError(
            f"No random states of {hilb} were found: after {_MAX_ROUNDS} attempts, some of {size} "
            "samples still do not satisfy the constraint. If it allows any state, restrict the "
            "samples that are tried, by ExtraConstraint(SumConstraint(...), constraint), or add a "
            "method by `@netket.hilbert.random.random_state.dispatch`."
        )
    return samples


def _warn_of_rejection(hilb: DiscreteHilbert, constraint: Any) -> None:
    if config.netket_random_state_fallback_warning:
        warnings.warn(
            UnoptimisedCustomConstraintRandomStateMethodWarning(hilb, constraint), stacklevel=5
        )


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
    other = flat(jax.random.randint, key, index.shape, minval=0, maxval=others, dtype=small)
    # those from `index` on move up by one
    return jnp.where(dim == 1, index, other + (other >= index))
