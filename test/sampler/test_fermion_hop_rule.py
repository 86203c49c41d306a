# SPDX-License-Identifier: Apache-2.0
"""Hops of fermions: exact transition matrices, conservation, bad input."""

import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.sampler.rules import FermionHopRule

RING = nk.graph.Chain(4)


def hops(hilbert, clusters):
    """Which states a hop connects."""
    states = hilbert.all_states()
    matrix = np.zeros((hilbert.n_states,) * 2, int)
    numbers = {tuple(x): k for k, x in enumerate(states.tolist())}
    for i, j in clusters:
        exchanged = states.copy()
        exchanged[:, [i, j]] = states[:, [j, i]]
        for k in np.flatnonzero(states[:, i] != states[:, j]):
            target = numbers.get(tuple(exchanged[k].tolist()))
            if target is not None:
                matrix[k, target] += 1
    return matrix


SPACES = {
    "no spin": nk.hilbert.SpinOrbitalFermions(4, n_fermions=2),
    "spin": nk.hilbert.SpinOrbitalFermions(4, s=0.5, n_fermions_per_spin=(1, 2)),
    "total": nk.hilbert.SpinOrbitalFermions(3, s=0.5, n_fermions=2),
}


@pytest.mark.parametrize("spin_symmetric", [True, False])
@pytest.mark.parametrize("name", SPACES)
def test_detailed_balance(
    name, spin_symmetric, state_vector, transition_matrix, assert_detailed_balance
):
    hilbert = SPACES[name]
    n = hilbert.n_orbitals if spin_symmetric else hilbert.size
    sampler = nk.sampler.MetropolisFermionHop(
        hilbert, graph=nk.graph.Chain(n), spin_symmetric=spin_symmetric
    )
    model = state_vector(hilbert)
    p = model.probabilities(model.variables())
    clusters = sampler.rule.clusters
    states = hilbert.all_states()
    counts = (states[:, clusters[:, 0]] != states[:, clusters[:, 1]]).sum(-1)
    grid = int(np.lcm.reduce(counts[counts > 0]))
    drawn = jnp.asarray((np.arange(grid) + 0.5) / grid)
    P, Q = transition_matrix(sampler, sampler.rule, drawn, np.full(grid, 1 / grid), p)
    expected = hops(hilbert, clusters) / counts[:, None]
    np.testing.assert_allclose(Q - np.diag(np.diag(Q)), expected, atol=1e-12)
    connected = not (name == "total" and spin_symmetric)  # numbers of each spin are conserved
    assert_detailed_balance(P, p, ergodic=connected)


def test_distribution(state_vector, sample, assert_distribution):
    hilbert = SPACES["spin"]
    model = state_vector(hilbert)
    variables = model.variables()
    sampler = nk.sampler.MetropolisFermionHop(hilbert, graph=RING, n_chains=64, sweep_size=24)
    samples, state = sample(sampler, model, variables, 500)
    assert samples.dtype == np.int8 and state.acceptance > 0.5
    assert_distribution(hilbert, samples, model.probabilities(variables), inflation=1.5)


def test_pairs_of_every_spin():
    hilbert = SPACES["spin"]
    rule = FermionHopRule(hilbert, clusters=[[0, 1], [1, 3]])
    assert rule.clusters.tolist() == [[0, 1], [1, 3], [4, 5], [5, 7]]
    assert "4" in repr(rule)
    rule = FermionHopRule(hilbert, graph=RING, d_max=2)
    assert len(rule.clusters) == 2 * 6


def test_constraints_are_kept():
    class NoDoubleOccupancy(nk.hilbert.constraint.DiscreteHilbertConstraint):
        def __call__(self, x):
            return jnp.all(x[..., :4] + x[..., 4:] < 2, axis=-1)

        def __hash__(self):
            return hash(type(self))

        def __eq__(self, other):
            return type(self) is type(other)

    hilbert = nk.hilbert.SpinOrbitalFermions(
        4, s=0.5, n_fermions_per_spin=(1, 1), constraint=NoDoubleOccupancy()
    )
    sampler = nk.sampler.MetropolisFermionHop(hilbert, graph=RING, n_chains=100)
    samples, _ = sampler.sample(lambda _, σ: jnp.zeros(len(σ)), None, chain_length=1000)
    assert np.all(np.asarray(samples[..., :4] + samples[..., 4:]) < 2)
    assert len(np.unique(np.asarray(samples).reshape(-1, 8), axis=0)) == 12


def test_bad_input():
    hilbert = SPACES["spin"]
    with pytest.raises(TypeError, match="`hilbert` must be a SpinOrbitalFermions"):
        FermionHopRule(nk.hilbert.Spin(0.5, 4), graph=RING)
    with pytest.raises(ValueError, match="4 nodes, as many as there are orbitals, but has 8"):
        FermionHopRule(hilbert, graph=nk.graph.Chain(8))
    with pytest.raises(ValueError, match="orbitals 0 to 3 .* has 5"):
        FermionHopRule(hilbert, clusters=[[0, 5]])
    with pytest.raises(ValueError, match="Exactly one"):
        FermionHopRule(hilbert)
