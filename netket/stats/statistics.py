# SPDX-License-Identifier: Apache-2.0
r"""Statistics of Markov chains: mean, error bar, autocorrelation time and R-hat.

The error bar is that of the mean of independent blocks, √(Var(block means) / number of blocks).
With 32 chains or more a block is a chain. With fewer, each chain is cut into 32 blocks, and where
these turn out to be correlated the error follows from the autocorrelation function of the blocks of
all chains, see `blocks`. With ``netket.config.autocorrelation_error_bars`` it always does.
"""

import jax
import jax.numpy as jnp
import numpy as np

from netket.config import config
from netket.utils.types import Array

from .autocorrelation import integrated_autocorrelation_time
from .blocks import MIN_BLOCKS, block_length, block_means, error_of_few_chains, tau_of_error
from .stats import Stats


def statistics(data: Array) -> Stats:
    """Mean of data from Markov chains, with error, variance, autocorrelation time and R-hat.

    Args:
        data: samples (C, n) of C independent chains, or (n,) of one chain; real or complex.

    Returns:
        A `Stats`. The error covers the truth in 68 % of repetitions for chains of at least 5
        autocorrelation times 1 + 2 Σ_t ρ(t) each, and 20 together; for 32 chains or more of any
        length. What the data is too short for is NaN: the error with less than 32 blocks, and R-hat
        with one chain. The autocorrelation time is, by default, the τ of error² = variance (1 + 2
        τ) / samples, up to the factor of Student's distribution in the error; with
        ``netket.config.experimental_fft_autocorrelation`` it is the mean over chains of
        1 + 2 Σ_t ρ(t), which is 1 for independent samples, and the error is that between chains if
        there are several. With ``netket.config.autocorrelation_error_bars`` the error and τ of the
        first formula always follow from the autocorrelation function of all chains together.

    Raises:
        TypeError: the data are no numbers.
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
    if data.dtype.kind in "OSUMm":
        raise TypeError(f"Argument `data` must hold numbers, but has dtype {data.dtype}.")
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

    error, tau, tau_max = undefined, undefined, undefined
    if from_autocorrelation and x.size > 1:
        error, tau = error_of_few_chains(x, always=True)
    elif n_chains >= MIN_BLOCKS or (fft and n_chains > 1):
        squared = jnp.var(jnp.mean(x, axis=1)) / n_chains
        error, tau = jnp.sqrt(squared), tau_of_error(squared, x.size, variance)
    elif n_chains * (n // block_length(n)) >= MIN_BLOCKS:
        error, tau = error_of_few_chains(x)
    if fft:
        taus = jax.vmap(integrated_autocorrelation_time)(x)
        tau, tau_max = jnp.mean(taus), jnp.max(taus)
    # constant data has no autocorrelation time, and no error bar to be read from it
    error = jnp.where(variance == 0, jnp.nan, error)
    return Stats(mean, error, variance, tau, _r_hat(x, variance, plain_rhat), tau_max)


_statistics = jax.jit(
    _statistics_uncompiled, static_argnames=("plain_rhat", "fft", "from_autocorrelation")
)


def _r_hat(x: jax.Array, variance: jax.Array, plain: bool) -> jax.Array:
    """√((n - 1) / n + Var(means of half chains) / variance), NaN for one chain."""
    n_chains, n = x.shape
    if n_chains == 1 or (n < 2 and not plain):
        return jnp.full_like(variance, jnp.nan)
    half = n if plain else n // 2
    between = jnp.var(block_means(x, half))
    return jnp.sqrt((n - 1) / n + between / variance)
