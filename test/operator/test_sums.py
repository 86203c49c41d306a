# SPDX-License-Identifier: Apache-2.0
"""Sums of many operators: what merges, what stays apart, and that they stay cheap."""

import time

import jax
import numpy as np
import pytest

import netket as nk
from netket.operator import Ising, LocalOperator, SumOperator, spin

SPINS = nk.hilbert.Spin(0.5, 3)
RING = nk.graph.Chain(3)


@pytest.fixture
def kinds(third_parties):
    jax_kind, numba_kind = third_parties
    return (lambda c=1.0: jax_kind(SPINS, c)), (lambda c=1.0: numba_kind(SPINS, c))


def test_equal_operators_merge(kinds):
    a, b = kinds[0](0.5), kinds[1](0.3)
    total = a + b + a - 3 * b + a / 2
    assert len(total.operators) == 2
    np.testing.assert_allclose(total.coefficients, [2.5, -2.0])
    np.testing.assert_allclose(total.to_dense(), 2.5 * a.to_dense() - 2 * b.to_dense(), atol=1e-14)
    rest = (a + b) - (b + a) + b
    assert len(rest.operators) == 1 and rest.coefficients == 1
    assert np.all((a + b - a - b).to_dense() == 0)
    # what a user lists stays as it is
    assert len(SumOperator(a, a).operators) == 2


def test_closed_forms_merge_inside_of_sums(kinds):
    a, ising = kinds[0](), Ising(SPINS, RING, h=0.5)
    total = (a + ising) + (2 * a + 0.5 * ising) + spin.sigmay(SPINS, 0) + 1.0
    assert len(total.operators) == 2
    assert {type(op) for op in total.operators} == {type(a), LocalOperator}
    expected = 3 * a.to_dense() + 1.5 * ising.to_dense() + np.eye(8)
    expected = expected + spin.sigmay(SPINS, 0).to_dense()
    np.testing.assert_allclose(total.to_dense(), expected, atol=1e-14)


def test_hermiticity_of_pairs(kinds):
    """c A + c* A^dagger is hermitian, also where A has no closed form."""
    lower = nk.operator.ProductOperator(spin.sigmam(SPINS, 0), Ising(SPINS, RING, h=0.3))
    assert not lower.is_hermitian
    pair = SumOperator(lower, lower.H, coefficients=[1 + 2j, 1 - 2j])
    assert pair.is_hermitian
    assert (pair + kinds[0]()).is_hermitian
    assert not SumOperator(lower, lower.H, coefficients=[1 + 2j, 1 + 2j]).is_hermitian
    assert not SumOperator(lower, lower.H, kinds[0](), coefficients=[1, 1, 1j]).is_hermitian
    assert not (lower + kinds[0]()).is_hermitian
    apart = SumOperator(spin.sigmam(SPINS, 0), spin.sigmap(SPINS, 0), kinds[0]())
    assert apart.is_hermitian


@pytest.mark.parametrize("backend", ["numba", "jax"])
@pytest.mark.parametrize("n", [5, 40])
def test_many_operators_of_one_kind(n, backend, kinds, from_rows):
    """Their rows are computed together."""
    numbers = np.random.default_rng(0).normal(size=n)
    operators = [kinds[0](c) for c in numbers]
    total = SumOperator(*operators, Ising(SPINS, RING, h=0.5), coefficients=[*numbers, 2.0])
    total = total.to_backend(backend)
    x = sum(spin.sigmax(SPINS, i).to_dense() for i in range(3))
    expected = np.sum(numbers**2) * x + 2 * Ising(SPINS, RING, h=0.5).to_dense()
    np.testing.assert_allclose(from_rows(total), expected, atol=1e-12)
    np.testing.assert_allclose(total.to_sparse().toarray(), expected, atol=1e-12)
    np.testing.assert_array_equal(total.n_conn(SPINS.all_states()), 4)
    slopes = jax.grad(lambda op: op.get_conn_padded(np.ones(3))[1].sum())(total)
    np.testing.assert_allclose(slopes.coefficients[:n], 3 * numbers, atol=1e-12)


def test_all_spellings_of_sums(kinds):
    a, b = kinds[0](0.5), Ising(SPINS, RING, h=0.2)
    for operators in ([a, a, a], [b, b], [a, b, a], [spin.sigmax(SPINS, 0), b, kinds[1]()]):
        expected = sum(op.to_dense() for op in operators)
        total = sum(operators)
        np.testing.assert_allclose(total.to_dense(), expected, atol=1e-14)
        np.testing.assert_allclose((0 + total).to_dense(), expected, atol=1e-14)
        np.testing.assert_allclose((-total).to_dense(), -expected, atol=1e-14)
        np.testing.assert_allclose((total**2).to_dense(), expected @ expected, atol=1e-13)
        total += operators[0]
        total *= 2
        total -= 1.0
        total @= operators[0]
        expected = (2 * (expected + operators[0].to_dense()) - np.eye(8)) @ operators[0].to_dense()
        np.testing.assert_allclose(total.to_dense(), expected, atol=1e-13)


def test_traced_numbers(kinds):
    a, b = kinds[0](0.5), Ising(SPINS, RING, h=0.2)

    @jax.jit
    def matrix(c):
        return (c * a + b + c * (b - a) + c).to_dense()

    expected = b.to_dense() + 0.7 * b.to_dense() + 0.7 * np.eye(8)
    np.testing.assert_allclose(matrix(0.7), expected, atol=1e-14)
    slope = jax.jacfwd(matrix)(0.7)
    np.testing.assert_allclose(slope, b.to_dense() + np.eye(8), atol=1e-14)


def test_thousand_terms_are_added_quickly(third_parties):
    """Far from the minute that comparing all with all would take."""
    hilbert = nk.hilbert.Spin(0.5, 1000)
    start = time.perf_counter()
    different = sum(third_parties[0](hilbert, float(i)) for i in range(1000))
    equal = sum([third_parties[0](hilbert, 0.5)] * 1000)
    local = sum(spin.sigmaz(hilbert, i) @ spin.sigmaz(hilbert, (i + 1) % 1000) for i in range(1000))
    mixed = different + local
    assert mixed.is_hermitian and local.n_operators == 1000
    assert len(different.operators) == 1000 and len(mixed.operators) == 1001
    assert time.perf_counter() - start < 20
    assert equal.hilbert == hilbert
