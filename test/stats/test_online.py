# SPDX-License-Identifier: Apache-2.0
"""Statistics in batches: the same as those of all data at once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats as distributions
from scipy.special import erf

from netket.stats import LocalEstimators, OnlineStats, online_statistics


def chains(n_chains, n, rho=0.7, seed=0, complex_values=False):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n_chains, n)) + (
        1j * rng.normal(size=(n_chains, n)) if complex_values else 0
    )
    for t in range(1, n):
        x[:, t] += rho * x[:, t - 1]
    return x - 25.0


def autocovariance(x, k):
    """Mean over chains of Re cov(x_t, x_{t+k})."""
    early, late = x[:, : x.shape[1] - k], x[:, k:]
    means = early.mean(axis=1, keepdims=True), late.mean(axis=1, keepdims=True)
    return np.mean(np.real(np.conj(early - means[0]) * (late - means[1])))


def error_from_time(x, τ):
    """√(variance τ / samples), with what the means of chains (C, n) take away, by Student's law."""
    ν = x.size / (2 * τ - 1)
    student = distributions.t.ppf(0.5 + erf(1 / np.sqrt(2)) / 2, ν)
    return student * np.sqrt(x.var() * τ / x.size / (1 - (2 * τ - 1) / x.shape[1]))


@pytest.mark.parametrize("complex_values", [False, True])
@pytest.mark.parametrize("cuts", [[], [40, 80], [3, 5, 100]])
def test_equals_the_whole(cuts, complex_values):
    x = chains(6, 120, complex_values=complex_values)
    acc = None
    for batch in np.split(x, cuts, axis=1):
        acc = online_statistics(batch, acc, max_lag=10)
    np.testing.assert_allclose(acc.mean, x.mean())
    np.testing.assert_allclose(acc.chain_means, x.mean(axis=1))
    np.testing.assert_allclose(acc.variance, x.var())
    acf = np.array([autocovariance(x, k) for k in range(11)])
    np.testing.assert_allclose(acc.acf, acf / acf[0], rtol=1e-8, atol=1e-10)
    within, between = x.var(axis=1).mean(), x.mean(axis=1).var()
    np.testing.assert_allclose(acc.R_hat, np.sqrt(119 / 120 + between / within))
    errors = np.sqrt(between / 6), error_from_time(x, acc.tau_corr)
    np.testing.assert_allclose(acc.error_of_mean, max(errors), rtol=1e-4)
    assert (acc.n_samples, acc.n_chains) == (720, 6)


def test_one_chain():
    """The error bar follows from the autocorrelation time, (1 + rho) / (1 - rho) = 5.67."""
    x = chains(1, 20000)[0]
    acc = OnlineStats.from_data(x[:10000]).update(x[10000:])
    assert acc.tau_corr == pytest.approx(5.67, rel=0.25)
    error = error_from_time(x[None], acc.tau_corr)
    np.testing.assert_allclose(acc.error_of_mean, error, rtol=1e-4)
    assert error == pytest.approx(np.sqrt(x.var() * acc.tau_corr / 20000), rel=1e-3)
    assert np.isnan(acc.R_hat)
    assert np.isnan(acc.tau_corr_batch)


@pytest.mark.parametrize("n_chains", [1, 2, 8, 16])
def test_error_bars_cover_the_truth(n_chains):
    """In 68 % of the repetitions, of accumulated batches."""
    rng = np.random.default_rng(7)
    for rho in (0.0, 0.8):
        x = rng.normal(size=(1500, n_chains, 350))
        for t in range(1, 350):
            x[..., t] += rho * x[..., t - 1]
        x = x[..., 50:]
        acc = jax.vmap(OnlineStats.from_data)(x[..., :100])
        stats = jax.vmap(lambda acc, x: acc.update(x).get_stats())(acc, x[..., 100:])
        covered = np.mean(np.abs(stats.mean) < stats.error_of_mean)
        assert abs(covered - 0.6827) < 0.05


@pytest.mark.parametrize("n_chains", [2, 16])
def test_error_bars_without_autocorrelations(n_chains):
    """Those of Student's distribution of the means of chains."""
    x = np.random.default_rng(8).normal(size=(3000, n_chains, 3))
    stats = jax.vmap(lambda x: OnlineStats.from_data(x, max_lag=0).get_stats())(x)
    assert abs(np.mean(np.abs(stats.mean) < stats.error_of_mean) - 0.6827) < 0.03


def test_weights_decay():
    x = np.random.default_rng(0).normal(size=(4, 60))
    acc = None
    for batch in np.split(x, 3, axis=1):
        acc = online_statistics(batch, acc, decay=0.5)
    weights = np.repeat([0.25, 0.5, 1.0], 20)
    np.testing.assert_allclose(acc.mean, np.average(x, axis=1, weights=weights).mean())


def test_single_precision_does_not_cancel():
    x = (chains(8, 1000, seed=1) * 1e-3 - 100).astype(np.float32)
    acc = None
    for batch in np.split(x, 10, axis=1):
        acc = online_statistics(batch, acc)
    np.testing.assert_allclose(acc.variance, x.astype(float).var(), rtol=1e-2)
    assert acc.mean.dtype == np.float32


def test_is_a_pytree():
    acc = OnlineStats(4, float, max_lag=3)
    assert np.isnan(acc.mean)
    assert repr(acc) == "nan ± nan [σ²=nan]"
    x = chains(4, 20)
    updated = jax.jit(lambda acc, x: acc.update(x))(acc, x)
    np.testing.assert_allclose(updated.mean, x.mean())
    assert updated.to_compound()[0] == "Mean"
    assert updated.to_dict()["Mean"] == pytest.approx(x.mean())


def test_refused():
    acc = OnlineStats(4, float)
    with pytest.raises(ValueError, match="must have 4 chains"):
        acc.update(np.ones((3, 5)))
    with pytest.raises(ValueError, match="`decay`"):
        OnlineStats(4, float, decay=1.5)
    with pytest.raises(ValueError, match="`decay`"):
        online_statistics(np.ones((4, 2)), acc, decay=2.0)
    with pytest.raises(ValueError, match="`max_lag`"):
        OnlineStats(4, float, max_lag=-1)
    with pytest.raises(ValueError, match="`data`"):
        acc.update(np.ones((4, 0)))


def test_local_estimators():
    x = chains(4, 50)
    local = LocalEstimators(jnp.asarray(x))
    np.testing.assert_allclose(local.to_stats().mean, x.mean())
    np.testing.assert_allclose(local.to_online_stats().variance, x.var())
    assert local.accumulate(local.accumulate()).n_samples == 400
    assert local.shape == (4, 50)
    assert len(local) == 4
    np.testing.assert_allclose(local.mean(), x.mean())
    np.testing.assert_array_equal(np.asarray(local), x)
    np.testing.assert_array_equal(local[0], x[0])
    np.testing.assert_array_equal([*local], x)
    np.testing.assert_allclose(jnp.sum(local.data), x.sum())
