# SPDX-License-Identifier: Apache-2.0
"""Infidelities of known pairs of states, with and without an operator."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.observable import InfidelityOperator
from netket.operator import spin

HI = nk.hilbert.Spin(0.5, 4)
UNITARY = spin.sigmax(HI, 0) @ spin.sigmaz(HI, 1)
ANY = spin.sigmap(HI, 0) + 0.3j * spin.sigmax(HI, 1)


def infidelity(target):
    target = target / np.linalg.norm(target)
    return lambda psi: 1 - jnp.abs(jnp.vdot(target, psi)) ** 2 / jnp.vdot(psi, psi).real


def image(op, target):
    phi = np.asarray(target.to_array())
    return phi if op is None else op.to_dense() @ phi


@pytest.mark.parametrize("op", [None, UNITARY, ANY])
def test_exact_values_and_gradients(op, model, full_sum, derivative, assert_close):
    vs, target = full_sum(model), full_sum(seed=8)
    observable = InfidelityOperator(target, operator=op)
    reference = infidelity(image(op, target))
    stats, gradient = vs.expect_and_grad(observable)
    np.testing.assert_allclose(stats.mean, reference(vs.to_array()), atol=1e-12)
    np.testing.assert_allclose(vs.expect(observable).mean, stats.mean)
    assert_close(gradient, derivative(reference, vs))
    np.testing.assert_allclose(
        observable.target_state.to_array(),
        image(op, target) / np.linalg.norm(image(op, target)),
        atol=1e-12,
    )


@pytest.mark.parametrize("op", [None, UNITARY])
@pytest.mark.parametrize("cv_coeff", [-0.5, None])
def test_sampled_values_and_gradients(op, cv_coeff, full_sum, sampled, distance):
    vs, target = full_sum(), full_sum(seed=8, scale=0.25)
    exact, exact_gradient = vs.expect_and_grad(InfidelityOperator(target, operator=op))
    # both with one seed: their samples are not independent of each other
    mc, mc_target = sampled(vs, seed=1), sampled(target, seed=1)
    observable = InfidelityOperator(mc_target, operator=op, cv_coeff=cv_coeff)
    stats, gradient = mc.expect_and_grad(observable)
    assert stats.error_of_mean < 0.02
    assert abs(stats.mean - exact.mean) < 5 * stats.error_of_mean
    assert distance(gradient, exact_gradient) < 0.1
    values = mc.local_estimators(observable)
    assert values.data.shape == (1, 1 << 14)
    np.testing.assert_allclose(values.to_stats().mean, stats.mean, atol=1e-12)


def test_control_variate_removes_noise(full_sum, sampled):
    target = full_sum(seed=8)
    near = full_sum(seed=8)
    near.parameters = jax.tree.map(lambda x: x + 0.02, target.parameters)
    mc, mc_target = sampled(near, 1024), sampled(target, 1024, seed=2)
    plain = mc.expect(InfidelityOperator(mc_target, cv_coeff=None))
    quiet = mc.expect(InfidelityOperator(mc_target))
    exact = near.expect(InfidelityOperator(target)).mean
    assert quiet.error_of_mean < 0.2 * plain.error_of_mean
    assert abs(quiet.mean - exact) < 5 * quiet.error_of_mean


@pytest.mark.parametrize("same_seed", [True, False])
def test_errors_are_those_of_repetitions(same_seed, full_sum, sampled):
    vs, target = full_sum(), full_sum(seed=8, scale=0.25)
    exact = vs.expect(InfidelityOperator(target)).mean
    mc, mc_target = sampled(vs, 512, seed=1), sampled(target, 512, seed=1 if same_seed else 2)
    observable = InfidelityOperator(mc_target)
    results = []
    for _ in range(60):
        mc.sample()
        mc_target.sample()
        results.append(mc.expect(observable))
    means = np.array([s.mean for s in results])
    error = np.mean([s.error_of_mean for s in results])
    assert 0.7 < means.std() / error < 1.4
    assert abs(means.mean() - exact) < 4 * error / np.sqrt(60)


def test_other_numbers_of_samples_and_exact_targets(full_sum, sampled):
    vs, target = full_sum(), full_sum(seed=8, scale=0.25)
    exact = vs.expect(InfidelityOperator(target)).mean
    mc, longer = sampled(vs), sampled(target, 1 << 15)
    stats = mc.expect(InfidelityOperator(longer))
    assert abs(stats.mean - exact) < 5 * stats.error_of_mean
    with pytest.raises(ValueError, match="set `n_samples`"):
        mc.local_estimators(InfidelityOperator(longer))
    # a target that is summed exactly adds no noise
    stats = mc.expect(InfidelityOperator(target))
    assert abs(stats.mean - exact) < 5 * stats.error_of_mean
    np.testing.assert_allclose(vs.expect(InfidelityOperator(longer)).mean, exact, atol=1e-12)


def test_the_state_itself(full_sum, sampled):
    vs = full_sum()
    assert abs(vs.expect(InfidelityOperator(vs)).mean) < 1e-20
    mc = sampled(vs, 64)
    stats, gradient = mc.expect_and_grad(InfidelityOperator(mc))
    assert abs(stats.mean) < 1e-12
    assert max(abs(x).max() for x in jax.tree.leaves(gradient)) < 1e-12


def test_norms_do_not_matter(full_sum, with_amplitudes, sampled):
    """Even those that have no floating point number."""
    psi = np.asarray(full_sum().to_array())
    a, b = with_amplitudes(HI, psi), with_amplitudes(HI, psi)
    b.parameters = jax.tree.map(lambda x: x + 2000.0 + 0.4j, b.parameters)
    assert abs(a.expect(InfidelityOperator(b)).mean) < 1e-20
    assert abs(sampled(a, 64).expect(InfidelityOperator(sampled(b, 64))).mean) < 1e-12


def test_chunks_change_nothing(full_sum, sampled, assert_close):
    mc, target = sampled(full_sum(), 96), sampled(full_sum(seed=8), 96, seed=2)
    observable = InfidelityOperator(target, operator=UNITARY)
    whole = mc.expect_and_grad(observable)
    mc.chunk_size = target.chunk_size = 7
    stats, gradient = mc.expect_and_grad(observable)
    np.testing.assert_allclose(stats.mean, whole[0].mean)
    assert_close(gradient, whole[1])
    forces = mc.expect_and_forces(observable)[1]
    assert_close(jax.tree.map(lambda f: 2 * f, forces), whole[1])


def test_the_target_is_followed(full_sum):
    vs, target = full_sum(), full_sum(seed=8)
    observable = InfidelityOperator(target, operator=UNITARY)
    assert observable.target_state is observable.target_state
    before = vs.expect(observable).mean
    target.parameters = jax.tree.map(lambda x: 0.5 * x, target.parameters)
    after = infidelity(image(UNITARY, target))(vs.to_array())
    assert abs(before - after) > 1e-3
    np.testing.assert_allclose(vs.expect(observable).mean, after)
    phi = np.asarray(observable.target_state.to_array())
    np.testing.assert_allclose(infidelity(phi)(vs.to_array()), after)


def test_bad_input(full_sum):
    vs = full_sum()
    other = nk.hilbert.Spin(0.5, 5)
    with pytest.raises(TypeError, match="`target_state` must be"):
        InfidelityOperator(3)
    with pytest.raises(TypeError, match="`operator` must be an operator"):
        InfidelityOperator(vs, operator=np.eye(16))
    with pytest.raises(ValueError, match="Hilbert space of the target"):
        InfidelityOperator(vs, operator=spin.sigmax(other, 0))
    with pytest.raises(ValueError, match="Hilbert space of the state"):
        nk.vqs.FullSumState(other, nk.models.RBM()).expect(InfidelityOperator(vs))
    annihilated = InfidelityOperator(vs, operator=0.0 * spin.sigmax(HI, 0))
    with pytest.raises(ValueError, match="annihilates"):
        vs.expect(annihilated)
    doubled = nk.vqs.MCMixedState(
        nk.sampler.ExactSampler(nk.hilbert.DoubledHilbert(HI)),
        apply_fun=lambda v, x: 0.0 * x[:, 0],
        variables={},
        n_samples=16,
    )
    with pytest.raises(TypeError, match="pure states"):
        InfidelityOperator(doubled)
