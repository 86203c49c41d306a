# SPDX-License-Identifier: Apache-2.0
"""Samplers on the host: distributions, corrections by enumeration, rules of third parties."""

import flax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.sampler.rules import (
    CustomRuleNumpy,
    HamiltonianRuleNumpy,
    LocalRuleNumpy,
    MetropolisRule,
)

SPINS = nk.hilbert.Spin(0.5, 3)
CHAIN = nk.graph.Chain(3)
X, SWAP = np.array([[0.0, 1], [1, 0]]), np.eye(4)[[0, 2, 1, 3]]


def flips(hilbert=SPINS, matrix=X):
    n = hilbert.size
    return nk.operator.LocalOperator(hilbert, [matrix] * n, [[i] for i in range(n)])


SAMPLERS = {
    "local": lambda: nk.sampler.MetropolisLocalNumpy,
    "hamiltonian": lambda: (
        lambda hi, **kw: nk.sampler.MetropolisHamiltonianNumpy(
            hi, nk.operator.Ising(hi, CHAIN, h=1.0), **kw
        )
    ),
    "custom": lambda: (
        lambda hi, **kw: nk.sampler.MetropolisCustom(hi, flips(), move_weights=[1, 2, 1], **kw)
    ),
    # not symmetric: corrections matter
    "biased": lambda: (
        lambda hi, **kw: nk.sampler.MetropolisCustom(
            hi, flips(matrix=np.array([[0.3, 0.7], [0.2, 0.8]])), **kw
        )
    ),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_distribution(name, state_vector, sample, assert_distribution):
    model = state_vector(SPINS)
    variables = model.variables()
    sampler = SAMPLERS[name]()(SPINS, n_chains=1024, sweep_size=8)
    samples, state = sample(sampler, model, variables, 40)
    assert isinstance(samples, np.ndarray) and samples.shape == (1024, 40, 3)
    assert samples.dtype == np.int8 and 0.3 < state.acceptance < 1
    assert_distribution(SPINS, samples, model.probabilities(variables), inflation=1.5)


def test_mixed_local_states(state_vector, sample, assert_distribution):
    hilbert = nk.hilbert.Fock(2, 1) * nk.hilbert.Spin(1, 1) * nk.hilbert.Qubit(1)
    model = state_vector(hilbert)
    variables = model.variables()
    sampler = nk.sampler.MetropolisLocalNumpy(hilbert, n_chains=1024, sweep_size=9)
    samples, _ = sample(sampler, model, variables, 40)
    assert_distribution(hilbert, samples, model.probabilities(variables), inflation=1.5)


def test_constraints():
    hilbert = nk.hilbert.Spin(0.5, 4, total_sz=0)
    exchange = nk.operator.LocalOperator(hilbert, [SWAP] * 3, [[0, 1], [1, 2], [2, 3]])
    ha = nk.operator.Heisenberg(hilbert, nk.graph.Chain(4))
    for sampler in (
        nk.sampler.MetropolisCustom(hilbert, exchange, n_chains=100),
        nk.sampler.MetropolisHamiltonianNumpy(hilbert, ha, n_chains=100),
    ):
        samples, _ = sampler.sample(lambda _, σ: jnp.zeros(len(σ)), None, chain_length=300)
        assert np.all(samples.sum(-1) == 0)
        counts = np.bincount(hilbert.states_to_numbers(samples.reshape(-1, 4)))
        np.testing.assert_allclose(counts / counts.sum(), 1 / 6, atol=0.02)


def test_corrections_by_enumeration():
    """log q(σ|σ') - log q(σ'|σ) of an operator with rows of different lengths."""
    rng = np.random.default_rng(0)
    matrix = (rng.random((8, 8)) < 0.4).astype(float)
    matrix = np.triu(matrix, 1) + np.triu(matrix, 1).T + np.eye(8)
    rule = HamiltonianRuleNumpy(nk.operator.LocalOperator(SPINS, matrix, [0, 1, 2]))
    states = SPINS.all_states()
    moves = matrix * (1 - np.eye(8))
    q = moves / np.maximum(moves.sum(1, keepdims=True), 1)
    for _ in range(20):
        σp, correction = rule.transition(None, None, None, None, rng, states)
        i, j = np.arange(8), SPINS.states_to_numbers(σp)
        moved = i != j
        assert np.all(moved == (moves.sum(1) > 0))
        expected = np.log(q[j, i][moved]) - np.log(q[i, j][moved])
        np.testing.assert_allclose(correction[moved], expected, atol=1e-12)
        np.testing.assert_array_equal(correction[~moved], 0)


class AllUpOrDown(MetropolisRule):
    """A third party's rule: flips all spins, and writes into the state."""

    def transition(self, sampler, machine, parameters, state, rng, σ):
        assert isinstance(rng, np.random.Generator) and isinstance(σ, np.ndarray)
        state.σ1[:] = -σ


def test_rules_of_third_parties():
    sampler = nk.sampler.MetropolisSamplerNumpy(SPINS, AllUpOrDown(), n_chains=4, sweep_size=1)
    samples, state = sampler.sample(lambda _, σ: jnp.zeros(len(σ)), None, chain_length=6)
    np.testing.assert_array_equal(samples[:, 1:], -samples[:, :-1])
    assert state.acceptance == 1


def test_states_restore_exactly(state_vector):
    model = state_vector(SPINS)
    variables = model.variables()
    sampler = nk.sampler.MetropolisLocalNumpy(SPINS, n_chains=4)
    _, state = sampler.sample(model, variables, chain_length=3)
    data = flax.serialization.to_bytes(state)
    other = sampler.init_state(model, variables, seed=9)
    restored = flax.serialization.from_bytes(other, data)
    a, b = (sampler.sample(model, variables, state=s, chain_length=4)[0] for s in (state, restored))
    np.testing.assert_array_equal(a, b)


def test_expectation_value():
    ha = nk.operator.Ising(SPINS, CHAIN, h=1.0)
    state = nk.vqs.MCState(
        nk.sampler.MetropolisLocalNumpy(SPINS, n_chains=16), nk.models.RBM(), n_samples=1024, seed=0
    )
    exact = nk.vqs.FullSumState(SPINS, nk.models.RBM(), variables=state.variables).expect(ha).mean
    stats = state.expect(ha)
    assert abs(stats.mean - exact) < 6 * stats.error_of_mean


@pytest.mark.parametrize(
    "matrix", [[[0, 2], [2, 0]], [[0, -1], [-1, 0]], [[0, 1], [0, 0]], [[0, 1j], [-1j, 0]]]
)
def test_terms_must_be_stochastic(matrix):
    with pytest.raises(ValueError, match="stochastic matrices"):
        CustomRuleNumpy(flips(matrix=np.array(matrix)))


def test_moves_that_leave_the_space_are_rejected():
    """By both kinds of rules for custom moves."""
    hilbert = nk.hilbert.Spin(0.5, 4, total_sz=0)
    flip, swap = np.eye(2)[::-1], np.eye(4)[[0, 2, 1, 3]]
    moves = nk.operator.LocalOperator(hilbert, [flip, swap, swap], [[0], [0, 1], [1, 3]])
    for operator in (moves, moves.to_jax()):
        sampler = nk.sampler.MetropolisCustom(hilbert, operator, n_chains=20)
        samples, state = sampler.sample(lambda _, σ: jnp.zeros(len(σ)), None, chain_length=50)
        assert np.all(np.asarray(samples).sum(axis=-1) == 0)
        assert 0.1 < state.acceptance < 0.7


def test_rules_of_the_other_kind():
    with pytest.raises(TypeError, match="use MetropolisSamplerNumpy"):
        nk.sampler.MetropolisSampler(SPINS, LocalRuleNumpy())
    mixture = nk.sampler.rules.MultipleRules([LocalRuleNumpy()], [1])
    with pytest.raises(TypeError, match="use MetropolisSamplerNumpy"):
        nk.sampler.MetropolisSampler(SPINS, mixture)
    for rule in (nk.sampler.rules.LocalRule(), mixture):
        with pytest.raises(TypeError, match="must be written in numpy"):
            nk.sampler.MetropolisSamplerNumpy(SPINS, rule)


def test_bad_input():
    with pytest.raises(TypeError, match="must be a LocalOperator"):
        CustomRuleNumpy(nk.operator.Ising(SPINS, CHAIN, h=1.0))
    with pytest.raises(ValueError, match="`weight_list` must have 3 entries"):
        CustomRuleNumpy(flips(), [1, 2])
    with pytest.raises(TypeError, match="discrete operator"):
        HamiltonianRuleNumpy("ising")
    with pytest.raises(ValueError, match="must act on the space of the sampler"):
        nk.sampler.MetropolisCustom(nk.hilbert.Qubit(3), flips())
