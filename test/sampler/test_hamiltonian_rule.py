# SPDX-License-Identifier: Apache-2.0
"""The rule that moves along an operator: exact transition matrices, both kernels, legality."""

import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.sampler.rules import HamiltonianRule


def random_operator(seed, hermitian=True):
    """Overlapping two-site terms, some of which cancel, so that n(σ) varies with σ."""
    rng = np.random.default_rng(seed)
    hilbert = nk.hilbert.Spin(0.5, 4)
    operator = 0.0
    for sites in ([0, 1], [1, 2], [0, 2], [2, 3], [3]):
        m = rng.normal(size=(2 ** len(sites),) * 2) * (rng.random((2 ** len(sites),) * 2) < 0.4)
        m = m + m.T if hermitian else m
        operator = operator + nk.operator.LocalOperator(hilbert, m, sites)
    flip = nk.operator.LocalOperator(hilbert, [[0, 1], [1, 0]], [0])
    return operator + flip - flip


def operators():
    chain = nk.graph.Chain(4)
    spins = nk.hilbert.Spin(0.5, 4)
    zero = nk.hilbert.Spin(0.5, 4, total_sz=0)
    return {
        "Ising": nk.operator.Ising(spins, chain, h=1.0),
        "Ising jax": nk.operator.Ising(spins, chain, h=1.0, backend="jax"),
        "Heisenberg": nk.operator.Heisenberg(zero, chain),
        "random": random_operator(0),
        "not hermitian": random_operator(1, hermitian=False),
    }


OPERATORS = ["Ising", "Ising jax", "Heisenberg", "random", "not hermitian"]


@pytest.fixture(scope="module", name="operators")
def operators_fixture():
    return operators()


def moves(operator):
    """Which configurations an operator connects, from its matrix."""
    matrix = np.asarray(operator.to_dense()) != 0
    return matrix & ~np.eye(len(matrix), dtype=bool)


def grid(operator):
    """Numbers u that choose each of n(σ) configurations equally often, for all σ."""
    counts = np.unique(moves(operator).sum(axis=1))
    n = int(np.lcm.reduce(counts[counts > 0]))
    return jnp.asarray((np.arange(n) + 0.5) / n), np.full(n, 1 / n)


@pytest.mark.parametrize("kernel", ["jax", "numba"])
@pytest.mark.parametrize("name", OPERATORS)
def test_detailed_balance(
    name, kernel, operators, state_vector, transition_matrix, assert_detailed_balance
):
    operator = operators[name]
    rule = HamiltonianRule(operator, kernel=kernel)
    sampler = nk.sampler.MetropolisSampler(operator.hilbert, rule)
    model = state_vector(operator.hilbert)
    p = model.probabilities(model.variables())
    P, Q = transition_matrix(sampler, rule, *grid(operator), p)
    connected = moves(operator)
    both_ways = connected & connected.T
    assert_detailed_balance(P, p, ergodic=bool(np.all(reachable(both_ways))))
    # uniform among the distinct connected configurations; moves without a way back are rejected
    expected = both_ways / np.maximum(connected.sum(axis=1, keepdims=True), 1)
    expected += np.diag(1 - expected.sum(axis=1))
    np.testing.assert_allclose(Q, expected, atol=1e-12)


def reachable(graph):
    return np.linalg.matrix_power(graph + np.eye(len(graph)), len(graph)) > 0


@pytest.mark.parametrize("kernel", ["jax", "numba"])
def test_distribution(kernel, operators, state_vector, sample, assert_distribution):
    operator = operators["Ising"]
    rule = HamiltonianRule(operator, kernel=kernel)
    sampler = nk.sampler.MetropolisSampler(operator.hilbert, rule, n_chains=400, sweep_size=12)
    model = state_vector(operator.hilbert)
    variables = model.variables()
    samples, _ = sample(sampler, model, variables, 10)
    p = model.probabilities(variables)
    assert_distribution(operator.hilbert, samples, p, inflation=1.7)


def test_one_hundred_thousand_samples_are_legal():
    hilbert = nk.hilbert.Spin(0.5, 8, total_sz=1)
    operator = nk.operator.Heisenberg(hilbert, nk.graph.Chain(8))
    sampler = nk.sampler.MetropolisHamiltonian(hilbert, operator, n_chains=100, sweep_size=2)
    samples, state = sampler.sample(lambda _, σ: 0.1 * σ[:, 0], None, chain_length=1000)
    np.testing.assert_array_equal(np.unique(samples.sum(-1)), [2])
    assert set(np.unique(samples)) == {-1, 1}
    assert 0.5 < state.acceptance <= 1


@pytest.mark.parametrize("kernel", ["jax", "numba"])
def test_states_without_neighbours_stay(kernel):
    hilbert = nk.hilbert.Spin(0.5, 3)
    operator = nk.operator.LocalOperator(hilbert, np.diag([1.0, 2.0]), [0])
    sampler = nk.sampler.MetropolisSampler(hilbert, HamiltonianRule(operator, kernel=kernel))
    samples, _ = sampler.sample(lambda _, σ: 0.0 * σ[:, 0], None, chain_length=5)
    assert np.all(samples == samples[:, :1])


def test_coefficients_do_not_compile_anew(state_vector):
    hilbert = nk.hilbert.Spin(0.5, 4)
    model = state_vector(hilbert)
    counts = []
    for h in (1.0, 0.5):
        operator = nk.operator.Ising(hilbert, nk.graph.Chain(4), h=h)
        sampler = nk.sampler.MetropolisHamiltonian(hilbert, operator, n_chains=4)
        sampler.sample(model, model.variables(), chain_length=2)
        counts.append(model.n_traces)
    assert counts[0] == counts[1]


class Flips(nk.operator.DiscreteOperator):
    """An operator of a third party: flips of one spin, for numba only."""

    @property
    def dtype(self):
        return float

    @property
    def is_hermitian(self):
        return True

    @property
    def max_conn_size(self):
        return self.hilbert.size

    def get_conn_flattened(self, x, sections, pad=False):
        n = x.shape[1]
        sections[:] = n * np.arange(1, len(x) + 1)
        xp = np.repeat(x, n, axis=0)
        xp[np.arange(len(xp)), np.tile(np.arange(n), len(x))] *= -1
        return xp, np.ones(len(xp))


def test_an_operator_with_a_numba_kernel_only(state_vector, sample, assert_distribution):
    hilbert = nk.hilbert.Spin(0.5, 4)
    sampler = nk.sampler.MetropolisHamiltonian(hilbert, Flips(hilbert), n_chains=100, sweep_size=12)
    assert sampler.rule.kernel == "numba"
    model = state_vector(hilbert)
    variables = model.variables()
    samples, _ = sample(sampler, model, variables, 10)
    assert_distribution(hilbert, samples, model.probabilities(variables), inflation=1.7)


def test_repr_and_equality(operators):
    rule = HamiltonianRule(operators["Ising"])
    assert rule.operator == operators["Ising"]
    for kernel in ("jax", "numba"):  # the rule asks one kernel, and gives back what it was given
        for name in ("Ising", "Ising jax"):
            given = HamiltonianRule(operators[name], kernel=kernel)
            assert given.operator == operators[name] and given.kernel == kernel
    assert "kernel='jax'" in repr(rule)
    hilbert = operators["Ising"].hilbert
    for kernel in ("jax", "numba"):
        one, other = (
            nk.sampler.MetropolisSampler(
                hilbert,
                HamiltonianRule(
                    nk.operator.Ising(hilbert, nk.graph.Chain(4), h=1.0), kernel=kernel
                ),
            )
            for _ in range(2)
        )
        assert one == other
        assert hash(one) == hash(other)


def test_operators_that_leave_the_space():
    hilbert = nk.hilbert.Spin(0.5, 4, total_sz=0)
    field = sum(nk.operator.spin.sigmax(hilbert, i) for i in range(4))
    model, nks = (lambda _, σ: jnp.zeros(len(σ))), nk.sampler
    mixture = nks.rules.MultipleRules([HamiltonianRule(field)], [1])
    for sampler in (
        nks.MetropolisHamiltonian(hilbert, field.to_jax()),
        nks.MetropolisHamiltonian(hilbert, field),
        nks.MetropolisHamiltonianNumpy(hilbert, field),
        nks.MetropolisSampler(hilbert, mixture),
    ):
        with pytest.raises(ValueError, match=r"leaves the Hilbert space.*project_to_space\(\)"):
            sampler.sample(model, None)


def test_bad_input(operators):
    hilbert = nk.hilbert.Spin(0.5, 5)
    with pytest.raises(TypeError, match="`operator` must be a discrete operator, but is a int"):
        nk.sampler.MetropolisHamiltonian(hilbert, 3)
    with pytest.raises(ValueError, match="`hamiltonian` must act on the space of the sampler"):
        nk.sampler.MetropolisHamiltonian(hilbert, operators["Ising"])
    with pytest.raises(ValueError, match="`kernel` must be one of .*'numba', 'jax'.* 'cuda'"):
        HamiltonianRule(operators["Ising"], kernel="cuda")
    with pytest.raises(ValueError, match=r"must be one of \('numba',\)"):
        HamiltonianRule(Flips(hilbert), kernel="jax")
