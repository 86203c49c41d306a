# SPDX-License-Identifier: Apache-2.0
"""`MCState`: numbers of samples, when samples are drawn, copies, and bad input."""

import copy
import pickle

import flax
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk

HI = nk.hilbert.Spin(0.5, 4)


def local_sampler(n_chains=16, **kwargs):
    return nk.sampler.MetropolisLocal(HI, n_chains=n_chains, **kwargs)


class Product(nn.Module):
    """A product state with constant initial values; it can be pickled."""

    scale: float = 0.1

    @nn.compact
    def __call__(self, x):
        return x @ self.param("w", nn.initializers.ones, (x.shape[-1],), float) * self.scale


def product_state(**kwargs):
    return nk.vqs.MCState(local_sampler(), Product(), **{"n_samples": 64, "seed": 3, **kwargs})


# -- sizes ------------------------------------------------------------------------------------


def test_defaults():
    vs = nk.vqs.MCState(local_sampler(), Product())
    assert (vs.n_samples, vs.chain_length, vs.n_discard_per_chain) == (1008, 63, 5)
    assert vs.chunk_size is None and vs.mutable is False and vs.training_kwargs == {}
    exact = nk.vqs.MCState(nk.sampler.ExactSampler(HI), Product())
    assert (exact.n_samples, exact.n_discard_per_chain) == (1000, 0)


def test_numbers_of_samples_are_rounded_up():
    with pytest.warns(UserWarning, match="112 samples"):
        vs = product_state(n_samples=100)
    assert (vs.n_samples, vs.chain_length, vs.samples.shape) == (112, 7, (16, 7, 4))
    vs.chain_length = 3
    assert (vs.n_samples, vs.samples.shape) == (48, (16, 3, 4))
    vs.n_samples = 32
    assert vs.chain_length == 2
    vs.n_samples_per_rank = 64
    assert (vs.n_samples, vs.n_samples_per_rank) == (64, 64)
    vs.sampler = local_sampler(n_chains=32)
    assert (vs.n_samples, vs.chain_length) == (64, 2)
    vs.sampler = nk.sampler.ExactSampler(HI)
    assert (vs.samples.shape, vs.n_discard_per_chain) == ((1, 64, 4), 0)
    vs.sampler = local_sampler()  # correlated samples are discarded again
    assert vs.n_discard_per_chain == 5


def test_samples_on_request():
    vs = product_state()
    assert vs.sample(chain_length=3).shape == (16, 3, 4)
    assert vs.samples.shape == (16, 3, 4) and vs.n_samples == 64
    assert vs.sample(n_samples=32, n_discard_per_chain=0).shape == (16, 2, 4)
    vs.reset()
    assert vs.samples.shape == (16, 4, 4)


def test_samples_are_kept_until_the_state_changes():
    vs = product_state()
    samples = vs.samples
    vs.chunk_size = 8
    vs.n_discard_per_chain = 2
    assert vs.samples is samples
    changes = [
        lambda: setattr(vs, "parameters", vs.parameters),
        lambda: setattr(vs, "variables", vs.variables),
        lambda: setattr(vs, "n_samples", 64),
        vs.init_parameters,
        vs.init,
        vs.reset,
    ]
    for change in changes:
        samples = vs.samples
        change()
        assert vs.samples is not samples


def test_seeds():
    a, b, c = product_state(seed=1), product_state(seed=1), product_state(seed=2)
    assert np.array_equal(a.samples, b.samples)
    assert not np.array_equal(a.samples, c.samples)
    d, e = product_state(seed=1, sampler_seed=5), product_state(seed=2, sampler_seed=5)
    assert np.array_equal(d.samples, e.samples)
    product_state(seed=jax.random.PRNGKey(1)).samples  # noqa: B018


def test_samples_follow_the_amplitudes(random_parameters):
    vs = random_parameters(product_state(n_samples=8192), scale=3.0)
    counts = np.bincount(HI.states_to_numbers(np.asarray(vs.samples)).ravel(), minlength=16)
    assert 0.5 * np.abs(counts / 8192 - np.abs(vs.to_array()) ** 2).sum() < 0.05


# -- values -----------------------------------------------------------------------------------


def test_log_value_of_any_batch():
    vs = product_state()
    x = np.asarray(HI.all_states())
    for chunk_size in (None, 3):
        vs.chunk_size = chunk_size
        full = vs.log_value(x)
        assert full.shape == (16,)
        np.testing.assert_allclose(vs.log_value(x.reshape(2, 8, 4)), full.reshape(2, 8))
        np.testing.assert_allclose(vs.log_value(x[3]), full[3])
        assert vs.log_value(x[3]).shape == ()
        np.testing.assert_allclose(vs.to_array(normalize=False), np.exp(full))
    np.testing.assert_allclose(np.linalg.norm(vs.to_array()), 1.0)


def test_statistics_know_the_chains():
    op = nk.operator.Ising(HI, nk.graph.Chain(4), h=1.0)
    vs = product_state()
    values = vs.local_estimators(op)
    assert values.data.shape == (16, 4)
    a, b = vs.expect(op), nk.stats.statistics(values.data)
    np.testing.assert_allclose([a.mean, a.variance, a.R_hat], [b.mean, b.variance, b.R_hat])


def test_expectation_within_error_of_the_exact_one(backend, random_parameters):
    op = nk.operator.Ising(HI, nk.graph.Chain(4), h=1.0, backend=backend)
    vs = random_parameters(product_state(n_samples=4096), scale=2.0)
    psi = vs.to_array()
    exact = psi @ op.to_dense() @ psi
    stats = vs.expect(op)
    assert abs(stats.mean - exact) < 6 * stats.error_of_mean


# -- variables --------------------------------------------------------------------------------


def test_parameters_must_keep_their_structure():
    vs = product_state()
    with pytest.raises(nk.errors.ParameterMismatchError):
        vs.parameters = {"a": jnp.zeros(2)}
    with pytest.raises(nk.errors.ParameterMismatchError):
        vs.variables = {"params": {"a": jnp.zeros(2)}}
    vs.parameters = flax.core.freeze({"w": jnp.zeros(4)})
    assert vs.n_parameters == 4
    assert isinstance(vs.parameters, dict)


def test_init_parameters(random_parameters):
    vs = nk.vqs.MCState(local_sampler(), nk.models.RBM(alpha=64, param_dtype=complex))
    vs.init_parameters(seed=1)
    kernel = vs.parameters["Dense"]["kernel"]
    assert kernel.dtype == complex
    assert 0.005 < np.std(kernel) < 0.02
    vs.init_parameters(jax.nn.initializers.ones)
    assert np.all(np.asarray(vs.parameters["visible_bias"]) == 1)
    vs.init(seed=5)
    assert not np.all(np.asarray(vs.parameters["visible_bias"]) == 1)


def test_states_can_be_copied_and_pickled():
    vs = product_state()
    samples = vs.samples
    for other in (copy.copy(vs), copy.deepcopy(vs), pickle.loads(pickle.dumps(vs))):
        assert np.array_equal(other.samples, samples)
        other.parameters = {"w": jnp.zeros(4)}
        assert np.array_equal(vs.parameters["w"], np.ones(4))
        assert vs.samples is samples


def test_serialisation():
    vs, other = product_state(), product_state(seed=8, chunk_size=16)
    other.parameters = {"w": jnp.zeros(4)}
    vs.samples  # noqa: B018
    state = flax.serialization.to_state_dict(vs)
    assert sorted(state) == [
        "chunk_size",
        "n_discard_per_chain",
        "n_samples",
        "sampler_state",
        "variables",
    ]
    restored = flax.serialization.from_bytes(other, flax.serialization.to_bytes(vs))
    assert restored is not other and np.all(np.asarray(other.parameters["w"]) == 0)
    np.testing.assert_array_equal(restored.parameters["w"], vs.parameters["w"])
    assert (restored.n_samples, restored.chunk_size) == (64, None)
    assert np.array_equal(restored.sample(), vs.sample())


def test_repr():
    vs = product_state()
    assert str(vs).startswith("MCState(hilbert = Spin") and "n_samples = 64" in str(vs)
    assert "n_parameters = 4" in repr(vs)


# -- bad input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"n_samples": 8}, "at least 16, one for each chain"),
        ({"n_samples": 0}, "at least 16"),
        ({"n_samples": -1}, "`n_samples`"),
        ({"n_samples": 32, "n_samples_per_rank": 32}, "not both"),
        ({"chunk_size": 0}, "`chunk_size` must be a positive integer"),
        ({"chunk_size": 2.5}, "`chunk_size` must be a positive integer"),
        ({"n_discard_per_chain": -1}, "`n_discard_per_chain`"),
        ({"apply_fun": lambda v, x: x}, "not both"),
    ],
)
def test_bad_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        product_state(**kwargs)


def test_bad_questions():
    vs = product_state()
    with pytest.raises(TypeError, match="`operator` must be a discrete operator, but is a int"):
        nk.vqs.apply_operator(3, vs)
    with pytest.raises(TypeError, match="`is_frozen` must be a function"):
        nk.vqs.freeze_parameters(vs, "bias")
    with pytest.raises(TypeError, match="`qgt_T` must be a type of netket.optimizer.qgt"):
        vs.quantum_geometric_tensor(3)
    op = nk.operator.Ising(HI, nk.graph.Chain(4), h=1.0)
    assert vs.sample(chain_length=0).shape == (16, 0, 4)
    for ask in (vs.expect, vs.expect_and_grad, vs.expect_and_forces, vs.local_estimators):
        with pytest.raises(ValueError, match="There are no samples to average over"):
            ask(op)


def test_bad_models():
    class Column(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(1)(x)

    class Number(Column):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(1)(x).sum()

    for model, shape in ((Column(), r"\(2, 1\)"), (Number(), r"\(\)")):
        with pytest.raises(ValueError, match=rf"to shape \(2,\), but .* returns shape {shape}"):
            nk.vqs.MCState(local_sampler(), model)
        with pytest.raises(ValueError, match=rf"returns shape {shape}"):
            nk.vqs.FullSumState(HI, model)
    for model in (3, lambda variables, x: x.sum(axis=-1)):
        with pytest.raises(TypeError, match="`model` must be a module .* as `apply_fun`"):
            nk.vqs.MCState(local_sampler(), model)
    with pytest.raises(ValueError, match="must return log-amplitudes, .* returns bool"):
        nk.vqs.MCState(local_sampler(), apply_fun=lambda v, x: x[:, 0] > 0, variables={})
    with pytest.raises(ValueError, match="`model`, or else `apply_fun`"):
        nk.vqs.MCState(local_sampler())
    with pytest.raises(TypeError, match="HashableArray"):
        nk.vqs.MCState(local_sampler(), Product(scale=np.ones(2)))
    with pytest.raises(TypeError, match="`sampler` must be a sampler"):
        nk.vqs.MCState(Product(), local_sampler())


def test_other_hilbert_spaces():
    vs = product_state()
    other = nk.hilbert.Spin(0.5, 5)
    op = nk.operator.Ising(other, nk.graph.Chain(5), h=1.0)
    for ask in (vs.expect, vs.expect_and_grad, vs.expect_and_forces, vs.local_estimators):
        with pytest.raises(ValueError, match="Hilbert space of the state"):
            ask(op)
    with pytest.raises(ValueError, match="Hilbert space of the state"):
        vs.sampler = nk.sampler.ExactSampler(other)


def test_large_spaces_have_no_array():
    hi = nk.hilbert.Spin(0.5, 100)
    vs = nk.vqs.MCState(nk.sampler.MetropolisLocal(hi), Product())
    with pytest.raises(ValueError, match="too many"):
        vs.to_array()
