# SPDX-License-Identifier: Apache-2.0
"""Liouvillians: the Lindblad equation, kinds that are not local, members, derivatives."""

import copy

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.operator import (
    AbstractSuperOperator,
    Adjoint,
    Ising,
    LocalLiouvillian,
    LocalOperator,
    Squared,
    spin,
)
from netket.operator.permutation import PermutationOperator, SpinFlipOperator

HI = nk.hilbert.Spin(0.5, 2)
LINE = nk.graph.Chain(2, pbc=False)


def decay(backend="numba"):
    with nk.operator.use_backend(backend):
        ha = Ising(HI, LINE, h=0.5, J=0.7)
        return LocalLiouvillian(ha, [0.7 * spin.sigmam(HI, 0), 0.3 * spin.sigmam(HI, 1)])


def random_rho(seed=0):
    rng = np.random.default_rng(seed)
    m = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    return m @ m.conj().T / np.trace(m @ m.conj().T)


def lindblad(ha, jumps, rho):
    """d rho / dt from its definition."""
    rate = -1j * (ha @ rho - rho @ ha)
    for L in jumps:
        n = L.conj().T @ L
        rate = rate + L @ rho @ L.conj().T - (n @ rho + rho @ n) / 2
    return rate


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_lindblad_equation(backend):
    lind = decay(backend)
    assert isinstance(lind, AbstractSuperOperator) and lind.backend == backend
    assert lind.hilbert == nk.hilbert.DoubledHilbert(HI) and lind.hilbert_physical == HI
    ha = np.asarray(lind.hamiltonian.to_dense())
    jumps = [np.asarray(op.to_dense()) for op in lind.jump_operators]
    rho = random_rho()
    expected = lindblad(ha, jumps, rho)
    np.testing.assert_allclose(lind @ rho, expected, atol=1e-12)
    np.testing.assert_allclose(lind @ rho.reshape(-1), expected.reshape(-1), atol=1e-12)
    assert abs(np.trace(lind @ rho)) < 1e-12
    effective = ha - 0.5j * sum(L.conj().T @ L for L in jumps)
    np.testing.assert_allclose(lind.hamiltonian_nh.to_dense(), effective, atol=1e-12)


def test_kinds_that_are_not_local():
    """Permutations; and lazy products, by jax only: numba takes long to compile what is nested."""
    swap = PermutationOperator(HI, [1, 0])
    jump = 0.3 * swap + 0.4j * SpinFlipOperator(HI)
    product = nk.operator.ProductOperator(spin.sigmax(HI, 0), jump)
    P, L, M = (np.asarray(op.to_dense()) for op in (swap, jump, product))
    rho = random_rho(1)
    lind = LocalLiouvillian(swap, [jump])
    np.testing.assert_allclose(lind @ rho, lindblad(P, [L], rho), atol=1e-12)
    lind = LocalLiouvillian(swap, [product])
    rate = jax.jit(lambda lind, rho: lind @ rho)(lind, rho)
    np.testing.assert_allclose(rate, lindblad(P, [M], rho), atol=1e-12)


def test_third_parties(third_parties):
    ours, numba_only = third_parties
    for ha in (ours(HI, 0.5), numba_only(HI, 0.5)):
        lind = LocalLiouvillian(ha, [spin.sigmam(HI, 0)])
        rho, H = random_rho(2), np.asarray(ha.to_dense())
        minus = np.asarray(spin.sigmam(HI, 0).to_dense())
        np.testing.assert_allclose(lind @ rho, lindblad(H, [minus], rho), atol=1e-12)
        assert lind.hamiltonian is ha


def test_jump_operators_are_added_in_place():
    lind = decay()
    before = copy.copy(lind)
    assert lind.add_jump_operator(spin.sigmaz(HI, 0)) is None
    assert len(lind.jump_operators) == 3 and len(before.jump_operators) == 2
    lind.add_jump_operators([spin.sigmaz(HI, 1), spin.sigmax(HI, 1).to_jax()])
    assert len(lind.jump_operators) == 5 and lind.backend == "jax"
    fresh = LocalLiouvillian(lind.hamiltonian, lind.jump_operators)
    np.testing.assert_allclose(lind.to_dense(), fresh.to_dense(), atol=1e-12)
    with pytest.raises(TypeError, match="same Hilbert space"):
        lind.add_jump_operator(spin.sigmam(nk.hilbert.Spin(0.5, 3), 0))


def test_sums_of_liouvillians():
    a, b = decay(), LocalLiouvillian(spin.sigmax(HI, 0), [spin.sigmap(HI, 0)])
    total = a + b
    assert isinstance(total, LocalLiouvillian) and len(total.jump_operators) == 3
    np.testing.assert_allclose(total.to_dense(), a.to_dense() + b.to_dense(), atol=1e-12)
    np.testing.assert_allclose((a - 2j * b).to_dense(), a.to_dense() - 2j * b.to_dense())
    np.testing.assert_allclose((a @ b).to_dense(), a.to_dense() @ b.to_dense(), atol=1e-12)
    assert a == decay() and hash(a) == hash(decay()) and a != b


def test_adjoint_and_square():
    lind = decay()
    M = np.asarray(lind.to_dense())
    assert isinstance(lind.H, Adjoint) and lind.H.H is lind
    square = lind.H @ lind
    assert isinstance(square, Squared) and square.parent is lind
    np.testing.assert_allclose(lind.H.to_dense(), M.conj().T, atol=1e-12)
    np.testing.assert_allclose(square.to_dense(), M.conj().T @ M, atol=1e-12)
    assert not lind.is_hermitian
    dephasing = LocalLiouvillian(0 * spin.sigmaz(HI, 0), [spin.sigmaz(HI, 0)])
    assert dephasing.is_hermitian


def test_linear_operators():
    lind = decay()
    M, rng = np.asarray(lind.to_dense()), np.random.default_rng(3)
    v, w = rng.normal(size=16), rng.normal(size=17)
    trace = np.eye(4).reshape(-1)
    extended = np.zeros((17, 17), complex)
    extended[:16, :16], extended[16, :16] = M, trace
    for sparse in (True, False):
        linear = lind.to_linear_operator(sparse=sparse)
        np.testing.assert_allclose(linear @ v, M @ v, atol=1e-12)
        np.testing.assert_allclose(linear.H @ v, M.conj().T @ v, atol=1e-12)
        linear = lind.to_linear_operator(sparse=sparse, append_trace=True)
        np.testing.assert_allclose(linear @ w, extended @ w, atol=1e-12)
        np.testing.assert_allclose(linear.H @ w, extended.conj().T @ w, atol=1e-12)


def test_qutip():
    """The superoperator of QuTiP, which stacks columns."""
    qutip = pytest.importorskip("qutip")
    lind = decay()
    jumps = [op.to_qobj() for op in lind.jump_operators]
    expected = qutip.liouvillian(lind.hamiltonian.to_qobj(), jumps)
    assert lind.to_qobj().dims == expected.dims
    np.testing.assert_allclose(lind.to_qobj().full(), expected.full(), atol=1e-12)


def test_derivatives_by_all_coefficients():
    """d/dp v† L(p) v for a field, a coupling and a rate, through the constructor and the leaves."""
    rng = np.random.default_rng(4)
    v = jnp.asarray(rng.normal(size=16) + 1j * rng.normal(size=16))

    def lind(p):
        return LocalLiouvillian(
            Ising(HI, LINE, h=p[0], J=p[1]),
            [p[2] * spin.sigmam(HI, 0), PermutationOperator(HI, [1, 0])],
        )

    def f(lind):
        return (v.conj() @ (lind @ v)).real

    p = np.array([0.4, -0.3, 0.8])
    gradient = jax.jit(jax.grad(lambda p: f(lind(p))))(p)
    differences = [(f(lind(p + 1e-5 * e)) - f(lind(p - 1e-5 * e))) / 2e-5 for e in np.eye(3)]
    np.testing.assert_allclose(gradient, differences, atol=1e-7)
    leaves = jax.grad(f)(lind(p))
    np.testing.assert_allclose(leaves.hamiltonian.h, differences[0], atol=1e-7)


def test_sampling_density_matrices():
    """Connected elements serve samplers and estimators: <L†L> vanishes in the steady state."""
    lind = LocalLiouvillian(spin.sigmax(HI, 0), [spin.sigmam(HI, 0), spin.sigmap(HI, 1)])
    rho = nk.exact.steady_state(lind).reshape(-1)
    state = nk.vqs.FullSumState(lind.hilbert, nk.models.LogStateVector(lind.hilbert))
    state.parameters = {"logstate": jnp.log(jnp.asarray(rho) + 1e-30)}
    assert abs(state.expect(lind.H @ lind).mean) < 1e-10


class Identity(AbstractSuperOperator):
    """A superoperator of a third party: the least that a class must define."""

    dtype = np.dtype(float)
    max_conn_size = 1

    def get_conn_flattened(self, x, sections, pad=False):
        sections[:] = np.arange(1, len(x) + 1)
        return x.copy(), np.ones(len(x))


def test_third_party_superoperator():
    one = Identity(nk.hilbert.DoubledHilbert(HI))
    np.testing.assert_array_equal(one @ random_rho(), random_rho())
    total = decay() - 0.5 * one
    np.testing.assert_allclose(total.to_dense(), decay().to_dense() - 0.5 * np.eye(16))


def test_bad_arguments():
    x = spin.sigmax(HI, 0)
    with pytest.raises(TypeError, match="`ham` must be a discrete operator, but is int"):
        LocalLiouvillian(3)
    with pytest.raises(TypeError, match="must be a list of operators"):
        LocalLiouvillian(x, x)
    with pytest.raises(TypeError, match="`jump_ops` must be a discrete operator, but is str"):
        LocalLiouvillian(x, ["x"])
    with pytest.raises(TypeError, match="same Hilbert space"):
        LocalLiouvillian(x, [spin.sigmax(nk.hilbert.Qubit(2), 0)])
    with pytest.raises(TypeError, match="must be complex, but is float32"):
        LocalLiouvillian(x, dtype=np.float32)
    with pytest.raises(TypeError, match="must be a `DoubledHilbert`"):
        Identity(HI)
    with pytest.raises(TypeError, match="same Hilbert space"):
        LocalLiouvillian(x) @ x
    assert LocalLiouvillian(x, dtype=np.complex64).dtype == np.complex64
    assert LocalLiouvillian(LocalOperator(HI, dtype=np.float32)).dtype == np.complex64
