# SPDX-License-Identifier: Apache-2.0
"""What holds for every sampler, on the spaces that its rule is for: one row of a table for each."""

import jax
import numpy as np
import pytest

import netket as nk
from netket.sampler.rules import (
    CustomRule,
    FixedRule,
    GlobalSpinFlipRule,
    LocalRule,
    MultipleRules,
    TensorRule,
)

CHAIN = nk.graph.Chain(3)
SPINS = nk.hilbert.Spin(0.5, 3)
FIXED = nk.hilbert.Spin(0.5, 4, total_sz=0)
BOSONS = nk.hilbert.Fock(2, 3, n_particles=2)
MIXED = nk.hilbert.Fock(2, 1) * nk.hilbert.Spin(0.5, 2)
FERMIONS = nk.hilbert.SpinOrbitalFermions(3, s=0.5, n_fermions_per_spin=(2, 1))
ISING = nk.operator.Ising(SPINS, CHAIN, h=1.0)
HOPPING = nk.operator.BoseHubbard(BOSONS, CHAIN, U=1.0)
HEISENBERG = nk.operator.Heisenberg(FIXED, nk.graph.Chain(4))
BIASED = nk.operator.LocalOperator(
    MIXED,
    [np.array([[0.3, 0.7], [0.2, 0.8]]), np.kron(np.full((3, 3), 1 / 3), np.eye(2)[::-1])],
    [[1], [0, 2]],
)

nks = nk.sampler
SAMPLERS = {
    "local": lambda **kw: nks.MetropolisLocal(SPINS, **kw),
    "local spin 1": lambda **kw: nks.MetropolisLocal(nk.hilbert.Spin(1, 2), **kw),
    "local mixed": lambda **kw: nks.MetropolisLocal(MIXED, **kw),
    "exchange": lambda **kw: nks.MetropolisExchange(FIXED, graph=nk.graph.Chain(4), **kw),
    "exchange far": lambda **kw: nks.MetropolisExchange(
        FIXED, graph=nk.graph.Chain(4), d_max=2, **kw
    ),
    "exchange clusters": lambda **kw: nks.MetropolisExchange(
        FIXED, clusters=[[0, 1], [1, 2], [2, 3]], **kw
    ),
    "hamiltonian jax": lambda **kw: nks.MetropolisHamiltonian(
        FIXED, hamiltonian=HEISENBERG.to_jax(), **kw
    ),
    "hamiltonian numba": lambda **kw: nks.MetropolisHamiltonian(
        BOSONS, hamiltonian=HOPPING.to_numba(), **kw
    ),
    "fermions": lambda **kw: nks.MetropolisFermionHop(FERMIONS, graph=CHAIN, sweep_size=8, **kw),
    "mixture": lambda **kw: nks.MetropolisSampler(
        SPINS,
        MultipleRules([LocalRule(), GlobalSpinFlipRule(), FixedRule()], [0.7, 0.2, 0.1]),
        **kw,
    ),
    "tensor": lambda **kw: nks.MetropolisSampler(
        MIXED, TensorRule(MIXED, [LocalRule(), LocalRule()]), **kw
    ),
    "custom jax": lambda **kw: nks.MetropolisCustom(MIXED, BIASED.to_jax(), [0.3, 0.7], **kw),
    "custom numba": lambda **kw: nks.MetropolisCustom(MIXED, BIASED.to_numba(), [0.3, 0.7], **kw),
    "numpy local": lambda **kw: nks.MetropolisLocalNumpy(MIXED, **kw),
    "numpy hamiltonian": lambda **kw: nks.MetropolisHamiltonianNumpy(BOSONS, HOPPING, **kw),
    "tempering local": lambda **kw: nks.ParallelTemperingLocal(SPINS, n_replicas=3, **kw),
    "tempering exchange": lambda **kw: nks.ParallelTemperingExchange(
        FIXED, graph=nk.graph.Chain(4), n_replicas=3, **kw
    ),
    "tempering hamiltonian": lambda **kw: nks.ParallelTemperingHamiltonian(
        FIXED, hamiltonian=HEISENBERG, n_replicas=3, **kw
    ),
}
EXACT = [SPINS, FIXED, BOSONS, MIXED, FERMIONS]
POWER = 1.3


def draw(sampler, model, variables, length, seed=1):
    state = sampler.init_state(model, variables, seed=seed)
    return sampler.sample(
        model,
        variables,
        state=sampler.reset(model, variables, state),
        chain_length=length,
        return_log_probabilities=True,
    )


@pytest.mark.parametrize("name", SAMPLERS)
def test_metropolis(name, state_vector, assert_distribution):
    sampler = SAMPLERS[name](n_chains=1000, machine_pow=POWER)
    hilbert = sampler.hilbert
    model = state_vector(hilbert)
    variables = model.variables()
    (samples, log_prob), state = draw(sampler, model, variables, 105)
    samples, log_prob = np.asarray(samples), np.asarray(log_prob)
    assert samples.shape == (1000, 105, hilbert.size) and samples.dtype == sampler.dtype
    # 1e5 samples: none is illegal, and their distribution is |ψ|^p
    numbers = hilbert.states_to_numbers(samples.reshape(-1, hilbert.size))
    assert_distribution(
        hilbert, samples[:, 10:][:, ::5], model.probabilities(variables, POWER), inflation=2.0
    )
    # what is reported about them
    np.testing.assert_allclose(log_prob.ravel(), POWER * variables[numbers].real)
    assert state.n_steps == 105 * sampler.sweep_size * sampler.n_batches
    assert 0.05 < state.acceptance <= 1
    # the same seed gives the same samples; a new one does not
    (again, _), _ = draw(sampler, model, variables, 105)
    np.testing.assert_array_equal(samples, again)
    (other, _), _ = draw(sampler, model, variables, 105, seed=2)
    assert np.any(np.asarray(other) != samples)


# the others differ from these in their rule only, which does not see chunks and resets
KINDS = ["local", "hamiltonian numba", "mixture", "custom jax", "numpy local", "tempering local"]


@pytest.mark.parametrize("name", KINDS)
def test_chunks_and_resets(name, state_vector):
    """Samples do not depend on the chunk size; chains begin anew if asked, and only then."""
    model = state_vector(SAMPLERS[name](n_chains=6).hilbert)
    variables = model.variables()
    (samples, _), state = draw(SAMPLERS[name](n_chains=6), model, variables, 5)
    (chunked, _), _ = draw(SAMPLERS[name](n_chains=6, chunk_size=4), model, variables, 5)
    np.testing.assert_array_equal(samples, chunked)
    kept = SAMPLERS[name](n_chains=6).reset(model, variables, state)
    np.testing.assert_array_equal(kept.σ, state.σ)
    afresh = SAMPLERS[name](n_chains=6, reset_chains=True)
    assert any(
        np.any(np.asarray(new.σ) != np.asarray(state.σ))
        for new in _resets(afresh, model, variables, state)
    )


def _resets(sampler, model, variables, state, n=3):
    for _ in range(n):
        state = sampler.reset(model, variables, state)
        yield state


@pytest.mark.parametrize("hilbert", EXACT, ids=str)
def test_exact(hilbert, state_vector, assert_distribution):
    sampler = nks.ExactSampler(hilbert, machine_pow=POWER)
    model = state_vector(hilbert)
    variables = model.variables()
    (samples, log_prob), _ = draw(sampler, model, variables, 100_000)
    assert_distribution(hilbert, samples, model.probabilities(variables, POWER))
    numbers = hilbert.states_to_numbers(np.asarray(samples).reshape(-1, hilbert.size))
    np.testing.assert_allclose(np.ravel(log_prob), POWER * variables[numbers].real)


# -- exact transition matrices of the rules that are made of others ------------------------------


def test_detailed_balance_of_custom_moves(state_vector, transition_matrix, assert_detailed_balance):
    """By enumeration of all that can be drawn: terms, and moves as fine as their probabilities."""
    rule = CustomRule(BIASED.to_jax(), [0.3, 0.7])
    sampler = nks.MetropolisSampler(MIXED, rule)
    probabilities = state_vector(MIXED).probabilities(state_vector(MIXED).variables())
    terms, u = np.meshgrid(np.arange(2), (np.arange(30) + 0.5) / 30, indexing="ij")
    drawn = type(rule.draw(sampler, jax.random.key(0), (1,)))(terms.ravel(), u.ravel())
    weights = np.repeat([0.3, 0.7], 30) / 30
    P, Q = transition_matrix(sampler, rule, drawn, weights, probabilities)
    assert_detailed_balance(P, probabilities)
    # what is proposed is the operator itself, the same as on the host
    matrices = [w * m for w, m in zip((0.3, 0.7), BIASED.operators)]
    moves = nk.operator.LocalOperator(MIXED, matrices, BIASED.acting_on).to_dense()
    np.testing.assert_allclose(Q, moves.real, atol=1e-12)


def test_custom_moves_choose_their_path_by_the_backend():
    numba, compiled = (nks.MetropolisCustom(MIXED, BIASED.to_backend(b)) for b in ("numba", "jax"))
    assert isinstance(numba, nks.MetropolisSamplerNumpy)
    assert isinstance(compiled.rule, CustomRule)
    np.testing.assert_allclose(compiled.rule.weight_list, numba.rule.weight_list)
    with pytest.raises(ValueError, match="space of the sampler"):
        nks.MetropolisSampler(SPINS, CustomRule(BIASED))
    with pytest.raises(ValueError, match="stochastic"):
        nks.MetropolisCustom(MIXED, (2 * BIASED).to_jax())
