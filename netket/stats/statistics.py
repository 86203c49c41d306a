# SPDX-License-Identifier: Apache-2.0
r"""Statistics of Markov chains: mean, error bar, autocorrelation time and R-hat.

The error bar is that of the mean of independent blocks, √(Var(block means) / number of blocks).
With 32 chains or more a block is a chain; with fewer, each chain is cut into 32 blocks, whose error
bar is too small where blocks are shorter than a few autocorrelation times: the numbers are those of
NetKet 3.23. With ``netket.config.autocorrelation_error_bars`` it is right for any number of chains,
see `autocorrelation`.
"""

import jax
import jax.numpy as jnp
import numpy as np

from netket.config import config
from netket.utils.types import Array

from .autocorrelation import error_from_autocorrelation, integrated_autocorrelation_time
from .stats import Stats

# fewest blocks of which a variance is taken
MIN_BLOCKS = 32


def statistics(data: Array) -> Stats:
    """Mean of data from Markov chains, with error, variance, autocorrelation time and R-hat.

    Args:
        data: samples (C, n) of C independent chains, or (n,) of one chain; real or complex.

    Returns:
        A `Stats`. What the data is too short for is NaN: the error with less than 32 blocks, and
        R-hat with one chain. The autocorrelation time is, by default, the τ of error² = variance
        (1 + 2 τ) / samples; with ``netket.config.experimental_fft_autocorrelation`` it is the mean
        over chains of the integrated one, 1 + 2 Σ_t ρ(t), which is 1 for independent samples, and
        the error is that between chains if there are several. With
        ``netket.config.autocorrelation_error_bars`` the error and τ of the first formula
        follow from the autocorrelation function of all chains together.

    Raises:
        ValueError: there are more than two axes, or no data.
    """
    if not isinstance(data, jax.Array):
        data = np.asarray(data)
    if data.ndim > 2:
        raise ValueError(
            f"Argument `data` must have shape (n_chains, n) or (n,), but has {data.shape}."
        )
    if data.size == 0:
        raise ValueError(f"Argument `data` must not be empty, but has shape {data.shape}.")
    if data.dtype.kind in "iub":
        data = data.astype(float)
    return _statistics(
        data,
        plain_rhat=config.use_plain_rhat,
        fft=config.experimental_fft_autocorrelation,
        from_autocorrelation=config.autocorrelation_error_bars,
    )


def _statistics_uncompiled(
    x: jax.Array, plain_rhat: bool, fft: bool, from_autocorrelation: bool
) -> Stats:
    x = jnp.atleast_2d(x)
    n_chains, n = x.shape
    mean, variance = jnp.mean(x), jnp.var(x)
    undefined = jnp.full_like(variance, jnp.nan)
    chain_variance = jnp.var(jnp.mean(x, axis=1))

    per_chain, length = _blocks(n)
    block_variance = jnp.var(_block_means(x, length))
    n_blocks = n_chains * per_chain

    error, tau, tau_max = undefined, undefined, undefined
    if n_chains >= MIN_BLOCKS or (fft and n_chains > 1):
        error = jnp.sqrt(chain_variance / n_chains)
        tau = _tau_of_blocks(n, chain_variance, variance)
    elif n_blocks >= MIN_BLOCKS:
        error = jnp.sqrt(block_variance / n_blocks)
        tau = _tau_of_blocks(n / per_chain, block_variance, variance)
    if from_autocorrelation and x.size > 1:
        error, tau = error_from_autocorrelation(x)
        tau = jnp.maximum(0, (tau - 1) / 2)
    if fft:
        taus = jax.vmap(integrated_autocorrelation_time)(x)
        tau, tau_max = jnp.mean(taus), jnp.max(taus)
    # constant data has no autocorrelation time, and no error bar to be read from it
    error = jnp.where(variance == 0, jnp.nan, error)
    return Stats(mean, error, variance, tau, _r_hat(x, variance, plain_rhat), tau_max)


_statistics = jax.jit(
    _statistics_uncompiled, static_argnames=("plain_rhat", "fft", "from_autocorrelation")
)


def _blocks(n: int) -> tuple[int, int]:
    """Number and length of the blocks of a chain of n samples."""
    length = max(1, n // MIN_BLOCKS)
    return n // length, length


def _block_means(x: jax.Array, length: int) -> jax.Array:
    n_chains, n = x.shape
    per_chain = n // length
    return jnp.mean(x[:, : per_chain * length].reshape(n_chains, per_chain, length), axis=-1)


def _tau_of_blocks(length: float, variance_of_means: jax.Array, variance: jax.Array) -> jax.Array:
    """τ from Var(means of blocks) = variance (1 + 2 τ) / length; not negative."""
    return jnp.maximum(0, (length * variance_of_means / variance - 1) / 2)


def _r_hat(x: jax.Array, variance: jax.Array, plain: bool) -> jax.Array:
    """√((n - 1) / n + Var(means of half chains) / variance), NaN for one chain."""
    n_chains, n = x.shape
    if n_chains == 1 or (n < 2 and not plain):
        return jnp.full_like(variance, jnp.nan)
    half = n if plain else n // 2
    between = jnp.var(_block_means(x[:, : (n // half) * half], half))
    return jnp.sqrt((n - 1) / n + between / variance)
