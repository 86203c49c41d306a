# SPDX-License-Identifier: Apache-2.0
"""Models that update their log-amplitude give the same chains as those that are computed anew."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.sampler._evaluation import evaluation_of
from netket.sampler.rules import ExchangeRule, HamiltonianRule, LocalRule, MultipleRules

N = 10
spins = nk.hilbert.Spin(0.5, N)
balanced = nk.hilbert.Spin(0.5, N, total_sz=0)
bosons = nk.hilbert.Fock(3, N)
fermions = nk.hilbert.SpinOrbitalFermions(N // 2, s=0.5, n_fermions_per_spin=(2, 3))
ring = nk.graph.Chain(N)


class PlainRBM(nk.models.RBM):
    """The same amplitude, without updates."""

    is_incremental = False


class PlainSlater(nk.models.Slater2nd):
    is_incremental = False


class PlainOpen(nk.models.tensor_networks.MPSOpen):
    is_incremental = False


class PlainPeriodic(nk.models.tensor_networks.MPSPeriodic):
    is_incremental = False


class PlainJastrow(nk.models.Jastrow):
    is_incremental = False


def samplers():
    either = MultipleRules([LocalRule(), ExchangeRule(graph=ring)], [0.3, 0.7])
    ising = nk.operator.Ising(spins, ring, h=1.0)
    return {
        "local": nk.sampler.MetropolisLocal(spins),
        "local of bosons": nk.sampler.MetropolisLocal(bosons, dtype=float),
        "exchange": nk.sampler.MetropolisExchange(balanced, graph=ring),
        "chunks": nk.sampler.MetropolisExchange(balanced, graph=ring, chunk_size=5),
        "another power": nk.sampler.MetropolisLocal(spins, machine_pow=1.5, sweep_size=33),
        "hops": nk.sampler.MetropolisFermionHop(fermions, graph=nk.graph.Chain(N // 2)),
        "hamiltonian": nk.sampler.MetropolisHamiltonian(spins, ising),
        "two rules": nk.sampler.MetropolisSampler(spins, either),
        "new chains": nk.sampler.MetropolisLocal(spins, reset_chains=True),
        "segments": nk.sampler.MetropolisLocal(spins, sweep_size=1030),
        "temperatures": nk.sampler.ParallelTemperingLocal(spins, n_replicas=4, n_chains=4),
    }


def chains(sampler, model, parameters, n: int = 4):
    state = sampler.init_state(model, parameters, seed=7)
    state = sampler.reset(model, parameters, state)
    return sampler.sample(
        model, parameters, state=state, chain_length=n, return_log_probabilities=True
    )


def same_chains(sampler, model, plain, scale=20.0, tolerance: float = 1e-10):
    parameters = model.init(jax.random.key(1), jnp.ones((1, sampler.hilbert.size)))
    parameters = jax.tree.map(lambda p: scale * p, parameters)
    assert evaluation_of(sampler, model, parameters).segment is not None
    assert evaluation_of(sampler, plain, parameters).segment is None
    (σ, log_prob), state = chains(sampler, model, parameters)
    (expected_σ, expected), plain_state = chains(sampler, plain, parameters)
    np.testing.assert_array_equal(σ, expected_σ)
    scale = np.abs(expected[np.isfinite(expected)]).max()
    np.testing.assert_allclose(log_prob, expected, atol=tolerance * scale)
    np.testing.assert_allclose(state.log_prob, plain_state.log_prob, atol=tolerance * scale)
    assert log_prob.dtype == expected.dtype == state.log_prob.dtype
    assert int(state.n_accepted) == int(plain_state.n_accepted)
    assert 0.1 < state.acceptance < 1


@pytest.mark.parametrize("name", samplers())
def test_same_chains(name):
    same_chains(samplers()[name], nk.models.RBM(), PlainRBM())


def test_same_chains_of_complex_and_other_models():
    sampler = nk.sampler.MetropolisLocal(spins)
    same_chains(sampler, nk.models.RBM(param_dtype=complex), PlainRBM(param_dtype=complex))
    single = {"param_dtype": np.float32}
    same_chains(sampler, nk.models.Jastrow(**single), PlainJastrow(**single), 10, 1e-5)


def hops(hilbert, **kwargs):
    graph = nk.graph.Chain(hilbert.n_orbitals)
    return nk.sampler.MetropolisFermionHop(hilbert, **({"graph": graph} | kwargs))


def test_same_chains_of_determinants():
    paired = nk.hilbert.SpinOrbitalFermions(N // 2, s=0.5, n_fermions_per_spin=(2, 2))
    same_chains(hops(paired), nk.models.Slater2nd(paired), PlainSlater(paired))


def test_same_chains_between_spins_and_from_zero_amplitude():
    hilbert = nk.hilbert.SpinOrbitalFermions(N // 2, s=0.5, n_fermions=4)
    sampler = hops(hilbert, graph=ring, spin_symmetric=False)
    kwargs = {"hilbert": hilbert, "generalized": True, "param_dtype": complex}
    # no particle can be in the first orbitals
    allowed = (jnp.arange(N) > 3)[:, None]
    models = nk.models.Slater2nd(**kwargs), PlainSlater(**kwargs)
    variables = models[0].init(jax.random.key(1), hilbert.random_state(jax.random.key(2), 1))
    variables = jax.tree.map(lambda M: M * allowed, variables)
    start = models[0].apply(variables, sampler.init_state(models[0], variables, seed=7).σ)
    assert np.isneginf(start.real).any()
    same_chains(sampler, *models, scale=allowed)


@pytest.mark.parametrize("boundary", ["open", "periodic"])
def test_same_chains_of_tensor_networks(boundary):
    if boundary == "open":
        n, models, kwargs = 16, (nk.models.tensor_networks.MPSOpen, PlainOpen), {"bond_dim": 2}
    else:
        models = nk.models.tensor_networks.MPSPeriodic, PlainPeriodic
        n, kwargs = 10, {"bond_dim": 3, "symperiod": 5, "param_dtype": complex}
    local = nk.sampler.MetropolisLocal(nk.hilbert.Fock(2, n))
    chain = nk.graph.Chain(n)
    exchange = nk.sampler.MetropolisExchange(nk.hilbert.Spin(0.5, n, total_sz=0), graph=chain)
    for sampler in (local, exchange):
        same_chains(sampler, *(model(sampler.hilbert, **kwargs) for model in models))


class TwoFlips(LocalRule):
    """Changes two sites, other than the rule that it is derived from."""

    def propose(self, sampler, machine, params, σ, facts, drawn):
        σp, correction, facts = super().propose(sampler, machine, params, σ, facts, drawn)
        return σp.at[:, 0].multiply(-1), correction, facts


class TwoFlipsThatSaySo(TwoFlips):
    def max_changes(self, hilbert):
        return 2


def test_rules_of_others():
    parameters = nk.models.RBM().init(jax.random.key(1), jnp.ones((1, N)))
    sampler = nk.sampler.MetropolisSampler(spins, TwoFlips())
    assert evaluation_of(sampler, nk.models.RBM(), parameters).segment is None
    sampler = nk.sampler.MetropolisSampler(spins, TwoFlipsThatSaySo())
    same_chains(sampler, nk.models.RBM(), PlainRBM())


def test_when_it_does_not_pay():
    model = nk.models.RBM()
    parameters = model.init(jax.random.key(1), jnp.ones((1, N)))

    def segment(sampler):
        return evaluation_of(sampler, model, parameters).segment

    # short sweeps, and moves of many sites
    assert segment(nk.sampler.MetropolisLocal(spins, sweep_size=2)) is None
    parity = nk.operator.spin.sigmax(spins, 0)
    for i in range(1, N):
        parity = parity @ nk.operator.spin.sigmax(spins, i)
    rule = HamiltonianRule(parity + nk.operator.spin.sigmax(spins, 0))
    assert segment(nk.sampler.MetropolisSampler(spins, rule)) is None


def test_a_state_that_samples():
    # the model reaches the sampler, and new parameters make a new cache
    states = [
        nk.vqs.MCState(nk.sampler.MetropolisLocal(spins), model, n_samples=64, seed=3)
        for model in (nk.models.RBM(), PlainRBM())
    ]
    for _ in range(2):
        np.testing.assert_array_equal(*(state.samples for state in states))
        for state in states:
            state.parameters = jax.tree.map(lambda p: -10 * p, state.parameters)
