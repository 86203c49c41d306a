# SPDX-License-Identifier: Apache-2.0
"""Gradients and forces against the derivative of the dense expectation value."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk


@pytest.fixture
def backend():
    # gradients start from local estimators, which test_local_values checks on both backends
    return "numba"


def assert_trees_close(a, b, **kwargs):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, **kwargs), a, b)


def gradient_of(f, parameters):
    """Conjugate gradient of the real part; of real parameters only, also the imaginary part."""
    conj = lambda tree: jax.tree.map(jnp.conj, tree)  # noqa: E731
    real = conj(jax.grad(lambda p: f(p).real)(parameters))
    if any(map(jnp.iscomplexobj, jax.tree.leaves(parameters))):
        return real
    if not jnp.iscomplexobj(jax.eval_shape(f, parameters)):
        return real
    imag = jax.grad(lambda p: f(p).imag)(parameters)
    return jax.tree.map(lambda re, im: re - 1j * im, real, imag)


def exactly_sampled(vs, n=4096):
    """The same state with n independent samples."""
    return nk.vqs.MCState(
        nk.sampler.ExactSampler(vs.hilbert),
        vs.model,
        n_samples=n,
        variables=vs.variables,
        seed=11,
    )


def full_sum(hi, model, random_parameters):
    return random_parameters(nk.vqs.FullSumState(hi, model, seed=0))


def test_full_sum_gradient_of_hermitian(hi, model, ising, mean_of, random_parameters):
    vs = full_sum(hi, model, random_parameters)
    f = mean_of(vs, ising)
    stats, grad = vs.expect_and_grad(ising)
    np.testing.assert_allclose(stats.mean, f(vs.parameters).real)
    expected = jax.tree.map(jnp.conj, jax.grad(lambda p: f(p).real)(vs.parameters))
    assert_trees_close(grad, expected, atol=1e-10)
    # the formula for any operator agrees; it cannot know that the gradient is real
    any_op = vs.grad(ising, use_covariance=False)
    any_op = jax.tree.map(lambda g, x: g if jnp.iscomplexobj(x) else g.real, any_op, grad)
    assert_trees_close(any_op, grad, atol=1e-10)


def test_full_sum_gradient_of_any_operator(hi, model, lopsided, mean_of, random_parameters):
    vs = full_sum(hi, model, random_parameters)
    f = mean_of(vs, lopsided)
    stats, grad = vs.expect_and_grad(lopsided)
    np.testing.assert_allclose(stats.mean, f(vs.parameters))
    assert_trees_close(grad, gradient_of(f, vs.parameters), atol=1e-10)


@pytest.mark.parametrize("model", ["real", "mixed"], indirect=True)
def test_chunks_change_nothing(hi, model, ising, lopsided, random_parameters):
    vs = full_sum(hi, model, random_parameters)
    mc = exactly_sampled(vs, 32)

    def gradients():
        any_op = [mc.expect_and_grad(op)[1] for op in (ising, lopsided)]
        return *any_op, mc.expect_and_forces(ising)[1], vs.expect_and_grad(ising)[1]

    whole = gradients()
    mc.chunk_size = vs.chunk_size = 6
    for a, b in zip(whole, gradients()):
        assert_trees_close(a, b, atol=1e-10)


def test_sampled_gradient_is_the_exact_one_within_noise(hi, model, ising, random_parameters):
    vs = full_sum(hi, model, random_parameters)
    mc = exactly_sampled(vs, 1 << 15)
    stats, grad = mc.expect_and_grad(ising)
    exact, exact_grad = vs.expect_and_grad(ising)
    assert abs(stats.mean - exact.mean) < 6 * stats.error_of_mean
    a, b = (jnp.concatenate([x.ravel() for x in jax.tree.leaves(g)]) for g in (grad, exact_grad))
    assert jnp.linalg.norm(a - b) < 0.05 * jnp.linalg.norm(b) + 0.05


def test_sampled_gradient_is_that_of_the_sample_mean(hi, model, lopsided, random_parameters):
    """By finite differences of reweighted averages over fixed samples."""
    vs = full_sum(hi, model, random_parameters)
    mc = exactly_sampled(vs, 64)
    σ = mc.samples.reshape(-1, 4)
    matrix, x = jnp.asarray(lopsided.to_dense()), jnp.asarray(hi.all_states())
    rows = jnp.asarray(hi.states_to_numbers(np.asarray(σ)))

    def reweighted(parameters):
        log = mc._apply_fun({"params": parameters}, x)
        reference = mc._apply_fun(mc.variables, x)
        local = (matrix @ jnp.exp(log)) / jnp.exp(log)
        weights = jnp.exp(2 * (log - reference).real)
        return jnp.sum(weights[rows] * local[rows]) / jnp.sum(weights[rows])

    _, grad = mc.expect_and_grad(lopsided)
    assert_trees_close(grad, gradient_of(reweighted, mc.parameters), atol=1e-10)


def test_forces_are_covariances(hi, model, lopsided, random_parameters):
    vs = full_sum(hi, model, random_parameters)
    mc = exactly_sampled(vs, 64)
    values = mc.local_estimators(lopsided).data.ravel()
    σ = mc.samples.reshape(-1, 4)
    weights = (values - values.mean()).conj() / 64
    _, forces = mc.expect_and_forces(lopsided)
    _, pull, *_ = nk.jax.vjp(
        lambda p: mc._apply_fun({"params": p}, σ), mc.parameters, conjugate=True
    )
    assert_trees_close(forces, pull(weights)[0], atol=1e-12)
    # gradients of hermitian operators are twice the forces, real for real parameters
    _, grad = mc.expect_and_grad(lopsided, use_covariance=True)
    twice = jax.tree.map(
        lambda f, p: 2 * f if jnp.iscomplexobj(p) else 2 * f.real, forces, mc.parameters
    )
    assert_trees_close(grad, twice, atol=1e-12)


def test_single_precision_stays_single(hi, ising):
    for sampler in (nk.sampler.ExactSampler(hi), None):
        model = nk.models.RBM(alpha=1, param_dtype=np.float32)
        if sampler is None:
            vs = nk.vqs.FullSumState(hi, model)
        else:
            vs = nk.vqs.MCState(sampler, model, n_samples=16)
        for tree in (vs.expect_and_grad(ising)[1], vs.expect_and_forces(ising)[1]):
            assert {x.dtype for x in jax.tree.leaves(tree)} <= {
                np.dtype(np.float32),
                np.dtype(np.float64),
            }
        grad = vs.grad(ising)
        assert {x.dtype for x in jax.tree.leaves(grad)} == {np.dtype(np.float32)}


def test_model_state_is_updated(hi, ising):
    class Counts(nn.Module):
        @nn.compact
        def __call__(self, x):
            n = self.variable("counts", "n", lambda: jnp.zeros(()))
            if self.is_mutable_collection("counts") and not self.is_initializing():
                n.value = n.value + x.shape[0]
            return x @ self.param("w", nn.initializers.normal(), (4,), float)

    mc = nk.vqs.MCState(
        nk.sampler.ExactSampler(hi), Counts(), n_samples=16, mutable=["counts"], seed=1
    )
    full = nk.vqs.FullSumState(hi, Counts(), mutable="counts", seed=1)
    for vs in (mc, full):
        assert sorted(vs.variables) == ["counts", "params"]
        vs.expect(ising)
        assert vs.model_state["counts"]["n"] == 0
        _, grad = vs.expect_and_grad(ising)
        assert vs.model_state["counts"]["n"] == 16
        vs.expect_and_forces(ising)
        assert vs.model_state["counts"]["n"] == 32
        vs.grad(ising, mutable=False)
        assert vs.model_state["counts"]["n"] == 32
        assert set(grad) == {"w"}


def test_training_arguments_reach_the_model_in_gradients_only(hi, ising):
    seen = []

    def apply_fun(variables, x, train=False):
        seen.append(train)
        return x @ variables["params"]["w"]

    vs = nk.vqs.MCState(
        nk.sampler.ExactSampler(hi),
        apply_fun=apply_fun,
        variables={"params": {"w": jnp.full(4, 0.1)}},
        n_samples=16,
        training_kwargs={"train": True},
    )
    vs.expect(ising)
    assert not any(seen)
    vs.expect_and_grad(ising)
    assert any(seen)
