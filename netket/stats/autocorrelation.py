# SPDX-License-Identifier: Apache-2.0
r"""Autocorrelation of Markov chains, and the error bar that follows from it.

The variance of the mean of C chains of n samples is, exactly,

.. math::

    \frac{1}{C n} \sum_{|t| < n} \Big(1 - \frac{|t|}{n}\Big) \Gamma(t),

with the autocovariance Γ. The sum is cut off where Γ has decayed. If that is longer than a chain,
nothing is cut off, and the sum is the variance between chains.
"""

import jax
import jax.numpy as jnp

from netket.utils.types import Array

# where the sum is cut off, in units of the autocorrelation time 1 + 2 Σ_t ρ(t)
_WINDOW = 3.0


def error_from_autocorrelation(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Error of the mean of correlated chains, and their autocorrelation time.

    Deviations are those from the mean of all chains, so that chains that have not mixed count as
    correlated. What this mean takes away from Γ is restored as in U. Wolff, Comput. Phys. Commun.
    156, 143 (2004).

    Args:
        x: samples (C, n), real or complex.

    Returns:
        The error, and 1 + 2 Σ_t ρ(t) within the window. NaN for a single number.
    """
    n_chains, n = x.shape
    Γ = jnp.mean(jax.vmap(_autocovariance)(x - jnp.mean(x)), axis=0)  # with the factor 1 - t / n
    sums = 2 * jnp.cumsum(Γ) - Γ[0]
    τ = sums / Γ[0]
    outside = jnp.arange(n) >= _WINDOW * τ
    last = jnp.where(jnp.any(outside), jnp.argmax(outside), n - 1)
    # what all terms up to the last would be if Γ were 1: the weight of the variance of the mean
    weight = 1 + 2 * last - last * (last + 1) / n
    total = sums[last] / (1 - weight / (n_chains * n))
    return jnp.sqrt(jnp.maximum(total, 0) / (n_chains * n)), τ[last]


def integrated_autocorrelation_time(x: Array, c: float = 5.0) -> jax.Array:
    """1 + 2 Σ_t ρ(t), summed up to the first t with t >= c τ(t), of one chain.

    Args:
        x: samples (n,).
        c: the window, in units of τ (A. Sokal, Monte Carlo methods in statistical mechanics, 1997).

    Returns:
        The autocorrelation time, a real number; 1 for independent samples.
    """
    Γ = _autocovariance(x - jnp.mean(x))
    ρ = Γ / Γ[0]
    τ = 2 * jnp.cumsum(ρ) - 1
    outside = jnp.arange(len(ρ)) >= c * τ
    return τ[jnp.where(jnp.any(outside), jnp.argmax(outside), len(ρ) - 1)]


def _autocovariance(x: jax.Array) -> jax.Array:
    """Σ_s Re conj(x_s) x_{s+t} / n for t = 0 ... n - 1, by Fourier transform.

    Zeros avoid that the ends meet.
    """
    n = len(x)
    spectrum = jnp.abs(jnp.fft.fft(x, n=2 * n)) ** 2
    return jnp.fft.ifft(spectrum)[:n].real / n
