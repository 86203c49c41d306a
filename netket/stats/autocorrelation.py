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
    Γ = _autocovariance(x - jnp.mean(x))  # with the factor 1 - t / n
    last, total = _sum_up_to(Γ, _WINDOW)
    # what all terms up to the last would be if Γ were 1: the weight of the variance of the mean
    weight = 1 + 2 * last - last * (last + 1) / n
    unbiased = total / (1 - weight / (n_chains * n))
    return jnp.sqrt(jnp.maximum(unbiased, 0) / (n_chains * n)), total / Γ[0]


def relative_uncertainty(τ: jax.Array, n_samples: int) -> jax.Array:
    """Of the error of the mean of so many samples, due to that of τ.

    See N. Madras and A. Sokal, J. Stat. Phys. 50, 109 (1988).
    """
    last = _WINDOW * jnp.maximum(τ, 1)
    return jnp.sqrt((2 * last + 1) / (2 * n_samples))


def integrated_autocorrelation_time(x: Array, c: float = 5.0) -> jax.Array:
    """1 + 2 Σ_t ρ(t), summed up to the first t with t >= c τ(t), of one chain.

    Args:
        x: samples (n,).
        c: the window, in units of τ (A. Sokal, Monte Carlo methods in statistical mechanics, 1997).

    Returns:
        The autocorrelation time, a real number; 1 for independent samples.
    """
    Γ = _autocovariance(x[None] - jnp.mean(x))
    return _sum_up_to(Γ, c)[1] / Γ[0]


def _sum_up_to(Γ: jax.Array, window: float) -> tuple[jax.Array, jax.Array]:
    """The first t with t >= window τ(t), or the last, and Γ(0) + 2 Σ Γ up to there."""
    fixed = jax.lax.stop_gradient(Γ)

    def goes_on(carry: tuple[jax.Array, jax.Array]) -> jax.Array:
        t, total = carry
        return (t < window * total / fixed[0]) & (t < len(Γ) - 1)

    def add(carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        t, total = carry
        return t + 1, total + 2 * fixed[t + 1]

    # a loop, which is compiled faster than cumulative sums and mostly short
    last, _ = jax.lax.while_loop(goes_on, add, (jnp.zeros((), int), fixed[0]))
    # the sum once more, since loops of unknown length have no gradient
    return last, 2 * jnp.sum(jnp.where(jnp.arange(len(Γ)) <= last, Γ, 0)) - Γ[0]


def _autocovariance(x: jax.Array) -> jax.Array:
    """Σ_s Re conj(x_s) x_{s+t} / n for t = 0 ... n - 1, mean over chains, by Fourier transform.

    Zeros avoid that the ends meet.
    """
    n_chains, n = x.shape
    x = x.astype(jnp.promote_types(x.dtype, jnp.float32))
    if jnp.iscomplexobj(x):
        spectrum = jnp.sum(jnp.abs(jnp.fft.fft(x, n=2 * n)) ** 2, axis=0)
        return jnp.fft.ifft(spectrum)[:n].real / (n_chains * n)
    spectrum = jnp.sum(jnp.abs(jnp.fft.rfft(x, n=2 * n)) ** 2, axis=0)
    return jnp.fft.irfft(spectrum, n=2 * n)[:n] / (n_chains * n)
