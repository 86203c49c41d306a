# SPDX-License-Identifier: Apache-2.0
"""A rule for every factor: distributions on product spaces, bad input."""

import numpy as np
import pytest

import netket as nk
from netket.sampler.rules import ExchangeRule, LangevinRule, LocalRule, TensorRule

PRODUCT = nk.hilbert.Spin(0.5, 3, total_sz=0.5) * nk.hilbert.Fock(2, 2)
CLUSTERS = [[0, 1], [1, 2]]


def rules(last=None):
    return [ExchangeRule(clusters=CLUSTERS), last or LocalRule()]


@pytest.mark.parametrize("second", ["local", "hamiltonian"])
def test_distribution(second, state_vector, sample, assert_distribution):
    rule = None
    if second == "hamiltonian":  # corrections of one factor
        bosons = PRODUCT.subspaces[1]
        hop = nk.operator.boson.create(bosons, 0) + nk.operator.boson.create(bosons, 1)
        rule = nk.sampler.rules.HamiltonianRule(hop + hop.H)
    sampler = nk.sampler.MetropolisSampler(
        PRODUCT, TensorRule(PRODUCT, rules(rule)), n_chains=64, sweep_size=20
    )
    model = state_vector(PRODUCT)
    variables = model.variables()
    samples, _ = sample(sampler, model, variables, 500)
    assert samples.shape == (64, 500, 5)
    # both factors rarely stay: exchanges of equal spins are the only ones that do not move
    assert_distribution(PRODUCT, samples, model.probabilities(variables), inflation=1.5)


def test_bad_input():
    with pytest.raises(TypeError, match="must be a TensorHilbert"):
        TensorRule(nk.hilbert.Qubit(2), [LocalRule()])
    with pytest.raises(ValueError, match="2 entries, one for each of the factors"):
        TensorRule(PRODUCT, [LocalRule()])
    with pytest.raises(TypeError, match="MetropolisRules, but has a str"):
        TensorRule(PRODUCT, [LocalRule(), "local"])
    with pytest.raises(ValueError, match="MetropolisExchange"):  # of the first factor
        nk.sampler.MetropolisSampler(PRODUCT, TensorRule(PRODUCT, [LocalRule(), LocalRule()]))
    with pytest.raises(ValueError, match="space of the TensorRule"):
        nk.sampler.MetropolisSampler(nk.hilbert.Qubit(5), TensorRule(PRODUCT, rules()))


def test_rules_may_not_ask_the_model(sample):
    cell = nk.experimental.geometry.Cell(d=1)
    space = nk.hilbert.TensorHilbert(
        nk.hilbert.Qubit(2), nk.experimental.hilbert.Particle(N=1, geometry=cell)
    )
    rule = TensorRule(space, [LocalRule(), LangevinRule()])
    sampler = nk.sampler.MetropolisSampler(space, rule, n_chains=4)
    with pytest.raises(TypeError, match="MultipleRules"):
        sample(sampler, lambda _, x: np.zeros(len(x)), None, 2)


PAIRS = nk.hilbert.Spin(0.5, 3, total_sz=0.5) * nk.hilbert.Fock(2, 2, n_particles=2)


def test_constraints_of_the_factors_are_kept():
    """Rules that know nothing of the factors keep their constraints."""
    with pytest.raises(ValueError, match="changes one site at a time"):
        nk.sampler.MetropolisLocal(PAIRS)
    rule = nk.sampler.rules.GlobalSpinFlipRule()
    sampler = nk.sampler.MetropolisSampler(PAIRS, rule, n_chains=64)
    samples, _ = sampler.sample(lambda _, x: np.zeros(len(x)), None, chain_length=20)
    assert np.all(PAIRS.constraint(np.asarray(samples).reshape(-1, 5)))
    wrong = np.zeros((64, 5), np.int8)
    with pytest.raises(ValueError, match="must belong to"):
        nk.sampler._members.check_members(PAIRS, wrong, "A state")
