# SPDX-License-Identifier: Apache-2.0
"""Matrices by walking through the rows, on all kinds of spaces, and what cannot have one."""

import tracemalloc

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse

import netket as nk
from netket.hilbert.constraint import (
    DiscreteHilbertConstraint,
    ExtraConstraint,
    SumConstraint,
    SumOnPartitionConstraint,
)
from netket.operator import Heisenberg, Ising, LocalOperator, boson, spin
from netket.operator._base import _host_rows, _matrix
from netket.operator._kernels import _numbering
from netket.operator._strings import StringOperator, StringTerms
from netket.utils import struct


class NoNeighbours(DiscreteHilbertConstraint):
    """No two neighbouring sites are occupied."""

    name: str = struct.field(pytree_node=False, default="")

    def __call__(self, x):
        return jnp.all(x[..., 1:] * x[..., :-1] == 0, axis=-1)

    def __hash__(self):
        return hash("NoNeighbours")

    def __eq__(self, other):
        return isinstance(other, NoNeighbours)


FOCK = nk.hilbert.Fock(2, 5, n_particles=4)
PARTS = nk.hilbert.Fock(1, 6, constraint=SumOnPartitionConstraint((2, 1), (4, 2)))
LISTED = nk.hilbert.Fock(1, 6, constraint=ExtraConstraint(SumConstraint(2), NoNeighbours()))
PRODUCT = nk.hilbert.Spin(0.5, 4, total_sz=0) * nk.hilbert.Fock(2, 3, n_particles=2)
LOOSE = nk.hilbert.Spin(0.5, 2) * nk.hilbert.Fock(2, 3, n_particles=2) * nk.hilbert.Qubit(1)


def hops(hilbert, bonds):
    """sum over bonds (i, j) of |..1..0..> -> |..0..1..> in local indices, with weights."""
    terms = []
    for k, (i, j) in enumerate(bonds):
        di, dj = hilbert.shape[i], hilbert.shape[j]
        a, b = np.diag(np.sqrt(np.arange(1, di)), 1), np.diag(np.sqrt(np.arange(1, dj)), 1)
        terms.append((1 + 0.1 * k) * np.kron(a, b.T))
    hop = LocalOperator(hilbert, terms, bonds, backend="numba")
    numbers = sum((i + 1) * boson.number(hilbert, i) for i in range(hilbert.size))
    return hop + hop.H + numbers


CASES = {
    "unconstrained": (nk.hilbert.Spin(1, 4), [(0, 3), (2, 1)]),
    "sum": (FOCK, [(0, 1), (1, 2), (4, 0), (3, 1)]),
    "spins": (nk.hilbert.Spin(0.5, 8, total_sz=1), [(0, 7), (2, 3), (6, 1)]),
    "parts": (PARTS, [(0, 1), (0, 3), (5, 4)]),
    "product": (PRODUCT, [(0, 3), (1, 2), (4, 6), (5, 4)]),
    "loose": (LOOSE, [(0, 5), (2, 4), (3, 4)]),
}


@pytest.mark.parametrize("name", CASES)
def test_walker_on_every_kind_of_space(name, from_rows):
    op = hops(*CASES[name])
    expected = from_rows(op)
    assert np.abs(expected - np.diag(np.diag(expected))).sum() > 0
    matrix = op.to_sparse()
    np.testing.assert_allclose(matrix.toarray(), expected, atol=1e-12)
    np.testing.assert_allclose(op.to_dense(), expected, atol=1e-12)
    v = np.random.default_rng(1).normal(size=len(expected))
    np.testing.assert_allclose(op @ v, expected @ v, atol=1e-10)
    np.testing.assert_allclose(op.to_jax().to_dense(), expected, atol=1e-12)
    np.testing.assert_allclose(jax.jit(lambda o: o.to_dense())(op), expected, atol=1e-12)
    np.testing.assert_allclose(jax.jit(lambda o, v: o @ v)(op, v), expected @ v, atol=1e-10)
    traced = jax.jit(lambda o: o.to_sparse(jax_=True).todense())(op)
    np.testing.assert_allclose(traced, expected, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_walker_without_tables(name, monkeypatch):
    """Spaces for which tables of numbers would be too large."""
    op = hops(*CASES[name])
    expected = op.to_sparse()
    monkeypatch.setattr(_numbering, "_tables", lambda table: None)
    _matrix._numbering.cache_clear()
    again = op.to_sparse()
    _matrix._numbering.cache_clear()
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(again, part), getattr(expected, part))


@pytest.mark.parametrize("name", CASES)
def test_threads_change_nothing(name, monkeypatch):
    op = hops(*CASES[name])
    v = np.random.default_rng(0).normal(size=(op.hilbert.n_states, 2))
    monkeypatch.setattr(_matrix, "_THREAD_ELEMENTS", 2**60)
    matrix, dense, product = op.to_sparse(), op.to_dense(), op @ v
    monkeypatch.setattr(_matrix, "_THREAD_ELEMENTS", 1)
    monkeypatch.setattr("numba.config.NUMBA_NUM_THREADS", 3)
    again = op.to_sparse()
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(again, part), getattr(matrix, part))
    np.testing.assert_array_equal(op.to_dense(), dense)
    np.testing.assert_array_equal(op @ v, product)


def test_memory_for_a_matrix():
    """At most twice that of the matrix, with the address space that is reserved."""
    op = Heisenberg(nk.hilbert.Spin(0.5, 14, total_sz=0), nk.graph.Chain(14), backend="numba")
    op.to_sparse()  # tables of the space, which stay
    tracemalloc.start()
    matrix = op.to_sparse()
    size = matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 1.1 * size + 2**16
    assert peak < 2 * size + 2**16


def test_states_listed_by_a_constraint(from_rows):
    hop = hops(LISTED, [(0, 3)])  # some hops would make neighbours
    with pytest.raises(ValueError, match="leaves the Hilbert space"):
        hop.to_sparse()
    diagonal = sum((i + 1) * boson.number(LISTED, i) for i in range(6))
    np.testing.assert_allclose(diagonal.to_dense(), from_rows(diagonal))


@pytest.mark.parametrize("method", ["to_sparse", "to_dense", "apply"])
@pytest.mark.parametrize("hilbert", [FOCK, PARTS, LISTED, PRODUCT, LOOSE])
def test_leaving_the_space_names_a_state(method, hilbert):
    op = boson.create(hilbert, 3)
    args = (np.ones(hilbert.n_states),) if method == "apply" else ()
    with pytest.raises(ValueError, match=r"LocalOperator leaves .* connects the state \[") as error:
        getattr(op, method)(*args)
    x, xp = (
        eval(part.split("]")[0] + "]") for part in str(error.value).split("state ")[1].split("to ")
    )
    assert np.all(hilbert.constraint(np.array(x)[None]))
    assert not np.all(hilbert.constraint(np.array(xp)[None]))


def test_across_two_parts_is_outside():
    """A hop between parts keeps the total, but not the sum of each part."""
    with pytest.raises(ValueError, match="leaves the Hilbert space"):
        hops(PARTS, [(3, 4)]).to_sparse()
    with pytest.raises(ValueError, match="leaves the Hilbert space"):
        hops(PRODUCT, [(3, 4)]).to_sparse()


def test_arrays_grow(monkeypatch):
    op = Heisenberg(nk.hilbert.Spin(0.5, 10, total_sz=0), nk.graph.Chain(10), backend="numba")
    expected = op.to_sparse()
    monkeypatch.setattr(_matrix, "_RESERVED", 50)
    again = op.to_sparse()
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(again, name), getattr(expected, name))
    assert isinstance(again, scipy.sparse.csr_matrix) and again.has_canonical_format
    assert again.indices.dtype == np.int32


def test_vectors():
    op = Ising(nk.hilbert.Spin(0.5, 3), nk.graph.Chain(3), h=1.0)
    v = np.arange(8.0)
    assert (op @ v).dtype == np.float64 and (op @ (1j * v)).dtype == np.complex128
    assert (1j * op @ v.astype(np.float32)).dtype == np.complex128
    gradient = jax.grad(lambda v: v @ (op @ v))(jnp.asarray(v))
    np.testing.assert_allclose(gradient, 2 * op.to_dense() @ v)
    with pytest.raises(ValueError, match=r"`v` must have shape \(8, ...\)"):
        op @ np.ones(7)


def test_spaces_that_are_too_large():
    op = spin.sigmax(nk.hilbert.Spin(0.5, 100), 0)
    for method in (op.to_sparse, op.to_dense, op.to_linear_operator):
        with pytest.raises(ValueError, match="too many states"):
            method()


def test_traced_operators_have_no_scipy_matrix():
    op = spin.sigmax(nk.hilbert.Spin(0.5, 2), 0)
    with pytest.raises(TypeError, match=r"call to_sparse\(jax_=True\)"):
        jax.jit(lambda o: o.to_sparse())(op)


def test_inside_of_another_trace():
    """Concrete operators give concrete matrices while jax traces something else."""
    op = Ising(nk.hilbert.Spin(0.5, 3), nk.graph.Chain(3), h=1.0)
    for o in (op, op.to_jax()):
        result = jax.jit(lambda x, o=o: x + o.to_sparse().toarray().sum())(1.0)
        assert result == pytest.approx(1 + op.to_dense().sum())
        states = op.hilbert.all_states()
        counts = jax.jit(lambda x, o=o, s=states: x + np.asarray(o.n_conn(s)).sum())(1)
        assert counts == 1 + op.n_conn(states).sum()


def test_cached_matrices():
    ising = [Ising(nk.hilbert.Spin(0.5, 3), nk.graph.Chain(3), h=h) for h in (1.0, 1.0, 2.0)]
    first, equal, other = map(nk.operator.to_sparse_cached, ising)
    assert first is equal and first is not other
    np.testing.assert_array_equal(first.toarray(), ising[0].to_dense())


@pytest.fixture
def three_threads(monkeypatch):
    """Batches of any size are split."""
    monkeypatch.setattr(_host_rows, "_THREAD_SECONDS", 1e-9)
    monkeypatch.setattr(_host_rows, "most_threads", lambda: 3)


@pytest.mark.parametrize("kind", ["flips", "rows", "merged"])
def test_batches_are_split_among_threads(kind, three_threads):
    hilbert = nk.hilbert.Spin(0.5, 6)
    op = Ising(hilbert, nk.graph.Chain(6), h=0.3, backend="numba")
    if kind == "rows":
        op = op.to_local_operator()
    elif kind == "merged":
        op = nk.operator.SumOperator(op, op.to_local_operator())
    states = hilbert.all_states()
    one = [op.get_conn(state) for state in states]
    sections = np.zeros(len(states), np.int64)
    for _ in range(2):  # the first call does not know how long it takes
        xp, mels = op.get_conn_flattened(states, sections)
        padded, padded_mels = op.get_conn_padded(states)
        np.testing.assert_array_equal(op.n_conn(states), np.diff(sections, prepend=0))
    np.testing.assert_array_equal(xp, np.concatenate([a for a, _ in one]))
    np.testing.assert_array_equal(mels, np.concatenate([b for _, b in one]))
    np.testing.assert_array_equal(padded[padded_mels != 0], xp)
    np.testing.assert_array_equal(padded_mels[padded_mels != 0], mels)
    with pytest.raises(ValueError, match="Sample 60"):
        op.get_conn_padded(np.where(np.arange(64)[:, None] == 60, 3, states))


@pytest.mark.parametrize("n_sites", [5, 70])
def test_connected_elements_of_fixed_flips(n_sites):
    rng = np.random.default_rng(n_sites)
    hilbert = nk.hilbert.Spin(0.5, n_sites)
    edges = [(i, (i + 2) % n_sites) for i in range(n_sites)]
    for op in (Ising(hilbert, edges, h=0.3, backend="numba"), string_operator(hilbert, rng)):
        samples = rng.choice([1.0, -1.0], (20, n_sites))
        plan = op._plan
        assert plan.flips is not None
        fast = op.get_conn_padded(samples), op.n_conn(samples)
        plan.flips = None
        slow = op.get_conn_padded(samples), op.n_conn(samples)
        jax.tree.map(np.testing.assert_array_equal, fast, slow)


def string_operator(hilbert, rng, n_terms=40):
    """Random strings with conditions, and weights that cancel for some configurations."""
    bits = rng.integers(0, 2, (4, n_terms, hilbert.size))
    bits[3] = bits[3, rng.integers(0, 8, n_terms)]  # several strings with the same flip
    terms, _ = StringTerms.pack(*bits)
    weights = rng.integers(-2, 3, n_terms) * (1 + 1j) / 10
    return StringOperator(hilbert, terms, weights, backend="numba")


@pytest.mark.parametrize("n_sites", [1, 3, 8])
def test_fixed_flips_walk_as_other_operators_do(n_sites, monkeypatch):
    rng = np.random.default_rng(n_sites)
    hilbert = nk.hilbert.Spin(0.5, n_sites)
    strings = ["".join(rng.choice(list("IXYZ"), n_sites)) for _ in range(30)]
    edges = [(i, (i + 2) % n_sites) for i in range(n_sites)]
    ops = [
        Ising(hilbert, edges, h=0.3, backend="numba"),
        Ising(hilbert, edges, h=0.0, backend="numba"),
        nk.operator.PauliStrings(hilbert, strings, rng.normal(size=30), backend="numba"),
        string_operator(hilbert, rng),
    ]
    for op in ops:
        assert _matrix._flips(op, op._numba_data()) is not None
        matrix, dense, v = op.to_sparse(), op.to_dense(), rng.normal(size=hilbert.n_states)
        applied = op @ v
        with monkeypatch.context() as patch:
            patch.setattr(_matrix, "_flips", lambda op, data: None)
            expected = op.to_sparse()
        for name in ("indptr", "indices", "data"):
            np.testing.assert_array_equal(getattr(matrix, name), getattr(expected, name))
        np.testing.assert_array_equal(dense, expected.toarray())
        np.testing.assert_allclose(applied, expected @ v, atol=1e-12)
