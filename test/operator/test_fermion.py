# SPDX-License-Identifier: Apache-2.0
"""Polynomials in fermion operators against matrices from the definition of Jordan and Wigner."""

from itertools import combinations
from math import comb

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from operators_fermion import annihilators

import netket as nk
from netket.operator import FermionOperator2nd, fermion

N = 4
SPACE = nk.hilbert.SpinOrbitalFermions(N)
C = annihilators(N)

ladder = st.tuples(st.integers(0, N - 1), st.integers(0, 1))
products = st.lists(st.lists(ladder, max_size=7).map(tuple), max_size=5)


def weights_for(terms, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=len(terms)) + 1j * rng.normal(size=len(terms))


def polynomial(terms, seed=0):
    return FermionOperator2nd(SPACE, terms, weights_for(terms, seed), dtype=complex)


def matrix(operators, c=C):
    """Sum of weight times product of ladder operators."""
    total = np.zeros_like(c[0], dtype=complex)
    for term, weight in operators.items():
        product = np.eye(len(c[0]))
        for i, creator in term:
            product = product @ (c[i].T if creator else c[i])
        total = total + weight * product
    return total


def close(a, b):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), atol=1e-12)


# -- the algebra of ladder operators ------------------------------------------------------------


def test_create_destroy_number():
    for i in range(N):
        close(fermion.destroy(SPACE, i).to_dense(), C[i])
        close(fermion.create(SPACE, i).to_dense(), C[i].T)
        close(fermion.number(SPACE, i).to_dense(), C[i].T @ C[i])
    close(fermion.identity(SPACE).to_dense(), np.eye(16))
    close(fermion.zero(SPACE).to_dense(), np.zeros((16, 16)))


def test_anticommutators():
    c = [fermion.destroy(SPACE, i) for i in range(N)]
    for i in range(N):
        for j in range(N):
            assert not (c[i] @ c[j] + c[j] @ c[i]).reduce().terms
            mixed = (c[i] @ c[j].H + c[j].H @ c[i]).reduce()
            assert mixed.operators == ({(): 1.0} if i == j else {})


def test_spin_orbitals():
    hilbert = nk.hilbert.SpinOrbitalFermions(2, s=0.5)
    assert fermion.create(hilbert, 1, sz=-1).terms == [((1, 1),)]
    assert fermion.create(hilbert, 1, sz=1).terms == [((3, 1),)]
    assert fermion.number(hilbert, 0, sz=1).terms == [((2, 1), (2, 0))]
    with pytest.raises(ValueError, match="`sz` must be one of"):
        fermion.create(hilbert, 0, sz=3)
    with pytest.raises(ValueError, match="`sz`, twice the spin projection, must be given"):
        fermion.create(hilbert, 0)
    with pytest.raises(ValueError, match="only be given for SpinOrbitalFermions"):
        fermion.create(nk.hilbert.Fock(1, 3), 0, sz=1)


@given(products)
@settings(max_examples=60, deadline=None)
def test_matrix_of_the_definition(terms):
    op = polynomial(terms)
    expected = matrix(op.operators)
    close(op.to_dense(), expected)
    close(op.T.to_dense(), expected.T)
    close(op.H.to_dense(), expected.conj().T)
    assert op.is_hermitian == np.allclose(expected, expected.conj().T)
    assert (op + op.H).is_hermitian


@given(products)
@settings(max_examples=60, deadline=None)
def test_orders_keep_the_operator(terms):
    op = polynomial(terms)
    expected = matrix(op.operators)
    for name, order in (("normal", "N"), ("antinormal", "A"), ("pair", "P")):
        ordered = getattr(op, f"to_{name}_order")()
        assert ordered.order == order
        close(matrix(ordered.operators), expected)
        assert all(is_ordered(term, order) for term in ordered.terms)
        assert getattr(ordered, f"to_{name}_order")().operators == ordered.operators


def is_ordered(term, order):
    if order == "P":
        return list(term) == sorted(term, key=lambda f: (f[0], 1 - f[1]))
    first = 1 if order == "N" else 0
    return list(term) == sorted(term, key=lambda f: (f[1] != first, -f[0]))


@given(products, products)
@settings(max_examples=40, deadline=None)
def test_sums_and_products(left, right):
    a, b = polynomial(left, 1), polynomial(right, 2)
    A, B = matrix(a.operators), matrix(b.operators)
    close(matrix((a + b).operators), A + B)
    close(matrix((a - 2j * b).operators), A - 2j * B)
    close(matrix((a @ b).operators), A @ B)
    close(matrix((0.5 + a).operators), A + 0.5 * np.eye(16))
    close(matrix((a**2).operators), A @ A)
    assert not (a - a).terms


def test_sums_of_many_find_equal_terms():
    """Sums with few terms look them up; the result is that of sorting all."""
    rng = np.random.default_rng(0)
    hilbert, total, expected = nk.hilbert.SpinOrbitalFermions(7), 0, {}
    for _ in range(400):
        term = tuple((int(i), int(d)) for i, d in zip(rng.integers(0, 7, 3), rng.integers(0, 2, 3)))
        term = term[: rng.integers(0, 4)]
        weight = rng.normal()
        total = total + FermionOperator2nd(hilbert, [term], [weight])
        expected[term] = expected.get(term, 0) + weight
    assert total.operators == pytest.approx(expected)
    assert total.terms == list(expected)


# -- text, terms, weights -----------------------------------------------------------------------


def test_terms_as_text_and_pairs():
    a = FermionOperator2nd(SPACE, ["0^ 1", " 2^  1 "], [1.0, 2.0])
    b = FermionOperator2nd(SPACE, (((0, 1), (1, 0)), ((2, 1), (1, 0))), (1.0, 2.0))
    assert a == b and hash(a) == hash(b)
    assert a.terms == [((0, 1), (1, 0)), ((2, 1), (1, 0))]
    assert FermionOperator2nd(SPACE, "0^ 1").terms == [((0, 1), (1, 0))]
    assert FermionOperator2nd(SPACE, ["0^ 1", [], ((3, 0),)]).terms[1:] == [(), ((3, 0),)]
    assert a.operator_string() == "1.0 [0^ 1] +\n2.0 [2^ 1]"
    assert "n_operators=2" in repr(a)


def test_constant_and_repeated_terms():
    op = FermionOperator2nd(SPACE, ["0^ 0", "", "0^ 0"], [0.5, 2.0, 0.25], constant=1.5)
    assert op.operators == {(): 3.5, ((0, 1), (0, 0)): 0.75}
    assert FermionOperator2nd(SPACE, ["0^ 1", "1^ 2"], [1e-12, 1.0]).terms == [((1, 1), (2, 0))]


def test_dtypes():
    single = FermionOperator2nd(SPACE, ["0^ 1"], dtype=np.float32)
    assert single.dtype == np.float32 == (2 * single).dtype == (single @ single.H).dtype
    assert (1j * single).dtype == np.complex64
    assert FermionOperator2nd(SPACE, ["0^ 1"], [1]).dtype == np.float64
    assert FermionOperator2nd(SPACE, ["0^ 1"], [1j]).dtype == np.complex128
    assert single.copy(dtype=complex).dtype == np.complex128
    assert not FermionOperator2nd(SPACE, ["0^ 1"], [0.1]).copy(cutoff=0.5).terms


def test_reduce():
    op = FermionOperator2nd(SPACE, ["0^ 1", "1 0^", "2^ 2", "1^ 1^"])
    reduced = op.reduce(inplace=False)
    assert reduced.operators == {((2, 1), (2, 0)): 1.0} and len(op.terms) == 4
    assert op.reduce(order=False, inplace=False) == op
    expected = op.to_dense()
    assert op.reduce() is op and op.operators == reduced.operators
    close(op.to_dense(), expected)
    assert op.max_conn_size == 1


def test_cancelling_terms_are_not_connected():
    op = FermionOperator2nd(SPACE, ["0^ 1", "1 0^", "0 0^", "0^ 0"], [0.3, 0.3, 1.0, -1.0])
    states = SPACE.all_states()
    for x in (op, op.to_jax()):
        np.testing.assert_array_equal(x.n_conn(states), 1)


def test_older_names():
    op = nk.operator.FermionOperator2ndNumba(SPACE, ["0^ 1"])
    assert type(op) is FermionOperator2nd and op.backend == "numba"
    assert isinstance(op, nk.operator.FermionOperator2ndNumba)
    assert not isinstance(op.to_jax(), nk.operator.FermionOperator2ndNumba)


def test_from_openfermion():
    openfermion = pytest.importorskip("openfermion")
    op = openfermion.FermionOperator("0^ 3", 0.5) + openfermion.FermionOperator("2^ 1", 0.3)
    op = op + openfermion.FermionOperator("", 2.0)
    ours = FermionOperator2nd.from_openfermion(op)
    assert ours.hilbert.size == 4
    assert ours.operators == {((0, 1), (3, 0)): 0.5, ((2, 1), (1, 0)): 0.3, (): 2.0}
    assert FermionOperator2nd.from_openfermion(op, n_orbitals=6).hilbert.size == 6
    spinful = nk.hilbert.SpinOrbitalFermions(3, s=0.5)
    ours = FermionOperator2nd.from_openfermion(spinful, op, convert_spin_blocks=True)
    assert ours.operators == {((3, 1), (1, 0)): 0.5, ((4, 1), (0, 0)): 0.3, (): 2.0}
    with pytest.raises(ValueError, match="must be given"):
        FermionOperator2nd.from_openfermion(op, convert_spin_blocks=True)
    with pytest.raises(ValueError, match="must have spin 1/2"):
        FermionOperator2nd.from_openfermion(SPACE, op, convert_spin_blocks=True)


# -- rows by moves of particles -----------------------------------------------------------------


@pytest.mark.parametrize("n_fermions", [0, 1, 3, 6, 7])
def test_three_body_terms_on_a_space_with_fixed_number(n_fermions):
    """Rows have as many slots as there are choices of particles and holes."""
    n, rng = 7, np.random.default_rng(1)
    hilbert = nk.hilbert.SpinOrbitalFermions(n, n_fermions=n_fermions)
    sets = [s for k in range(4) for s in combinations(range(n), k)]
    terms = [
        (*((i, 1) for i in a), *((j, 0) for j in b)) for a in sets for b in sets if len(a) == len(b)
    ]
    weights = rng.normal(size=len(terms))
    op = FermionOperator2nd(hilbert, terms, weights)
    free = FermionOperator2nd(nk.hilbert.SpinOrbitalFermions(n), terms, weights)
    numbers = free.hilbert.states_to_numbers(np.asarray(hilbert.all_states()))
    expected = free.to_dense()[np.ix_(numbers, numbers)]
    for x in (op.to_numba(), op.to_jax()):
        close(x.to_dense(), expected)
        close(x.get_conn_padded(hilbert.all_states())[1].sum(axis=-1), expected.sum(axis=1))
    m = n - n_fermions
    assert op.max_conn_size == sum(comb(n_fermions, k) * comb(m, k) for k in range(4))


def test_spins_decide_how_many_slots_there_are():
    hilbert = nk.hilbert.SpinOrbitalFermions(4, s=0.5, n_fermions_per_spin=(1, 3))
    terms = [
        ((i, 1), (j, 1), (k, 0), (m, 0))
        for i, j, k, m in np.ndindex(8, 8, 8, 8)
        if (i < 4) == (m < 4) and (j < 4) == (k < 4)
    ]
    op = FermionOperator2nd(hilbert, terms, np.random.default_rng(0).normal(size=len(terms)))
    # none moves; one down or one up; one of each (there is no pair of one spin that can)
    assert op.max_conn_size == 1 + 1 * 3 + 3 * 1 + 1 * 3 * 3 * 1
    x = hilbert.all_states()
    np.testing.assert_array_equal(op.n_conn(x), op.to_jax().n_conn(x))
    np.testing.assert_array_equal(op.n_conn(x), op.max_conn_size)


def test_many_sites():
    """More than 64 sites, so that bits take several words; on both backends."""
    n, rng = 70, np.random.default_rng(0)
    hilbert = nk.hilbert.SpinOrbitalFermions(n, n_fermions=3)
    sites = rng.integers(0, n, (200, 4)).tolist()
    terms = [((i, 1), (j, 1), (k, 0), (m, 0)) for i, j, k, m in sites]
    terms += [((i, 1), (j, 0)) for i, j, _, _ in sites]
    op = FermionOperator2nd(hilbert, terms, rng.normal(size=len(terms)))
    op = op + op.H + 0.5
    x = np.zeros((200, n), np.int8)
    for row, (i, _, k, m) in zip(x, sites):
        row[[k, m, i]] = 1
    x = x[x.sum(axis=1) == 3]
    keys = []
    for y in (op.to_numba(), op.to_jax()):
        sections = np.zeros(len(x), np.int32)
        xp, mels = y.get_conn_flattened(x, sections)
        assert np.all(xp.sum(axis=1) == 3)
        owner = np.repeat(np.arange(len(x)), np.diff(sections, prepend=0))
        keys.append({(o, p.tobytes()): m for o, p, m in zip(owner, xp, mels)})
    assert keys[0].keys() == keys[1].keys() and len(keys[0]) > 2 * len(x)
    assert all(keys[0][k] == pytest.approx(keys[1][k]) for k in keys[0])


# -- spaces -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hilbert",
    [
        nk.hilbert.Fock(1, N),
        nk.hilbert.Qubit(N),
        nk.hilbert.SpinOrbitalFermions(3) * nk.hilbert.SpinOrbitalFermions(1),
        nk.hilbert.Fock(1, 2) * nk.hilbert.SpinOrbitalFermions(2),
    ],
)
def test_spaces_of_occupation_numbers(hilbert):
    op = FermionOperator2nd(hilbert, ["0^ 3", "1 2^ 3^"], [1.0, 0.5])
    for x in (op, op.to_jax()):
        close(x.to_dense(), matrix(op.operators))


def test_spins_beside_fermions_commute_with_them():
    hilbert = nk.hilbert.SpinOrbitalFermions(1) * nk.hilbert.Spin(0.5, 1)
    hilbert = hilbert * nk.hilbert.SpinOrbitalFermions(1)
    op = FermionOperator2nd(hilbert, ["0^ 2"])
    c = annihilators(2)
    hop = (c[0].T @ c[1]).reshape(2, 2, 2, 2)
    close(op.to_dense(), np.einsum("acbd,ij->aicbjd", hop, np.eye(2)).reshape(8, 8))
    with pytest.raises(ValueError, match="occupation numbers 0 and 1 as local states, but"):
        FermionOperator2nd(hilbert, ["0^ 1"])


def test_bad_input():
    with pytest.raises(ValueError, match="orbitals from 0 to 3, .* but has the orbital 5"):
        FermionOperator2nd(SPACE, ["5^ 0"])
    with pytest.raises(ValueError, match=r'products such as "0\^ 1"'):
        FermionOperator2nd(SPACE, ["a^ 0"])
    with pytest.raises(ValueError, match="must have 1 entries, one for each term"):
        FermionOperator2nd(SPACE, ["0^ 0"], [1.0, 2.0])
    with pytest.raises(ValueError, match="must be a list of products"):
        FermionOperator2nd(SPACE, ((0, 1), (1, 0)))
    with pytest.raises(ValueError, match="has a second entry 2"):
        FermionOperator2nd(SPACE, [((0, 2), (1, 0))])
    with pytest.raises(ValueError, match="occupation numbers 0 and 1"):
        FermionOperator2nd(nk.hilbert.Fock(2, 3), ["0^ 1"])
    with pytest.raises(TypeError, match="same Hilbert space"):
        fermion.create(SPACE, 0) + fermion.create(nk.hilbert.SpinOrbitalFermions(3), 0)


def test_terms_that_leave_the_space_are_named():
    hilbert = nk.hilbert.SpinOrbitalFermions(3, n_fermions=1)
    op = FermionOperator2nd(hilbert, ["0^ 1", "2^"])
    for x in (op, op.to_jax()):
        with pytest.raises(ValueError, match=r'its term 1, "2\^", connects the state \[0, 0, 1\]'):
            x.to_sparse()


def test_pauli_strings():
    op = FermionOperator2nd(SPACE, ["0^ 2", "3^ 1^ 0 2", "1 1^", "2"], [1.0, 0.5, 0.3, 0.2j], 0.1)
    close(op.to_pauli_strings().to_dense(), matrix(op.operators))


# -- tracing and speed --------------------------------------------------------------------------


def test_local_operators():
    """Jordan-Wigner strings are on the sites between the orbitals; dtype and backend stay."""
    chain = FermionOperator2nd(SPACE, ["0^ 1", "1^ 0", "2^ 2 3^ 3"], [1.0, 1.0, 0.5], constant=2)
    local = chain.to_local_operator()
    assert local.acting_on == [(0, 1), (2,), (2, 3), (3,)] and local.constant == 2.125
    close(local.to_dense(), chain.to_dense())
    far = FermionOperator2nd(SPACE, ["0^ 3", "1"], [0.5, 2.0], backend="jax")
    local = far.to_local_operator()
    assert local.dtype == float and local.backend == "jax" and local.hilbert == SPACE
    close(local.to_dense(), far.to_dense())
    large = FermionOperator2nd(nk.hilbert.SpinOrbitalFermions(40), ["0^ 39"])
    with pytest.raises(ValueError, match="one acts on 40"):
        large.to_local_operator()


def test_gradients_through_constructor_and_algebra():
    fixed = nk.hilbert.SpinOrbitalFermions(N, n_fermions=2)
    state = nk.vqs.FullSumState(fixed, nk.models.LogStateVector(fixed), seed=1)

    def energy(t, v):
        hopping = FermionOperator2nd(fixed, ["0^ 1", "1^ 0", "2^ 3", "3^ 2"], [t, t, t, t])
        repulsion = v * fermion.number(fixed, 1) @ fermion.number(fixed, 2)
        return state.expect(hopping + repulsion + t * v).mean.real

    gradient = jax.grad(energy, argnums=(0, 1))(0.7, 1.3)
    for k, d in enumerate(np.eye(2) * 1e-5):
        up, down = (float(energy(0.7 + s * d[0], 1.3 + s * d[1])) for s in (1, -1))
        assert gradient[k] == pytest.approx((up - down) / 2e-5, abs=1e-7)


def test_coefficients_do_not_recompile():
    terms = ["0^ 1", "1^ 0", "2 2^"]
    x = jnp.asarray(SPACE.all_states())
    traces = []

    @jax.jit
    def rows(op, x):
        traces.append(1)
        return op.get_conn_padded(x)

    for scale in (1.0, 2.0, -0.5):
        rows(FermionOperator2nd(SPACE, terms, scale * np.arange(1.0, 4.0)), x)
    assert len(traces) == 1


def test_quartic_model_of_16_orbitals():
    """All c†_i c†_j c_k c_l with i > j, k > l: sums, orders and rows in (far less than) seconds."""
    n = 16
    pairs = [(i, j) for i in range(n) for j in range(i)]
    terms = [((i, 1), (j, 1), (k, 0), (l, 0)) for i, j in pairs for k, l in pairs]
    rng = np.random.default_rng(0)
    hilbert = nk.hilbert.SpinOrbitalFermions(n, n_fermions=8)
    op = FermionOperator2nd(hilbert, terms, rng.normal(size=len(terms)), backend="numba")
    assert len(op.to_normal_order().terms) == len(terms) == 14400
    assert (op + op.H).is_hermitian and not op.is_hermitian
    assert op.max_conn_size == 28 * 28 + 64 + 1
    x = hilbert.random_state(jax.random.key(0), 10)
    # two move from 8 occupied to 8 empty orbitals, or one moves, or none
    np.testing.assert_array_equal(op.n_conn(np.asarray(x)), 28 * 28 + 64 + 1)
    hopping = [((i, 1), (j, 0)) for i in range(n) for j in range(n)]
    quadratic = FermionOperator2nd(hilbert, hopping, rng.normal(size=len(hopping)))
    assert len((quadratic @ quadratic).to_normal_order().terms) == 14400 + 256


@pytest.mark.slow
def test_quartic_model_by_algebra():
    """The same from 14400 products of operators, added one by one."""
    n = 16
    hilbert = nk.hilbert.SpinOrbitalFermions(n)
    c = [fermion.destroy(hilbert, i) for i in range(n)]
    pairs = [c[i] @ c[j] for i in range(n) for j in range(i)]
    creators = [p.H for p in pairs]
    op = sum(0.5 * (a @ b) for a in creators for b in pairs)
    assert len(op.terms) == 14400 and op.is_hermitian
