# SPDX-License-Identifier: Apache-2.0
"""MetropolisHamiltonian along every kind of operator: legal samples, exact detailed balance.

The kinds are those of the table of operators; each is represented by its smallest case.
"""

import jax.numpy as jnp
import numpy as np
import pytest
from operator_kinds import TABLE, built, representatives

import netket as nk
from netket.sampler.rules import HamiltonianRule

KINDS = representatives()

every_kind = pytest.mark.parametrize("name", KINDS.values(), ids=KINDS)
kernels = pytest.mark.parametrize("kernel", ["jax", "numba"])


def moves(op):
    """Which configurations an operator connects, from its matrix."""
    matrix = np.asarray(op.to_dense()) != 0
    return matrix & ~np.eye(len(matrix), dtype=bool)


def amplitude(variables, σ):
    """A wave function without symmetry."""
    return jnp.sin(σ @ jnp.arange(1.0, σ.shape[-1] + 1))


@kernels
@every_kind
def test_one_hundred_thousand_samples_are_legal(name, kernel):
    """Every sample is in the space, and can be reached from the first of its chain."""
    op = TABLE[name].build("numba")
    hilbert = op.hilbert
    rule = HamiltonianRule(op, kernel=kernel)
    sampler = nk.sampler.MetropolisSampler(hilbert, rule, n_chains=1000, sweep_size=2)
    state = sampler.init_state(amplitude, None, seed=1)
    first = hilbert.states_to_numbers(np.asarray(state.σ).astype(np.int8))
    samples, _ = sampler.sample(amplitude, None, state=state, chain_length=100)
    rows = np.asarray(samples).reshape(-1, hilbert.size)
    numbers = hilbert.states_to_numbers(rows).reshape(1000, 100)  # raises where one is illegal
    reachable = moves(op) | np.eye(hilbert.n_states, dtype=bool)
    reachable = np.linalg.matrix_power(reachable.astype(float), hilbert.n_states) > 0
    assert reachable[first[:, None], numbers].all()


def uniform_grid(op):
    """Numbers that choose each of n(σ) configurations equally often, for all σ."""
    counts = np.unique(moves(op).sum(axis=1))
    n = int(np.lcm.reduce(counts[counts > 0])) if counts.any() else 1
    return (np.arange(n) + 0.5) / n


@every_kind
def test_detailed_balance(name, state_vector, transition_matrix, assert_detailed_balance):
    op = TABLE[name].build("jax")
    grid = uniform_grid(op)
    assert len(grid) <= 5000
    model = state_vector(op.hilbert)
    p = model.probabilities(model.variables())
    connected = moves(op)
    both_ways = connected & connected.T
    expected = both_ways / np.maximum(connected.sum(axis=1, keepdims=True), 1)
    expected += np.diag(1 - expected.sum(axis=1))
    rule = HamiltonianRule(op)
    sampler = nk.sampler.MetropolisSampler(op.hilbert, rule)
    weights = np.full(len(grid), 1 / len(grid))
    P, Q = transition_matrix(sampler, rule, jnp.asarray(grid), weights, p)
    np.testing.assert_allclose(Q, expected, atol=1e-12)
    power = np.linalg.matrix_power(both_ways + np.eye(len(p)), len(p))
    assert_detailed_balance(P, p, ergodic=bool(np.all(power > 0)))
    # the numba kernel proposes the same
    host = HamiltonianRule(op, kernel="numba")._host_operator
    states = op.hilbert.all_states()
    Q = np.zeros_like(Q)
    for u in grid:
        σp, correction = host(states, np.full(len(states), u))
        legal = correction > -np.inf
        j = op.hilbert.states_to_numbers(np.where(legal[:, None], σp, states))
        np.add.at(Q, (np.arange(len(states)), j), 1 / len(grid))
    np.testing.assert_allclose(Q, expected, atol=1e-12)


@every_kind
def test_numbers_of_moves(name):
    """`n_conn` counts what can be chosen, and the diagonal."""
    op = built(name)
    states = op.hilbert.all_states()
    diagonal = np.asarray(op.to_dense()).diagonal() != 0
    np.testing.assert_array_equal(op.n_conn(states), moves(op).sum(axis=1) + diagonal)
