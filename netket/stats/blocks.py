# SPDX-License-Identifier: Apache-2.0
r"""Error bars from the means of blocks, and what replaces them where blocks are correlated.

The error is :math:`\sqrt{\mathrm{Var}(m) / B}` for B independent blocks with means m. Blocks that
are shorter than a few autocorrelation times are not independent, and the error is too small. It is
then that of `autocorrelation`, if three things speak for it:

- neighbouring blocks of a chain are correlated by more than one standard deviation of what chance
  gives. Chains that only differ by a constant are not: R-hat says that these have not mixed;
- it is known to 12 %, unless it is larger by 55 %;
- it is larger than that of the blocks by more than its own uncertainty.

With few chains, or blocks of one sample, the formula of blocks has too little to stand on, and the
first reason suffices if the other error is larger. Where nothing speaks against them, blocks give
the numbers of NetKet 3.23.
"""

import jax
import jax.numpy as jnp

from .autocorrelation import error_from_autocorrelation, relative_uncertainty

# fewest blocks of which a variance is taken
MIN_BLOCKS = 32
# the variance of the means of fewer chains is too uncertain for an error bar
FEW_CHAINS = 8

_MUCH_LARGER = 1.55
# how well the other error must be known, and by how many standard deviations it must be larger
_EVIDENCE = ((0.10, 1.5), (0.12, 2.0))
# fewer blocks in a chain do not show how they are correlated
_MIN_SERIES = 8


def block_length(n: int) -> int:
    """Length of the blocks into which a chain of n samples is cut."""
    return max(1, n // MIN_BLOCKS)


def block_means(x: jax.Array, length: int) -> jax.Array:
    """Means of blocks (C, n // length) of samples (C, n); what is left at the end is dropped."""
    n_chains, n = x.shape
    per_chain = n // length
    return jnp.mean(x[:, : per_chain * length].reshape(n_chains, per_chain, length), axis=-1)


def tau_of_blocks(length: float, variance_of_means: jax.Array, variance: jax.Array) -> jax.Array:
    """τ from Var(means of blocks) = variance (1 + 2 τ) / length; not negative."""
    return jnp.maximum(0, (length * variance_of_means / variance - 1) / 2)


def error_of_few_chains(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Error of the mean of few chains (C, n), and the τ of error² = variance (1 + 2 τ) / samples.

    Args:
        x: samples (C, n), real or complex, with at least 32 blocks.

    Returns:
        The error and τ, from blocks or from the autocorrelation function.
    """
    n_chains, n = x.shape
    length = block_length(n)
    means = block_means(x, length)
    of_means = jnp.var(means)
    error = jnp.sqrt(of_means / means.size)
    τ = tau_of_blocks(n / means.shape[1], of_means, jnp.var(x))

    sensitive = n_chains < FEW_CHAINS or length == 1

    def reconsidered() -> tuple[jax.Array, jax.Array]:
        other, integrated = error_from_autocorrelation(x)
        ratio, uncertainty = other / error, relative_uncertainty(integrated, x.size)
        if sensitive:
            replaced = ratio > 1
        else:
            replaced = ratio > _MUCH_LARGER
            for known_to, deviations in _EVIDENCE:
                larger = ratio > 1 + deviations * uncertainty
                replaced |= (uncertainty < known_to) & larger
        return (
            jnp.where(replaced, other, error).astype(error.dtype),
            jnp.where(replaced, jnp.maximum(0, (integrated - 1) / 2), τ).astype(τ.dtype),
        )

    return jax.lax.cond(_are_correlated(means), reconsidered, lambda: (error, τ))


def _are_correlated(means: jax.Array) -> jax.Array:
    """Whether neighbouring blocks within the chains are, by more than one standard deviation."""
    n_chains, per_chain = means.shape
    if per_chain < _MIN_SERIES:
        return jnp.full((), True)
    y = means - jnp.mean(means, axis=1, keepdims=True)
    products = jnp.real(jnp.conj(y[:, :-1]) * y[:, 1:])
    # the mean of the chain, which is taken away, leaves a correlation of -1 / per_chain
    r = jnp.sum(products) / jnp.sum(jnp.abs(y) ** 2) + 1 / per_chain
    return r * (n_chains * (per_chain - 1)) ** 0.5 > 1
