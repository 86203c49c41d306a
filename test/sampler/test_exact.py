# SPDX-License-Identifier: Apache-2.0
"""The sampler that knows all probabilities."""

import flax.serialization
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk

SPINS = nk.hilbert.Spin(0.5, 4)
HILBERTS = [
    SPINS,
    nk.hilbert.Fock(2, 3, n_particles=3),
    nk.hilbert.Spin(1, 3),
    nk.hilbert.Fock(2, 1) * nk.hilbert.Spin(0.5, 2),
]


@pytest.mark.parametrize("hilbert", HILBERTS, ids=str)
def test_distribution(hilbert, state_vector, sample, assert_distribution):
    model = state_vector(hilbert)
    variables = model.variables()
    for power in (1.0, 2.0, 3.5):
        sampler = nk.sampler.ExactSampler(hilbert, machine_pow=power)
        samples, _ = sample(sampler, model, variables, 30000)
        assert samples.shape == (1, 30000, hilbert.size)
        assert samples.dtype == np.int8
        assert_distribution(hilbert, samples, model.probabilities(variables, power))


def test_states_of_probability_zero_are_never_drawn(state_vector, sample):
    variables = jnp.full(16, -jnp.inf).at[jnp.array([3, 12])].set(jnp.array([0.0, -2.0]))
    sampler = nk.sampler.ExactSampler(SPINS)
    samples, _ = sample(sampler, state_vector(SPINS), variables, 100000)
    numbers, counts = np.unique(SPINS.states_to_numbers(samples[0]), return_counts=True)
    assert numbers.tolist() == [3, 12]
    np.testing.assert_allclose(counts[1] / counts[0], np.exp(-4), rtol=0.1)


def test_large_spaces_are_evaluated_in_blocks(state_vector, sample, monkeypatch):
    from netket.sampler import exact

    hilbert = nk.hilbert.Spin(1, 3)
    model = state_vector(hilbert)
    variables = model.variables()
    sampler = nk.sampler.ExactSampler(hilbert)
    expected, _ = sample(sampler, model, variables, 50)
    jax.clear_caches()
    monkeypatch.setattr(exact, "_BLOCK", 10)
    samples, _ = sample(sampler, model, variables, 50)
    np.testing.assert_array_equal(samples, expected)


def test_log_probabilities_and_state(state_vector):
    model = state_vector(SPINS)
    variables = model.variables()
    sampler = nk.sampler.ExactSampler(SPINS)
    assert sampler.is_exact
    assert sampler.n_chains == sampler.n_chains_per_rank == sampler.n_batches == 1
    state = sampler.init_state(model, variables, seed=3)
    (samples, log_prob), after = sampler.sample(
        model, variables, state=state, chain_length=20, return_log_probabilities=True
    )
    np.testing.assert_allclose(log_prob, 2 * variables[SPINS.states_to_numbers(samples)].real)
    restored = flax.serialization.from_bytes(after, flax.serialization.to_bytes(state))
    again, _ = sampler.sample(model, variables, state=restored, chain_length=20)
    np.testing.assert_array_equal(again, samples)


def test_nothing_is_traced_twice(state_vector, sample):
    model = state_vector(SPINS)
    for scale in (1.0, 0.5):
        sample(nk.sampler.ExactSampler(SPINS), model, scale * model.variables(), 10)
    assert model.n_traces == 1


def test_bad_input(sample):
    with pytest.raises(ValueError, match="few enough states to enumerate them all"):
        nk.sampler.ExactSampler(nk.hilbert.Spin(0.5, 100))
    with pytest.raises(ValueError, match=r"of shape \(16,\), but it returned .* \(16, 1\)"):
        sample(nk.sampler.ExactSampler(SPINS), lambda _, σ: jnp.zeros((len(σ), 1)), None, 1)
