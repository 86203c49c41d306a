# SPDX-License-Identifier: Apache-2.0
r"""Error bars of few chains, from the means of blocks and from how these are correlated.

The error is :math:`\sqrt{\mathrm{Var}(m) / B}` for B independent blocks with means m: the number
of NetKet 3.23. Blocks that are shorter than a few autocorrelation times are not independent, and
it is too small. The error from their autocorrelation function is right, but less precise. It is
taken

- if neighbouring blocks of a chain are correlated by 1.3 standard deviations of what chance gives.
  Chains that only differ by a constant are not: R-hat says that these have not mixed;
- and if it is larger. With 8 chains or more, which make the error of blocks precise, or with less
  than 8 blocks in a chain, which do not show whether neighbours are correlated, this has to be
  beyond chance: by 55 %, or by 1.6 standard deviations if the estimate has as many degrees of
  freedom as one asks of blocks, or with neighbouring blocks correlated by 6 standard deviations.

The last condition decides little about coverage: it keeps the numbers of NetKet 3.23 where the
evidence against them is weak.
"""

import jax
import jax.numpy as jnp

from .student import student_factor

# fewest blocks of which a variance is taken, and fewest degrees of freedom to overrule it
MIN_BLOCKS = 32
# the variance of the means of fewer chains is too uncertain for an error bar
FEW_CHAINS = 8

# where the autocorrelation function of blocks is cut off, in units of 1 + 2 Σ_t ρ(t): short, since
# few data have much noise, and long enough as e^{-2 * 1.5} = 5 % of an exponential are left out
_WINDOW = 1.5

# what is beyond chance, in standard deviations
_SUSPICION, _EVIDENCE, _CERTAINTY = 1.3, 1.6, 6.0
_MUCH_LARGER = 1.55
# fewer blocks in a chain do not show how neighbours are correlated
_MIN_SERIES = 8


def block_length(n: int) -> int:
    """Length of the blocks into which a chain of n samples is cut."""
    return max(1, n // MIN_BLOCKS)


def block_means(x: jax.Array, length: int) -> jax.Array:
    """Means of blocks (C, n // length) of samples (C, n); what is left at the end is dropped."""
    n_chains, n = x.shape
    per_chain = n // length
    return jnp.mean(x[:, : per_chain * length].reshape(n_chains, per_chain, length), axis=-1)


def tau_of_error(squared: jax.Array, n_samples: int, variance: jax.Array) -> jax.Array:
    """τ of error² = variance (1 + 2 τ) / samples; not negative."""
    return jnp.maximum(0, (n_samples * squared / variance - 1) / 2)


def error_of_few_chains(x: jax.Array, always: bool = False) -> tuple[jax.Array, jax.Array]:
    """Error of the mean of few chains (C, n), and the autocorrelation time behind it.

    Args:
        x: samples (C, n), real or complex, with at least 32 blocks.
        always: whether to take correlations into account where none are seen, too.

    Returns:
        The error, and the τ of error² = variance (1 + 2 τ) / samples.
    """
    n_chains, n = x.shape
    length = block_length(n)
    means = block_means(x, length)
    sums, ends = _sums_of_autocovariances(means)
    # squares, as roots and quotients are expensive to compile
    plain = sums[0] / means.size
    correlated, inverse_ν = _correlated_error(sums, n_chains)
    wider = correlated * student_factor(jnp.minimum(inverse_ν, 1)) ** 2

    if always:
        replaced = jnp.full((), True)
    else:
        suspected, certain = _neighbours_are_correlated(sums, ends, n_chains)
        if (n_chains < FEW_CHAINS or length == 1) and len(sums) >= _MIN_SERIES:
            replaced = suspected & (wider > plain)
        else:
            known = inverse_ν <= 1 / MIN_BLOCKS
            known &= correlated > plain * (1 + _EVIDENCE * jnp.sqrt(inverse_ν / 2)) ** 2
            much = correlated > _MUCH_LARGER**2 * plain
            replaced = suspected & (known | much | (certain & (correlated > plain)))
    τ = tau_of_error(jnp.where(replaced, correlated, plain), x.size, jnp.var(x))
    return jnp.sqrt(jnp.where(replaced, wider, plain)), τ


def _sums_of_autocovariances(m: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Γ(0) + 2 Σ_t (1 - t / P) Γ(t) for t up to 0 ... P - 1, (P,), from chains m (C, P).

    Deviations are those from the mean of all chains, so that chains that have not mixed count as
    correlated.

    Returns:
        The sums, and what the two ends of the chains contribute to the first.
    """
    n = m.shape[1]
    y = m - jnp.mean(m)
    products = jnp.real(jnp.conj(y).T @ y) / m.size
    # sums along diagonals: each row from below is moved to the right by one more
    rows = jnp.pad(products[::-1], ((0, 0), (0, n))).ravel()[:-n].reshape(n, 2 * n - 1)
    Γ = jnp.sum(rows[:, n - 1 :], axis=0)
    t = jnp.arange(n)
    sums = 2 * jnp.sum(jnp.where(t[:, None] <= t, Γ[:, None], 0), axis=0) - Γ[0]
    return sums, products[0, 0] + products[-1, -1]


def _correlated_error(sums: jax.Array, n_chains: int) -> tuple[jax.Array, jax.Array]:
    r"""Square of the error of the mean of correlated chains, 1 / its degrees of freedom.

    The variance of the mean is, exactly,

    .. math::

        \frac{1}{C P} \sum_{|t| < P} \Big(1 - \frac{|t|}{P}\Big) \Gamma(t),

    with the autocovariance Γ. The sum is cut off where Γ has decayed. If that is longer than a
    chain nothing is cut off, and the sum is the variance between chains. What the mean of all
    chains takes away from Γ is restored (U. Wolff, Comput. Phys. Commun. 156, 143 (2004)). The
    relative variance of the sum up to lag W is 2 (2 W + 1) / (C P) (N. Madras and A. Sokal, J.
    Stat. Phys. 50, 109 (1988)): that of χ² with C P / (2 W + 1) degrees of freedom.
    """
    n = len(sums)
    size = n_chains * n
    t = jnp.arange(n)
    stop = (t * sums[0] >= _WINDOW * sums) | (t == n - 1)
    last = jnp.min(jnp.where(stop, t, n))
    # what the sum would be if Γ were 1: the weight of the variance of the mean
    w = last.astype(sums.dtype)
    weight = 1 + 2 * w - w * (w + 1) / n
    return jnp.maximum(sums[last], 0) / (size - weight), (2 * w + 1) / size


def _neighbours_are_correlated(
    sums: jax.Array, ends: jax.Array, n_chains: int
) -> tuple[jax.Array, jax.Array]:
    """Whether blocks within chains are, by 1.3 and by 6 standard deviations of chance.

    Seen from 1 - Σ |m_s - m_{s+1}|² / 2 Σ |m_s - mean of its chain|², see J. von Neumann, Ann.
    Math. Statist. 12, 367 (1941).
    """
    n = len(sums)
    if n < _MIN_SERIES:
        return jnp.full((), True), jnp.full((), False)
    differences = 3 * sums[0] - sums[1] - ends
    within = sums[0] - sums[-1] / n
    excess = within - differences / 2
    chance = within / (n_chains * (n - 1)) ** 0.5
    return excess > _SUSPICION * chance, excess > _CERTAINTY * chance
