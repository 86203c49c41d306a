# SPDX-License-Identifier: Apache-2.0
"""Functions of several means: values, errors against known covariances, batches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import t

from netket.stats import (
    LocalEstimatorsBatch,
    OnlineStatsBatch,
    Stats,
    StatsBatch,
    online_statistics_batch,
    statistics,
)

MEANS = np.array([1.0, 2.0, 3.0])


def ratio(m):
    return m[0] * m[1] / m[2]


def samples(rng, chains=16, n=50):
    """Normal numbers with correlated channels, (C, n, 3)."""
    x = rng.normal(size=(chains, n, 3))
    x[..., 1] += 0.8 * x[..., 0]
    return x + MEANS


def test_value_and_error_by_the_delta_method():
    x = samples(np.random.default_rng(0))
    gradient = np.asarray(jax.grad(ratio)(jnp.asarray(x.mean((0, 1)))))
    covariance = np.cov(x.mean(1).T, ddof=0) / 16
    stats = LocalEstimatorsBatch(x, ratio).to_stats()
    assert isinstance(stats, Stats)
    np.testing.assert_allclose(stats.mean, ratio(x.mean((0, 1))))
    # of 16 means: Student's distribution with 15 degrees of freedom
    student = t.ppf(0.5 + 0.6827 / 2, 15) * np.sqrt(16 / 15)
    error = student * np.sqrt(gradient @ covariance @ gradient)
    np.testing.assert_allclose(stats.error_of_mean, error, rtol=1e-4)
    online = LocalEstimatorsBatch(x, ratio).to_online_stats()
    np.testing.assert_allclose(online.mean, stats.mean)
    np.testing.assert_allclose(online.error_of_mean, stats.error_of_mean)
    assert online.n_chains == 16 and online.n_samples == 800


@pytest.mark.parametrize("chains", [1, 2, 4, 32])
def test_errors_cover_the_truth(chains):
    """68 % of the intervals contain the value of the true means; 400 repetitions."""
    rng = np.random.default_rng(1)
    truth, hits = ratio(MEANS), 0
    for _ in range(400):
        stats = LocalEstimatorsBatch(samples(rng, chains, 3200 // chains), ratio).to_stats()
        hits += abs(stats.mean - truth) < stats.error_of_mean
    assert 0.61 < hits / 400 < 0.75


@pytest.mark.parametrize("chains", [2, 4, 8, 16])
def test_means_of_few_chains_cover_the_truth(chains):
    """As Student's t distribution says; for accumulated batches, and very short chains."""
    x = np.random.default_rng(5).normal(size=(4000, chains, 2 if chains == 16 else 3, 1))

    def first(means):
        return means[0]

    for f in (
        lambda x: OnlineStatsBatch.from_data(x, first).get_stats(),
        lambda x: LocalEstimatorsBatch(x, first).to_stats(),
    ):
        stats = jax.jit(jax.vmap(f))(x)
        assert abs(np.mean(np.abs(stats.mean) < stats.error_of_mean) - 0.6827) < 0.03


def test_batches_equal_the_whole():
    x = samples(np.random.default_rng(2), n=60)
    acc = None
    for batch in np.split(x, [10, 25], axis=1):
        acc = online_statistics_batch(batch, ratio, acc)
    whole = OnlineStatsBatch.from_data(x, ratio)
    np.testing.assert_allclose(acc.mean, whole.mean)
    np.testing.assert_allclose(acc.error_of_mean, whole.error_of_mean)
    acc = LocalEstimatorsBatch(x, ratio).accumulate(whole)
    assert acc.n_samples == 2 * whole.n_samples and repr(acc) == repr(acc.get_stats())
    assert acc.to_dict()["Mean"] == pytest.approx(float(whole.mean))
    assert acc.to_compound()[0] == "Mean"


def test_arrays_and_complex_numbers():
    x = samples(np.random.default_rng(3))
    z = x + 1j * x[::-1]
    stats = LocalEstimatorsBatch(z, lambda m: m * jnp.conj(m[1])).to_stats()
    assert isinstance(stats, StatsBatch) and stats.shape == (3,)
    m = z.mean((0, 1))
    np.testing.assert_allclose(stats.mean, m * m[1].conj())
    # |m_1|^2 is real: the same as a function of real and imaginary part
    pair = np.stack([z[..., 1].real, z[..., 1].imag], -1)
    modulus = LocalEstimatorsBatch(pair, lambda m: jnp.sum(m**2)).to_stats()
    np.testing.assert_allclose(stats.error_of_mean[1], modulus.error_of_mean)
    np.testing.assert_allclose(stats.real().mean, stats.mean.real)
    np.testing.assert_allclose(stats.imag().mean, stats.mean.imag)
    assert "StatsBatch(shape=(3,), max_err=" in repr(stats)
    assert set(stats.to_dict()) == {"Mean", "Sigma"} and stats.to_compound()[0] == "Mean"


def test_one_channel_is_statistics():
    x = samples(np.random.default_rng(4), 1, 320)
    stats = LocalEstimatorsBatch(x, lambda m: m[0]).to_stats()
    np.testing.assert_allclose(stats.error_of_mean, statistics(x[..., 0]).error_of_mean)
    assert np.isnan(OnlineStatsBatch.from_data(x, ratio).error_of_mean)


def test_wrong_shapes():
    with pytest.raises(ValueError, match=r"\(n_chains, n, n_channels\), but has \(4, 3\)"):
        LocalEstimatorsBatch(np.ones((4, 3)), ratio)
    acc = OnlineStatsBatch.from_data(np.ones((2, 4, 3)), ratio)
    with pytest.raises(ValueError, match=r"\(n_chains, n, 3\).*has \(2, 4, 2\)"):
        acc.update(np.ones((2, 4, 2)))
