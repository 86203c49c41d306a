# SPDX-License-Identifier: Apache-2.0
"""Variance, V-score and connected correlators against dense algebra."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.observable import ConnectedCorrelator, VarianceObservable, VScore
from netket.operator import spin

HI = nk.hilbert.Spin(0.5, 4)


def ising(backend="numba"):
    return nk.operator.Ising(HI, nk.graph.Chain(4), h=0.8, J=0.6, backend=backend)


def lopsided():
    """Neither hermitian nor real."""
    return spin.sigmap(HI, 0) + 0.5j * spin.sigmaz(HI, 1) @ spin.sigmax(HI, 2)


def mean(op):
    matrix = jnp.asarray(op.to_dense())
    return lambda psi: jnp.vdot(psi, matrix @ psi)


def variance(op):
    first, second = mean(op), mean(op @ op)
    return lambda psi: (second(psi) - first(psi) ** 2).real


def modulus_variance(op):
    first, second = mean(op), mean(op.H @ op)
    return lambda psi: second(psi).real - jnp.abs(first(psi)) ** 2


def v_score(op, trace, n):
    var, energy = variance(op), mean(op)
    return lambda psi: n * var(psi) / (energy(psi).real - trace) ** 2


def correlator(a, b):
    ab, ma, mb = mean(a @ b), mean(a), mean(b)
    return lambda psi: ab(psi) - ma(psi) * mb(psi)


def real(f):
    return lambda psi: f(psi).real


Z0, X1, X0 = spin.sigmaz(HI, 0), spin.sigmax(HI, 1), spin.sigmax(HI, 0)
PLUS, MINUS = spin.sigmap(HI, 0), spin.sigmam(HI, 1)


def complex_variance(op):
    first, second = mean(op), mean(op @ op)
    return lambda psi: second(psi) - first(psi) ** 2


# the observable, and what it is for normalised amplitudes
CASES = {
    "variance": lambda: (VarianceObservable(ising()), variance(ising())),
    "squared": lambda: (VarianceObservable(ising(), use_Oloc_squared=True), variance(ising())),
    "any": lambda: (VarianceObservable(lopsided()), complex_variance(lopsided())),
    "any squared": lambda: (VarianceObservable(lopsided(), True), modulus_variance(lopsided())),
    "v_score": lambda: (VScore(ising(), trace_diagonal=0.3), v_score(ising(), 0.3, 4)),
    "commuting": lambda: (ConnectedCorrelator(Z0, X1), real(correlator(Z0, X1))),
    "not commuting": lambda: (ConnectedCorrelator(Z0, X0), real(correlator(Z0, X0))),
    "not hermitian": lambda: (ConnectedCorrelator(PLUS, MINUS), correlator(PLUS, MINUS)),
}


@pytest.fixture(params=list(CASES))
def case(request):
    return CASES[request.param]()


def test_exact_values_and_gradients(case, model, full_sum, derivative, assert_close):
    observable, reference = case
    vs = full_sum(model)
    expected = reference(jnp.asarray(vs.to_array()))
    stats, gradient = vs.expect_and_grad(observable)
    for s in (stats, vs.expect(observable)):
        np.testing.assert_allclose(s.mean, expected, atol=1e-10)
        assert s.error_of_mean == 0
        assert jnp.iscomplexobj(s.mean) == jnp.iscomplexobj(expected)
    assert_close(gradient, derivative(reference, vs))


def test_sampled_values_and_gradients(case, full_sum, sampled, distance):
    observable, _ = case
    vs = full_sum()
    mc = sampled(vs, 1 << 15)
    exact, exact_gradient = vs.expect_and_grad(observable)
    stats, gradient = mc.expect_and_grad(observable)
    assert 0 < stats.error_of_mean < 0.2
    assert abs(stats.mean - exact.mean) < 5 * stats.error_of_mean
    np.testing.assert_allclose(mc.expect(observable).mean, stats.mean, atol=1e-12)
    assert distance(gradient, exact_gradient) < 0.1


def test_forces_are_half_the_gradient(full_sum, sampled, assert_close):
    vs = full_sum()
    for observable in (VarianceObservable(ising()), VScore(ising(), trace_diagonal=0.0, N=3)):
        for state in (vs, sampled(vs, 512)):
            stats, gradient = state.expect_and_grad(observable)
            again, forces = state.expect_and_forces(observable)
            assert_close(jax.tree.map(lambda f: 2 * f, forces), gradient)
            assert stats.mean == again.mean
    with pytest.raises(TypeError, match="use_Oloc_squared=False"):
        sampled(vs, 512).expect_and_forces(VarianceObservable(ising(), True))


def test_backends_and_chunks_change_nothing(full_sum, sampled, assert_close):
    vs = full_sum()
    mc = sampled(vs, 96)

    def results(backend):
        op = ising(backend)
        for observable in (VarianceObservable(op), VarianceObservable(op, True)):
            yield mc.expect(observable).mean
            yield mc.expect_and_grad(observable)[1]
            yield vs.expect_and_grad(observable)[1]

    whole = list(results("numba"))
    for backend, chunk_size in (("jax", None), ("numba", 7), ("jax", 7)):
        mc.chunk_size = vs.chunk_size = chunk_size
        for a, b in zip(results(backend), whole):
            assert_close(a, b)


def test_errors_are_those_of_repetitions(full_sum, sampled):
    """The spread of independent estimates is what the delta method says."""
    mc = sampled(full_sum(), 1024)
    observables = [f()[0] for f in (CASES["variance"], CASES["v_score"], CASES["commuting"])]
    results = []
    for _ in range(60):
        mc.sample()
        results.append([mc.expect(o) for o in observables])
    for stats in zip(*results):
        spread = np.std([s.mean for s in stats])
        error = np.mean([s.error_of_mean for s in stats])
        assert 0.7 < spread / error < 1.4


def test_local_estimators_give_the_same_statistics(full_sum, sampled):
    mc = sampled(full_sum(), 512)
    for observable in (VarianceObservable(ising()), ConnectedCorrelator(Z0, X1)):
        estimators = mc.local_estimators(observable)
        assert estimators.data.shape == (1, 512, len(observable._operators))
        assert estimators.to_stats().mean == mc.expect(observable).mean


def test_expect_to_precision(full_sum):
    vs = full_sum()
    sampler = nk.sampler.MetropolisLocal(HI, n_chains=16)
    mc = nk.vqs.MCState(sampler, vs.model, variables=vs.variables, n_samples=256, seed=1)
    observables = [VarianceObservable(ising()), ConnectedCorrelator(Z0, X1)]
    results = mc.expect_to_precision(observables, atol=0.2, verbose=False)
    for observable, stats in zip(observables, results):
        assert stats.error_of_mean < 0.2
        assert abs(stats.mean - vs.expect(observable).mean) < 5 * stats.error_of_mean


def test_variance_of_an_eigenstate_vanishes_sample_by_sample(with_amplitudes, sampled):
    energies, vectors = np.linalg.eigh(ising().to_dense())
    mc = sampled(with_amplitudes(HI, vectors[:, 0]), 64)
    for squared in (False, True):
        stats, gradient = mc.expect_and_grad(VarianceObservable(ising(), squared))
        assert abs(stats.mean) < 1e-10
        assert max(abs(x).max() for x in jax.tree.leaves(gradient)) < 1e-10
    assert abs(mc.expect(VScore(ising(), trace_diagonal=0.0)).mean) < 1e-10


def test_derivatives_by_coefficients(full_sum):
    vs = full_sum()

    def value(h):
        op = nk.operator.Ising(HI, nk.graph.Chain(4), h=h, J=0.6)
        return vs.expect(VarianceObservable(op)).mean

    expected = (value(0.8 + 1e-5) - value(0.8 - 1e-5)) / 2e-5
    np.testing.assert_allclose(jax.grad(value)(0.8), expected, rtol=1e-8)


def test_density_matrices():
    """Variances of physical operators are Tr(ρ O²) - Tr(ρ O)²."""
    hi = nk.hilbert.Spin(0.5, 2)
    doubled = nk.hilbert.DoubledHilbert(hi)
    rng = np.random.default_rng(2)
    factor = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    rho = factor @ factor.conj().T
    vs = nk.vqs.MCMixedState(
        nk.sampler.ExactSampler(doubled),
        apply_fun=lambda v, x: v["params"]["log"][doubled.states_to_numbers(x)],
        variables={"params": {"log": jnp.log(jnp.asarray(rho.ravel()))}},
        n_samples=1 << 13,
        seed=3,
    )
    op = nk.operator.Ising(hi, nk.graph.Chain(2, pbc=False), h=0.8, J=0.6)
    matrix, rho = op.to_dense(), rho / np.trace(rho)
    expected = (np.trace(rho @ matrix @ matrix) - np.trace(rho @ matrix) ** 2).real
    for squared in (False, True):
        stats = vs.expect(VarianceObservable(op, use_Oloc_squared=squared))
        assert abs(stats.mean - expected) < 5 * stats.error_of_mean
    with pytest.raises(nk.errors.MCMixedStateExpectAndGradOnPhysicalOperatorError):
        vs.expect_and_grad(VarianceObservable(op))


def test_properties():
    a, b = ising(), spin.sigmaz(HI, 0)
    variance = VarianceObservable(a)
    assert variance.operator is a and variance.hilbert == HI
    np.testing.assert_allclose(variance.operator_squared.to_dense(), (a @ a).to_dense())
    assert isinstance(VarianceObservable(a, True).operator_squared, nk.operator.Squared)
    score = VScore(a, trace_diagonal=0.0)
    assert (score.operator, score.N, score.trace_diagonal) == (a, 4, 0.0)
    np.testing.assert_allclose(score.operator_squared.to_dense(), (a @ a).to_dense())
    pair = ConnectedCorrelator(a, b)
    assert pair.op_A is a and pair.op_B is b
    np.testing.assert_allclose(pair.product_op.to_dense(), (a @ b).to_dense())
    assert "trace_diagonal=0.0" in repr(score) and "A=" in repr(pair) and "op=" in repr(variance)


def test_bad_input(full_sum):
    other = nk.hilbert.Spin(0.5, 5)
    with pytest.raises(TypeError, match="`operator` must be an operator"):
        VarianceObservable(3)
    with pytest.raises(TypeError, match="`op_B` must be an operator"):
        ConnectedCorrelator(Z0, None)
    with pytest.raises(ValueError, match="Hilbert space of `op_A`"):
        ConnectedCorrelator(Z0, spin.sigmaz(other, 0))
    with pytest.raises(ValueError, match="must be hermitian"):
        VScore(PLUS, trace_diagonal=0.0)
    with pytest.raises(ValueError, match="Hilbert space of the state"):
        full_sum().expect(VarianceObservable(spin.sigmaz(other, 0)))
