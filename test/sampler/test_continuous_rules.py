# SPDX-License-Identifier: Apache-2.0
"""Moves of positions: moments of known densities, walls and periodic cells, detailed balance."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.sampler.rules import GaussianRule, LangevinRule

FREE = nk.experimental.hilbert.Particle(N=2, geometry=nk.experimental.geometry.FreeSpace(d=1))
CELL = nk.experimental.hilbert.Particle(N=1, geometry=nk.experimental.geometry.Cell(d=2, L=2.0))
BOX = nk.experimental.hilbert.Particle(
    N=1, geometry=nk.experimental.geometry.Cell(d=1, L=1.0, pbc=False)
)
COVARIANCE = np.array([[1.0, 0.5], [0.5, 2.0]])


def correlated(_, r):
    """|ψ|² is normal with a known covariance, and mean 1."""
    x = r - 1.0
    return -jnp.einsum("bi,ij,bj->b", x, jnp.linalg.inv(COVARIANCE), x) / 4


SAMPLERS = {
    "gaussian": lambda hi, **kw: nk.sampler.MetropolisGaussian(hi, sigma=1.3, **kw),
    "langevin": lambda hi, **kw: nk.sampler.MetropolisAdjustedLangevin(hi, dt=0.3, **kw),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_moments_of_a_normal_distribution(name, sample):
    sampler = SAMPLERS[name](FREE, n_chains=256, sweep_size=12)
    samples, state = sample(sampler, correlated, None, 400, n_discard=50)
    x = np.asarray(samples, float).reshape(-1, 2)
    assert 0.3 < state.acceptance < 1
    np.testing.assert_allclose(x.mean(0), 1.0, atol=0.05)
    np.testing.assert_allclose(np.cov(x.T), COVARIANCE, atol=0.08)


def test_machine_pow_enters_the_gradient(sample):
    sampler = SAMPLERS["langevin"](FREE, n_chains=256, sweep_size=8, machine_pow=1)
    samples, _ = sample(sampler, correlated, None, 400, n_discard=50)
    np.testing.assert_allclose(
        np.cov(np.asarray(samples).reshape(-1, 2).T), 2 * COVARIANCE, atol=0.2
    )


@pytest.mark.parametrize("name", SAMPLERS)
def test_periodic_cell(name, sample):
    def wave(_, r):
        return 0.5 * jnp.sum(jnp.cos(np.pi * r), axis=-1)

    sampler = SAMPLERS[name](CELL, n_chains=256, sweep_size=10)
    samples, _ = sample(sampler, wave, None, 200, n_discard=20)
    x = np.asarray(samples)
    assert x.min() >= 0 and x.max() < 2
    # density exp(cos(π x)): the mean of cos is a ratio of Bessel functions, I_1(1) / I_0(1)
    assert np.cos(np.pi * x).mean() == pytest.approx(0.44639, abs=0.01)


@pytest.mark.parametrize("name", SAMPLERS)
def test_walls(name, sample):
    sampler = SAMPLERS[name](BOX, n_chains=256, sweep_size=10)
    samples, _ = sample(sampler, lambda _, r: jnp.zeros(len(r)), None, 200, n_discard=20)
    x = np.asarray(samples)
    assert x.min() >= 0 and x.max() <= 1
    assert x.mean() == pytest.approx(0.5, abs=0.01)
    assert x.var() == pytest.approx(1 / 12, abs=0.005)


def test_langevin_corrects_for_its_drift():
    """log q(r|r') - log q(r'|r) from the densities of both steps."""
    rule = LangevinRule(dt=0.2)
    sampler = nk.sampler.MetropolisSampler(FREE, rule, n_chains=8)

    class Machine:
        def apply(self, variables, r):
            return correlated(variables, r)

    rng = np.random.default_rng(0)
    r, drawn = jnp.asarray(rng.normal(size=(2, 8, 2)))
    facts = rule.facts(sampler, Machine(), None, r)
    rp, correction, gradient = rule.propose(sampler, Machine(), None, r, facts, drawn)

    def log_q(to, start):
        slope = jax.grad(lambda r: jnp.sum(2 * correlated(None, r)))(start)
        return -jnp.sum((to - start - 0.2 * slope) ** 2, axis=-1) / (4 * 0.2)

    np.testing.assert_allclose(correction, log_q(r, rp) - log_q(rp, r), rtol=1e-10)
    np.testing.assert_allclose(gradient, rule.facts(sampler, Machine(), None, rp))
    chunked = LangevinRule(dt=0.2, chunk_size=3).facts(sampler, Machine(), None, r)
    np.testing.assert_allclose(chunked, facts, rtol=1e-12)


def test_positions_are_no_integers():
    with pytest.raises(ValueError, match="must be able to hold the positions of .* but is int8"):
        nk.sampler.MetropolisGaussian(FREE, dtype=np.int8)
    assert nk.sampler.MetropolisGaussian(FREE, dtype=jnp.bfloat16).dtype == jnp.bfloat16


def test_bad_input():
    with pytest.raises(TypeError, match="MetropolisLocal"):
        nk.sampler.MetropolisGaussian(nk.hilbert.Spin(0.5, 4))
    with pytest.raises(ValueError, match="`sigma` must be positive, but is -1"):
        GaussianRule(-1)
    with pytest.raises(ValueError, match="`dt` must be positive, but is 0"):
        LangevinRule(0)
