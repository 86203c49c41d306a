# SPDX-License-Identifier: Apache-2.0
"""Parallel tempering: distributions of every replica, two modes, bad input."""

import flax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk

SPINS = nk.hilbert.Spin(0.5, 3)


def test_temperatures():
    def betas(**kwargs):
        return nk.sampler.ParallelTemperingLocal(SPINS, **kwargs).sorted_betas

    np.testing.assert_allclose(betas(n_replicas=4), [1, 0.75, 0.5, 0.25])
    np.testing.assert_allclose(
        betas(n_replicas=8, betas="log")[[0, 1, 3, 7]], [1, 0.68453512, 0.36907025, 0.05360537]
    )
    np.testing.assert_allclose(betas(betas=[0.1, 1, 0.5]), [1, 0.5, 0.1])
    default = nk.sampler.ParallelTemperingLocal(SPINS)
    assert default.n_replicas == 32 and default.n_batches == 512 and default.n_chains == 16


@pytest.mark.parametrize("constructor", ["local", "exchange", "hamiltonian"])
def test_distribution(constructor, state_vector, sample, assert_distribution):
    hilbert, graph = SPINS, nk.graph.Chain(3)
    options = {"n_chains": 64, "sweep_size": 6, "n_replicas": 4}
    if constructor == "local":
        sampler = nk.sampler.ParallelTemperingLocal(hilbert, **options)
    elif constructor == "exchange":
        hilbert = nk.hilbert.Spin(0.5, 4, total_sz=0)
        sampler = nk.sampler.ParallelTemperingExchange(hilbert, graph=nk.graph.Chain(4), **options)
    else:
        ha = nk.operator.Ising(hilbert, graph, h=1.0)
        sampler = nk.sampler.ParallelTemperingHamiltonian(hilbert, ha, **options)
    model = state_vector(hilbert)
    variables = model.variables(scale=1.0)
    samples, state = sample(sampler, model, variables, 600)
    assert samples.shape == (64, 600, hilbert.size)
    assert_distribution(hilbert, samples, model.probabilities(variables), inflation=1.5)
    assert state.exchange_acceptance.shape == (3,) and np.all(state.exchange_acceptance > 0.3)


def test_every_replica_has_its_temperature(state_vector, sample, assert_distribution):
    model = state_vector(SPINS)
    variables = model.variables(scale=1.0)
    sampler = nk.sampler.ParallelTemperingLocal(
        SPINS, n_chains=4000, sweep_size=12, betas=[1, 0.6, 0.2]
    )
    _, state = sample(sampler, model, variables, 4)
    σ = np.asarray(state.σ).reshape(4000, 3, 3)
    for r, beta in enumerate(sampler.sorted_betas):
        p = model.probabilities(variables, power=2 * beta)
        assert_distribution(SPINS, σ[:, r], p, inflation=1.2)
    np.testing.assert_allclose(state.log_prob, sampler.log_pdf(model)(variables, state.σ))


def test_finds_both_modes(sample):
    """All up and all down are separated by a barrier that single flips do not cross."""
    hilbert = nk.hilbert.Spin(0.5, 12)

    def cat(_, σ):
        return 0.3 * jnp.sum(σ, axis=-1).astype(float) ** 2 / 4

    def up(sampler):
        state = sampler.init_state(cat, None, seed=0)
        state = state.replace(σ=jnp.ones_like(state.σ))
        samples, _ = sampler.sample(cat, None, state=state, chain_length=200)
        return np.mean(np.asarray(samples).sum(-1) > 0)

    options = {"n_chains": 32}
    assert up(nk.sampler.MetropolisLocal(hilbert, **options)) == 1
    tempered = nk.sampler.ParallelTemperingLocal(hilbert, n_replicas=12, **options)
    assert 0.3 < up(tempered) < 0.8


def test_log_probabilities_and_restored_states(state_vector):
    model = state_vector(SPINS)
    variables = model.variables()
    sampler = nk.sampler.ParallelTemperingLocal(SPINS, n_chains=4, n_replicas=3)
    state = sampler.init_state(model, variables, seed=3)
    (samples, log_prob), state = sampler.sample(
        model, variables, state=state, chain_length=5, return_log_probabilities=True
    )
    expected = sampler.log_pdf(model)(variables, samples.reshape(-1, 3)).reshape(4, 5)
    np.testing.assert_allclose(log_prob, expected)
    data = flax.serialization.to_bytes(state)
    other = sampler.init_state(model, variables, seed=4)
    restored = flax.serialization.from_bytes(other, data)
    a, b = (sampler.sample(model, variables, state=s, chain_length=5)[0] for s in (state, restored))
    np.testing.assert_array_equal(a, b)
    again = sampler.reset(model, variables, state)
    assert again.n_exchange_steps == 0 and np.all(again.n_exchanged == 0)


def test_samples_of_a_state():
    ha = nk.operator.Ising(SPINS, nk.graph.Chain(3), h=1.0)
    sampler = nk.sampler.ParallelTemperingLocal(SPINS, n_chains=16, n_replicas=4)
    state = nk.vqs.MCState(sampler, nk.models.RBM(), n_samples=1024, seed=0)
    exact = nk.vqs.FullSumState(SPINS, nk.models.RBM(), variables=state.variables).expect(ha).mean
    stats = state.expect(ha)
    assert abs(stats.mean - exact) < 6 * stats.error_of_mean
    assert jax.tree.all(jax.tree.map(lambda x: np.all(np.isfinite(x)), state.grad(ha)))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"betas": [1, 0.5], "n_replicas": 2}, "must not both be given"),
        ({"betas": [0.5, 0.1]}, "of which the largest is 1"),
        ({"betas": "cubic"}, "'linear', 'log' or numbers"),
        ({"n_replicas": 1}, "at least 2"),
        ({"n_replicas": 0}, "positive integer"),
    ],
)
def test_bad_input(options, message):
    with pytest.raises(ValueError, match=message):
        nk.sampler.ParallelTemperingLocal(SPINS, **options)
