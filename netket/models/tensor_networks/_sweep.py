# SPDX-License-Identifier: Apache-2.0
r"""One pass over a chain of tensors, :math:`v \to v A^{(i)}_{x_i}`, for a batch of configurations.

What is passed on is rescaled after every site, and the logarithms of the scales are added up: long
chains neither overflow nor underflow.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import DiscreteHilbert
from netket.jax import dtype_complex
from netket.utils.types import Array

__all__ = [
    "absorb",
    "check_open",
    "check_period",
    "check_sites",
    "check_space",
    "local_indices",
    "log_amplitude",
    "periodic_tensors",
    "rescaled",
    "sweep",
]

# with more local states than this, tensors are chosen before they are multiplied
_FEW_STATES = 4


def absorb(v: Array, tensors: Array, x: Array) -> jax.Array:
    """v A_x, contracted over the last axis of v and the first of A_x.

    Args:
        v: Batch (B, ..., l).
        tensors: One tensor for every local state, (d, l, ...).
        x: Local state of every sample (B,).

    Returns:
        Batch (B, ..., ...).
    """
    d, n_l = tensors.shape[:2]
    rest = tensors.shape[2:]
    flat = tensors.reshape(d, n_l, -1)
    if d > _FEW_STATES or v[0, ..., 0].size >= 8:  # enough work for every sample by itself
        rows = v.reshape(len(x), -1, n_l)
        return jnp.matmul(rows, flat[x]).reshape(*v.shape[:-1], *rest)
    # one large product for all samples is faster than many small ones
    out = jnp.einsum("...l,slr->s...r", v, flat)
    chosen = out[0]
    for state in range(1, d):
        here = (x == state).reshape(-1, *(1,) * (out.ndim - 2))
        chosen = jnp.where(here, out[state], chosen)
    return chosen.reshape(*v.shape[:-1], *rest)


def sweep(
    first: Array,
    sites: tuple[Array, ...],
    step: Callable,
    *,
    unroll: int = 1,
    checkpoint: bool = True,
) -> tuple[jax.Array, jax.Array]:
    """Pass a batch along the chain.

    Args:
        first: Batch (B, ...).
        sites: Arrays with the sites as first axis.
        step: Function (v, *arrays of one site) of one site.
        unroll: How many sites to write out in the loop.
        checkpoint: Whether derivatives repeat the steps instead of storing what is inside.

    Returns:
        The batch after the last site, rescaled, and logarithms (B,) of the scales.
    """

    def body(carry: tuple, site: tuple) -> tuple[tuple, None]:
        v, log_scale = carry
        v, log_s = rescaled(step(v, *site))
        return (v, log_scale + log_s), None

    v, log_scale = rescaled(jnp.asarray(first))
    loop = jax.checkpoint(body) if checkpoint else body
    return jax.lax.scan(loop, (v, log_scale), sites, unroll=unroll)[0]


def rescaled(v: jax.Array, axis: int = 0) -> tuple[jax.Array, jax.Array]:
    """Tensors divided by their largest element, and logarithms of it; the axes up to `axis` stay.

    No derivative is taken of the scale, on which the product of both does not depend.
    """
    axes = tuple(range(axis + 1, v.ndim))
    size = jax.lax.stop_gradient(jnp.max(jnp.abs(v), axis=axes, keepdims=True))
    size = jnp.where((size > 0) & jnp.isfinite(size), size, 1)
    return jnp.divide(v, size), jnp.log(size).reshape(v.shape[: axis + 1])


def log_amplitude(value: Array, log_scale: Array) -> jax.Array:
    """log(value) + log_scale as complex numbers; -inf, with zero derivatives, for zero."""
    value = jnp.asarray(value, dtype_complex(value.dtype))
    nothing = value == 0
    return jnp.where(nothing, -jnp.inf, jnp.log(jnp.where(nothing, 1, value)) + log_scale)


def periodic_tensors(tensors: Array, n_sites: int) -> jax.Array:
    """One tensor for every site, from those of one unit cell."""
    return jnp.tile(tensors, (n_sites // len(tensors), *(1,) * (tensors.ndim - 1)))


def local_indices(hilbert: DiscreteHilbert, x: Array) -> jax.Array:
    """Local states (..., N) as indices 0, ..., d - 1."""
    return hilbert.states_to_local_indices(jnp.asarray(x)).astype(jnp.int32)


def check_space(hilbert: Any) -> int:
    """The number of local states, which must be the same for all sites."""
    shape = getattr(hilbert, "shape", ())
    if not shape or len(set(shape)) != 1:
        raise ValueError(
            "Argument `hilbert` must have the same number of local states on all sites, but has "
            f"{tuple(np.asarray(shape).tolist())}."
        )
    return int(shape[0])


def check_period(n_sites: int, symperiod: int | None) -> int:
    """The number of different tensors."""
    period = n_sites if symperiod is None else symperiod
    if period < 1 or n_sites % period:
        raise ValueError(
            f"Argument `symperiod` must divide the number of sites, {n_sites}, but is {symperiod}."
        )
    return period


def check_open(n_sites: int) -> int:
    """The number of sites, which must have two ends."""
    if n_sites < 2:
        raise ValueError(
            "Argument `hilbert` must have two sites or more, the ends of an open chain, but has "
            f"{n_sites}. Use periodic boundaries."
        )
    return n_sites


def check_sites(x: Array, n_sites: int, what: str) -> None:
    if x.shape[-1] != n_sites:
        raise ValueError(
            f"Argument `x` must have {n_sites} values in its last axis, {what}, but has shape "
            f"{x.shape}."
        )
