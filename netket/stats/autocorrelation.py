# SPDX-License-Identifier: Apache-2.0
"""The integrated autocorrelation time of a Markov chain, 1 + 2 Σ_t ρ(t)."""

import jax
import jax.numpy as jnp

from netket.utils.types import Array


def integrated_autocorrelation_time(x: Array, c: float = 5.0) -> jax.Array:
    """1 + 2 Σ_t ρ(t), summed up to the first t with t >= c τ(t), of one chain.

    Args:
        x: samples (n,).
        c: the window, in units of τ (A. Sokal, Monte Carlo methods in statistical mechanics, 1997).

    Returns:
        The autocorrelation time, a real number; 1 for independent samples.
    """
    Γ = _autocovariance(x - jnp.mean(x))
    τ = 2 * jnp.cumsum(Γ) / Γ[0] - 1
    t = jnp.arange(len(x))
    return τ[jnp.argmax((t >= c * τ) | (t == len(x) - 1))]


def _autocovariance(x: jax.Array) -> jax.Array:
    """Σ_s Re conj(x_s) x_{s+t} for t = 0 ... n - 1, by Fourier transform.

    Zeros avoid that the ends meet.
    """
    n = len(x)
    x = x.astype(jnp.promote_types(x.dtype, jnp.float32))
    if jnp.iscomplexobj(x):
        return jnp.fft.ifft(jnp.abs(jnp.fft.fft(x, n=2 * n)) ** 2)[:n].real
    return jnp.fft.irfft(jnp.abs(jnp.fft.rfft(x, n=2 * n)) ** 2, n=2 * n)[:n]
