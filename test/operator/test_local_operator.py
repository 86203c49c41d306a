# SPDX-License-Identifier: Apache-2.0
"""`LocalOperator`: random terms against Kronecker products, algebra, structure, bad arguments."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import netket as nk
from netket.operator import LocalOperator, ProductOperator, boson, spin

SPACES = (
    nk.hilbert.Spin(0.5, 4),
    nk.hilbert.Spin(1, 3),
    nk.hilbert.Spin(0.5, 1) * nk.hilbert.Fock(2, 1) * nk.hilbert.Qubit(1),
)
HI = SPACES[0]


@st.composite
def terms(draw, hilbert):
    """Matrices, some of them sparse, on one to three sites in any order."""
    result = []
    for _ in range(draw(st.integers(1, 3))):
        sites = draw(st.permutations(range(hilbert.size)))[: draw(st.integers(1, 3))]
        d = int(np.prod([hilbert.shape[i] for i in sites]))
        rng = np.random.default_rng(draw(st.integers(0, 2**16)))
        matrix = rng.integers(-2, 3, (d, d)) * (
            rng.random((d, d)) < draw(st.sampled_from([0.1, 1]))
        )
        if draw(st.booleans()):
            matrix = matrix + 1j * rng.integers(-2, 3, (d, d))
        result.append((matrix, list(sites)))
    return result


@st.composite
def operators(draw, n=2):
    """A space, and pairs of an operator and its terms."""
    hilbert = draw(st.sampled_from(SPACES))
    return hilbert, [draw(terms(hilbert)) for _ in range(n)]


def build(hilbert, terms):
    matrices, sites = zip(*terms)
    return LocalOperator(hilbert, matrices, sites, backend="numba")


@pytest.fixture(scope="module")
def dense_of(matrix_of):
    return lambda hilbert, terms: sum(matrix_of(hilbert, m, s) for m, s in terms)


@settings(max_examples=60)
@given(data=operators())
def test_random_operators_against_kronecker_products(data, dense_of, from_rows):
    hilbert, (a_terms, b_terms) = data
    a, b = build(hilbert, a_terms), build(hilbert, b_terms)
    A, B = dense_of(hilbert, a_terms), dense_of(hilbert, b_terms)
    eye = np.eye(len(A))
    np.testing.assert_allclose(from_rows(a), A, atol=1e-12)
    np.testing.assert_allclose(a.to_dense(), A, atol=1e-12)
    for op, matrix in (
        (a + b, A + B),
        (a - 2 * b + 0.5, A - 2 * B + 0.5 * eye),
        ((a + 1) @ (b - 2j), (A + eye) @ (B - 2j * eye)),
        (a @ b - b @ a, A @ B - B @ A),
        (a.H @ a, A.conj().T @ A),
        ((a @ b).T, (A @ B).T),
        ((1j * a).conj() / 4, (1j * A).conj() / 4),
        (a**2, A @ A),
    ):
        np.testing.assert_allclose(op.to_dense(), matrix, atol=1e-10)
        assert op.is_hermitian == np.allclose(matrix, matrix.conj().T)
        states = hilbert.all_states()
        counts = op.n_conn(states)
        np.testing.assert_array_equal(counts, np.sum(np.abs(op.to_dense()) > 1e-10, axis=1))
        assert np.all(counts <= op.max_conn_size)
    assert (a.H @ a).is_hermitian and (a + a.H).is_hermitian
    assert a + b == b + a and hash(a + b) == hash(b + a)


@settings(max_examples=5)
@given(data=operators(n=1))
def test_random_operators_in_jax(data, from_rows):
    hilbert, (a_terms,) = data
    a = build(hilbert, a_terms)
    np.testing.assert_allclose(from_rows(a.to_jax()), a.to_dense(), atol=1e-12)
    x = hilbert.all_states()
    np.testing.assert_array_equal(a.to_jax().n_conn(x), a.n_conn(x))


# -- content ----------------------------------------------------------------------------------


def test_terms_on_the_same_sites_are_one():
    m = np.arange(16.0).reshape(4, 4)
    op = LocalOperator(HI, [m, m], [[2, 0], [2, 0]])
    assert op.acting_on == [(0, 2)] and op.n_operators == 1
    swapped = m.reshape(2, 2, 2, 2).transpose(1, 0, 3, 2).reshape(4, 4)
    np.testing.assert_array_equal(op.operators[0], 2 * swapped)


def test_terms_that_cancel_are_gone():
    a = spin.sigmax(HI, 1) + spin.sigmaz(HI, 2)
    assert (a - spin.sigmax(HI, 1)).acting_on == [(2,)]
    assert (a - a).n_operators == 0 and (a - a).max_conn_size == 1
    x2 = spin.sigmax(HI, 0) @ spin.sigmax(HI, 1) + spin.sigmay(HI, 0) @ spin.sigmay(HI, 1)
    assert x2.max_conn_size == 2  # |00> and |11> are not connected


def test_structure_is_shared_by_terms():
    """Memory is that of the kinds of terms: hopping on a lattice has one table for all bonds."""
    hi = nk.hilbert.Fock(3, 36)
    g = nk.graph.Square(6)
    a = np.diag(np.sqrt([1.0, 2, 3]), 1)
    hop = np.kron(a, a.T) + np.kron(a.T, a)
    op = nk.operator.GraphOperator(hi, g, bond_ops=[hop], backend="jax")
    arrays = jax.tree_util.tree_leaves((op._jax_data(), op._numba_data()))
    assert op.n_operators == 72 and sum(a.nbytes for a in arrays) < 100_000
    x = hi.random_state(jax.random.key(0), 2)
    np.testing.assert_array_equal(op.n_conn(x), op.to_numba().n_conn(x))


def test_input_forms():
    m = [[1.0, 2.0], [3.0, 4.0]]
    forms = [
        LocalOperator(HI, m, [1]),
        LocalOperator(HI, m, 1),
        LocalOperator(HI, np.array(m), [1]),
        LocalOperator(HI, [np.array(m)], [[1]]),
        LocalOperator(HI, [m], [(1,)]),
        LocalOperator(HI, scipy.sparse.coo_matrix(m), [1]),
        LocalOperator(HI, [scipy.sparse.csc_array(m)], [np.array([1])]),
        LocalOperator(HI, jnp.array(m), [1]),
    ]
    assert all(op == forms[0] for op in forms)


def test_integers_become_floats_and_single_stays():
    assert LocalOperator(HI, [[0, 1], [1, 0]], [0]).dtype == np.float64
    single = LocalOperator(HI, np.eye(2, dtype=np.float32)[::-1], [0])
    assert single.dtype == np.float32
    assert (2.0 * single).dtype == (single + 1).dtype == (single / 3).dtype == np.float32
    assert (1j * single).dtype == np.complex64
    assert (np.float64(2) * single).dtype == np.float64
    assert (single + spin.sigmax(HI, 0)).dtype == np.float64
    assert spin.sigmay(HI, 0, dtype=np.float32).dtype == np.complex64
    assert single.copy(dtype=complex).dtype == np.complex128


def test_elements_below_the_cutoff_are_dropped():
    m = np.array([[1.0, 1e-12], [1e-3, 0.0]])
    op = LocalOperator(HI, m, [0])
    np.testing.assert_array_equal(op.operators[0], [[1, 0], [1e-3, 0]])
    assert LocalOperator(HI, m, [0], mel_cutoff=1e-2).max_conn_size == 1
    op.mel_cutoff = 1e-2
    assert op.mel_cutoff == 1e-2 and op.max_conn_size == 1
    assert (op + op).mel_cutoff == 1e-2


def test_small_diagonal_elements_stay():
    """As in NetKet 3.23, the cutoff is for connected elements; rounding noise is dropped."""
    m = np.array([[1e-11, 1.0], [1.0, 5.0]])
    op = LocalOperator(HI, m, [0], mel_cutoff=2.0)
    np.testing.assert_array_equal(op.operators[0], np.diag([1e-11, 5.0]))
    x = spin.sigmax(HI, 0) + 0.1 * spin.sigmaz(HI, 0) + 0.2 * spin.sigmaz(HI, 0)
    assert x - 0.3 * spin.sigmaz(HI, 0) == spin.sigmax(HI, 0)


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_terms_on_many_sites(backend, table_of):
    """A dense matrix on 8 sites, and a sparse one on 16 in any order."""
    hilbert = nk.hilbert.Qubit(16)
    dense = np.random.default_rng(0).normal(size=(256, 256))
    sites = [3, 1, 15, 0, 8, 7, 2, 11]
    op = LocalOperator(hilbert, dense, sites, backend=backend)
    x = np.random.default_rng(1).integers(0, 2, 16).astype(np.int8)
    xp, mels = op.get_conn(x)
    weights = 2 ** np.arange(7, -1, -1)
    columns = xp[:, sites] @ weights
    np.testing.assert_allclose(mels[np.argsort(columns)], dense[x[sites] @ weights], atol=1e-14)
    order = np.random.default_rng(2).permutation(16)
    flip = scipy.sparse.dia_array((np.ones((1, 2**16)), [1]), shape=(2**16, 2**16))
    total = LocalOperator(hilbert, flip, order, backend=backend) + op
    following = x.copy()  # the flip connects x to the next number
    number = int(x[order] @ (2 ** np.arange(15, -1, -1))) + 1
    following[order] = [number >> k & 1 for k in range(15, -1, -1)]
    expected = table_of(xp, mels)
    expected[tuple(following.tolist())] = expected.get(tuple(following.tolist()), 0) + 1
    found = table_of(*total.get_conn(x))
    assert found.keys() == expected.keys()
    assert all(found[key] == pytest.approx(mel) for key, mel in expected.items())


MEMORY = """
import resource, sys
import netket as nk, numpy as np
from netket.operator import LocalOperator

graph, hilbert = nk.graph.Square(6), nk.hilbert.Fock(3, 36)
b = np.diag(np.sqrt([1.0, 2.0, 3.0]), 1)
n = b.T @ b
hop = np.kron(b.T, b) + np.kron(b, b.T)
bonds = list(graph.edges())
op = LocalOperator(
    hilbert,
    [-hop + 0.3 * np.kron(n, n)] * len(bonds) + [n @ n] * 36,
    bonds + [(i,) for i in range(36)],
    backend="numba",
)
assert op.max_conn_size == 1 + 2 * len(bonds)
x = np.random.default_rng(0).integers(0, 4, (16, 36)).astype(np.int8)
counts = []
for operator in (op, op.to_jax(), op.to_jax().to_numba()):
    xp, mels = operator.get_conn_padded(x)
    counts.append(np.sum(np.asarray(mels) != 0, axis=1))
assert np.all(counts[0] == counts[1]) and np.all(counts[0] == counts[2])
assert op.to_jax().to_numba() == op
try:  # the peak of this process alone; ru_maxrss may be that of the process that started it
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    print(int(status["VmHWM"].split()[0]) / 2**10)
except OSError:
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20)
"""


def test_memory_is_that_of_the_terms():
    """Bosons on a 6x6 torus, at most 3 on a site: NetKet 3.23 took 27.9 GiB, this is < 1 GB."""
    result = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True
    )
    assert float(result.stdout) < 950  # MiB


def test_in_place_operations_rebind():
    a = spin.sigmax(HI, 0)
    b = a
    a += spin.sigmaz(HI, 1)
    a *= 2
    a @= spin.sigmaz(HI, 1)
    a -= 1
    assert b == spin.sigmax(HI, 0)
    dense = [op(HI, i).to_dense() for op, i in ((spin.sigmax, 0), (spin.sigmaz, 1))]
    np.testing.assert_allclose(a.to_dense(), 2 * (dense[0] + dense[1]) @ dense[1] - np.eye(16))


def test_large_products_stay_lazy():
    hi = nk.hilbert.Spin(0.5, 30)
    parity = spin.sigmaz(hi, 0)
    for i in range(1, 20):
        parity = parity @ spin.sigmaz(hi, i)
    assert isinstance(parity, ProductOperator)
    x = hi.random_state(jax.random.key(0))
    assert parity.get_conn(x)[1] == pytest.approx([np.prod(np.asarray(x)[:20])])


def test_filtered():
    op = LocalOperator(HI, [[[1, 2], [3, 4]], [[5, 6], [7, 8]]], [[0], [2]], backend="numba")
    sections = np.zeros(2, int)
    x = np.array(HI.all_states()[[0, 5]])
    xp, mels = op.get_conn_filtered(x, sections, np.array([1, 0]))
    np.testing.assert_array_equal(sections, [2, 4])
    np.testing.assert_array_equal(sorted(mels[:2]), [5, 6])
    np.testing.assert_array_equal(xp[:2, [0, 1, 3]], x[[0, 0]][:, [0, 1, 3]])


# -- hermiticity ------------------------------------------------------------------------------


def test_hermiticity_is_computed():
    assert not spin.sigmam(HI, 0).is_hermitian
    assert (spin.sigmam(HI, 0) + spin.sigmap(HI, 0)).is_hermitian
    assert (1j * (spin.sigmam(HI, 0) - spin.sigmap(HI, 0))).is_hermitian
    assert not (spin.sigmax(HI, 0) @ spin.sigmay(HI, 0)).is_hermitian
    assert not (spin.sigmax(HI, 0) + 1j).is_hermitian
    assert spin.sigmax(HI, 0).H is not None and spin.sigmax(HI, 0).H == spin.sigmax(HI, 0)


def test_hermiticity_of_traced_operators():
    """Known where no values could change it, else False; formulas for any operator hold then."""
    facts = {}

    @jax.jit
    def ask(x, z, ising):
        facts.update(x=x.is_hermitian, z=z.is_hermitian, ising=ising.is_hermitian)
        return x

    ask(spin.sigmax(HI, 0), spin.sigmaz(HI, 0), nk.operator.Ising(HI, nk.graph.Chain(4), h=1.0))
    assert facts == {"x": False, "z": True, "ising": True}


# -- traced constructors ----------------------------------------------------------------------


def test_traced_matrices_and_numbers():
    x = HI.all_states()

    @jax.jit
    def f(a, c):
        op = LocalOperator(HI, a * jnp.array([[0.0, 1.0], [1.0, 0.5]]), [1], constant=c)
        return op.to_dense(), op.get_conn_padded(x)[1].sum()

    dense, _ = f(2.0, 3.0)
    expected = LocalOperator(HI, 2 * np.array([[0, 1], [1, 0.5]]), [1], constant=3.0)
    np.testing.assert_allclose(dense, expected.to_dense())
    gradient = jax.grad(lambda a: f(a, 1.0)[1])(0.7)
    assert gradient == pytest.approx(16 + 4)


# -- bad arguments ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args, message",
    [
        ((np.eye(2), [5]), r"`acting_on` must contain sites from 0 to 3, but has \(5,\)"),
        ((np.eye(2), [-1]), "`acting_on` must contain sites from 0 to 3"),
        ((np.eye(3), [0]), r"matrix of shape \(2, 2\) for the sites \(0,\)"),
        ((np.eye(2), [0, 1]), r"matrix of shape \(4, 4\) for the sites \(0, 1\)"),
        ((np.eye(4), [0, 0]), "`acting_on` must not repeat a site"),
        (([np.eye(2)], [[0], [1]]), "`acting_on` must have 1 entries, one for each matrix"),
    ],
)
def test_bad_arguments(args, message):
    with pytest.raises(ValueError, match=message):
        LocalOperator(HI, *args)


def test_bad_operands():
    a = spin.sigmax(HI, 0)
    with pytest.raises(TypeError, match="same Hilbert space"):
        a + spin.sigmax(nk.hilbert.Spin(0.5, 3), 0)
    with pytest.raises(TypeError, match="same Hilbert space"):
        a @ spin.sigmax(nk.hilbert.Spin(0.5, 3), 0)
    for bad in ("a", None, [1]):
        with pytest.raises(TypeError):
            a + bad
        with pytest.raises(TypeError):
            bad * a
    with pytest.raises(TypeError):
        a**0.5
    assert a**0 == spin.identity(HI)
    with pytest.raises(ValueError, match="`site` must be from 0 to 3"):
        spin.sigmaz(HI, 4)
    with pytest.raises(ValueError, match="finitely many"):
        boson.create(nk.hilbert.Fock(None, 2), 0)
    with pytest.raises(ValueError, match="`n` must be from 0 to 2"):
        boson.proj(nk.hilbert.Fock(2, 2), 0, 3)
    with pytest.raises(TypeError, match="must be a Hilbert space"):
        LocalOperator(4, np.eye(2), [0])


# -- spins and bosons -------------------------------------------------------------------------


@pytest.mark.parametrize("s", [0.5, 1, 1.5, 2])
def test_spin_algebra(s):
    hi = nk.hilbert.Spin(s, 1)
    x, y, z = (getattr(spin, f"sigma{a}")(hi, 0) / 2 for a in "xyz")
    plus, minus = spin.sigmap(hi, 0), spin.sigmam(hi, 0)
    eye = np.eye(int(2 * s + 1))
    np.testing.assert_allclose((x @ y - y @ x).to_dense(), (1j * z).to_dense(), atol=1e-12)
    np.testing.assert_allclose((x @ x + y @ y + z @ z).to_dense(), s * (s + 1) * eye, atol=1e-12)
    np.testing.assert_allclose((x + 1j * y).to_dense(), plus.to_dense(), atol=1e-12)
    assert plus.H == minus
    np.testing.assert_allclose(np.diag((2 * z).to_dense()), np.ravel(hi.all_states()))


def test_boson_algebra():
    hi = nk.hilbert.Fock(3, 1)
    a, n = boson.destroy(hi, 0), boson.number(hi, 0)
    assert a.H == boson.create(hi, 0)
    np.testing.assert_allclose((a.H @ a).to_dense(), n.to_dense(), atol=1e-12)
    commutator = (a @ a.H - a.H @ a).to_dense()
    np.testing.assert_allclose(np.diag(commutator), [1, 1, 1, -3])  # cut off at three bosons
    assert sum(k * boson.proj(hi, 0, k) for k in range(4)) == n
    assert boson.identity(hi) == spin.identity(hi)
