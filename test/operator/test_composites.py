# SPDX-License-Identifier: Apache-2.0
"""`SumOperator` and `ProductOperator`: all pairs of kinds and backends, merging, derivatives."""

import itertools

import jax
import numpy as np
import pytest

import netket as nk
from netket.operator import Ising, LocalOperator, ProductOperator, SumOperator, spin

HI, RING = nk.hilbert.Spin(0.5, 3), nk.graph.Chain(3)
STATES = HI.all_states()


def kinds(backend):
    ising = Ising(HI, RING, h=0.7, J=-0.3, backend=backend)
    local = LocalOperator(HI, np.arange(16).reshape(4, 4), [2, 0], 0.5, backend=backend)
    return {
        "ising": ising,
        "local": local,
        "sum": SumOperator(ising, local, coefficients=[2.0, -1.0]),
        "product": ProductOperator(local, ising, coefficient=0.5j),
    }


PAIRS = list(itertools.product(kinds("numba"), repeat=2))


@pytest.mark.parametrize("names", PAIRS)
def test_all_pairs_combine(names):
    a, b = (kinds("numba")[name] for name in names)
    A, B = a.to_dense(), b.to_dense()
    both_composite = not {"ising", "local"} & set(names)  # numba takes long for nested ones
    cases = [(a @ b, A @ B), (a - 2j * b, A - 2j * B), ((a @ b).H, (A @ B).conj().T)]
    for op, matrix in cases[: 1 if both_composite else 3]:
        assert op.backend == "numba"
        np.testing.assert_allclose(op.to_dense(), matrix, atol=1e-10)
        assert op.dtype == matrix.dtype


@pytest.mark.parametrize("backends", [("numba", "jax"), ("jax", "numba"), ("jax", "jax")])
def test_mixed_backends_combine(backends, from_rows):
    for names in PAIRS:
        a, b = (kinds(backend)[name] for name, backend in zip(names, backends))
        for op in (a + b, a @ b, a - 2j * b, (a @ b).H, sum([a, b, a])):
            assert op.backend == "jax"
    a, b = kinds(backends[0])["ising"], kinds(backends[1])["sum"]
    expected = np.asarray(a.to_dense()) @ np.asarray(b.to_dense())
    np.testing.assert_allclose(from_rows(a @ b), expected, atol=1e-10)


@pytest.mark.parametrize("names", PAIRS)
def test_all_pairs_in_jit(names, from_rows):
    a, b = (kinds("numba")[name] for name in names)
    A, B = a.to_dense(), b.to_dense()

    @jax.jit
    def f(a, b, c):
        op = c * a @ b + b - a / 2
        return op.to_dense(), op.H.to_dense(), op.n_conn(STATES)

    dense, adjoint, counts = f(a, b, 1.5)
    expected = 1.5 * A @ B + B - A / 2
    np.testing.assert_allclose(dense, expected, atol=1e-10)
    np.testing.assert_allclose(adjoint, expected.conj().T, atol=1e-10)
    np.testing.assert_array_equal(counts, np.sum(np.abs(expected) > 1e-10, axis=1))


def test_sums_are_flat():
    a, b = kinds("numba")["ising"], kinds("numba")["local"]
    inner = SumOperator(a, b, coefficients=[1.0, 2.0])
    op = SumOperator(inner, a, coefficients=[0.5, -1.0])
    assert op.operators == (a, b, a)
    np.testing.assert_array_equal(op.coefficients, [0.5, 1.0, -1.0])
    assert SumOperator(a, b, coefficients=2.0).coefficients.tolist() == [2.0, 2.0]
    product = ProductOperator(ProductOperator(a, b, coefficient=2.0), a, coefficient=3.0)
    assert product.operators == (a, b, a) and product.coefficient == 6.0


def test_dtypes():
    single = Ising(HI, RING, h=np.float32(1), J=np.float32(1))
    assert SumOperator(single, single, coefficients=[1, 2]).dtype == np.float32
    assert SumOperator(single, single, coefficients=[1, 2j]).dtype == np.complex64
    assert ProductOperator(single, spin.sigmay(HI, 0)).dtype == np.complex128
    assert SumOperator(single, dtype=np.float64).dtype == np.float64
    assert SumOperator(single).copy(dtype=complex).dtype == np.complex128


def test_equal_states_are_merged():
    """What cancels is not counted, and is not connected."""
    flip = LocalOperator(HI, [[0, 1], [1, 0]], [1], backend="numba")
    ising = Ising(HI, RING, h=0.7, backend="numba")
    for op in (SumOperator(ising, 0.7 * flip), SumOperator(ising, flip, coefficients=[1, 0.7])):
        for o in (op, op.to_jax()):
            np.testing.assert_array_equal(o.n_conn(STATES), ising.n_conn(STATES) - 1)
    square = ProductOperator(flip, flip)
    for o in (square, square.to_jax()):
        xp, mels = o.get_conn(STATES[2])
        np.testing.assert_array_equal(xp, STATES[2:3])
        np.testing.assert_array_equal(mels, [1.0])
    third = SumOperator(flip, flip, flip, coefficients=[0.1, 0.2, -0.3])  # 5.6e-17 left
    for o in (third, third.to_jax()):
        np.testing.assert_array_equal(o.n_conn(STATES), 0)


def test_derivative_where_terms_cancel():
    flip = LocalOperator(HI, [[0, 1], [1, 0]], [1])

    def f(c):
        op = SumOperator(flip, flip, coefficients=[c, -0.5])
        return (op.get_conn_padded(STATES)[1]).sum()

    assert f(0.5) == 0
    assert jax.grad(f)(0.5) == pytest.approx(8)


def test_hermiticity():
    ising = Ising(HI, RING, h=1.0)
    minus = spin.sigmam(HI, 0)
    assert SumOperator(ising, minus, minus.H).is_hermitian
    assert SumOperator(1j * minus, -1j * minus.H).is_hermitian
    assert not SumOperator(ising, minus).is_hermitian
    assert not SumOperator(ising, coefficients=[1j]).is_hermitian
    assert ProductOperator(minus.H, minus).is_hermitian
    assert ProductOperator(minus.H, ising, minus).is_hermitian
    assert not ProductOperator(minus, ising).is_hermitian
    assert not ProductOperator(minus.H, minus, coefficient=1j).is_hermitian


def test_vmap_over_a_stack_of_hamiltonians():
    op = SumOperator(*list(kinds("numba").values())[:2])
    stack = jax.tree_util.tree_map(lambda c: np.stack([c, 2 * c, 3 * c]), op)
    dense = jax.vmap(lambda o: o.to_dense())(stack)
    # the children and the coefficients in front are both scaled
    expected = np.stack([k * k * op.to_dense() for k in (1, 2, 3)])
    np.testing.assert_allclose(dense, expected)


def test_bad_arguments():
    ising = Ising(HI, RING, h=1.0)
    with pytest.raises(ValueError, match="at least one operator"):
        SumOperator()
    with pytest.raises(ValueError, match="`coefficients` must have 1 entries"):
        SumOperator(ising, coefficients=[1, 2])
    with pytest.raises(TypeError, match="discrete operators, but got a int"):
        ProductOperator(ising, 3)
    with pytest.raises(TypeError, match="same Hilbert space"):
        ProductOperator(ising, spin.sigmax(nk.hilbert.Qubit(3), 0))
