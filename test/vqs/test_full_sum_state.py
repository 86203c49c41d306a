# SPDX-License-Identifier: Apache-2.0
"""`FullSumState`: exact values, derivatives by coefficients, and the notebook's calls."""

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


@pytest.fixture
def vs(random_parameters):
    model = nk.models.RBM(alpha=1, param_dtype=complex)
    return random_parameters(nk.vqs.FullSumState(HI, model, seed=1))


def test_amplitudes(vs):
    x = HI.all_states()
    assert np.array_equal(vs._all_states, x)
    full = np.exp(vs.log_value(x))
    np.testing.assert_allclose(vs.to_array(normalize=False), full)
    psi = vs.to_array()
    # normalised up to a positive factor
    np.testing.assert_allclose(psi, full / np.linalg.norm(full) * np.exp(0j))
    np.testing.assert_allclose(vs.probability_distribution(), np.abs(psi) ** 2)
    np.testing.assert_allclose(vs.probability_distribution().sum(), 1.0)


def test_amplitudes_follow_the_parameters(vs):
    before = np.asarray(vs.to_array())
    vs.parameters = jax.tree.map(jnp.zeros_like, vs.parameters)
    np.testing.assert_allclose(vs.to_array(), 0.25)
    assert not np.allclose(before, 0.25)


def test_amplitudes_do_not_overflow():
    class Large(nn.Module):
        @nn.compact
        def __call__(self, x):
            return 1000 + x @ self.param("w", nn.initializers.zeros, (4,), float)

    vs = nk.vqs.FullSumState(HI, Large())
    np.testing.assert_allclose(vs.to_array(), 0.25)


def test_expectation(vs, ising, lopsided):
    psi = np.asarray(vs.to_array())
    for op in (ising, lopsided, lopsided.H @ lopsided):
        matrix = np.asarray(op.to_dense())
        mean = psi.conj() @ matrix @ psi
        stats = vs.expect(op)
        np.testing.assert_allclose(stats.mean, mean, atol=1e-12)
        np.testing.assert_allclose(stats.variance, np.linalg.norm(matrix @ psi - mean * psi) ** 2)
        assert stats.error_of_mean == 0
    vs.chunk_size = 5
    np.testing.assert_allclose(vs.expect(ising).mean, psi.conj() @ ising.to_dense() @ psi)


def test_derivatives_by_coefficients(vs, backend):
    g = nk.graph.Chain(4)

    def energy(h, J):
        return vs.expect(nk.operator.Ising(HI, g, h=h, J=J, backend=backend)).mean.real

    slopes = jax.grad(energy, argnums=(0, 1))(0.8, 0.6)
    expected = energy(1.8, 0.6) - energy(0.8, 0.6), energy(0.8, 1.6) - energy(0.8, 0.6)
    np.testing.assert_allclose(slopes, expected)
    op = nk.operator.Ising(HI, g, h=0.8, J=0.6, backend=backend)
    np.testing.assert_allclose(jax.jit(lambda op: vs.expect(op).mean.real)(op), energy(0.8, 0.6))
    # nothing of the transformation is left behind
    np.testing.assert_allclose(vs.expect(op).mean.real, energy(0.8, 0.6))
    fresh = nk.vqs.FullSumState(HI, nk.models.RBM(), seed=1)
    jax.jit(lambda op: fresh.expect(op).mean)(op)
    assert not isinstance(fresh.to_array(), jax.core.Tracer)


def test_constrained_space(random_parameters, backend):
    hi = nk.hilbert.Spin(0.5, 4, total_sz=0)
    ha = nk.operator.Heisenberg(hi, nk.graph.Chain(4), backend=backend)
    vs = random_parameters(nk.vqs.FullSumState(hi, nk.models.Jastrow(param_dtype=float), seed=1))
    psi = vs.to_array()
    assert psi.shape == (6,)
    np.testing.assert_allclose(vs.expect(ha).mean, psi @ ha.to_dense() @ psi)


def test_nothing_is_traced_again_when_numbers_change(backend):
    traces = []

    class Traced(nn.Module):
        @nn.compact
        def __call__(self, x):
            traces.append(x.shape)
            return x @ self.param("w", nn.initializers.normal(0.1), (4,), float)

    vs = nk.vqs.FullSumState(HI, Traced())
    for step in range(3):
        op = nk.operator.Ising(HI, nk.graph.Chain(4), h=1.0 + step, backend=backend)
        vs.parameters = jax.tree.map(lambda x: x + 0.1, vs.parameters)
        vs.expect_and_grad(op)
        if step == 0:
            first = len(traces)
    assert len(traces) == first


def test_copies_and_serialisation(vs):
    other = nk.vqs.FullSumState(HI, vs.model, seed=9)
    restored = flax.serialization.from_bytes(other, flax.serialization.to_bytes(vs))
    np.testing.assert_array_equal(restored.to_array(), vs.to_array())
    assert not np.allclose(other.to_array(), vs.to_array())
    assert list(flax.serialization.to_state_dict(vs)) == ["variables"]
    np.testing.assert_array_equal(copy.copy(vs).to_array(), vs.to_array())


class Product(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x @ self.param("w", nn.initializers.ones, (4,), float)


def test_pickle():
    vs = nk.vqs.FullSumState(HI, Product())
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(vs)).to_array(), vs.to_array())


def test_qutip():
    vs = nk.vqs.FullSumState(HI, Product())
    try:
        import qutip  # noqa: F401
    except ModuleNotFoundError:
        with pytest.raises(nk.errors.NetketError, match="pip install"):
            vs.to_qobj()
    else:
        np.testing.assert_allclose(vs.to_qobj().full()[:, 0], vs.to_array())


def test_quantum_geometric_tensor(vs):
    x = vs._all_states
    p = vs.probability_distribution()
    jacobian = jax.vmap(
        lambda x: nk.jax.tree_ravel(
            jax.grad(lambda p: vs._apply_fun({"params": p}, x), holomorphic=True)(vs.parameters)
        )[0]
    )(x)
    centered = jacobian - p @ jacobian
    expected = centered.conj().T @ (p[:, None] * centered)
    qgt = vs.quantum_geometric_tensor(nk.optimizer.qgt.QGTJacobianDense(holomorphic=True))
    np.testing.assert_allclose(qgt.to_dense(), expected, atol=1e-10)


def test_bad_input(vs):
    with pytest.raises(ValueError, match="Hilbert space of the state"):
        vs.expect(nk.operator.Ising(nk.hilbert.Spin(0.5, 5), nk.graph.Chain(5), h=1.0))
    with pytest.raises(ValueError, match="`chunk_size` must be a positive integer"):
        vs.chunk_size = 0
    with pytest.raises(TypeError, match="`hilbert` must be a Hilbert space"):
        nk.vqs.FullSumState(nk.models.RBM(), HI)
    large = nk.vqs.FullSumState(nk.hilbert.Spin(0.5, 100), nk.models.RBM())
    with pytest.raises(ValueError, match="too many"):
        large.to_array()


# -- the founding notebook -------------------------------------------------------------------------


def test_notebook():
    g = nk.graph.Chain(length=4, pbc=True)
    hi = nk.hilbert.Spin(s=1 / 2, N=4)
    ham = nk.operator.Ising(hilbert=hi, graph=g, h=1, J=-1)
    model = nk.models.RBM(alpha=1)
    vqs = nk.vqs.FullSumState(hi, model)
    σ = vqs._all_states
    assert vqs.log_value(σ).shape == (16,)
    assert vqs.expect(ham).mean >= np.linalg.eigvalsh(ham.to_dense())[0]


# -- O|ψ> as a state -------------------------------------------------------------------------------


def test_apply_operator(vs, lopsided):
    expected = np.asarray(lopsided.to_dense()) @ np.asarray(vs.to_array(normalize=False))
    new = nk.vqs.apply_operator(lopsided, vs)
    np.testing.assert_allclose(new.to_array(normalize=False), expected)
    sampled = nk.vqs.MCState(
        nk.sampler.ExactSampler(HI), vs.model, variables=vs.variables, n_samples=64
    )
    new = nk.vqs.apply_operator(lopsided, sampled, seed=1)
    assert new.samples.shape == (1, 64, 4)
    np.testing.assert_allclose(new.to_array(normalize=False), expected)
    with pytest.raises(ValueError, match="Hilbert space of the state"):
        nk.vqs.apply_operator(nk.operator.spin.sigmax(nk.hilbert.Spin(0.5, 5), 0), vs)
