# SPDX-License-Identifier: Apache-2.0
"""The Metropolis sampler: distributions, states, options, and what third parties may define."""

import flax.linen
import flax.serialization
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.sampler.rules import (
    FixedRule,
    GlobalSpinFlipRule,
    LocalRule,
    MetropolisRule,
    MultipleRules,
)

SPINS = nk.hilbert.Spin(0.5, 4)


@pytest.fixture
def model(state_vector):
    return state_vector(SPINS)


# -- the distribution ----------------------------------------------------------------------------

PAIRS = [[0, 1], [1, 2], [0, 2]]
MIXTURE = MultipleRules([LocalRule(), GlobalSpinFlipRule(), FixedRule()], [0.7, 0.2, 0.1])
SAMPLERS = {
    "local spin 1/2": lambda **kw: nk.sampler.MetropolisLocal(SPINS, **kw),
    "local spin 1": lambda **kw: nk.sampler.MetropolisLocal(nk.hilbert.Spin(1, 3), **kw),
    "local bosons": lambda **kw: nk.sampler.MetropolisLocal(nk.hilbert.Fock(3, 2), **kw),
    "exchange spins": lambda **kw: nk.sampler.MetropolisExchange(
        nk.hilbert.Spin(0.5, 3, total_sz=0.5), clusters=PAIRS, **kw
    ),
    "mixture": lambda **kw: nk.sampler.MetropolisSampler(SPINS, MIXTURE, **kw),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_distribution(name, state_vector, sample, assert_distribution):
    hilbert = SAMPLERS[name]().hilbert
    model = state_vector(hilbert)
    variables = model.variables()
    for power in (1.0, 2.0, 3.5):
        sampler = SAMPLERS[name](n_chains=200, sweep_size=12, machine_pow=power)
        samples, _ = sample(sampler, model, variables, 100)
        p = model.probabilities(variables, power)
        # samples of a chain are correlated a little
        assert_distribution(hilbert, samples, p, inflation=1.7)


def test_a_site_with_other_local_states(state_vector, sample, assert_distribution):
    hilbert = nk.hilbert.Fock(2, 1) * nk.hilbert.Spin(0.5, 2)
    sampler = nk.sampler.MetropolisLocal(hilbert, n_chains=200, sweep_size=12)
    model = state_vector(hilbert)
    variables = model.variables()
    samples, _ = sample(sampler, model, variables, 100)
    assert_distribution(hilbert, samples, model.probabilities(variables), inflation=1.7)


def test_one_hundred_thousand_samples_are_legal():
    hilbert = nk.hilbert.Fock(2, 5)
    sampler = nk.sampler.MetropolisLocal(hilbert, n_chains=100, sweep_size=2)
    samples, _ = sampler.sample(lambda _, σ: 0.1 * σ.sum(-1), None, chain_length=1000)
    rows = np.asarray(samples).reshape(-1, 5)
    np.testing.assert_array_equal(hilbert.numbers_to_states(hilbert.states_to_numbers(rows)), rows)
    assert set(np.unique(rows)) == {0, 1, 2}


def test_amplitudes_of_zero():
    """Chains that begin where the wave function vanishes leave, and never return."""

    def apply(_, σ):
        return jnp.where(σ[:, 0] > 0, 0.3 * σ.sum(-1), -jnp.inf)

    sampler = nk.sampler.MetropolisLocal(SPINS, n_chains=32, sweep_size=40)
    samples, state = sampler.sample(apply, None, chain_length=20)
    assert np.all(samples[:, 1:, 0] == 1)
    assert np.all(np.isfinite(state.log_prob))


def test_nan_is_never_accepted():
    def apply(_, σ):
        return jnp.where(σ[:, 0] > 0, 0.0, jnp.nan)

    sampler = nk.sampler.MetropolisLocal(SPINS)
    state = sampler.init_state(apply, None, seed=0).replace(σ=jnp.ones((16, 4), jnp.int8))
    samples, _ = sampler.sample(apply, None, state=state, chain_length=10)
    assert np.all(samples[..., 0] == 1)


# -- results and states --------------------------------------------------------------------------


def test_shapes_and_types(model, sample):
    sampler = nk.sampler.MetropolisLocal(SPINS, n_chains=6)
    samples, state = sample(sampler, model, model.variables(), 7)
    assert samples.shape == (6, 7, 4)
    assert samples.dtype == sampler.dtype == np.int8
    np.testing.assert_array_equal(state.σ, samples[:, -1])
    floats = sampler.replace(dtype=np.dtype(np.float32))
    assert sample(floats, model, model.variables(), 2)[0].dtype == np.float32
    wide = nk.sampler.MetropolisLocal(nk.hilbert.Fock(200, 2))
    assert wide.dtype == np.int16
    assert sample(sampler, model, model.variables(), 0)[0].shape == (6, 0, 4)


def test_log_probabilities(model):
    variables = model.variables()
    sampler = nk.sampler.MetropolisLocal(SPINS, n_chains=6, machine_pow=3)
    (samples, log_prob), state = sampler.sample(
        model, variables, chain_length=7, return_log_probabilities=True
    )
    assert log_prob.shape == (6, 7)
    flat = samples.reshape(-1, 4)
    np.testing.assert_allclose(log_prob.ravel(), 3 * model.apply(variables, flat).real)
    np.testing.assert_allclose(sampler.log_pdf(model)(variables, flat), log_prob.ravel())
    np.testing.assert_array_equal(state.log_prob, log_prob[:, -1])


def test_acceptance_counts_the_steps_that_were_taken(model):
    """With one step per sweep, all accepted moves can be seen in the samples."""
    sampler = nk.sampler.MetropolisLocal(SPINS, n_chains=8, sweep_size=1)
    variables = model.variables(scale=1.0)
    state = sampler.init_state(model, variables, seed=0)
    assert state.acceptance is None
    first = state.σ
    samples, state = sampler.sample(model, variables, state=state, chain_length=500)
    path = np.concatenate([first[:, None], samples], axis=1)
    moved = np.any(path[:, 1:] != path[:, :-1], axis=-1).sum()
    assert state.n_steps == 8 * 500
    assert state.n_accepted == moved
    np.testing.assert_allclose(state.acceptance, moved / 4000)
    assert f"# accepted = {moved}/4000" in repr(state)
    state = sampler.reset(model, variables, state)
    assert state.n_steps == state.n_accepted == 0


def test_reproducible_from_a_seed(model, sample):
    sampler = nk.sampler.MetropolisLocal(SPINS, n_chains=8)
    variables = model.variables()
    one, other, third = (sample(sampler, model, variables, 30, seed=s)[0] for s in (1, 1, 2))
    np.testing.assert_array_equal(one, other)
    assert np.any(one != third)


def test_chains_go_on_where_they_were(model):
    """What one call draws does not depend on where the chains were reset."""
    variables = model.variables()
    sampler = nk.sampler.MetropolisLocal(SPINS, n_chains=8)
    state = sampler.init_state(model, variables, seed=3)
    again = sampler.reset(model, variables, state)
    np.testing.assert_array_equal(again.σ, state.σ)
    afresh = sampler.replace(reset_chains=True)
    again = afresh.reset(model, variables, state)
    assert np.any(again.σ != state.σ)
    assert np.any(afresh.reset(model, variables, again).σ != again.σ)


def test_independent_of_the_chunk_size(sample):
    hilbert = nk.hilbert.Spin(0.5, 8)
    model = nk.models.RBM()
    variables = model.init(jax.random.key(0), hilbert.random_state(jax.random.key(1), 2))
    results = [
        sample(nk.sampler.MetropolisLocal(hilbert, chunk_size=c), model, variables, 20)
        for c in (None, 1, 5, 8, 100)
    ]
    for samples, state in results[1:]:
        np.testing.assert_array_equal(samples, results[0][0])
        np.testing.assert_allclose(state.log_prob, results[0][1].log_prob, rtol=1e-12)


def test_long_chains_are_drawn_in_blocks(model, monkeypatch):
    """Random numbers of a long chain do not have to fit the memory at once."""
    from netket.sampler import _steps

    sampler = nk.sampler.MetropolisLocal(SPINS, n_chains=8)
    variables = model.variables()
    monkeypatch.setattr(_steps, "_BLOCK_BYTES", 2**14)
    (samples, log_prob), state = sampler.sample(
        model, variables, chain_length=120, return_log_probabilities=True
    )
    assert samples.shape == (8, 120, 4)
    assert state.n_steps == 8 * 120 * 4
    np.testing.assert_allclose(log_prob, 2 * variables[SPINS.states_to_numbers(samples)].real)
    # blocks draw different numbers
    assert not np.array_equal(samples[:, :12], samples[:, 12:24])


def test_single_precision_stays_single():
    hilbert = nk.hilbert.Spin(0.5, 6)
    model = nk.models.RBM(param_dtype=np.float32)
    variables = model.init(jax.random.key(0), jnp.ones((1, 6), jnp.float32))
    sampler = nk.sampler.MetropolisLocal(hilbert)
    state = sampler.init_state(model, variables, seed=1)
    assert state.log_prob.dtype == np.float32
    assert sampler.sample(model, variables, state=state)[1].log_prob.dtype == np.float32


def test_the_state_can_be_stored(model, sample):
    sampler = nk.sampler.MetropolisLocal(SPINS, n_chains=8)
    variables = model.variables()
    _, state = sample(sampler, model, variables, 3)
    data = flax.serialization.to_bytes(state)
    assert set(flax.serialization.to_state_dict(state)) == {
        "n_accepted_proc",
        "n_steps_proc",
        "rng",
        "rule_state",
        "σ",
    }
    other = sampler.init_state(model, variables, seed=99)
    restored = flax.serialization.from_bytes(other, data)
    one, after_one = sampler.sample(model, variables, state=state, chain_length=5)
    two, after_two = sampler.sample(model, variables, state=restored, chain_length=5)
    np.testing.assert_array_equal(one, two)
    assert after_one.n_accepted == after_two.n_accepted


def test_other_ways_to_sample(model):
    sampler = nk.sampler.MetropolisLocal(SPINS, n_chains=8)
    variables = model.variables()
    assert sampler.sample(model.apply, variables)[0].shape == (8, 1, 4)
    batches = list(sampler.samples(model, variables, chain_length=3))
    assert [b.shape for b in batches] == [(8, 4)] * 3
    state, (σ, log_prob) = sampler.sample_next(model, variables)
    assert σ.shape == (8, 4)
    np.testing.assert_allclose(log_prob, 2 * model.apply(variables, σ).real)
    assert state.n_steps == 32


def test_inside_jit(model):
    sampler = nk.sampler.MetropolisLocal(SPINS, n_chains=8)
    variables = model.variables()

    @jax.jit
    def run(sampler, variables):
        state = sampler.init_state(model, variables, seed=1)
        return sampler.sample(model, variables, state=state, chain_length=3)

    samples, state = run(sampler, variables)
    assert samples.shape == (8, 3, 4)
    assert state.n_steps == 8 * 3 * 4


# -- compilation ---------------------------------------------------------------------------------


def test_nothing_is_traced_twice(model):
    """Neither other parameters nor other powers, seeds or equal samplers compile anything anew."""
    variables = model.variables()

    def run(**options):
        sampler = nk.sampler.MetropolisLocal(SPINS, n_chains=8, **options)
        state = sampler.init_state(model, variables, seed=1)
        for scale in (1.0, 0.5):
            state = sampler.reset(model, scale * variables, state)
            _, state = sampler.sample(model, scale * variables, state=state, chain_length=4)

    run()
    n_traces = model.n_traces
    run()
    run(machine_pow=3)
    assert model.n_traces == n_traces


def test_equal_functions_are_one_machine():
    traces = []

    def apply(scale, variables, σ):
        traces.append(scale)
        return scale * σ.sum(-1)

    sampler = nk.sampler.MetropolisLocal(SPINS)

    def run():
        sampler.sample(nk.utils.HashablePartial(apply, 0.1), None, chain_length=2)
        return len(traces)

    assert run() == run()


def test_modules_that_cannot_be_hashed():
    class Weights(flax.linen.Module):
        values: list

        @flax.linen.compact
        def __call__(self, x):
            return x @ jnp.array(self.values)

    model = Weights([0.1, 0.2, 0.3, 0.4])
    sampler = nk.sampler.MetropolisLocal(SPINS)
    assert sampler.sample(model, {}, chain_length=2)[0].shape == (16, 2, 4)
    apply = nk.utils.HashablePartial(lambda model, *args: model.apply(*args), model)
    assert sampler.sample(apply, {}, chain_length=2)[0].shape == (16, 2, 4)


def test_samplers_are_hashed_by_content():
    def build(**options):
        return nk.sampler.MetropolisExchange(SPINS, clusters=[[0, 1], [2, 3]], **options)

    assert build() == build()
    assert hash(build()) == hash(build())
    for options in ({"n_chains": 3}, {"machine_pow": 1}, {"sweep_size": 9}, {"chunk_size": 2}):
        assert build() != build(**options)
    assert build() != build().replace(rule=LocalRule())
    leaves, treedef = jax.tree.flatten(build())
    assert jax.tree.unflatten(treedef, leaves) == build()


# -- options -------------------------------------------------------------------------------------


def test_defaults():
    sampler = nk.sampler.MetropolisLocal(SPINS)
    assert (sampler.n_chains, sampler.n_chains_per_rank, sampler.n_batches) == (16, 16, 16)
    assert (sampler.sweep_size, sampler.machine_pow, sampler.reset_chains) == (4, 2, False)
    assert sampler.chunk_size is None
    assert not sampler.is_exact
    assert nk.sampler.MetropolisLocal(SPINS, n_chains_per_rank=5).n_chains == 5
    assert "n_chains = 16" in repr(sampler)
    assert "Spin" in repr(sampler)
    assert "Spin" not in str(sampler)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_chains": 0}, "`n_chains` must be a positive integer, but is 0"),
        ({"n_chains": 2.5}, "`n_chains` must be a positive integer, but is 2.5"),
        ({"n_chains_per_rank": -1}, "`n_chains_per_rank` must be a positive integer"),
        ({"n_chains": 2, "n_chains_per_rank": 2}, "must not both be given"),
        ({"sweep_size": 0}, "`sweep_size` must be a positive integer, but is 0"),
        ({"sweep_size": 2.5}, "`sweep_size` must be a positive integer"),
        ({"chunk_size": 0}, "`chunk_size` must be a positive integer"),
        ({"machine_pow": -1}, "`machine_pow` must be a positive number, but is -1"),
        ({"machine_pow": "two"}, "`machine_pow` must be a positive number, but is 'two'"),
        ({"machine_pow": np.inf}, "`machine_pow` must be a positive number, but is inf"),
        ({"dtype": np.uint8}, "must be able to hold the local states from -1 to 1 .* uint8"),
        ({"dtype": bool}, "but is bool"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        nk.sampler.MetropolisLocal(SPINS, **options)
    if "n_chains_per_rank" not in options and len(options) == 1:
        with pytest.raises(ValueError, match=message):
            nk.sampler.MetropolisLocal(SPINS).replace(**options)


def test_replaced_fields_are_checked():
    sampler = nk.sampler.MetropolisLocal(SPINS, chunk_size=4)
    assert sampler.replace(chunk_size=None).chunk_size is None
    with pytest.raises(ValueError, match="no such change satisfies the constraint"):
        sampler.replace(hilbert=nk.hilbert.Spin(0.5, 4, total_sz=0))
    with pytest.raises(ValueError, match="`graph` must have 4 nodes"):
        sampler.replace(rule=nk.sampler.rules.ExchangeRule(graph=nk.graph.Chain(3)))
    wide = nk.sampler.MetropolisLocal(nk.hilbert.Fock(200, 2))
    with pytest.raises(ValueError, match="from 0 to 200 .* but is int8"):
        wide.replace(dtype=np.int8)


def test_bad_objects(model):
    with pytest.raises(TypeError, match="`rule` must be a MetropolisRule, but is a int"):
        nk.sampler.MetropolisSampler(SPINS, 3)
    with pytest.raises(TypeError, match="`hilbert` must be a Hilbert space, but is a int"):
        nk.sampler.MetropolisLocal(3)
    sampler = nk.sampler.MetropolisLocal(SPINS)
    with pytest.raises(TypeError, match="`machine` must be a module"):
        sampler.init_state(3, None)
    with pytest.raises(ValueError, match="`chain_length` must be a positive integer, but is -1"):
        sampler.sample(model, model.variables(), chain_length=-1)
    with pytest.raises(AttributeError, match="immutable"):
        sampler.n_chains = 3


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda σ: jnp.zeros((3,)), r"of shape \(16,\), but it returned an array of shape \(3,\)"),
        (lambda σ: jnp.zeros((len(σ), 1)), r"but it returned an array of shape \(16, 1\)"),
        (lambda σ: (jnp.zeros(len(σ)), {}), "but it returned a tuple"),
    ],
)
def test_models_of_the_wrong_shape(result, message):
    sampler = nk.sampler.MetropolisLocal(SPINS)
    with pytest.raises(ValueError, match=message):
        sampler.init_state(lambda _, σ: result(σ), None)


def test_states_of_another_sampler(model):
    variables = model.variables()
    state = nk.sampler.MetropolisLocal(SPINS).init_state(model, variables, seed=1)
    with pytest.raises(ValueError, match=r"must have shape \(8, 4\), one row for each chain"):
        nk.sampler.MetropolisLocal(SPINS, n_chains=8).sample(model, variables, state=state)
    exact = nk.sampler.ExactSampler(SPINS).init_state(model, variables, seed=1)
    for method in ("sample", "reset"):
        with pytest.raises(TypeError, match="must be one of a MetropolisSampler, but is a Exact"):
            getattr(nk.sampler.MetropolisLocal(SPINS), method)(model, variables, state=exact)


# -- third parties -------------------------------------------------------------------------------


class ShiftRule(MetropolisRule):
    """Rotates a ring by `step` sites; keeps a state and begins at given configurations."""

    step: int = nk.utils.struct.field(pytree_node=False)
    start: jax.Array

    def __init__(self, start, step=1):
        self.start = jnp.asarray(start)
        self.step = step

    def init_state(self, sampler, machine, params, key):
        return jnp.zeros((), int)

    def reset(self, sampler, machine, params, sampler_state):
        return sampler_state.rule_state + 1

    def random_state(self, sampler, machine, params, sampler_state, key):
        return jnp.tile(self.start, (sampler.n_batches, 1)).astype(sampler.dtype)

    def transition(self, sampler, machine, params, sampler_state, key, σ):
        assert sampler_state.σ is σ
        assert machine.apply(params, σ).shape == σ.shape[:1]
        return jnp.roll(σ, self.step, axis=1), None


def test_a_rule_of_a_third_party(model):
    sampler = nk.sampler.MetropolisSampler(
        SPINS, ShiftRule([1, 1, -1, -1]), n_chains=3, sweep_size=1
    )
    variables = jnp.zeros(16)
    state = sampler.init_state(model, variables)
    state = sampler.reset(model, variables, state)
    assert state.rule_state == 1
    samples, state = sampler.sample(model, variables, state=state, chain_length=3)
    assert samples[0].tolist() == [[-1, 1, 1, -1], [-1, -1, 1, 1], [1, -1, -1, 1]]
    assert state.acceptance == 1


class MinimalRule(MetropolisRule):
    """Only the method that a rule must have; redraws everything, biased towards ones."""

    def transition(self, sampler, machine, params, sampler_state, key, σ):
        σp = 2 * jax.random.bernoulli(key, 0.7, σ.shape).astype(σ.dtype) - 1

        def log_q(x):
            return jnp.where(x > 0, jnp.log(0.7), jnp.log(0.3)).sum(-1)

        return σp, log_q(σ) - log_q(σp)


def test_corrections_of_a_third_party(model, sample, assert_distribution):
    sampler = nk.sampler.MetropolisSampler(SPINS, MinimalRule(), n_chains=200, sweep_size=12)
    variables = model.variables()
    samples, _ = sample(sampler, model, variables, 100)
    assert_distribution(SPINS, samples, model.probabilities(variables), inflation=1.7)


def test_a_subclass_that_overrides_the_transition(model):
    """`draw` and `propose` of the base must not be used behind its back."""

    class Still(LocalRule):
        def transition(self, sampler, machine, params, sampler_state, key, σ):
            return σ, None

    sampler = nk.sampler.MetropolisSampler(SPINS, Still(), n_chains=3)
    samples, _ = sampler.sample(model, model.variables(), chain_length=5)
    assert np.all(samples == samples[:, :1])


def test_the_transition_of_a_built_in_rule(model):
    """Rules that wrap a built-in one call its `transition`."""
    sampler = nk.sampler.MetropolisLocal(SPINS)
    state = sampler.init_state(model, model.variables(), seed=1)
    σp, correction = LocalRule().transition(
        sampler, model, model.variables(), state, jax.random.key(0), state.σ
    )
    assert np.all((σp != state.σ).sum(-1) == 1)
    assert correction is None


def rule_that_returns(result):
    class Wrong(MetropolisRule):
        def transition(self, sampler, machine, params, sampler_state, key, σ):
            return result(σ)

    return Wrong()


@pytest.mark.parametrize(
    ("result", "error", "message"),
    [
        (lambda σ: σ, TypeError, "must return a pair"),
        (lambda σ: (σ[:, :2], None), ValueError, r"returned shape \(16, 2\)"),
        (lambda σ: (σ.astype(float), None), ValueError, "and dtype float64"),
        (lambda σ: (σ, jnp.zeros(3)), ValueError, r"correction of shape \(16,\)"),
    ],
)
def test_wrong_rules(result, error, message, model):
    sampler = nk.sampler.MetropolisSampler(SPINS, rule_that_returns(result))
    with pytest.raises(error, match=message):
        sampler.sample(model, model.variables())


def test_initial_states_outside_the_space(model):
    sampler = nk.sampler.MetropolisSampler(SPINS, ShiftRule([1, 5, -1, -1]))
    with pytest.raises(ValueError, match=r"row 0 does not: \[1, 5, -1, -1\]"):
        sampler.init_state(model, model.variables())
    space = nk.hilbert.Spin(0.5, 4, total_sz=0)
    sampler = nk.sampler.MetropolisSampler(space, ShiftRule([1, 1, 1, -1]))
    with pytest.raises(ValueError, match=r"returned by `ShiftRule.random_state` must belong to"):
        sampler.init_state(lambda _, σ: jnp.zeros(len(σ)), None)
    sampler = nk.sampler.MetropolisSampler(SPINS, ShiftRule([1, 1, 1]))
    with pytest.raises(ValueError, match=r"shape \(16, 4\), one row for each chain"):
        sampler.init_state(model, model.variables())


class Alternating(nk.sampler.Sampler):
    """A sampler of a third party: all up, all down, all up..."""

    def _init_state(self, machine, parameters, key):
        return CountState()

    def _reset(self, machine, parameters, state):
        return state

    def _sample_chain(self, machine, parameters, state, chain_length):
        signs = (-1) ** (state.count + jnp.arange(chain_length))
        samples = jnp.broadcast_to(signs[None, :, None], (1, chain_length, self.hilbert.size))
        return samples.astype(self.dtype), state.replace(count=state.count + chain_length)


class CountState(nk.sampler.SamplerState):
    count: int = 0


def test_a_sampler_of_a_third_party(model):
    sampler = Alternating(SPINS)
    assert (sampler.n_chains, sampler.n_batches, sampler.machine_pow) == (1, 1, 2)
    samples, state = sampler.sample(model, None, chain_length=3)
    assert samples[0, :, 0].tolist() == [1, -1, 1]
    samples, _ = sampler.sample(model, None, state=state)
    assert samples.tolist() == [[[-1, -1, -1, -1]]]


def test_mixtures_of_rules():
    with pytest.raises(ValueError, match="which sums to 1.2"):
        MultipleRules([LocalRule(), FixedRule()], [0.8, 0.4])
    with pytest.raises(ValueError, match="must have 2 entries"):
        MultipleRules([LocalRule(), FixedRule()], [1.0])
    with pytest.raises(TypeError, match="must hold MetropolisRules, but has a int"):
        MultipleRules([LocalRule(), 3], [0.5, 0.5])
    sampler = nk.sampler.MetropolisSampler(
        SPINS, MultipleRules([GlobalSpinFlipRule(), ShiftRule([1, 1, -1, -1])], [0.5, 0.5])
    )
    state = sampler.reset(lambda _, σ: jnp.zeros(len(σ)), None)
    assert state.rule_state[1] == 1
