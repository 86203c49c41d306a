# SPDX-License-Identifier: Apache-2.0
r"""Statistics accumulated batch after batch, in memory that does not grow.

Per chain and per lag k four sums over pairs (x_t, x_{t+k}) are kept, from which follow the means,
the variance and the autocorrelation function. Values are taken relative to a first guess of the
mean, so that nothing cancels. With ``decay`` γ, each batch multiplies the weight of the past by γ.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.utils import struct
from netket.utils.types import Array, DType

from .blocks import FEW_CHAINS
from .stats import Stats
from .student import student_factor, student_factor_of_means

MAX_LAG = 64
# smallest plausible ratio of the spread of the means of many chains to the error it stands for
_TOO_SMALL = 0.7


class OnlineStats(struct.Pytree):
    """Mean, variance, autocorrelation time and R-hat of chains that arrive in batches.

    Immutable: `update` returns a new object.

    Args:
        n_chains: number of chains C.
        dtype: of the data, real or complex.
        decay: factor between 0 and 1 by which each batch reduces the weight of those before; None
            for equal weights.
        max_lag: largest distance at which autocorrelations are accumulated.
    """

    _count: jax.Array  # () samples seen
    _origin: jax.Array  # (C,) what values are relative to
    _recent: jax.Array  # (C, L) the last values
    _weights: jax.Array  # (L + 1,) weight of the pairs at each lag
    _early: jax.Array  # (C, L + 1) Σ x_t
    _late: jax.Array  # (C, L + 1) Σ x_{t+k}
    _products: jax.Array  # (C, L + 1) Σ Re conj(x_t) x_{t+k}
    max_lag: int = struct.field(pytree_node=False)
    decay: float | None = struct.field(pytree_node=False)

    def __init__(
        self, n_chains: int, dtype: DType, *, decay: float | None = None, max_lag: int = MAX_LAG
    ):
        _check_decay(decay)
        if max_lag < 0:
            raise ValueError(f"Argument `max_lag` must not be negative, but is {max_lag}.")
        dtype = jnp.promote_types(dtype, jnp.float32)
        real = jnp.finfo(dtype).dtype
        self.max_lag, self.decay = int(max_lag), decay
        self._count = jnp.zeros((), dtype=int)
        self._origin = jnp.zeros(n_chains, dtype)
        self._recent = jnp.zeros((n_chains, max_lag), dtype)
        self._weights = jnp.zeros(max_lag + 1, real)
        self._early = jnp.zeros((n_chains, max_lag + 1), dtype)
        self._late = jnp.zeros((n_chains, max_lag + 1), dtype)
        self._products = jnp.zeros((n_chains, max_lag + 1), real)

    @classmethod
    def from_data(
        cls, data: Array, *, decay: float | None = None, max_lag: int = MAX_LAG
    ) -> "OnlineStats":
        """The statistics of a first batch, (C, n) or (n,) for one chain."""
        data = _as_chains(data)
        return cls(len(data), data.dtype, decay=decay, max_lag=max_lag).update(data)

    def update(self, data: Array) -> "OnlineStats":
        """The statistics of what came before, continued by a batch (C, n).

        Raises:
            ValueError: the batch has another number of chains.
        """
        data = _as_chains(data)
        if len(data) != self.n_chains:
            raise ValueError(
                f"Argument `data` must have {self.n_chains} chains along axis 0, like the batches "
                f"before, but has shape {data.shape}."
            )
        return _update(self, data)

    # -- results ------------------------------------------------------------------------------

    @property
    def n_chains(self) -> int:
        return len(self._origin)

    @property
    def n_samples(self) -> jax.Array:
        """Number of samples of all chains, without weights."""
        return self._count * self.n_chains

    @property
    def chain_means(self) -> jax.Array:
        """Mean of each chain, (C,)."""
        return self._origin + self._late[:, 0] / self._weights[0]

    @property
    def mean(self) -> jax.Array:
        return jnp.mean(self.chain_means)

    @property
    def _within(self) -> jax.Array:
        """Mean of the variances of the chains."""
        return self._covariances[0]

    @property
    def _between(self) -> jax.Array:
        """Variance of the means of the chains."""
        return jnp.var(self.chain_means)

    @property
    def variance(self) -> jax.Array:
        return self._within + self._between

    @property
    def R_hat(self) -> jax.Array:
        """√((n - 1) / n + variance between chains / variance within), NaN for one chain."""
        if self.n_chains == 1:
            return jnp.full_like(self._within, jnp.nan)
        n = self._weights[0]
        return jnp.sqrt((n - 1) / n + self._between / self._within)

    @property
    def _covariances(self) -> jax.Array:
        """Autocovariance at each lag, mean over chains, (L + 1,)."""
        n = self._weights
        early, late = self._early / n, self._late / n
        return jnp.mean(self._products / n - jnp.real(jnp.conj(early) * late), axis=0)

    @property
    def acf(self) -> jax.Array:
        """Autocorrelation function ρ(t) for t = 0 ... max_lag; NaN where there is no pair."""
        return self._covariances / self._within

    @property
    def tau_corr_acf(self) -> jax.Array:
        """1 + 2 Σ_t ρ(t), up to the first negative pair ρ(2t) + ρ(2t + 1).

        This initial positive sequence is due to C. Geyer, Statist. Sci. 7, 473 (1992).
        """
        ρ = jnp.nan_to_num(self.acf, nan=-jnp.inf)
        pairs = ρ[: len(ρ) // 2 * 2].reshape(-1, 2).sum(axis=1)
        positive = jnp.cumprod(pairs > 0)
        τ = 2 * jnp.sum(jnp.where(positive, pairs, 0)) - 1
        return jnp.where(jnp.isnan(self._within), jnp.nan, jnp.maximum(τ, 1))

    @property
    def tau_corr_batch(self) -> jax.Array:
        """τ of Var(means of chains) = variance (1 + 2 τ) / n; NaN for one chain."""
        if self.n_chains == 1:
            return jnp.full_like(self._within, jnp.nan)
        return jnp.maximum(0, (self._weights[0] * self._between / self.variance - 1) / 2)

    @property
    def tau_corr(self) -> jax.Array:
        """The autocorrelation time from the autocorrelation function, if there is one."""
        return self.tau_corr_acf if self.max_lag > 0 else self.tau_corr_batch

    @property
    def error_of_mean(self) -> jax.Array:
        """From the means of the chains, and from their autocorrelation time.

        The spread of few means comes out much too small every now and then: of 8 or more it is
        taken unless it is below 70 % of the error from the autocorrelation time, of fewer if it is
        the larger of the two. Without autocorrelations it is that of Student's distribution.
        """
        between = jnp.sqrt(self._between / self.n_chains)
        if self.max_lag == 0:
            return between * student_factor_of_means(self.n_chains)
        n = self._weights[0]
        # what the means of the chains take away from a sum over lags up to τ - 1, and the inverse
        # of its degrees of freedom, see `blocks`
        lost = jnp.minimum((2 * self.tau_corr - 1) / n, 0.5)
        squared = self.variance * self.tau_corr / (n * self.n_chains) / (1 - lost)
        within = jnp.sqrt(squared) * student_factor(lost / self.n_chains)
        if self.n_chains == 1:
            return within
        if self.n_chains < FEW_CHAINS:
            return jnp.fmax(between, within)
        return jnp.where(between < _TOO_SMALL * within, within, between)

    def get_stats(self) -> Stats:
        """The results as a `Stats`."""
        return _get_stats(self)

    def to_dict(self) -> dict[str, Any]:
        """See `Stats.to_dict`."""
        return self.get_stats().to_dict()

    def to_compound(self) -> tuple[str, dict[str, Any]]:
        """See `Stats.to_compound`."""
        return self.get_stats().to_compound()

    def __repr__(self) -> str:
        return repr(self.get_stats())


@jax.jit
def _get_stats(acc: OnlineStats) -> Stats:
    return Stats(
        mean=acc.mean,
        error_of_mean=acc.error_of_mean,
        variance=acc.variance,
        tau_corr=acc.tau_corr,
        R_hat=acc.R_hat,
    )


@jax.jit
def _update(acc: OnlineStats, data: jax.Array) -> OnlineStats:
    lags, n = acc.max_lag, data.shape[1]
    origin = jnp.where(acc._count == 0, jnp.mean(data, axis=1), acc._origin)
    x = data - origin[:, None]
    both = jnp.concatenate([acc._recent, x], axis=1)
    known = jnp.arange(lags + n) >= lags - acc._count  # the rest of `_recent` is not yet filled

    def sums(k: jax.Array) -> tuple[jax.Array, ...]:
        """Sums over the pairs (x_t, x_{t+k}) that end in the new batch."""
        early = jax.lax.dynamic_slice_in_dim(both, lags - k, n, axis=1)
        real = jax.lax.dynamic_slice_in_dim(known, lags - k, n)
        products = jnp.real(jnp.conj(early) * x)
        return (
            jnp.sum(real),
            jnp.sum(jnp.where(real, early, 0), axis=1),
            jnp.sum(jnp.where(real, x, 0), axis=1),
            jnp.sum(jnp.where(real, products, 0), axis=1),
        )

    count, early, late, products = jax.lax.map(sums, jnp.arange(lags + 1))
    γ = 1.0 if acc.decay is None else acc.decay
    return acc.replace(
        _count=acc._count + n,
        _origin=origin,
        _recent=both[:, n:],
        _weights=γ * acc._weights + count,
        _early=γ * acc._early + early.T,
        _late=γ * acc._late + late.T,
        _products=γ * acc._products + products.T,
    )


def _check_decay(decay: float | None) -> None:
    if decay is not None and not 0 < decay <= 1:
        raise ValueError(f"Argument `decay` must lie in (0, 1] or be None, but is {decay}.")


def _as_chains(data: Array) -> jax.Array:
    if np.ndim(data) not in (1, 2) or np.size(data) == 0:
        raise ValueError(
            f"Argument `data` must have shape (n_chains, n) or (n,), but has {np.shape(data)}."
        )
    return jnp.atleast_2d(jnp.asarray(data))


def online_statistics(
    data: Array,
    old_estimator: OnlineStats | None = None,
    *,
    decay: float | None = None,
    max_lag: int = MAX_LAG,
) -> OnlineStats:
    """Statistics of a batch, or of a batch and all those before.

    Args:
        data: samples (C, n) of C chains, or (n,) of one.
        old_estimator: what was returned for the batches before.
        decay, max_lag: see `OnlineStats`; used without `old_estimator` only, but `decay` replaces
            that of the old estimator if given.

    Returns:
        The statistics, to be passed in with the next batch.
    """
    if old_estimator is None:
        return OnlineStats.from_data(data, decay=decay, max_lag=max_lag)
    if decay is not None:
        _check_decay(decay)
        old_estimator = old_estimator.replace(decay=decay)
    return old_estimator.update(data)
