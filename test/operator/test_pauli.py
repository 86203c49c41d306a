# SPDX-License-Identifier: Apache-2.0
"""Pauli strings against Kronecker products: algebra, conventions, dtypes, size."""

from functools import reduce
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netket as nk
from netket.operator import LocalOperator, PauliStrings, PauliStringsNumba

PAULI = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1.0, -1.0]),
}
SPACES = {
    "spin": nk.hilbert.Spin(0.5, 3),
    "qubit": nk.hilbert.Qubit(3),
    "fock": nk.hilbert.Fock(1, 3),
}
spaces = pytest.mark.parametrize("space", SPACES)
both = pytest.mark.parametrize("backend", ["numba", "jax"])


def kron(strings, weights):
    """The matrix from its definition."""
    size = 2 ** len(strings[0])
    return sum(
        (w * reduce(np.kron, [PAULI[letter] for letter in s]) for s, w in zip(strings, weights)),
        np.zeros((size, size)),
    )


def random_strings(n_sites, size, seed):
    rng = np.random.default_rng(seed)
    letters = rng.choice(np.frombuffer(b"IXYZ", np.uint8), (size, n_sites))
    return letters.view(f"S{n_sites}").ravel().astype(str).tolist()


def close(op, matrix, atol=1e-12):
    np.testing.assert_allclose(np.asarray(op.to_dense()), matrix, atol=atol)


# -- definition -------------------------------------------------------------------------------


@spaces
@both
def test_every_matrix_on_every_site(space, backend):
    """Z = +1 for the first local state, and the first letter is for site 0."""
    for strings in product("IXYZ", repeat=3):
        s = "".join(strings)
        close(PauliStrings(SPACES[space], [s], backend=backend), kron([s], [1.0]))


def test_multiplication_table():
    """sigma_a sigma_b = delta_ab + i eps_abc sigma_c, and what I does."""
    for a, b in product("IXYZ", repeat=2):
        op = PauliStrings([a]) @ PauliStrings([b])
        assert len(op.operators) == 1
        np.testing.assert_allclose(op.weights[0] * PAULI[op.operators[0]], PAULI[a] @ PAULI[b])


strings = st.lists(st.text("IXYZ", min_size=3, max_size=3), min_size=1, max_size=8)
numbers = st.floats(-2, 2).map(lambda x: round(x, 3))


@st.composite
def sums(draw):
    some = draw(strings)
    weights = draw(st.lists(numbers, min_size=len(some), max_size=len(some)))
    if draw(st.booleans()):
        imaginary = draw(st.lists(numbers, min_size=len(some), max_size=len(some)))
        weights = [complex(a, b) for a, b in zip(weights, imaginary)]
    return some, weights


@settings(max_examples=40, deadline=None)
@given(sums(), sums(), numbers, st.sampled_from(sorted(SPACES)))
def test_algebra_equals_that_of_matrices(a, b, c, space):
    ops = [PauliStrings(SPACES[space], *x, backend="numba") for x in (a, b)]
    (op_a, op_b), (m_a, m_b) = ops, [kron(*x) for x in (a, b)]
    close(op_a, m_a)
    close(op_a + op_b, m_a + m_b)
    close(op_a - op_b, m_a - m_b)
    close(op_a @ op_b, m_a @ m_b)
    close(op_a @ op_b - op_b @ op_a, m_a @ m_b - m_b @ m_a)
    close(c * op_a, c * m_a)
    close(op_a * (1j + c) + c, m_a * (1j + c) + c * np.eye(8))
    close(op_a.H @ op_a, m_a.conj().T @ m_a)
    close(op_a.T, m_a.T)
    close(op_a.conj(), m_a.conj())
    assert op_a.is_hermitian == np.allclose(m_a, m_a.conj().T, atol=1e-12)
    for op in (op_a, op_a @ op_b):  # simplified
        assert len(set(op.operators)) == len(op.operators) == len(op.weights)
        assert op.max_conn_size == np.unique(op._strings.flip).size


@both
def test_sums_stay_in_the_class(backend):
    a, b = (PauliStrings(["XYI", "IZZ"], w, backend=backend) for w in ([1.0, 2.0], [0.5j, -2.0]))
    for op in (a + b, a - b, a @ b, 2 * a, a / 2, -a, a + 1, 1 - a, a**3, sum([a, b]), a.H, a.T):
        assert type(op) is PauliStrings and op.backend == backend
    assert (a + b).operators.tolist() == ["XYI"]
    c, d = a, a
    c += b
    d *= 2
    assert c == a + b and d == 2 * a and a.weights.tolist() == [2.0, 1.0]


def test_older_names():
    with nk.operator.use_backend("jax"):
        op = PauliStringsNumba(nk.hilbert.Qubit(2), ["XX"], [1.0])
        assert PauliStringsNumba.identity(nk.hilbert.Qubit(2)).backend == "numba"
    assert type(op) is PauliStrings and op.backend == "numba"
    assert isinstance(op, PauliStringsNumba) and not isinstance(op.to_jax(), PauliStringsNumba)


# -- arguments --------------------------------------------------------------------------------


def test_ways_to_build():
    op = PauliStrings(["XX", "ZZ"], [0.5, 2.0])
    assert op.hilbert == nk.hilbert.Qubit(2)
    assert op == PauliStrings(op.hilbert, ("ZZ", "XX"), (2.0, 0.5))
    assert op == PauliStrings(["XX", "ZZ"], weights=np.array([0.5, 2.0]))
    assert op == PauliStrings(np.array(["XX", "ZZ"]), np.array([0.5, 2.0]))
    assert PauliStrings(["XX", "YY"]).weights.tolist() == [1.0, 1.0]
    close(PauliStrings("XZ", 2.0), 2 * kron(["XZ"], [1]))
    close(PauliStrings.identity(nk.hilbert.Qubit(2), dtype=np.float32), np.eye(4))
    close(PauliStrings(nk.hilbert.Qubit(2)), np.zeros((4, 4)))
    assert PauliStrings(nk.hilbert.Qubit(2)).max_conn_size == 1


def test_equal_strings_are_summed_and_small_ones_dropped():
    op = PauliStrings(["XX", "ZZ", "XX", "YY", "YY"], [1.0, 1e-12, 2.0, 1.0, -1.0])
    assert dict(zip(op.operators, op.weights)) == {"XX": 3.0}
    assert PauliStrings(["XX", "ZZ"], [1.0, 0.1], cutoff=0.5).operators.tolist() == ["XX"]
    kept = PauliStrings(["XX", "ZZ"], [1.0, 1e-12], cutoff=0.0)
    assert len(kept.operators) == 2 and len(kept.copy(cutoff=1e-3).operators) == 1
    nothing = op - op
    assert nothing.operators.tolist() == ["II"] and nothing.weights.tolist() == [0.0]


@pytest.mark.parametrize(
    ("string", "weight", "dtype"),
    [
        ("XX", 1, np.float64),
        ("XX", np.float32(1), np.float32),
        ("XX", 1j, np.complex128),
        ("XY", 1.0, np.complex128),
        ("YY", 1.0, np.float64),
        ("XY", np.float32(1), np.complex64),
    ],
)
def test_dtypes(string, weight, dtype):
    op = PauliStrings([string], np.array([weight]))
    assert op.dtype == dtype
    assert op.get_conn_padded(np.zeros(2))[1].dtype == dtype
    assert (2.0 * op).dtype == dtype and (op + op).dtype == dtype
    assert op.copy(dtype=np.complex64).dtype == np.complex64


def test_real_weights_stay_real_under_tracing():
    """Y is imaginary, its weight need not be: hermiticity is known without its value."""
    known = []

    def f(op):
        known.append(op.is_hermitian)
        return op

    jax.eval_shape(f, PauliStrings(["XYZ"], [0.3]))
    jax.eval_shape(f, PauliStrings(["XYZ"], [0.3 + 0j]))
    assert known == [True, False]


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: PauliStrings(["XA"]), ValueError, "'XA' has 'A' at position 1"),
        (lambda: PauliStrings(["xx"]), ValueError, "has 'x' at position 0"),
        (lambda: PauliStrings(["Xé"]), ValueError, "has 'é' at position 1"),
        (lambda: PauliStrings(["XX", "YYY"]), ValueError, "of 2 letters, .* 'YYY' with 3"),
        (lambda: PauliStrings(SPACES["spin"], ["XX"]), ValueError, "of 3 letters"),
        (lambda: PauliStrings(["XX", "YY"], [1.0]), ValueError, r"2 entries, .* shape \(1,\)"),
        (lambda: PauliStrings(nk.hilbert.Spin(1, 2), ["XX"]), ValueError, "two local states"),
        (lambda: PauliStrings([]), ValueError, "`hilbert` must be given"),
        (lambda: PauliStrings(["XY"], dtype=float), TypeError, "odd number of Y.*complex128"),
        (lambda: PauliStrings(["XX"], [1j], dtype=np.float32), TypeError, "complex64"),
        (lambda: PauliStrings(["XY"]).copy(dtype=float), TypeError, "odd number of Y"),
        (lambda: PauliStrings.from_openfermion(3.0), TypeError, "pip install openfermion"),
    ],
)
def test_bad_input(build, error, message):
    with pytest.raises(error, match=message):
        build()


def test_leaving_a_constrained_space_is_refused():
    hi = nk.hilbert.Spin(0.5, 4, total_sz=0)
    exchange = PauliStrings(hi, ["XXII", "YYII"])
    assert exchange.to_sparse().nnz > 0
    with pytest.raises(ValueError, match="outside|leaves|not in"):
        PauliStrings(hi, ["XIII"]).to_sparse()


# -- tracing ----------------------------------------------------------------------------------


@both
def test_traced_weights(backend):
    """Strings merge, products simplify, and derivatives pass, with weights that jax traces."""
    strings, x = ["XXI", "ZIZ", "XXI", "IYY"], SPACES["qubit"].all_states()
    other = PauliStrings(["XYZ", "ZZI"], [0.3, 1.2], backend=backend)

    def build(w):
        a = PauliStrings(strings, w, backend=backend)
        return a @ other + w[0] * a + PauliStrings(["III"], [w[1]])

    w = jnp.array([0.5, -0.2, 0.7, 1.1])
    eager, (xp, mels) = build(np.asarray(w)), jax.jit(lambda w: build(w).get_conn_padded(x))(w)
    matrix = np.zeros((8, 8), complex)
    np.add.at(
        matrix, (np.arange(8)[:, None], SPACES["qubit"].states_to_numbers(np.asarray(xp))), mels
    )
    close(eager, matrix)

    v = np.random.default_rng(0).normal(size=(8, 2)) @ [1, 1j]

    def energy(w):
        xp, mels = build(w).get_conn_padded(x)
        numbers = SPACES["qubit"].states_to_numbers(xp)
        return jnp.sum(v.conj()[:, None] * mels * v[numbers]).real

    gradient = jax.grad(energy)(w)
    for i, step in enumerate(1e-5 * np.eye(4)):
        slope = (energy(w + step) - energy(w - step)) / 2e-5
        assert float(gradient[i]) == pytest.approx(float(slope), abs=1e-8)


def test_derivatives_are_operators():
    op = PauliStrings(["XXI", "ZIZ", "IYI"], [0.5, -0.2, 0.3])
    state = nk.vqs.FullSumState(op.hilbert, nk.models.RBM(alpha=1, param_dtype=complex))
    slope = jax.grad(lambda op: state.expect(op).mean.real)(op)
    for string, derivative in zip(slope.operators, slope.weights):
        expected = state.expect(PauliStrings([string])).mean.real
        assert float(derivative) == pytest.approx(float(expected), abs=1e-10)


# -- many sites -------------------------------------------------------------------------------


def rows_by_letters(strings, weights, x):
    """{x': matrix element} of one row of qubits, letter by letter."""
    row = {}
    for s, w in zip(strings, weights):
        xp, mel = list(x), complex(w)
        for i, letter in enumerate(s):
            row_of_letter = PAULI[letter][int(x[i])]
            xp[i] = int(np.flatnonzero(row_of_letter)[0])
            mel *= row_of_letter[xp[i]]
        row[tuple(xp)] = row.get(tuple(xp), 0) + mel
    return row


@pytest.mark.parametrize("n_sites", [31, 32, 64, 65, 130])
def test_rows_beyond_one_word(n_sites, table_of):
    hi = nk.hilbert.Qubit(n_sites)
    strings = random_strings(n_sites, 20, n_sites)
    strings += ["".join("Y" if a in "XY" else "I" for a in s) for s in strings]  # the same flips
    weights = np.random.default_rng(1).normal(size=len(strings))
    x = np.random.default_rng(2).integers(0, 2, n_sites).astype(np.int8)
    expected = rows_by_letters(strings, weights, x)
    for backend in ("numba", "jax"):
        op = PauliStrings(hi, strings, weights, backend=backend)
        assert op.max_conn_size == 20
        assert table_of(*op.get_conn_padded(x)) == pytest.approx(expected)


def test_the_group_on_many_sites():
    """Products are associative, square to 1, and commute or anticommute, on 130 sites."""
    strings = random_strings(130, 6, 3)
    ops = [PauliStrings([s]) for s in strings]
    for a, b, c in product(ops[:3], ops[2:5], ops[3:]):
        left, right = (a @ b) @ c, a @ (b @ c)
        assert left.operators.tolist() == right.operators.tolist()
        np.testing.assert_array_equal(left.weights, right.weights)
    for (a, s), (b, t) in product(zip(ops, strings), repeat=2):
        differing = sum(p != q and "I" not in (p, q) for p, q in zip(s, t))
        sign = -1 if differing % 2 else 1
        assert np.allclose((a @ b - sign * (b @ a)).weights, 0)
    for a in ops:
        assert a @ a == PauliStrings.identity(a.hilbert)


def test_size():
    """1e5 strings on 128 sites, and 1e3 times 1e3 of them, take seconds: nothing loops."""
    import time

    strings, start = random_strings(128, 100_000, 0), time.perf_counter()
    op = PauliStrings(strings, np.arange(1.0, 100_001))
    assert len(op.operators) == len(set(strings)) and op.is_hermitian
    a, b = (PauliStrings(s) for s in (strings[:1000], strings[1000:2000]))
    assert len((a @ b).weights) == 1_000_000
    assert (a @ a).is_hermitian
    assert 2 * op - op == op
    assert time.perf_counter() - start < 30  # 3 s on a quiet machine; with loops it is minutes


def test_products_in_blocks(monkeypatch):
    """Large products are summed block by block, to the same result."""
    a, b = (PauliStrings(random_strings(5, 40, i), backend="numba") for i in range(2))
    whole = a @ b
    monkeypatch.setattr("netket.operator._pauli._algebra._BLOCK", 100)
    close(a @ b - whole, np.zeros((32, 32)))
    assert len((a @ b).operators) == len(whole.operators)


# -- other kinds of operators -----------------------------------------------------------------


@both
def test_with_other_operators(backend):
    hi = nk.hilbert.Spin(0.5, 4)
    a = PauliStrings(hi, ["XYZI", "IIZZ", "YIIY"], [0.5, 1.0, -0.4], backend=backend)
    ising = nk.operator.Ising(hi, nk.graph.Chain(4), h=0.7, backend=backend)
    local = LocalOperator(hi, np.arange(16.0).reshape(4, 4), [2, 0], 0.3, backend=backend)
    for other in (ising, local, ising + local):
        m, n = np.asarray(a.to_dense()), np.asarray(other.to_dense())
        close(a + other, m + n)
        close(other - a, n - m)
        close(a @ other, m @ n)
        close(other @ a, n @ m)
        assert isinstance(a + other, LocalOperator) and (a + other).backend == backend


def test_long_strings_stay_as_they_are():
    hi = nk.hilbert.Spin(0.5, 9)
    a, ising = PauliStrings(hi, ["XYZXYZXYZ"]), nk.operator.Ising(hi, nk.graph.Chain(9), h=0.7)
    total, factors = a + ising, a @ ising
    assert isinstance(total, nk.operator.SumOperator)
    m, n = (np.asarray(op.to_dense()) for op in (a, ising))
    close(total, m + n)
    close(factors, m @ n)
    close(ising @ a, n @ m)


@settings(max_examples=30, deadline=None)
@given(sums())
def test_local_operator_and_back(a):
    op = PauliStrings(SPACES["spin"], *a, backend="numba")
    local = op.to_local_operator()
    assert isinstance(local, LocalOperator) and local.dtype == op.dtype
    close(local, kron(*a))
    close(local.to_pauli_strings() - op, np.zeros((8, 8)))


@both
def test_local_terms_become_strings(backend):
    hi, rng = nk.hilbert.Spin(0.5, 4), np.random.default_rng(0)
    m = rng.normal(size=(8, 8)) + 1j * rng.normal(size=(8, 8))
    with nk.operator.use_backend(backend):
        general = LocalOperator(hi, [m, rng.normal(size=(4, 4))], [[3, 0, 1], [2, 1]], 0.7)
        hermitian = LocalOperator(hi, m + m.conj().T, [0, 2, 3])
        models = [
            nk.operator.Ising(hi, nk.graph.Chain(4), h=0.7),
            nk.operator.Heisenberg(hi, nk.graph.Chain(4), J=0.3, sign_rule=False),
            nk.operator.spin.sigmap(hi, 2),
        ]
    for op in (general, hermitian, *models):
        strings = op.to_pauli_strings()
        assert type(strings) is PauliStrings and strings.backend == backend
        close(strings, np.asarray(op.to_dense()))
        assert strings.is_hermitian == op.is_hermitian
    assert models[0].to_pauli_strings().dtype == models[0].dtype
    table = dict(zip(models[1].to_pauli_strings().operators, models[1].to_pauli_strings().weights))
    bonds = {
        "".join(c if i in e else "I" for i in range(4))
        for e in nk.graph.Chain(4).edges()
        for c in "XYZ"
    }
    assert table == pytest.approx(dict.fromkeys(bonds, 0.3))
    assert hermitian.to_pauli_strings(dtype=complex, backend="jax").backend == "jax"


def test_traced_local_terms_become_strings():
    hi, m = nk.hilbert.Spin(0.5, 3), np.arange(16.0).reshape(4, 4)
    op = LocalOperator(hi, m, [2, 0], 0.3)
    x = hi.all_states()

    def sums_of_rows(op):
        return op.to_pauli_strings().get_conn_padded(x)[1].sum(-1)

    np.testing.assert_allclose(
        jax.jit(sums_of_rows)(op), np.asarray(op.to_dense()).sum(-1), atol=1e-12
    )


def test_sums_and_products_become_strings():
    hi = nk.hilbert.Spin(0.5, 3)
    a, b = PauliStrings(hi, ["XYZ"], [0.5]), nk.operator.Ising(hi, nk.graph.Chain(3), h=0.7)
    c = LocalOperator(hi, np.arange(16.0).reshape(4, 4), [2, 0])
    lazy = nk.operator.SumOperator(a, nk.operator.ProductOperator(b, c), coefficients=[2.0, 1j])
    close(lazy.to_pauli_strings(), np.asarray(lazy.to_dense()))
    assert a.to_pauli_strings(backend="jax").backend == "jax"


def test_products_that_would_be_too_large_stay_lazy(monkeypatch):
    monkeypatch.setattr("netket.operator._pauli._algebra._MAX_PRODUCT", 30)
    a, b = PauliStrings(["XXI", "ZIZ"] * 2, backend="numba"), PauliStrings(random_strings(3, 40, 0))
    assert isinstance(a @ b, nk.operator.ProductOperator)
    close(a @ b, np.asarray(a.to_dense()) @ np.asarray(b.to_dense()))


def test_what_cannot_become_strings():
    with pytest.raises(ValueError, match="two local states"):
        nk.operator.spin.sigmaz(nk.hilbert.Spin(1, 2), 0).to_pauli_strings()
    long = PauliStrings(["Z" * 30]).to_local_operator
    with pytest.raises(ValueError, match="up to 20 sites"):
        long()


@both
def test_repr(backend):
    text = repr(PauliStrings(["XX"] + ["ZZ"], [0.5, 2.0], backend=backend))
    assert "n_strings=2" in text and "XX: 0.5" in text and backend in text
    assert "and 3994 more" in repr(PauliStrings(random_strings(40, 4000, 0)))
