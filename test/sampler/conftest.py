# SPDX-License-Identifier: Apache-2.0
"""What the tests of samplers share: a wave function without symmetry, and statistical tests."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats


class StateVector:
    """log-amplitudes of a space, as the only variable of a model; counts how often it is traced."""

    def __init__(self, hilbert):
        self.hilbert = hilbert
        self.n_traces = 0

    def apply(self, variables, σ):
        self.n_traces += 1
        return variables[self.hilbert.states_to_numbers(σ)]

    def variables(self, seed=0, scale=0.4):
        """Reproducible log-amplitudes, complex and of no symmetry."""
        rng = np.random.default_rng(seed)
        real, imaginary = rng.normal(size=(2, self.hilbert.n_states))
        return jnp.asarray(scale * real + 1j * imaginary)

    def probabilities(self, variables, power=2):
        """|psi|^power, normalised, in the order of the states."""
        p = np.exp(power * np.asarray(variables).real)
        return p / p.sum()


@pytest.fixture
def state_vector():
    """The class of models that know the amplitude of each state."""
    return StateVector


@pytest.fixture
def sample():
    """A function that draws samples (C, L, N), and the state after them."""

    def draw(sampler, machine, variables, chain_length, seed=1, n_discard=5):
        state = sampler.init_state(machine, variables, seed=seed)
        state = sampler.reset(machine, variables, state)
        if not sampler.is_exact:
            _, state = sampler.sample(machine, variables, state=state, chain_length=n_discard)
        return sampler.sample(machine, variables, state=state, chain_length=chain_length)

    return draw


@pytest.fixture
def assert_distribution():
    """A function that compares samples with exact probabilities.

    The chi-square statistic of the counts must be below its 1 - 1e-5 quantile, which is the total
    variation distance being that of noise. Samples must be nearly independent.
    """

    def check(hilbert, samples, probabilities, inflation=1.0):
        rows = np.asarray(samples).reshape(-1, hilbert.size)
        counts = np.bincount(hilbert.states_to_numbers(rows), minlength=hilbert.n_states)
        expected = len(rows) * probabilities
        assert expected.min() > 5, "too few samples for the test"
        statistic = np.sum((counts - expected) ** 2 / expected)
        bound = scipy.stats.chi2.ppf(1 - 1e-5, hilbert.n_states - 1)
        assert statistic < inflation * bound, f"{statistic} >= {inflation} * {bound}"

    return check


@pytest.fixture
def transition_matrix():
    """A function that gives the exact Metropolis matrix of a rule, given all it can draw."""

    def matrix(sampler, rule, drawn, weights, probabilities):
        """P_ij, the probability of a step from state i to j, and Q_ij, that of proposing it.

        Args:
            sampler: the sampler of the rule.
            rule: a DrawnAheadRule.
            drawn: all that can be drawn, with first axis M.
            weights: their probabilities (M,).
            probabilities: of the states.
        """
        hilbert = sampler.hilbert
        n = hilbert.n_states
        states = jnp.asarray(hilbert.all_states(), sampler.dtype)

        @jax.jit
        def proposals(one):
            many = jax.tree.map(lambda x: jnp.broadcast_to(x, (n, *x.shape)), one)
            facts = rule.facts(sampler, None, None, states)
            σp, correction, _ = rule.propose(sampler, None, None, states, facts, many)
            return σp, jnp.zeros(n) if correction is None else correction

        P, Q = np.zeros((2, n, n))
        for k, weight in enumerate(weights):
            σp, correction = proposals(jax.tree.map(lambda x, k=k: x[k], drawn))
            legal = np.asarray(correction) > -np.inf
            j = hilbert.states_to_numbers(np.where(legal[:, None], σp, states))
            i = np.arange(n)
            ratio = probabilities[j] / probabilities * np.exp(correction)
            accept = np.minimum(1, ratio)
            Q[i, j] += weight
            P[i, j] += weight * accept
            P[i, i] += weight * (1 - accept)
        return P, Q

    return matrix


@pytest.fixture
def assert_detailed_balance():
    """A function that checks p_i P_ij = p_j P_ji, and that every state can be reached if asked."""

    def check(P, probabilities, ergodic=True):
        np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-12)
        flow = probabilities[:, None] * P
        np.testing.assert_allclose(flow, flow.T, atol=1e-14)
        reachable = np.linalg.matrix_power((P > 0) + np.eye(len(P)), 64) > 0
        assert np.all(reachable) == ergodic

    return check
