# SPDX-License-Identifier: Apache-2.0
"""The rule that exchanges sites: detailed balance by enumeration, conservation, bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.sampler.rules import ExchangeRule

RING = [[0, 1], [1, 2], [2, 3], [0, 3]]


@pytest.mark.parametrize(
    "hilbert",
    [nk.hilbert.Spin(0.5, 4, total_sz=0), nk.hilbert.Fock(2, 4, n_particles=3)],
    ids=["spins", "bosons"],
)
@pytest.mark.parametrize("weights", [None, [0.1, 0.2, 0.3, 0.4]], ids=["uniform", "weighted"])
def test_detailed_balance(
    hilbert, weights, state_vector, transition_matrix, assert_detailed_balance
):
    sampler = nk.sampler.MetropolisExchange(hilbert, clusters=RING, probabilities=weights)
    model = state_vector(hilbert)
    p = model.probabilities(model.variables())
    weights = [0.25] * 4 if weights is None else weights
    P, Q = transition_matrix(sampler, sampler.rule, jnp.array(RING, jnp.int32), weights, p)
    # occupations of bosons are permuted: 2, 1, 0, 0 never becomes 1, 1, 1, 0
    assert_detailed_balance(P, p, ergodic=len(hilbert.local_states) == 2)
    # from the definition
    states = hilbert.all_states()
    expected = np.zeros_like(Q)
    for (i, j), weight in zip(RING, weights):
        exchanged = states.copy()
        exchanged[:, [i, j]] = states[:, [j, i]]
        expected[np.arange(len(states)), hilbert.states_to_numbers(exchanged)] += weight
    np.testing.assert_allclose(Q, expected, atol=1e-14)


@pytest.mark.parametrize("weights", [None, [1, 0, 3]])
def test_what_is_drawn(weights):
    clusters = np.array([[0, 1], [1, 2], [0, 3]])
    sampler = nk.sampler.MetropolisExchange(
        nk.hilbert.Qubit(4), clusters=clusters, probabilities=weights
    )
    drawn = sampler.rule.draw(sampler, jax.random.key(0), (30, 1000))
    assert drawn.shape == (30, 1000, 2)
    counts = [np.mean(np.all(drawn == pair, axis=-1)) for pair in clusters]
    expected = np.ones(3) / 3 if weights is None else np.array(weights) / 4
    np.testing.assert_allclose(counts, expected, atol=0.02)
    assert counts[1] == 0 or weights is None


def test_conserves_the_total():
    hilbert = nk.hilbert.Spin(0.5, 10, total_sz=1)
    pairs = [[i, (i + 1) % 10] for i in range(10)]
    sampler = nk.sampler.MetropolisExchange(hilbert, clusters=pairs, n_chains=100)
    samples, state = sampler.sample(lambda _, σ: jnp.zeros(len(σ)), None, chain_length=1000)
    assert samples.shape == (100, 1000, 10)
    np.testing.assert_array_equal(np.unique(samples.sum(-1)), [2])  # in units of 1/2
    assert state.acceptance == 1
    assert len(np.unique(samples.reshape(-1, 10), axis=0)) == hilbert.n_states


class NoThreeEqualNeighbours(nk.hilbert.constraint.DiscreteHilbertConstraint):
    """A constraint of a user, which is not symmetric under exchanges."""

    def __call__(self, x):
        return (x[..., 0] != x[..., 1]) | (x[..., 1] != x[..., 2])

    def __hash__(self):
        return hash(type(self))

    def __eq__(self, other):
        return type(self) is type(other)


LEFT = {
    "spins of fermions": nk.hilbert.SpinOrbitalFermions(2, s=0.5, n_fermions_per_spin=(1, 1)),
    "doubled": nk.hilbert.DoubledHilbert(nk.hilbert.Spin(0.5, 2, total_sz=0)),
    "a free one": nk.hilbert.Spin(0.5, 2, total_sz=0) * nk.hilbert.Spin(0.5, 2),
    "of a user": nk.hilbert.Spin(0.5, 4, constraint=NoThreeEqualNeighbours()),
    "of a user, in a factor": nk.hilbert.Qubit(1)
    * nk.hilbert.Spin(0.5, 3, constraint=NoThreeEqualNeighbours()),
    "two constraints": nk.hilbert.Fock(
        2,
        4,
        constraint=nk.hilbert.constraint.ExtraConstraint(
            nk.hilbert.constraint.SumConstraint(3), NoThreeEqualNeighbours()
        ),
    ),
}
CROSSING = [[0, 1], [1, 2], [2, 3], [0, 3]]


@pytest.mark.parametrize("name", LEFT)
def test_exchanges_that_leave_the_space_are_rejected(
    name, state_vector, transition_matrix, assert_detailed_balance
):
    hilbert = LEFT[name]
    pairs = [[1, 2], [2, 3], [1, 3]] if name.endswith("factor") else CROSSING
    sampler = nk.sampler.MetropolisExchange(hilbert, clusters=pairs, n_chains=200)
    model = state_vector(hilbert)
    variables = model.variables()
    p = model.probabilities(variables)
    weights = np.ones(len(pairs)) / len(pairs)
    P, _ = transition_matrix(sampler, sampler.rule, jnp.array(pairs, jnp.int32), weights, p)
    assert_detailed_balance(P, p, ergodic=bool(np.all(np.linalg.matrix_power(P, 64) > 0)))
    samples, state = sampler.sample(model, variables, chain_length=50)
    hilbert.states_to_numbers(np.asarray(samples).reshape(-1, hilbert.size))  # raises if illegal
    assert 0 < state.acceptance < 1


def test_what_stays_in_the_space_is_not_checked():
    pairs = [[0, 1], [2, 3]]
    rule = ExchangeRule(clusters=pairs)
    for name in ("spins of fermions", "doubled", "a free one"):
        assert rule._stays_in(LEFT[name])
        assert not ExchangeRule(clusters=CROSSING)._stays_in(LEFT[name])


# -- graphs --------------------------------------------------------------------------------------


def test_pairs_of_a_graph():
    ring = nk.graph.Chain(6)
    rule = ExchangeRule(graph=ring)
    assert rule.clusters.tolist() == [[0, 1], [0, 5], [1, 2], [2, 3], [3, 4], [4, 5]]
    assert rule.probabilities is None
    rule = ExchangeRule(graph=ring, d_max=2, probabilities=[0.9, 0.1])
    distance = np.abs(np.diff(rule.clusters)[:, 0])
    distance = np.minimum(distance, 6 - distance)
    assert sorted(distance) == [1] * 6 + [2] * 6
    np.testing.assert_allclose(rule.probabilities, np.where(distance == 1, 0.9, 0.1))
    assert len(ExchangeRule(graph=ring, d_max=5).clusters) == 15


def test_repr():
    assert repr(ExchangeRule(clusters=RING)) == "ExchangeRule(# of clusters: 4)"


# -- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "Exactly one of the arguments `graph` and `clusters`"),
        ({"clusters": [[0, 1, 2]]}, r"shape \(K, 2\), but is an array of int64 of shape \(1, 3\)"),
        ({"clusters": []}, r"shape \(K, 2\)"),
        ({"clusters": [[0.5, 1]]}, "array of float64"),
        ({"clusters": [[-1, 1]]}, "must name sites, but has -1"),
        ({"clusters": [[0, 4]]}, "must name sites 0 to 3, but has site 4"),
        ({"clusters": RING, "probabilities": [1, 2]}, "must have 4 entries"),
        ({"clusters": RING, "probabilities": [1, -1, 1, 1]}, "not negative"),
    ],
)
def test_bad_clusters(arguments, message):
    with pytest.raises(ValueError, match=message):
        nk.sampler.MetropolisExchange(nk.hilbert.Qubit(4), **arguments)


def test_bad_graphs():
    hilbert = nk.hilbert.Qubit(4)
    graph = nk.graph.Chain(4)
    with pytest.raises(ValueError, match="Exactly one"):
        nk.sampler.MetropolisExchange(hilbert, graph=graph, clusters=RING)
    with pytest.raises(ValueError, match="must have 4 nodes, as many as .* but has 5"):
        nk.sampler.MetropolisExchange(hilbert, graph=nk.graph.Chain(5))
    with pytest.raises(ValueError, match="must have edges"):
        nk.sampler.MetropolisExchange(hilbert, graph=nk.graph.Edgeless(4))
    with pytest.raises(ValueError, match="`d_max` must be a positive integer"):
        nk.sampler.MetropolisExchange(hilbert, graph=graph, d_max=0)
    with pytest.raises(ValueError, match="one for every distance"):
        nk.sampler.MetropolisExchange(hilbert, graph=graph, probabilities=[1, 2])


def test_sites_of_different_kinds():
    hilbert = nk.hilbert.Fock(3, 2) * nk.hilbert.Spin(0.5, 2)
    with pytest.raises(ValueError, match="cannot exchange sites 1 and 2"):
        nk.sampler.MetropolisExchange(hilbert, clusters=[[0, 1], [1, 2]])
    nk.sampler.MetropolisExchange(hilbert, clusters=[[0, 1], [2, 3]])
    # equally many states, but others
    hilbert = nk.hilbert.Qubit(1) * nk.hilbert.Spin(0.5, 2)
    with pytest.raises(ValueError, match="cannot exchange sites 0 and 1"):
        nk.sampler.MetropolisExchange(hilbert, graph=nk.graph.Chain(3))
    nk.sampler.MetropolisExchange(hilbert, clusters=[[1, 2]])
