# SPDX-License-Identifier: Apache-2.0
"""Permutation operators: group laws, signs of fermions, traces, what leaves a space."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netket as nk
from netket.operator.permutation import (
    PermutationOperator,
    PermutationOperatorFermion,
    PermutationSum,
    SpinFlipOperator,
    construct_permutation_operator,
)
from netket.utils.group import Identity, Permutation

SPINS = nk.hilbert.Spin(0.5, 4)
FERMIONS = nk.hilbert.SpinOrbitalFermions(5, n_fermions=3)
permutations = st.permutations(range(4))


def test_what_is_on_site_i_moves_to_site_g_i():
    """The example of the design: x' = x[g], so that P moves the content of site 0 to site 1."""
    p = PermutationOperator(nk.hilbert.Spin(0.5, 3), [1, 2, 0], backend="numba")
    xp, mels = p.get_conn(np.array([1, 1, -1], np.int8))
    np.testing.assert_array_equal(xp, [[1, -1, 1]])
    np.testing.assert_array_equal(mels, [1.0])
    sz = [nk.operator.spin.sigmaz(p.hilbert, i).to_dense() for i in range(3)]
    P = p.to_dense()
    for i, g in enumerate([1, 2, 0]):
        np.testing.assert_array_equal(P @ sz[i] @ P.T, sz[g])


@settings(deadline=None, max_examples=20)
@given(permutations, permutations)
def test_they_represent_the_group(g, h):
    p, q = (PermutationOperator(SPINS, a, backend="numba") for a in (g, h))
    product = p @ q
    assert type(product) is PermutationOperator
    np.testing.assert_array_equal(product.permutation.permutation_array, np.array(g)[h])
    np.testing.assert_array_equal(product.to_dense(), p.to_dense() @ q.to_dense())
    assert p @ p.H == PermutationOperator(SPINS, range(4), backend="numba")
    assert p.H == p.T and p.H.H == p
    assert p.is_hermitian == (list(np.argsort(g)) == list(g))
    assert p.trace() == np.trace(p.to_dense())


@settings(deadline=None, max_examples=10)
@given(st.permutations(range(5)), st.permutations(range(5)))
def test_fermions_represent_the_group(g, h):
    p, q = (PermutationOperatorFermion(FERMIONS, a, backend="numba") for a in (g, h))
    P, Q = p.to_dense(), q.to_dense()
    np.testing.assert_array_equal((p @ q).to_dense(), P @ Q)
    np.testing.assert_array_equal((p @ p.H).to_dense(), np.eye(10))
    assert p.trace() == np.trace(P)


def test_signs_of_fermions():
    """P c†_0 c†_3 |0> = c†_1 c†_0 |0> = - c†_0 c†_1 |0>."""
    hi = nk.hilbert.SpinOrbitalFermions(4, n_fermions=2)
    p = PermutationOperatorFermion(hi, Permutation(permutation_array=[1, 2, 3, 0]))
    xp, mels = p.get_conn(np.array([1, 1, 0, 0]))
    np.testing.assert_array_equal(xp, [[1, 0, 0, 1]])
    assert mels == [-1.0]
    n, P = 4 * [None], np.asarray(p.to_dense())
    for i in range(4):
        n[i] = np.diag(np.asarray(hi.all_states())[:, i])
    np.testing.assert_array_equal(P @ n[1] @ P.T, n[2])


SPACES = {
    "spin": nk.hilbert.Spin(0.5, 4),
    "spin_one": nk.hilbert.Spin(1, 4, total_sz=1),
    "spin_zero": nk.hilbert.Spin(1, 4, total_sz=0),
    "bosons": nk.hilbert.Fock(2, 4, n_particles=4),
    "fermions": nk.hilbert.SpinOrbitalFermions(2, s=0.5, n_fermions_per_spin=(1, 1)),
}


@pytest.mark.parametrize("images", [(0, 1, 2, 3), (1, 0, 3, 2), (2, 3, 0, 1), (2, 3, 1, 0)])
@pytest.mark.parametrize("name", SPACES)
def test_traces_without_a_matrix(name, images):
    hi = SPACES[name]
    ops = [PermutationOperator(hi, images, backend="numba")]
    if name == "fermions":
        ops.append(PermutationOperatorFermion(hi, images, backend="numba"))
    if name in ("spin", "spin_zero", "bosons"):
        ops.append(SpinFlipOperator(hi, backend="numba") @ ops[0])
        ops.append(0.5 * ops[0] - 2 * ops[-1])
    for op in ops:
        assert op.trace() == pytest.approx(np.trace(op.to_dense()))


def test_traces_on_large_and_on_listed_spaces():
    ring = nk.hilbert.Spin(0.5, 200)
    assert PermutationOperator(ring, np.roll(np.arange(200), 1)).trace() == 2
    assert SpinFlipOperator(ring).trace() == 0
    half = nk.hilbert.Spin(0.5, 40, total_sz=0)
    assert PermutationOperator(half, np.arange(40)[::-1]).trace() == 184756  # 20 over 10
    even = nk.hilbert.Spin(0.5, 4, constraint=EvenParity())
    op = PermutationOperator(even, [1, 0, 3, 2])
    assert op.trace() == np.trace(op.to_dense())


class EvenParity(nk.hilbert.constraint.DiscreteHilbertConstraint):
    """An even number of spins is down."""

    def __call__(self, x):
        return x.prod(axis=-1) == 1

    def __hash__(self):
        return hash("EvenParity")

    def __eq__(self, other):
        return isinstance(other, EvenParity)


class FirstUp(nk.hilbert.constraint.DiscreteHilbertConstraint):
    """The first spin is up."""

    def __call__(self, x):
        return x[..., 0] == 1

    def __hash__(self):
        return hash("FirstUp")

    def __eq__(self, other):
        return isinstance(other, FirstUp)


def test_operators_that_leave_the_space_are_refused():
    first_up = nk.hilbert.Spin(0.5, 3, constraint=FirstUp())
    PermutationOperator(first_up, [0, 2, 1])
    with pytest.raises(ValueError, match=r"permutation \[1, 0, 2\] leaves the Hilbert space"):
        PermutationOperator(first_up, [1, 0, 2])
    with pytest.raises(ValueError, match="flip of all local states leaves"):
        SpinFlipOperator(nk.hilbert.Spin(0.5, 4, total_sz=1))
    unequal = nk.hilbert.SpinOrbitalFermions(2, s=0.5, n_fermions_per_spin=(2, 1))
    with pytest.raises(ValueError, match="leaves the Hilbert space"):
        PermutationOperatorFermion(unequal, [2, 3, 0, 1])
    with pytest.raises(ValueError, match="sites with the same local states"):
        PermutationOperator(nk.hilbert.Qubit(1) * nk.hilbert.Fock(2, 1), [1, 0])


def test_bad_arguments():
    with pytest.raises(ValueError, match="must permute 4 elements, .* but has 3"):
        PermutationOperator(SPINS, [0, 1, 2])
    with pytest.raises(ValueError, match=r"each of 0, \.\.\., 3 once"):
        PermutationOperator(SPINS, [0, 1, 2, 2])
    with pytest.raises(TypeError, match="must be a `SpinOrbitalFermions`"):
        PermutationOperatorFermion(SPINS, [0, 1, 2, 3])
    with pytest.raises(ValueError, match="`weights` must have 1 entries"):
        PermutationSum(SPINS, [[0, 1, 2, 3]], [1, 2])
    with pytest.raises(TypeError, match="must be a discrete Hilbert space"):
        construct_permutation_operator("a space", [0, 1])
    mixed = nk.hilbert.SpinOrbitalFermions(2) * nk.hilbert.Spin(0.5, 2)
    with pytest.raises(TypeError, match="move fermions in a product of spaces need signs"):
        construct_permutation_operator(mixed, [1, 0, 2, 3])


def test_construct_chooses_the_kind():
    swap = Permutation(permutation_array=[1, 0])
    op = construct_permutation_operator(nk.hilbert.Spin(0.5, 2), swap)
    assert type(op) is PermutationOperator and op.permutation is swap
    spinful = nk.hilbert.SpinOrbitalFermions(2, s=0.5)
    for g in (swap, Permutation(permutation_array=[1, 0, 3, 2])):
        op = construct_permutation_operator(spinful, g)
        assert type(op) is PermutationOperatorFermion
        assert op.permutation.permutation_array.tolist() == [1, 0, 3, 2]
    identity = construct_permutation_operator(spinful, Identity())
    np.testing.assert_array_equal(identity.to_dense(), np.eye(16))
    mixed = nk.hilbert.SpinOrbitalFermions(2) * nk.hilbert.Spin(0.5, 2)
    assert construct_permutation_operator(mixed, [0, 1, 3, 2]).backend == op.backend


def test_sums_collect_equal_permutations():
    p = PermutationOperator(SPINS, [1, 0, 2, 3])
    op = sum([p, 2 * p, p @ p, -1])
    assert isinstance(op, PermutationSum)
    np.testing.assert_array_equal(op.weights, [0, 3])
    assert [g.permutation_array.tolist() for g in op.permutations] == [[0, 1, 2, 3], [1, 0, 2, 3]]
    np.testing.assert_array_equal(op.to_dense(), 3 * np.asarray(p.to_dense()))
    flip = SpinFlipOperator(SPINS)
    assert (flip @ flip).flips.tolist() == [False]
    assert (flip + p).flips.tolist() == [False, True]


def test_derivative_of_the_weights():
    """d/dc <x|c P + (1 - c) Q|x'>, through the algebra, inside of jit."""
    p, q = PermutationOperator(SPINS, [1, 0, 2, 3]), PermutationOperator(SPINS, [0, 1, 3, 2])
    v = jnp.asarray(np.random.default_rng(0).normal(size=16))

    @jax.jit
    def f(c):
        return v @ ((c * p + (1 - c) * q) @ v)

    expected = v @ (p @ v) - v @ (q @ v)
    assert jax.grad(f)(0.3) == pytest.approx(float(expected))


def test_mixed_sums_and_products():
    """Permutations with other kinds, and fermionic ones with those without signs."""
    p = PermutationOperator(SPINS, [1, 0, 2, 3])
    ising = nk.operator.Ising(SPINS, nk.graph.Chain(4), h=1.0)
    P, H = p.to_dense(), ising.to_dense()
    np.testing.assert_allclose((p @ ising - 2 * p).to_dense(), P @ H - 2 * P)
    np.testing.assert_allclose((p @ ising @ p.H).to_dense(), P @ H @ P.T)
    f = PermutationOperatorFermion(FERMIONS, [1, 0, 2, 3, 4])
    g = PermutationOperator(FERMIONS, [1, 0, 2, 3, 4])
    assert f != g and hash(f) != hash(g)
    np.testing.assert_allclose((f - g).to_dense(), f.to_dense() - g.to_dense())
    np.testing.assert_allclose((f @ g).to_dense(), f.to_dense() @ g.to_dense())


def test_equality_is_by_content():
    a = PermutationOperator(SPINS, Permutation(permutation_array=[1, 0, 2, 3], name="swap"))
    b = PermutationOperator(SPINS, np.array([1, 0, 2, 3]))
    assert a == b and hash(a) == hash(b) and len({a, b}) == 1
    assert a != PermutationOperator(SPINS, [1, 0, 2, 3], dtype=complex)
    assert a.copy(dtype=complex).dtype == np.complex128
    assert jax.tree_util.tree_leaves(a) == []
