# SPDX-License-Identifier: Apache-2.0
"""Chains that begin or go where they cannot be, and models without amplitudes, are errors."""

import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.sampler.rules import LocalRule, MetropolisRule, MultipleRules
from netket.utils import struct

HI = nk.hilbert.Spin(0.5, 4)
FIXED = nk.hilbert.Spin(0.5, 4, total_sz=0)


def flat(variables, σ):
    return jnp.zeros(len(σ))


def local(hilbert=HI, **kwargs):
    return nk.sampler.MetropolisLocal(hilbert, n_chains=4, **kwargs)


@pytest.mark.parametrize(
    "sampler",
    [
        local(),
        nk.sampler.MetropolisLocalNumpy(HI, n_chains=4),
        nk.sampler.ParallelTemperingLocal(HI, n_chains=2, n_replicas=2),
    ],
    ids=["jax", "numpy", "tempering"],
)
def test_states_outside_of_the_space(sampler):
    state = sampler.init_state(flat, {}, seed=1)
    bad = np.array(state.σ)
    bad[2] = [1, 3, 1, -1]
    with pytest.raises(ValueError, match=r"(?s)state of the sampler.*row 2.*\[1, 3, 1, -1\]"):
        sampler.sample(flat, {}, state=state.replace(σ=jnp.asarray(bad)))
    _, state = sampler.sample(flat, {}, state=state)
    with pytest.raises(ValueError, match=r"(?s)Spin.*row 2"):
        sampler.sample(flat, {}, state=sampler.reset(flat, {}, state.replace(σ=jnp.asarray(bad))))


def test_states_of_another_constraint():
    graph = nk.graph.Chain(4)
    sampler = nk.sampler.MetropolisExchange(FIXED, graph=graph, n_chains=2)
    vs = nk.vqs.MCState(sampler, nk.models.RBM(), n_samples=4)
    vs.sampler_state = vs.sampler_state.replace(σ=jnp.ones((2, 4), jnp.int8))
    with pytest.raises(ValueError, match=r"(?s)total_sz=0.*\[1, 1, 1, 1\]"):
        vs.sample()


@struct.dataclass
class Raising(MetropolisRule):
    """Adds 2 to a random site: leaves the space."""

    def transition(self, sampler, machine, parameters, state, key, σ):
        return σ.at[:, 0].add(2), None


@pytest.mark.parametrize("nested", [False, True])
def test_rules_that_leave_the_space(nested):
    rule = MultipleRules([LocalRule(), Raising()], [0.5, 0.5]) if nested else Raising()
    sampler = nk.sampler.MetropolisSampler(HI, rule, n_chains=4)
    with pytest.raises(ValueError, match=r"(?s)proposed by `.*\.transition`.*Spin.*row \d"):
        sampler.sample(flat, {}, chain_length=3)


def test_later_rounds_are_looked_at_too():
    """A rule that stays inside at first."""
    sampler = nk.sampler.MetropolisSampler(HI, Raising(), n_chains=4)
    once_inside = lambda variables, σ: jnp.where(jnp.abs(σ).max(axis=-1) > 1, variables, 0.0)  # noqa: E731
    _, state = sampler.sample(once_inside, -jnp.inf, chain_length=3)
    with pytest.raises(ValueError, match=r"(?s)proposed by `Raising\.transition`"):
        sampler.sample(once_inside, 0.0, state=state)


@pytest.mark.parametrize("value, message", [(jnp.nan, "NaN.*all samples"), (-jnp.inf, "zero.*all")])
def test_models_without_amplitudes(value, message):
    nothing = lambda variables, σ: jnp.full(len(σ), value)  # noqa: E731
    with pytest.raises(ValueError, match=f"(?s){message}"):
        local().sample(nothing, {}, chain_length=3)
    vs = nk.vqs.MCState(local(), apply_fun=nothing, variables={}, n_samples=8)
    with pytest.raises(ValueError, match=f"(?s){message}"):
        vs.expect(nk.operator.spin.sigmaz(HI, 0))
    with pytest.raises(ValueError, match=f"(?s){message}"):
        nk.sampler.ExactSampler(HI).sample(nothing, {}, chain_length=3)
    full = nk.vqs.FullSumState(HI, apply_fun=nothing, variables={})
    with pytest.raises(ValueError, match="(?s)NaN.*-inf"):
        full.expect(nk.operator.spin.sigmaz(HI, 0))


def test_models_with_some_amplitudes():
    """Chains find the only configuration with an amplitude, or stay where they are."""
    up = lambda variables, σ: jnp.where(σ.sum(axis=-1) == 4, 0.0, -jnp.inf)  # noqa: E731
    samples, _ = local(sweep_size=400).sample(up, {}, chain_length=2)
    assert np.all(np.asarray(samples)[:, -1] == 1)


def test_parameters_that_become_nan_are_left_to_the_driver():
    """Only the first round is looked at: what a run does about NaN is up to its callbacks."""
    model = lambda variables, σ: variables["params"]["a"] * jnp.ones(len(σ))  # noqa: E731
    vs = nk.vqs.MCState(
        local(), apply_fun=model, variables={"params": {"a": jnp.ones(())}}, n_samples=8
    )
    vs.sample()
    vs.parameters = {"a": jnp.full((), jnp.nan)}
    assert np.isnan(vs.expect(nk.operator.spin.sigmax(HI, 0)).mean)


def test_what_a_sampler_returned_is_not_looked_at_again(monkeypatch):
    calls = []
    monkeypatch.setattr("netket.sampler._first_round.check_members", lambda *_: calls.append(1))
    sampler = local()
    state = sampler.init_state(flat, {}, seed=1)
    for _ in range(3):
        state = sampler.reset(flat, {}, state)
        _, state = sampler.sample(flat, {}, state=state)
    assert len(calls) == 1
