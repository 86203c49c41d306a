# SPDX-License-Identifier: Apache-2.0
"""Density matrices: expectation values, super-operators, gradients of |L ρ|², errors."""

import flax
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.errors import MCMixedStateExpectAndGradOnPhysicalOperatorError

HI = nk.hilbert.Spin(0.5, 2)
DOUBLED = nk.hilbert.DoubledHilbert(HI)
HA = nk.operator.Ising(HI, nk.graph.Chain(2, pbc=False), h=1.3)
LINDBLAD = nk.operator.LocalLiouvillian(HA, [nk.operator.spin.sigmam(HI, i) for i in range(2)])
PHYSICAL = (
    nk.operator.spin.sigmay(HI, 0) @ nk.operator.spin.sigmax(HI, 1)
    + nk.operator.spin.sigmay(HI, 1)
    + nk.operator.spin.sigmaz(HI, 0)
)


class Purified(nn.Module):
    """log ρ(σ, σ') of ρ = A A†, with a matrix A as parameter."""

    @nn.compact
    def __call__(self, x):
        def init(key, shape):
            parts = jax.random.normal(key, (2, *shape))
            return parts[0] + 1j * parts[1]

        a = self.param("A", init, (4, 4))
        i, j = HI.states_to_numbers(x[:, :2]), HI.states_to_numbers(x[:, 2:])
        return jnp.log(jnp.sum(a[i] * a[j].conj(), axis=-1))


def make(n_samples=2048, sampler=None, **kwargs):
    sampler = sampler or nk.sampler.MetropolisLocal(DOUBLED, n_chains=64, sweep_size=12)
    return nk.vqs.MCMixedState(sampler, Purified(), n_samples=n_samples, seed=1, **kwargs)


@pytest.fixture(scope="module")
def state():
    return make()


def rho_of(state):
    a = np.asarray(state.parameters["A"])
    rho = a @ a.conj().T
    return rho / np.trace(rho)


def test_matrix(state):
    rho = rho_of(state)
    np.testing.assert_allclose(state.to_matrix(), rho, atol=1e-12)
    unnormalised = state.to_matrix(normalize=False)
    np.testing.assert_allclose(unnormalised / np.trace(unnormalised), rho, atol=1e-12)
    vector = rho.ravel() / np.linalg.norm(rho)
    overlap = np.vdot(vector, state.to_array())
    assert abs(overlap) == pytest.approx(1)
    q = state.to_qobj()
    assert q.dims == [[2, 2], [2, 2]] and q.tr() == pytest.approx(1)
    assert state.hilbert_physical == HI


def test_samples_of_the_diagonal(state):
    σ = np.asarray(state.diagonal.samples).reshape(-1, 2)
    counts = np.bincount(HI.states_to_numbers(σ), minlength=4) / len(σ)
    np.testing.assert_allclose(counts, np.diag(rho_of(state)).real, atol=0.05)
    assert state.sampler_diag.machine_pow == 1 and state.n_samples_diag == 2048


@pytest.mark.parametrize("backend", ["numba", "jax"])
@pytest.mark.parametrize("chunk_size", [None, 100])
def test_physical_operators(state, backend, chunk_size):
    """Exactly the average over the samples; and the trace, within errors."""
    op, rho = PHYSICAL.to_backend(backend), rho_of(state)
    state.chunk_size = chunk_size
    stats = state.expect(op)
    state.chunk_size = None
    local = np.diag(op.to_dense() @ rho) / np.diag(rho)
    numbers = HI.states_to_numbers(np.asarray(state.diagonal.samples))
    np.testing.assert_allclose(stats.mean, local[numbers].mean(), rtol=1e-9)
    assert abs(stats.mean - np.trace(op.to_dense() @ rho)) < 6 * stats.error_of_mean
    values = state.local_estimators(op).data
    np.testing.assert_allclose(values, local[numbers], rtol=1e-9)


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_super_operators(state, backend):
    L = LINDBLAD.to_backend(backend)
    vector = rho_of(state).ravel() / np.linalg.norm(rho_of(state))
    image = L.to_dense() @ vector
    stats = state.expect(L)
    assert abs(stats.mean - np.vdot(vector, image)) < 6 * stats.error_of_mean
    squared = state.expect(L.H @ L)
    assert abs(squared.mean - np.vdot(image, image)) < 6 * squared.error_of_mean
    # |L_loc|² at the samples
    numbers = DOUBLED.states_to_numbers(np.asarray(state.samples))
    local = np.abs(image / vector) ** 2
    np.testing.assert_allclose(state.local_estimators(L.H @ L).data, local[numbers], rtol=1e-8)


def test_gradient_of_the_squared_generator():
    """With one sample for each element, weighted by its probability, by finite differences."""
    state = make(sampler=nk.sampler.ExactSampler(DOUBLED), n_samples=40_000)
    squared = LINDBLAD.H @ LINDBLAD
    matrix = LINDBLAD.to_dense()

    def loss(a):
        vector = (a @ a.conj().T).ravel()
        return np.linalg.norm(matrix @ vector) ** 2 / np.linalg.norm(vector) ** 2

    a, eps = np.asarray(state.parameters["A"]), 1e-6
    expected = np.zeros((4, 4), complex)
    for index in np.ndindex(4, 4):
        for unit in (1, 1j):
            step = np.zeros((4, 4), complex)
            step[index] = unit * eps
            expected[index] += unit * (loss(a + step) - loss(a - step)) / (2 * eps)
    stats, gradient = state.expect_and_grad(squared)
    assert abs(stats.mean - loss(a)) < 6 * stats.error_of_mean
    scale = np.abs(expected).max()
    np.testing.assert_allclose(gradient["A"] / scale, expected / scale, atol=0.05)


def test_squared_operators_of_pure_states():
    """The same rule: no variance in the kernel of A."""
    hi = nk.hilbert.Spin(0.5, 3)
    ha = nk.operator.Ising(hi, nk.graph.Chain(3), h=1.0)
    energy, vectors = nk.exact.lanczos_ed(ha, k=1, compute_eigenvectors=True)
    log = jnp.log(jnp.asarray(vectors[:, 0], complex))
    state = nk.vqs.MCState(
        nk.sampler.MetropolisLocal(hi),
        apply_fun=lambda v, x: v["params"]["log"][hi.states_to_numbers(x)],
        variables={"params": {"log": log}},
        n_samples=256,
    )
    shifted = ha - energy[0]
    stats, gradient = state.expect_and_grad(nk.operator.Squared(shifted))
    assert stats.mean < 1e-18 and stats.variance < 1e-18
    assert np.abs(gradient["log"]).max() < 1e-8


def test_parameters_are_shared(state):
    new = make()
    new.parameters = jax.tree.map(lambda x: 2 * x + 1, new.parameters)
    np.testing.assert_allclose(new.to_matrix(), rho_of(new), atol=1e-12)
    np.testing.assert_allclose(
        np.exp(new.diagonal.log_value(HI.all_states())).real,
        np.diag(new.to_matrix(normalize=False)).real,
    )
    new.n_samples_diag, new.n_discard_per_chain_diag = 128, 7
    assert new.diagonal.samples.shape == (64, 2, 2) and new.chain_length_diag == 2


def test_model_states_are_shared():
    """Arrays in them are not compared: those of the diagonal follow."""

    def shifted(variables, x):
        return variables["params"]["w"] * jnp.sum(x, axis=-1) + variables["state"]["shift"][0]

    variables = {"params": {"w": jnp.ones(())}, "state": {"shift": jnp.zeros(2)}}
    sampler = nk.sampler.MetropolisLocal(DOUBLED, n_chains=16)
    state = nk.vqs.MCMixedState(sampler, apply_fun=shifted, variables=variables, n_samples=64)
    old = state.diagonal.samples
    state.model_state = {"state": {"shift": jnp.full(2, 3.0)}}
    np.testing.assert_allclose(state.diagonal.log_value(np.ones(2)), 4 + 3)
    assert state.diagonal.samples is not old


def test_saved_and_restored(state):
    data = flax.serialization.to_bytes(state)
    other = make()
    other.parameters = jax.tree.map(jnp.ones_like, other.parameters)
    restored = flax.serialization.from_bytes(other, data)
    np.testing.assert_allclose(restored.to_matrix(), state.to_matrix())
    a, b = (s.diagonal.sample() for s in (restored, state))
    np.testing.assert_array_equal(a, b)


def test_errors(state):
    for function in (state.expect_and_grad, state.expect_and_forces):
        with pytest.raises(MCMixedStateExpectAndGradOnPhysicalOperatorError):
            function(PHYSICAL)
    with pytest.raises(TypeError, match="`sampler` must belong to a netket.hilbert.DoubledHilbert"):
        nk.vqs.MCMixedState(nk.sampler.MetropolisLocal(HI), Purified(), n_samples=64)
    wrong = nk.sampler.MetropolisLocal(nk.hilbert.Spin(0.5, 4), machine_pow=1)
    with pytest.raises(ValueError, match="`sampler_diag` must sample"):
        make(sampler_diag=wrong)


def test_steady_state_by_gradient_descent():
    state = make(sampler=nk.sampler.ExactSampler(DOUBLED), n_samples=1024)
    squared = LINDBLAD.H @ LINDBLAD
    driver = nk.VMC(squared, nk.optimizer.Sgd(0.05), variational_state=state)
    before = state.expect(squared).mean
    driver.run(30, show_progress=False)
    assert state.expect(squared).mean < before / 2


def test_frozen_parameters_reach_the_diagonal():
    class Damped(nn.Module):
        @nn.compact
        def __call__(self, x):
            w = self.param("w", nn.initializers.normal(0.3), (4,), float)
            return Purified()(x) + (x[:, :2] * x[:, 2:]) @ (w[:2] + w[2:])

    sampler = nk.sampler.ExactSampler(DOUBLED)
    rho = nk.vqs.MCMixedState(sampler, Damped(), n_samples=1 << 12, seed=1)
    before, samples = rho.to_matrix(), rho.diagonal.samples
    frozen = nk.vqs.freeze_parameters(rho, lambda path, _: path == ("w",))
    assert set(frozen.parameters) == set(frozen.diagonal.parameters) == {"Purified_0"}
    assert set(frozen.expect_and_grad(LINDBLAD.H @ LINDBLAD)[1]) == {"Purified_0"}
    np.testing.assert_array_equal(frozen.diagonal.samples, samples)
    frozen.parameters = jax.tree.map(lambda a: a + 0.5, frozen.parameters)
    for state in (frozen, nk.vqs.unfreeze_parameters(frozen)):
        matrix = state.to_matrix()
        assert not np.allclose(matrix, before)
        stats = state.expect(PHYSICAL)
        assert abs(stats.mean - np.trace(matrix @ PHYSICAL.to_dense())) < 5 * stats.error_of_mean
        diagonal = np.exp(state.diagonal.log_value(HI.all_states()))
        np.testing.assert_allclose(diagonal / diagonal.sum(), np.diag(matrix), atol=1e-12)
    assert set(state.parameters) == {"Purified_0", "w"}
    np.testing.assert_allclose(rho.to_matrix(), before)
