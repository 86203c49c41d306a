# SPDX-License-Identifier: Apache-2.0
"""Direct sampling of autoregressive models."""

import os
import subprocess
import sys

import flax.linen as nn
import flax.serialization
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk

SPINS = nk.hilbert.Spin(0.5, 4)


def variables_of(model, scale=0.3):
    """Reproducible variables that make all states likely, but not equally."""
    rng = np.random.default_rng(1)
    x = np.array([[model.hilbert.states_at_index(i)[0] for i in range(model.hilbert.size)]])
    shapes = jax.eval_shape(model.init, jax.random.key(0), x)
    return jax.tree.map(lambda p: (scale * rng.normal(size=p.shape)).astype(p.dtype), dict(shapes))


def probabilities(model, variables, power=2):
    log_psi = jax.jit(model.apply)(variables, model.hilbert.all_states())
    return np.exp(power * np.asarray(log_psi).real)


class Reordered(nk.models.AbstractARNN):
    """A dense network of the sites in another order; a third party would write it like this."""

    def setup(self):
        self.network = nk.models.ARNNDense(self.hilbert, layers=2, features=4)

    def conditionals_log_psi(self, inputs):
        log_psi = self.network.conditionals_log_psi(self.reorder(inputs, 1))
        return self.inverse_reorder(log_psi, 1)

    def reorder(self, inputs, axis=0):
        return inputs.take(jnp.array([2, 0, 3, 1]), axis)

    def inverse_reorder(self, inputs, axis=0):
        return inputs.take(jnp.array([1, 3, 0, 2]), axis)


class Independent(nn.Module):
    """No AbstractARNN at all: sites of different kinds with independent local states."""

    hilbert: nk.hilbert.DiscreteHilbert

    def setup(self):
        self.logits = self.param("logits", nn.initializers.normal(1.0), self.hilbert.shape)

    def conditional(self, inputs, index):
        p = jnp.zeros((self.hilbert.size, max(self.hilbert.shape)))
        for i, row in enumerate(self._rows()):
            p = p.at[i, : len(row)].set(jax.nn.softmax(row))
        return jnp.broadcast_to(p[index], (inputs.shape[0], p.shape[1]))

    def __call__(self, inputs):
        index = self.hilbert.states_to_local_indices(inputs)
        rows = [jax.nn.log_softmax(row)[index[..., i]] for i, row in enumerate(self._rows())]
        return sum(rows) / 2

    def _rows(self):
        return [self.logits[:d, i, 0] for i, d in enumerate(self.hilbert.shape)]


MODELS = [
    nk.models.ARNNDense(SPINS, layers=2, features=3, param_dtype=complex),
    nk.models.ARNNConv1D(nk.hilbert.Spin(1, 3), layers=2, features=3, kernel_size=3),
    nk.models.FastARNNDense(nk.hilbert.Fock(3, 3), layers=2, features=3),
    nk.models.FastARNNConv2D(SPINS, layers=2, features=3, kernel_size=(2, 2)),
    Reordered(SPINS),
    Independent(nk.hilbert.Fock(2, 1) * nk.hilbert.Spin(0.5, 2)),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: f"{type(m).__name__}-{m.hilbert}")
def test_distribution(model, sample, assert_distribution):
    hilbert = model.hilbert
    variables = variables_of(model)
    p = probabilities(model, variables)
    assert p.max() > 1.5 * p.min()
    samples, _ = sample(nk.sampler.ARDirectSampler(hilbert), model, variables, 100_000)
    assert samples.shape == (1, 100_000, hilbert.size)
    assert samples.dtype == np.int8
    # an error for what is not in the space
    assert_distribution(hilbert, samples, p)


def test_the_power_is_that_of_the_model(sample, assert_distribution):
    model = nk.models.FastARNNDense(SPINS, layers=1, features=2, machine_pow=1)
    variables = variables_of(model)
    samples, _ = sample(nk.sampler.ARDirectSampler(SPINS), model, variables, 30_000)
    assert_distribution(SPINS, samples, probabilities(model, variables, 1))


def test_states_of_probability_zero_are_never_drawn(sample):
    model = nk.models.ARNNDense(nk.hilbert.Fock(2, 2), layers=1, features=3)
    variables = model.init(jax.random.key(0), jnp.zeros((1, 2)))
    bias = jnp.array([[-jnp.inf, 0.0, -jnp.inf], [0.0, 0.0, -jnp.inf]])
    variables = {"params": {"_layers_0": variables["params"]["_layers_0"] | {"bias": bias}}}
    sampler = nk.sampler.ARDirectSampler(model.hilbert, dtype=np.float32)
    samples, _ = sample(sampler, model, variables, 100_000)
    assert samples.dtype == np.float32
    assert np.unique(samples[0], axis=0).tolist() == [[1, 0], [1, 1]]


def test_state_and_log_probabilities():
    model = nk.models.ARNNConv1D(SPINS, layers=2, features=3, kernel_size=3)
    variables = variables_of(model)
    sampler = nk.sampler.ARDirectSampler(SPINS)
    assert sampler.is_exact
    assert sampler.n_chains == sampler.n_chains_per_rank == sampler.n_batches == 1
    assert hash(sampler) == hash(nk.sampler.ARDirectSampler(SPINS))
    state = sampler.init_state(model, variables, seed=3)
    (samples, log_prob), after = sampler.sample(
        model, variables, state=state, chain_length=20, return_log_probabilities=True
    )
    np.testing.assert_allclose(log_prob, 2 * model.apply(variables, samples), rtol=1e-10)
    restored = flax.serialization.from_bytes(after, flax.serialization.to_bytes(state))
    again, _ = sampler.sample(model, variables, state=restored, chain_length=20)
    np.testing.assert_array_equal(again, samples)
    other, _ = sampler.sample(model, variables, state=after, chain_length=20)
    assert np.any(other != samples)
    # a model with caches is the same
    fast = nk.models.FastARNNConv1D(SPINS, layers=2, features=3, kernel_size=3)
    same, _ = sampler.sample(fast, variables, state=state, chain_length=20)
    np.testing.assert_array_equal(same, samples)


def test_nothing_is_traced_twice():
    class Counting(nk.models.FastARNNDense):
        traces = []

        def conditional(self, inputs, index):
            self.traces.append(1)
            return super().conditional(inputs, index)

    sampler = nk.sampler.ARDirectSampler(SPINS)
    for scale in (1.0, 0.5):
        model = Counting(SPINS, layers=1, features=2)
        sampler.sample(model, variables_of(model, scale), chain_length=10)
    # for the shapes of the cache, and for the loop over sites
    assert len(Counting.traces) <= 3


def ground_state(model, sampler_seed=1):
    """VMC of a critical Ising ring; returns its energy and the exact one."""
    hilbert = model.hilbert
    ha = nk.operator.Ising(hilbert, nk.graph.Chain(hilbert.size), h=1.0)
    vs = nk.vqs.MCState(
        nk.sampler.ARDirectSampler(hilbert), model, n_samples=500, seed=2, sampler_seed=sampler_seed
    )
    assert vs.n_discard_per_chain == 0
    assert set(vs.variables) == {"params"}
    driver = nk.VMC(
        ha,
        nk.optimizer.Sgd(0.05),
        variational_state=vs,
        preconditioner=nk.optimizer.SR(diag_shift=1e-3),
    )
    driver.run(60, show_progress=False)
    vs.n_samples = 4000
    return vs.expect(ha), nk.exact.lanczos_ed(ha)[0]


def test_ground_state_of_the_ising_chain():
    model = nk.models.FastARNNConv1D(nk.hilbert.Spin(0.5, 8), layers=2, features=6, kernel_size=5)
    energy, exact = ground_state(model)
    assert energy.mean.real > exact - 5 * energy.error_of_mean
    np.testing.assert_allclose(energy.mean.real, exact, rtol=3e-3)
    # samples are independent
    assert energy.error_of_mean < 1.2 * np.sqrt(energy.variance / 4000)


def test_samples_do_not_depend_on_the_chunk_size():
    model = nk.models.ARNNDense(SPINS, layers=2, features=3)
    samples = [
        nk.vqs.MCState(
            nk.sampler.ARDirectSampler(SPINS), model, n_samples=64, seed=1, chunk_size=chunk_size
        ).samples
        for chunk_size in (None, 16)
    ]
    np.testing.assert_array_equal(*samples)


PROGRAM = """
import sys, jax, numpy as np, netket as nk

assert jax.device_count() == 2
hi = nk.hilbert.Spin(0.5, 4)
sampler = nk.sampler.ARDirectSampler(hi)
model = nk.models.ARNNConv1D(hi, layers=2, features=3, kernel_size=3)
vs = nk.vqs.MCState(sampler, model, n_samples=128, seed=1)
assert vs.samples.shape == (2, 64, 4)
assert [s.data.shape for s in vs.samples.addressable_shards] == [(1, 64, 4)] * 2
mean = vs.expect(nk.operator.Ising(hi, nk.graph.Chain(4), h=1.0)).mean
np.savez(sys.argv[1], samples=vs.samples, mean=mean)
"""


def test_two_devices_equal_one(tmp_path):
    env = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "two.npz")]
    result = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    two = np.load(tmp_path / "two.npz")
    model = nk.models.ARNNConv1D(SPINS, layers=2, features=3, kernel_size=3)
    vs = nk.vqs.MCState(nk.sampler.ARDirectSampler(SPINS), model, n_samples=128, seed=1)
    np.testing.assert_array_equal(two["samples"].reshape(-1, 4), vs.samples.reshape(-1, 4))
    mean = vs.expect(nk.operator.Ising(SPINS, nk.graph.Chain(4), h=1.0)).mean
    np.testing.assert_allclose(two["mean"], mean, rtol=1e-10)


@pytest.mark.parametrize(
    ("hilbert", "message"),
    [
        (nk.hilbert.Spin(0.5, 4, total_sz=0), "must have no constraint"),
        (nk.hilbert.Fock(1, 2) * nk.hilbert.Spin(0.5, 2, total_sz=0), "must have no constraint"),
        (nk.hilbert.SpinOrbitalFermions(4, n_fermions=2), "must have no constraint"),
        (nk.hilbert.Fock(None, 4), "finitely many local states"),
    ],
)
def test_spaces_that_cannot_be_sampled(hilbert, message):
    with pytest.raises(ValueError, match=message):
        nk.sampler.ARDirectSampler(hilbert)


def test_bad_input():
    with pytest.raises(ValueError, match="Set `machine_pow` of the model"):
        nk.sampler.ARDirectSampler(SPINS, machine_pow=1)
    sampler = nk.sampler.ARDirectSampler(SPINS)
    rbm = nk.models.RBM()
    with pytest.raises(TypeError, match="must be autoregressive"):
        sampler.sample(rbm, rbm.init(jax.random.key(0), jnp.ones((1, 4))))
    other = nk.models.ARNNDense(nk.hilbert.Spin(0.5, 5), layers=1, features=2)
    with pytest.raises(ValueError, match="must be one of the space of the sampler"):
        sampler.sample(other, {})
