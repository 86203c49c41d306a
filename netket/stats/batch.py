# SPDX-License-Identifier: Apache-2.0
"""Functions of several expectation values, f(⟨O_1⟩ ... ⟨O_K⟩), with errors by the delta method.

To first order in the deviations δ_c of the chains from the mean X, f changes by J δ_c, where J is
the Jacobian of f at X. The error of f(X) is that of the mean of these numbers, so correlations
between the channels are taken into account.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.config import config
from netket.utils import struct
from netket.utils.types import Array

from .blocks import FEW_CHAINS, MIN_BLOCKS
from .online import MAX_LAG, OnlineStats
from .statistics import statistics
from .stats import Stats
from .student import student_factor_of_means

Combinator = Callable[[jax.Array], jax.Array]  # of means (K,)


@struct.dataclass
class StatsBatch:
    """An array of means with their errors.

    Attributes:
        mean: the means.
        error_of_mean: their standard errors, of the same shape.
    """

    mean: Array
    error_of_mean: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the means."""
        return np.shape(self.mean)

    def to_dict(self) -> dict[str, Any]:
        """Means and errors under their traditional names."""
        return {"Mean": self.mean, "Sigma": self.error_of_mean}

    def to_compound(self) -> tuple[str, dict[str, Any]]:
        """Name of the main value, and all values: what loggers store."""
        return "Mean", self.to_dict()

    def real(self) -> "StatsBatch":
        """The same with the real parts of the means."""
        return self.replace(mean=np.real(self.mean))

    def imag(self) -> "StatsBatch":
        """The same with the imaginary parts of the means."""
        return self.replace(mean=np.imag(self.mean))

    def __repr__(self) -> str:
        if isinstance(self.error_of_mean, jax.core.Tracer):
            return f"StatsBatch(mean={self.mean}, error_of_mean={self.error_of_mean})"
        largest = np.max(np.abs(self.error_of_mean), initial=0.0)
        return f"StatsBatch(shape={self.shape}, max_err={largest:.4g})"


class LocalEstimatorsBatch(struct.Pytree):
    """Local values of several operators, whose means are combined by a function.

    Args:
        data: values (C, n, K) of C chains and K channels.
        combinator: f(means (K,)) -> the number, or array, of interest.

    Raises:
        ValueError: `data` has not three axes.
    """

    data: jax.Array
    combinator: Combinator = struct.field(pytree_node=False)

    def __init__(self, data: Array, combinator: Combinator):
        if np.ndim(data) != 3:
            raise ValueError(
                "Argument `data` must have shape (n_chains, n, n_channels), but has "
                f"{np.shape(data)}."
            )
        self.data, self.combinator = data, combinator

    @property
    def n_channels(self) -> int:
        return self.data.shape[-1]

    def to_stats(self) -> Stats | StatsBatch:
        """f of the means with its error: `Stats` of one number, `StatsBatch` of an array."""
        return _as_stats(*_combine(self.data, self.combinator, config.autocorrelation_error_bars))

    def to_online_stats(self, *, max_lag: int = MAX_LAG) -> "OnlineStatsBatch":
        """Statistics that can be continued by further batches."""
        return OnlineStatsBatch.from_data(self.data, self.combinator, max_lag=max_lag)

    def accumulate(
        self, old: "OnlineStatsBatch | None" = None, *, max_lag: int = MAX_LAG
    ) -> "OnlineStatsBatch":
        """The statistics `old` continued by these values."""
        return online_statistics_batch(self.data, self.combinator, old, max_lag=max_lag)


class OnlineStatsBatch(struct.Pytree):
    """Accumulated statistics of several channels, whose means are combined by a function.

    Immutable: `update` returns a new object. Correlations between the channels are seen in the
    means of the chains: with a single chain the error is NaN, with several it is that of Student's
    distribution, which covers 68 %.

    Args:
        estimators: an `OnlineStats` for each of the K channels.
        combinator: f(means (K,)) -> the number, or array, of interest.
    """

    estimators: tuple[OnlineStats, ...]
    combinator: Combinator = struct.field(pytree_node=False)

    def __init__(self, estimators: tuple[OnlineStats, ...], combinator: Combinator):
        self.estimators, self.combinator = tuple(estimators), combinator

    @classmethod
    def from_data(
        cls,
        data: Array,
        combinator: Combinator,
        *,
        decay: float | None = None,
        max_lag: int = MAX_LAG,
    ) -> "OnlineStatsBatch":
        """The statistics of a first batch, (C, n, K)."""
        data = LocalEstimatorsBatch(data, combinator).data
        channels = jnp.moveaxis(jnp.asarray(data), -1, 0)
        make = partial(OnlineStats.from_data, decay=decay, max_lag=max_lag)
        return cls(tuple(make(channel) for channel in channels), combinator)

    def update(self, data: Array) -> "OnlineStatsBatch":
        """The statistics of what came before, continued by a batch (C, n, K).

        Raises:
            ValueError: the batch has another number of chains or channels.
        """
        k = len(self.estimators)
        if np.ndim(data) != 3 or np.shape(data)[-1] != k:
            raise ValueError(
                f"Argument `data` must have shape (n_chains, n, {k}), like the batches before, "
                f"but has {np.shape(data)}."
            )
        channels = jnp.moveaxis(jnp.asarray(data), -1, 0)
        pairs = zip(self.estimators, channels)
        return OnlineStatsBatch(tuple(e.update(x) for e, x in pairs), self.combinator)

    @property
    def n_chains(self) -> int:
        return self.estimators[0].n_chains

    @property
    def n_samples(self) -> jax.Array:
        """Number of samples of all chains, of each channel."""
        return self.estimators[0].n_samples

    @property
    def mean(self) -> jax.Array:
        """f of the means."""
        return self._result[0]

    @property
    def error_of_mean(self) -> jax.Array:
        return self._result[1]

    @property
    def _result(self) -> tuple[jax.Array, jax.Array]:
        means = [e.chain_means for e in self.estimators]
        return _from_chains(self.combinator, jnp.stack(means, axis=-1))

    def get_stats(self) -> Stats | StatsBatch:
        """f of the means with its error: `Stats` of one number, `StatsBatch` of an array."""
        return _as_stats(*self._result)

    def to_dict(self) -> dict[str, Any]:
        """See `Stats.to_dict`."""
        return self.get_stats().to_dict()

    def to_compound(self) -> tuple[str, dict[str, Any]]:
        """See `Stats.to_compound`."""
        return self.get_stats().to_compound()

    def __repr__(self) -> str:
        return repr(self.get_stats())


def online_statistics_batch(
    data: Array,
    combinator: Combinator,
    old_estimator: OnlineStatsBatch | None = None,
    *,
    decay: float | None = None,
    max_lag: int = MAX_LAG,
) -> OnlineStatsBatch:
    """Statistics of a function of several means, of a batch or of a batch and all before.

    Args:
        data: values (C, n, K) of C chains and K channels.
        combinator: f(means (K,)) -> the number, or array, of interest.
        old_estimator: what was returned for the batches before.
        decay, max_lag: see `OnlineStats`; used without `old_estimator` only.

    Returns:
        The statistics, to be passed in with the next batch.
    """
    if old_estimator is None:
        return OnlineStatsBatch.from_data(data, combinator, decay=decay, max_lag=max_lag)
    return old_estimator.update(data)


def _linearised(f: Combinator, values: jax.Array) -> tuple[jax.Array, jax.Array]:
    """f at the mean X of values (M, K), and its change J (value - X) for each, (M, ...)."""
    centre = jnp.mean(values, axis=0)
    push = jax.vmap(lambda tangent: jax.jvp(f, (centre,), (tangent,))[1])
    return f(centre), push(values - centre)


def _from_chains(f: Combinator, means: jax.Array) -> tuple[jax.Array, jax.Array]:
    """f of the mean, and its error, from the means of chains (C, K)."""
    value, change = _linearised(f, means)
    deviation = jnp.sqrt(jnp.mean(jnp.abs(change) ** 2, axis=0))
    return value, deviation / jnp.sqrt(len(means)) * student_factor_of_means(len(means))


@partial(jax.jit, static_argnums=(1, 2))
def _combine(
    data: jax.Array, f: Combinator, from_autocorrelation: bool
) -> tuple[jax.Array, jax.Array]:
    """f of the means of data (C, n, K), and its error."""
    chains, n, k = data.shape
    of_chains = chains >= FEW_CHAINS or chains * n < MIN_BLOCKS
    if chains > 1 and of_chains and not from_autocorrelation:
        return _from_chains(f, jnp.mean(data, axis=1))
    value, change = _linearised(f, data.reshape(-1, k))
    series = change.reshape(chains, n, -1)
    error = jax.vmap(lambda x: statistics(x).error_of_mean, in_axes=-1)(series)
    return value, error.reshape(jnp.shape(value))


def _as_stats(mean: jax.Array, error: jax.Array) -> Stats | StatsBatch:
    if jnp.ndim(mean) == 0:
        return Stats(mean=mean, error_of_mean=error)
    return StatsBatch(mean=mean, error_of_mean=error)
