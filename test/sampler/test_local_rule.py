# SPDX-License-Identifier: Apache-2.0
"""The rule that changes one site: detailed balance by enumeration, constraints, overflows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.sampler.rules.local import LocalChange

HILBERTS = {
    "spin 1/2": nk.hilbert.Spin(0.5, 3),
    "spin 1": nk.hilbert.Spin(1, 2),
    "bosons": nk.hilbert.Fock(3, 2),
    "qubits": nk.hilbert.Qubit(3),
}
IDS = list(HILBERTS)


def all_changes(sampler):
    """All that LocalRule can draw, with probabilities, from the definition."""
    hilbert = sampler.hilbert
    site, shift, weight = [], [], []
    for i in range(hilbert.size):
        values = np.sort(np.asarray(hilbert.states_at_index(i)))
        for k in range(1, len(values)):
            site.append(i)
            shift.append(values[k] - values[0])
            weight.append(1 / (hilbert.size * (len(values) - 1)))
    drawn = LocalChange(jnp.array(site, jnp.int32), jnp.array(shift).astype(sampler.dtype))
    return drawn, weight


@pytest.mark.parametrize("name", IDS)
def test_detailed_balance(name, state_vector, transition_matrix, assert_detailed_balance):
    hilbert = HILBERTS[name]
    sampler = nk.sampler.MetropolisLocal(hilbert)
    model = state_vector(hilbert)
    p = model.probabilities(model.variables())
    P, Q = transition_matrix(sampler, sampler.rule, *all_changes(sampler), p)
    assert_detailed_balance(P, p)
    # uniform over all configurations that differ at one site
    states = hilbert.all_states()
    neighbours = (states[:, None] != states).sum(-1) == 1
    np.testing.assert_allclose(Q, neighbours / neighbours.sum(1), atol=1e-14)


@pytest.mark.parametrize("name", IDS)
def test_what_is_drawn_is_uniform(name):
    sampler = nk.sampler.MetropolisLocal(HILBERTS[name])
    drawn = sampler.rule.draw(sampler, jax.random.key(0), (500, 40))
    assert drawn.site.shape == drawn.shift.shape == (500, 40)
    pairs = np.stack([drawn.site.ravel(), drawn.shift.ravel()], axis=1)
    found, counts = np.unique(pairs, axis=0, return_counts=True)
    every, weight = all_changes(sampler)
    expected = np.unique(np.stack([every.site, every.shift], axis=1), axis=0)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(counts / len(pairs), weight[0], atol=6 * (weight[0] / 2e4) ** 0.5)


@pytest.mark.parametrize(
    ("hilbert", "dtype"),
    [
        (nk.hilbert.Fock(127, 2), np.int8),
        (nk.hilbert.Spin(50, 2), np.int8),
        (nk.hilbert.Fock(200, 2), np.uint8),
        (nk.hilbert.Spin(1.5, 2), np.float32),
    ],
    ids=str,
)
def test_small_integers_do_not_overflow(hilbert, dtype):
    sampler = nk.sampler.MetropolisLocal(hilbert, dtype=dtype, n_chains=1000, sweep_size=20)
    samples, _ = sampler.sample(lambda _, σ: jnp.zeros(len(σ)), None, chain_length=5)
    assert samples.dtype == dtype
    values = np.unique(samples)
    np.testing.assert_array_equal(values, np.sort(np.asarray(hilbert.local_states)))


def test_rejects_what_leaves_a_constrained_space():
    """A blockade: no two neighbours are excited."""

    class Blockade(nk.hilbert.constraint.DiscreteHilbertConstraint):
        def __call__(self, x):
            return ~jnp.any((x[..., 1:] == 1) & (x[..., :-1] == 1), axis=-1)

        def __hash__(self):
            return hash("Blockade")

        def __eq__(self, other):
            return type(other) is type(self)

    hilbert = nk.hilbert.Fock(1, 5, constraint=Blockade())
    sampler = nk.sampler.MetropolisLocal(hilbert, n_chains=64)
    samples, _ = sampler.sample(lambda _, σ: jnp.zeros(len(σ)), None, chain_length=50)
    rows = np.unique(np.asarray(samples).reshape(-1, 5), axis=0)
    assert len(rows) == 13  # a Fibonacci number
    assert not np.any((rows[:, 1:] == 1) & (rows[:, :-1] == 1))


def test_refuses_spaces_without_local_moves():
    for hilbert in (nk.hilbert.Spin(0.5, 4, total_sz=0), nk.hilbert.Fock(2, 3, n_particles=3)):
        with pytest.raises(ValueError, match="Use MetropolisExchange"):
            nk.sampler.MetropolisLocal(hilbert)
    with pytest.raises(ValueError, match="infinitely many. Give the space a maximum"):
        nk.sampler.MetropolisLocal(nk.hilbert.Fock(N=2))
