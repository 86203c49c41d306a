# SPDX-License-Identifier: Apache-2.0
"""Sums over samples a chunk at a time, so that the Jacobian is never stored as a whole."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from netket.jax import jacobian
from netket.jax.chunking import Chunks
from netket.utils.types import Array, PyTree

from ._gram import gram


def chunked(samples: Array, chunk_size: int) -> tuple[jax.Array, jax.Array]:
    """Samples (B, N) as chunks (C, chunk_size, N), and which of them are real (C, chunk_size).

    The last chunk is filled up with copies of the first sample.
    """
    n_samples = samples.shape[0]
    n_chunks = -(-n_samples // chunk_size)
    n_fill = n_chunks * chunk_size - n_samples
    filled = jnp.concatenate([samples, jnp.repeat(samples[:1], n_fill, axis=0)])
    is_sample = jnp.arange(n_chunks * chunk_size) < n_samples
    return filled.reshape(n_chunks, chunk_size, -1), is_sample.reshape(n_chunks, chunk_size)


def linear_maps(
    log_psi: Callable[[PyTree, Array], Array],
    parameters: PyTree,
    samples: Array,
    chunk_size: int | None,
) -> tuple[Callable[[PyTree], jax.Array], Callable[[jax.Array], PyTree]]:
    """The Jacobian O of the log-amplitude and its adjoint as functions.

    Args:
        log_psi: function of parameters and samples (B, N), which returns (B,).
        parameters: where it is differentiated.
        samples: (B, N).
        chunk_size: how many samples to evaluate at a time; with None all, and the function is
            linearised only once.

    Returns:
        ``v -> O v`` from trees like the parameters to (B,), and ``w -> O† w`` back. Both are
        linear over the reals: real parameters get the real part, and complex ones that of their
        real plus i times that of their imaginary part.
    """
    if chunk_size is None:
        _, push = jax.linearize(lambda θ: log_psi(θ, samples), parameters)
        pull = jax.linear_transpose(push, parameters)
        return push, lambda w: _conj(pull(w.conj())[0])

    chunks = Chunks.of(samples.shape[0], chunk_size)
    blocks = chunks.split(samples)

    def push_chunks(v: PyTree) -> jax.Array:
        def push_one(σ: Array) -> Array:
            return jax.jvp(lambda θ: log_psi(θ, σ), (parameters,), (v,))[1]

        return chunks.join(jax.lax.map(push_one, blocks))

    def pull_chunks(w: jax.Array) -> PyTree:
        def add(total: PyTree, block: tuple) -> tuple[PyTree, None]:
            σ, w_block = block
            _, pull = jax.vjp(lambda θ: log_psi(θ, σ), parameters)
            return jax.tree.map(jnp.add, total, pull(w_block)[0]), None

        w_blocks = chunks.split(w.conj(), zeros=True)
        zero = jax.tree.map(jnp.zeros_like, parameters)
        return _conj(jax.lax.scan(add, zero, (blocks, w_blocks))[0])

    return push_chunks, pull_chunks


def _conj(tree: PyTree) -> PyTree:
    # jax transposes without conjugating
    return jax.tree.map(jnp.conj, tree)


class _Moments(NamedTuple):
    """Weighted moments of rows: total weight, mean (..., P), centred second moment (P, P)."""

    weight: jax.Array
    mean: jax.Array
    scatter: jax.Array


def streamed_gram(
    apply_fun: Callable,
    parameters: PyTree,
    model_state: PyTree,
    samples: Array,
    pdf: Array | None,
    mode: str,
    chunk_size: int | None,
) -> jax.Array:
    """The matrix O† O of the centred, weighted Jacobian, in the memory of one chunk of it.

    Moments of chunks are merged with their means, which loses no digits where the textbook
    difference of second moment and squared mean does.
    Source: T. Chan, G. Golub, R. LeVeque, Am. Stat. 37, 242 (1983).

    Returns:
        The matrix (P, P), in the basis of `ParameterSpace.ravel`.
    """
    n_samples = samples.shape[0]
    p = jnp.full(n_samples, 1 / n_samples) if pdf is None else pdf

    def moments_of(σ: Array, weights: Array) -> _Moments:
        rows = jacobian(apply_fun, parameters, σ, model_state, mode=mode, dense=True)
        return _moments(rows, weights.astype(rows.real.dtype))

    if chunk_size is None:
        return moments_of(samples, p).scatter

    chunks = Chunks.of(n_samples, chunk_size)
    blocks, weights = chunks.split(samples), chunks.split(p, zeros=True)

    def merge_block(total: _Moments, block: tuple) -> tuple[_Moments, None]:
        return _merged(total, moments_of(*block)), None

    first = moments_of(blocks[0], weights[0])
    return jax.lax.scan(merge_block, first, (blocks[1:], weights[1:]))[0].scatter


def _moments(rows: jax.Array, weights: jax.Array) -> _Moments:
    total = jnp.sum(weights)
    # the weights of a chunk can all be zero
    mean = jnp.tensordot(weights / jnp.where(total > 0, total, 1), rows, axes=1)
    scaled = (rows - mean) * jnp.sqrt(weights).reshape(-1, *(1,) * (rows.ndim - 1))
    return _Moments(total, mean, gram(scaled.reshape(-1, rows.shape[-1])))


def _merged(a: _Moments, b: _Moments) -> _Moments:
    total = a.weight + b.weight
    share = b.weight / jnp.where(total > 0, total, 1)
    step = b.mean - a.mean
    between = gram(jnp.sqrt(a.weight * share) * step.reshape(-1, step.shape[-1]))
    return _Moments(total, a.mean + share * step, a.scatter + b.scatter + between)
