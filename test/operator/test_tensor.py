# SPDX-License-Identifier: Apache-2.0
"""Operators on factors of a product of spaces, and wrappers: algebra, mixed kinds, errors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.operator import (
    Adjoint,
    EmbedOperator,
    FermionOperator2nd,
    Ising,
    LocalOperator,
    PauliStrings,
    ProductOperator,
    Squared,
    SumOperator,
    TensorOperator,
    Transpose,
    boson,
    spin,
)
from netket.operator.permutation import PermutationOperator

SPINS, MODE = nk.hilbert.Spin(0.5, 2), nk.hilbert.Fock(2, 1)
HI = nk.hilbert.TensorHilbert(SPINS, MODE)
LINE = nk.graph.Chain(2, pbc=False)
ONE = {0: np.eye(4), 1: np.eye(3)}


def dense(op):
    return np.asarray(op.to_dense())


def embed(op, k):
    return EmbedOperator(HI, op, k)


# -- embedded operators -------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_algebra_on_one_factor_is_taken_inside(backend):
    with nk.operator.use_backend(backend):
        a, b = Ising(SPINS, LINE, h=0.7), spin.sigmay(SPINS, 1)
    A, B = dense(a), dense(b)
    x, y = embed(a, 0), embed(b, 0)
    cases = {
        "plus": (x + y, A + B),
        "minus": (x - 2j * y, A - 2j * B),
        "times": (x @ y, A @ B),
        "number": (1.5 - x / 2, 1.5 * np.eye(4) - A / 2),
        "adjoint": ((1j * x).H, -1j * A),
        "transpose": (y.T, B.T),
        "power": (x**2, A @ A),
    }
    for name, (op, matrix) in cases.items():
        assert type(op) is EmbedOperator and op.subspace == 0 and op.backend == backend, name
        np.testing.assert_allclose(dense(op), np.kron(matrix, ONE[1]), atol=1e-12, err_msg=name)
    assert x.operator is a and x.is_hermitian and not (1j * x).is_hermitian
    assert embed(a, -2) == x and hash(embed(a, -2)) == hash(x)


def test_products_on_different_factors_are_tensors():
    a, n = spin.sigmam(SPINS, 0), boson.number(MODE, 0)
    op = embed(a, 0) @ embed(n, 1)
    assert type(op) is TensorOperator and op == embed(n, 1) @ embed(a, 0)
    np.testing.assert_allclose(dense(op), np.kron(dense(a), dense(n)))
    square = op.H @ op
    assert type(square) is TensorOperator and len(square.operators) == 2
    np.testing.assert_allclose(dense(square), np.kron(dense(a.H @ a), dense(n @ n)), atol=1e-12)
    assert type(embed(a, 0) @ (0.5 * op)) is TensorOperator


def test_local_terms_are_summed_as_local_terms():
    x, n = embed(spin.sigmax(SPINS, 1), 0), embed(boson.number(MODE, 0), 1)
    local = LocalOperator(HI, np.kron(np.eye(2), np.diag([0.0, 1, 2])), [0, 2])
    for op in (x + n, x + local, local + n, x @ n + local):
        assert type(op) is LocalOperator
    expected = np.kron(dense(x.operator), ONE[1]) + np.kron(ONE[0], dense(n.operator))
    np.testing.assert_allclose(dense(x + n), expected)
    np.testing.assert_allclose(dense(x.to_local_operator()), dense(x))
    swap = embed(PermutationOperator(SPINS, [1, 0]), 0)
    assert type(swap + n) is SumOperator and type(swap @ n) is TensorOperator
    with pytest.raises(TypeError, match="cannot be written as a `LocalOperator`"):
        swap.to_local_operator()


def test_errors_of_embedding():
    x = spin.sigmax(SPINS, 0)
    with pytest.raises(TypeError, match=r"must act on Fock.* factor 1 .* but acts on Spin"):
        embed(x, 1)
    with pytest.raises(IndexError, match="one of the 2 factors .* but is 2"):
        embed(x, 2)
    with pytest.raises(TypeError, match="must be a `TensorHilbert`"):
        EmbedOperator(SPINS, x, 0)
    with pytest.raises(TypeError, match="`operator` must be an operator on a discrete .* is int"):
        embed(3, 0)


# -- tensor products ----------------------------------------------------------------------------


def test_tensor_of_operators_on_their_own_spaces():
    a, n, p = Ising(SPINS, LINE, h=0.3), boson.create(MODE, 0), spin.sigmay(nk.hilbert.Qubit(1), 0)
    op = a.tensor(n)
    assert op == TensorOperator(a, n) and op.hilbert == HI
    np.testing.assert_allclose(dense(op), np.kron(dense(a), dense(n)))
    three = op.tensor(2j * p)
    assert len(three.operators) == 3 and three == a.tensor(n, 2j * p)
    np.testing.assert_allclose(dense(three), np.kron(dense(op), 2j * dense(p)), atol=1e-12)
    assert (2j * op).coefficient == 2j and not (2j * op).is_hermitian
    np.testing.assert_allclose(dense((2j * op).H), dense(2j * op).conj().T)
    assert a.tensor(boson.number(MODE, 0)).is_hermitian


def test_factors_that_are_left_out():
    hi = nk.hilbert.TensorHilbert(SPINS, MODE, nk.hilbert.Qubit(1))
    x, z = spin.sigmax(SPINS, 1), spin.sigmaz(hi.subspaces[2], 0)
    op = TensorOperator(z, x, hilbert=hi, subspaces=[2, 0])
    expected = np.kron(np.kron(dense(x), ONE[1]), dense(z))
    np.testing.assert_allclose(dense(op), expected)
    single = TensorOperator(z, hilbert=hi, subspaces=[-1])
    np.testing.assert_allclose(dense(single), np.kron(np.eye(12), dense(z)))
    with pytest.raises(ValueError, match="must not repeat a factor"):
        TensorOperator(x, x, hilbert=hi, subspaces=[0, 0])
    with pytest.raises(ValueError, match="given both, or none"):
        TensorOperator(x, hilbert=hi)
    with pytest.raises(ValueError, match="at least one operator"):
        TensorOperator()


def test_operators_of_third_parties(third_parties, from_rows):
    jax_only, numba_only = third_parties
    for a in (jax_only(SPINS, 0.5), numba_only(SPINS, 0.5)):
        n = boson.create(MODE, 0)
        expected = np.kron(dense(a), dense(n))
        op = a.tensor(n)
        assert op.operators[0] is a
        np.testing.assert_allclose(from_rows(op), expected, atol=1e-12)
        np.testing.assert_allclose(dense(op.H), expected.conj().T, atol=1e-12)
        np.testing.assert_allclose(dense(embed(a, 0)), np.kron(dense(a), ONE[1]), atol=1e-12)


def test_traced_coefficients():
    """d/dg of the ground-state-like energy of a coupled system, through the tensor product."""
    v = jnp.asarray(np.random.default_rng(0).normal(size=12))
    minus, b = spin.sigmam(SPINS, 0), boson.destroy(MODE, 0)

    @jax.jit
    def energy(g, w):
        coupling = TensorOperator(minus.H, b) + TensorOperator(minus, b.H)
        op = g * coupling + EmbedOperator(HI, w * boson.number(MODE, 0), 1)
        return (v @ (op @ v)).real

    slopes = jax.grad(energy, argnums=(0, 1))(0.3, 0.8)
    expected = energy(1.0, 0.0), energy(0.0, 1.0)
    np.testing.assert_allclose(slopes, expected, atol=1e-12)


def test_sampling_mixed_spaces():
    """A spin that is coupled to a mode: Monte Carlo, numba and jax flags agree."""
    h = Ising(SPINS, LINE, h=0.5).tensor(boson.create(MODE, 0) + boson.destroy(MODE, 0))
    h = h + embed(boson.number(MODE, 0), 1)
    sampler = nk.sampler.MetropolisLocal(HI, n_chains=8)
    state = nk.vqs.MCState(sampler, nk.models.RBM(alpha=1), n_samples=64, seed=1)
    a, b = state.expect(h.to_numba()), state.expect(h.to_jax())
    np.testing.assert_allclose(a.mean, b.mean)
    exact = nk.vqs.FullSumState(HI, state.model, variables=state.variables).expect(h)
    assert abs(a.mean - exact.mean) < 8 * max(a.error_of_mean, 0.05)


# -- wrappers -----------------------------------------------------------------------------------

MATRIX = np.arange(16).reshape(4, 4) * (1 + 0.5j) + np.eye(4)


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_wrappers_know_each_other(backend):
    a = LocalOperator(SPINS, MATRIX, [1, 0], backend=backend)
    A = dense(a)
    adjoint, transpose, square = Adjoint(a), Transpose(a), Squared(a)
    assert adjoint.H is a and transpose.T is a and square.H is square
    assert adjoint.conj() == transpose and transpose.conjugate() == adjoint
    assert adjoint @ a == square and square.is_hermitian and not adjoint.is_hermitian
    assert {op.backend for op in (adjoint, transpose, square)} == {backend}
    for op, matrix in (
        (adjoint, A.conj().T),
        (transpose, A.T),
        (square, A.conj().T @ A),
        (square.T, (A.conj().T @ A).T),
        (adjoint.T, A.conj()),
        (2 * adjoint - a, 2 * A.conj().T - A),
        (a @ square, A @ A.conj().T @ A),
        (1 + transpose, np.eye(4) + A.T),
    ):
        np.testing.assert_allclose(dense(op), matrix, atol=1e-10)
    for op in (adjoint, transpose, square):
        assert type(op.collect()) is LocalOperator and op.parent is a
        np.testing.assert_allclose(dense(op.collect()), dense(op))
        assert op.to_local_operator() == op.collect()


@pytest.mark.parametrize(
    "a",
    [
        Ising(SPINS, LINE, h=0.5, J=2j),
        PauliStrings(SPINS, ["XY", "ZI", "II"], [1.0, 2j, 0.5]),
        FermionOperator2nd(nk.hilbert.SpinOrbitalFermions(2), ["0^ 1", "1^ 1"], [1.0, 2j]),
    ],
    ids=lambda op: type(op).__name__,
)
def test_wrappers_of_every_kernel(a):
    """Also of operators that have a shorter way to their matrix."""
    A, v = dense(a), np.arange(4.0)
    adjoint, square = A.conj().T, A.conj().T @ A
    for op, matrix in ((Adjoint(a), adjoint), (Transpose(a), A.T), (Squared(a), square)):
        np.testing.assert_allclose(op.to_dense(), matrix, atol=1e-12)
        np.testing.assert_allclose(op.to_sparse().toarray(), matrix, atol=1e-12)
        np.testing.assert_allclose(op @ v, matrix @ v, atol=1e-12)


def test_expectation_of_a_square():
    """<A†A> of an energy and of an operator that is not hermitian, on both kinds of states."""
    hi = nk.hilbert.Spin(0.5, 3)
    minus = sum(spin.sigmam(hi, i) for i in range(3))
    state = nk.vqs.FullSumState(hi, nk.models.RBM(alpha=1), seed=2)
    psi = np.asarray(state.to_array())
    expected = np.linalg.norm(dense(minus) @ psi) ** 2
    assert state.expect(Squared(minus)).mean == pytest.approx(expected)
    assert state.expect(Adjoint(minus) @ minus).mean == pytest.approx(expected)
    sampler = nk.sampler.ExactSampler(hi)
    mc = nk.vqs.MCState(sampler, state.model, n_samples=4096, variables=state.variables)
    stats = mc.expect(Squared(minus))
    assert abs(stats.mean - expected) < 6 * stats.error_of_mean


def test_third_parties_without_a_closed_form(third_parties):
    """Their adjoints are wrappers, with rows of a matrix."""
    _, numba_only = third_parties

    class Lowering(numba_only):
        is_hermitian = False

    op = Lowering(SPINS, 0.5)
    M = dense(op)
    assert isinstance(op.T, Transpose) and isinstance(op.H, Adjoint)
    assert op.H.H is op and op.T.parent is op
    np.testing.assert_allclose(dense(op.H), M.conj().T)
    np.testing.assert_allclose(dense(op.T), M.T)
    square = op.H @ op
    assert isinstance(square, Squared)
    np.testing.assert_allclose(dense(square), M.conj().T @ M, atol=1e-12)
    np.testing.assert_allclose(dense(op.conjugate().H), M.T, atol=1e-12)


def test_composites_of_other_children_differ():
    """Children without coefficients are compared, too."""
    p, q = (PermutationOperator(SPINS, a) for a in ([0, 1], [1, 0]))
    x = spin.sigmax(SPINS, 0)
    assert ProductOperator(x, p) != ProductOperator(x, q)
    assert SumOperator(x, p) == SumOperator(x, PermutationOperator(SPINS, [0, 1]))
    assert embed(p, 0) != embed(q, 0) and Adjoint(p) != Adjoint(q)
    wrapped = nk.hilbert.Spin(0.5, 30), nk.hilbert.Fock(2, 20)
    large = spin.sigmax(wrapped[0], 3).tensor(boson.number(wrapped[1], 4))  # no matrix is needed
    assert large.max_conn_size >= 1 and large.hilbert.size == 50


def test_wrong_arguments_of_wrappers():
    for cls in (Adjoint, Transpose, Squared):
        with pytest.raises(TypeError, match="`op` must be an operator .* but is int"):
            cls(3)
