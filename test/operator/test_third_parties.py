# SPDX-License-Identifier: Apache-2.0
"""Operators of third parties: jax code only, or numpy code only."""

import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.errors import NetketWarning
from netket.operator import (
    DiscreteJaxOperator,
    DiscreteOperator,
    Ising,
    IsingJax,
    LocalOperator,
    spin,
)
from netket.operator._composite import _callback

HI = nk.hilbert.Spin(0.5, 3)
ISING = Ising(HI, nk.graph.Chain(3), h=0.4, backend="numba")
STATES = HI.all_states()


@pytest.fixture(autouse=True)
def no_warnings_before():
    _callback._warned.clear()


@pytest.fixture
def jax_only(third_parties):
    return third_parties[0](HI, 0.5)


@pytest.fixture
def numba_only(third_parties):
    return third_parties[1](HI, 0.5)


SUM_X = 0.5 * sum(spin.sigmax(HI, i) for i in range(3)).to_dense()
SUM_Y = 0.5 * sum(spin.sigmay(HI, i) for i in range(3)).to_dense()


def test_jax_only(jax_only, from_rows):
    op = jax_only
    assert op.backend == "jax" and op.backends == ("jax",)
    assert jax.tree_util.tree_leaves(op) == [0.5]
    np.testing.assert_allclose(from_rows(op), SUM_X)
    np.testing.assert_allclose(op.to_dense(), SUM_X)
    np.testing.assert_allclose(op.to_sparse().toarray(), SUM_X)
    np.testing.assert_allclose(op @ np.eye(8), SUM_X)
    np.testing.assert_array_equal(op.n_conn(STATES), np.full(8, 3))
    assert op.get_conn(STATES[0])[0].shape == (3, 3)
    rows = jax.jit(lambda o, x: o.get_conn_padded(x)[1])(op, STATES)
    np.testing.assert_allclose(rows, 0.5)
    assert jax.grad(lambda o: o.get_conn_padded(STATES)[1].sum())(op).c == pytest.approx(24)
    assert op.H is op


def test_jax_only_with_the_numba_flag(jax_only):
    op = jax_only.to_numba()
    assert type(op) is type(jax_only) and op.backend == "numba" and op.to_jax().backend == "jax"
    xp, mels = op.get_conn_padded(STATES)
    assert type(xp) is type(mels) is np.ndarray and xp.dtype == STATES.dtype
    assert type(op.n_conn(STATES)) is np.ndarray
    np.testing.assert_allclose(op.to_dense(), SUM_X)
    assert isinstance(jax.jit(lambda x: op.get_conn_padded(x)[1])(STATES), jax.Array)


def test_numba_only(numba_only, from_rows):
    op = numba_only
    assert op.backend == "numba" and op.backends == ("numba",)
    np.testing.assert_allclose(from_rows(op), SUM_Y)
    np.testing.assert_allclose(op.to_dense(), SUM_Y)
    np.testing.assert_allclose(op @ np.eye(8), SUM_Y)
    xp, mels = op.get_conn_padded(STATES.reshape(2, 4, 3))
    assert type(xp) is np.ndarray and xp.shape == (2, 4, 3, 3) and mels.shape == (2, 4, 3)
    np.testing.assert_array_equal(op.n_conn(STATES), np.full(8, 3))


def test_numba_only_in_jax(numba_only, from_rows):
    op = numba_only.to_jax()
    assert isinstance(op, DiscreteJaxOperator) and op.backend == "jax"
    assert op.to_numba() is numba_only
    np.testing.assert_allclose(from_rows(op), SUM_Y)
    with pytest.warns(NetketWarning, match="has no jax code") as record:
        xp, mels = jax.jit(lambda o, x: o.get_conn_padded(x))(op, STATES)
        jax.jit(lambda x: numba_only.get_conn_padded(x))(STATES)  # also by closure
    assert len(record) == 1
    np.testing.assert_allclose(mels, op.get_conn_padded(STATES)[1])
    np.testing.assert_array_equal(xp, op.get_conn_padded(STATES)[0])
    vmapped = jax.vmap(lambda x: op.get_conn_padded(x)[1])(jnp.asarray(STATES))
    np.testing.assert_allclose(vmapped, mels)
    np.testing.assert_array_equal(jax.jit(op.n_conn)(STATES), np.full(8, 3))


@pytest.mark.filterwarnings("ignore:.*has no jax code")
@pytest.mark.parametrize("flag", ["numba", "jax"])
def test_in_sums_and_products(jax_only, numba_only, flag, from_rows):
    a, b = jax_only.to_backend(flag), numba_only
    dense = ISING.to_dense()
    local = LocalOperator(HI, np.arange(16).reshape(4, 4), [2, 0], backend="numba")
    cases = {
        "a + ising": (a + ISING, SUM_X + dense),
        "ising - 2j a": (ISING - 2j * a, dense - 2j * SUM_X),
        "a + b": (a + b, SUM_X + SUM_Y),
        "b + ising": (b + ISING, SUM_Y + dense),
        "b @ a": (b @ a, SUM_Y @ SUM_X),
        "ising @ b": (ISING @ b, dense @ SUM_Y),
        "a @ local": (a @ local, SUM_X @ local.to_dense()),
        "b ** 2": (b**2, SUM_Y @ SUM_Y),
        "nested": (2 * (a @ b + ISING) @ local, 2 * (SUM_X @ SUM_Y + dense) @ local.to_dense()),
        "scalar": (b + 1.5, SUM_Y + 1.5 * np.eye(8)),
        "sum": (sum([a, b, ISING, local]), SUM_X + SUM_Y + dense + local.to_dense()),
        "merged": (a + ISING + local, SUM_X + dense + local.to_dense()),
        "adjoint": ((b @ a).H, (SUM_Y @ SUM_X).conj().T),
    }
    for name, (op, expected) in cases.items():
        has_a = name not in ("b + ising", "ising @ b", "b ** 2", "scalar")
        assert op.backend == (flag if has_a else "numba"), name
        np.testing.assert_allclose(op.to_dense(), expected, atol=1e-12, err_msg=name)
        np.testing.assert_allclose(from_rows(op), expected, atol=1e-12, err_msg=name)
        np.testing.assert_allclose(from_rows(op.to_jax()), expected, atol=1e-12, err_msg=name)
        counts = op.to_numba().n_conn(STATES)
        np.testing.assert_array_equal(counts, op.to_jax().n_conn(STATES), err_msg=name)
        sections = np.zeros(8, int)
        op.get_conn_flattened(STATES, sections)
        np.testing.assert_array_equal(np.diff(sections, prepend=0), counts, err_msg=name)
    assert len((a + ISING + local).operators) == 2  # local terms were merged
    assert (a + b).operators[1] is b


class Raising(DiscreteOperator):
    """sum_i S_+ of a third party, which says nothing of its adjoint."""

    @property
    def dtype(self):
        return complex

    @property
    def max_conn_size(self):
        return self.hilbert.size

    def get_conn_flattened(self, x, sections, pad=False):
        rows = [[i for i in range(len(s)) if s[i] == 1] for s in x]
        sections[:] = np.cumsum([len(r) for r in rows])
        xp = [np.where(np.arange(len(s)) == i, -1, s) for s, r in zip(x, rows) for i in r]
        return np.array(xp, x.dtype).reshape(-1, x.shape[1]), np.full(len(xp), 1j)


def test_adjoints_without_closed_form(from_rows):
    op = Raising(HI)
    dense = 1j * sum(spin.sigmap(HI, i) for i in range(3)).to_dense()
    np.testing.assert_allclose(op.to_dense(), dense)
    for adjoint, expected in (
        (op.T, dense.T),
        (op.conj(), dense.conj()),
        (op.H, dense.conj().T),
        (op.H.H, dense),
        ((op @ op.H + ISING).H, (dense @ dense.conj().T + ISING.to_dense()).conj().T),
    ):
        np.testing.assert_allclose(adjoint.to_dense(), expected)
        np.testing.assert_allclose(from_rows(adjoint), expected)
    large = nk.hilbert.Spin(0.5, 100)
    with pytest.raises(TypeError, match="define the method `transpose`"):
        Raising(large).T.get_conn(np.ones(100, np.int8))


def test_what_must_be_defined():
    class Nothing(DiscreteOperator):
        dtype = np.float64

    class NoSize(DiscreteOperator):
        dtype = np.float64

        def get_conn_flattened(self, x, sections, pad=False):
            sections[:] = 1 + np.arange(len(x))
            return x, np.ones(len(x))

    class NoTree(DiscreteJaxOperator):
        dtype = np.float64
        max_conn_size = 1

        def get_conn_padded(self, x):
            return x[..., None, :], jnp.ones((*x.shape[:-1], 1))

    with pytest.raises(TypeError, match="must define `get_conn_flattened` and `max_conn_size`"):
        Nothing(HI).get_conn_padded(STATES)
    np.testing.assert_allclose(NoSize(HI).to_dense(), np.eye(8))
    with pytest.raises(
        NotImplementedError, match="NoSize must define the property `max_conn_size`"
    ):
        jax.jit(lambda x: NoSize(HI).get_conn_padded(x))(STATES)
    with pytest.raises(TypeError, match="NoTree must define `tree_flatten"):
        jax.jit(lambda o: o.get_conn_padded(STATES))(NoTree(HI))


def test_registered_by_hand():
    """The usual decorator of 3.23 still works."""

    @jax.tree_util.register_pytree_node_class
    class ByHand(DiscreteJaxOperator):
        dtype = np.float64
        max_conn_size = 1

        def get_conn_padded(self, x):
            return x[..., None, :], jnp.ones((*x.shape[:-1], 1))

        def tree_flatten(self):
            return (), self.hilbert

        @classmethod
        def tree_unflatten(cls, hilbert, data):
            return cls(hilbert)

    np.testing.assert_allclose(jax.jit(lambda o: o.to_dense())(ByHand(HI)), np.eye(8))


def test_max_conn_size_that_is_too_small(numba_only):
    class TooSmall(type(numba_only)):
        max_conn_size = 2

    with pytest.raises(ValueError, match="max_conn_size` must be at least"):
        TooSmall(HI, 1.0).to_jax().get_conn_padded(STATES)


def test_pickling(numba_only):
    op = numba_only + ISING
    again = pickle.loads(pickle.dumps(op.to_jax()))
    np.testing.assert_allclose(again.to_dense(), op.to_dense())


class Tilted(IsingJax):
    """Ising with a longitudinal field b: another coefficient, and one more connected element."""

    def __init__(self, hilbert, graph, h, b):
        super().__init__(hilbert, graph, h=h)
        self.b = jnp.asarray(b, dtype=float)

    @property
    def max_conn_size(self):
        return super().max_conn_size + 1

    def tree_flatten(self):
        children, metadata = super().tree_flatten()
        return (*children, self.b), metadata

    @classmethod
    def tree_unflatten(cls, metadata, children):
        *children, b = children
        op = super().tree_unflatten(metadata, children)
        op.b = b
        return op

    def get_conn_padded(self, x):
        xp, mels = super().get_conn_padded(x)
        xp = jnp.concatenate([xp, x[..., None, :]], axis=-2)
        return xp, jnp.concatenate([mels, self.b * x.sum(axis=-1, keepdims=True)], axis=-1)


GRAPH = nk.graph.Chain(3)
MAGNETISATION = sum(spin.sigmaz(HI, i) for i in range(3)).to_dense()
TILTED = ISING.to_dense() + 0.3 * MAGNETISATION


@pytest.fixture
def tilted():
    return Tilted(HI, GRAPH, 0.4, 0.3)


def test_subclass_with_a_coefficient(tilted, from_rows):
    op, b = tilted, spin.sigmay(HI, 1).to_dense()
    assert op.backends == ("jax",) and op.backend == "jax"
    assert (
        op.to_numba().to_jax() == op == pickle.loads(pickle.dumps(op)) != Tilted(HI, GRAPH, 0.4, 1)
    )
    assert jax.jit(lambda o: o)(op) == op and hash(Tilted(HI, GRAPH, 0.4, 0.3)) == hash(op)
    local = spin.sigmay(HI, 1)
    for flag in ("jax", "numba"):
        o = op.to_backend(flag)
        assert type(o) is Tilted
        for found, expected in (
            (o, TILTED),
            (2 * o + 1, 2 * TILTED + np.eye(8)),
            (o + local, TILTED + b),
            ((o @ local).H, (TILTED @ b).conj().T),
            (o @ o, TILTED @ TILTED),
        ):
            assert found.backend == flag
            np.testing.assert_allclose(found.to_dense(), expected, atol=1e-12)
            np.testing.assert_allclose(from_rows(found), expected, atol=1e-12)
        np.testing.assert_allclose(jax.jit(lambda o: o.to_dense())(o), TILTED, atol=1e-12)
    assert type(op.to_numba().get_conn_padded(STATES)[0]) is np.ndarray


def test_its_coefficient_is_traced_by_the_constructor():
    """Also where it is the only one that is traced."""
    dense = jax.jit(lambda b: Tilted(HI, GRAPH, 0.4, b).to_dense())(0.3)
    np.testing.assert_allclose(dense, TILTED, atol=1e-12)
    square = jax.grad(lambda b: jnp.sum(Tilted(HI, GRAPH, 0.4, b).to_dense() ** 2))(0.3)
    np.testing.assert_allclose(square, 2 * np.sum(TILTED * MAGNETISATION), rtol=1e-10)


def test_it_has_no_form_of_the_class_it_started_from(tilted):
    """Those would leave out what it added."""
    with pytest.raises(TypeError, match="Tilted cannot be written as a `LocalOperator`"):
        tilted.to_local_operator()
    with pytest.raises(TypeError, match="Tilted"):
        tilted.to_pauli_strings()


@pytest.mark.filterwarnings("ignore:.*has no jax code")
@pytest.mark.parametrize("flag", ["jax", "numba"])
@pytest.mark.parametrize("kind", ["jax only", "numba only", "subclass"])
def test_in_samplers_and_expectation_values(kind, flag, jax_only, numba_only, tilted):
    op = {"jax only": jax_only, "numba only": numba_only, "subclass": tilted}[kind]
    op, dense = op.to_backend(flag), np.asarray(op.to_dense())
    model = nk.models.RBM(alpha=1, param_dtype=complex)
    sampler = nk.sampler.MetropolisHamiltonian(HI, op, n_chains=8)
    full = nk.vqs.FullSumState(HI, model, seed=1)
    mc = nk.vqs.MCState(sampler, model, n_samples=64, variables=full.variables, seed=1)
    psi = np.asarray(full.to_array())
    numbers = HI.states_to_numbers(np.asarray(mc.samples))
    expected = np.mean(((dense @ psi) / psi)[numbers])
    mean = psi.conj() @ dense @ psi
    np.testing.assert_allclose(mc.expect(op).mean, expected)
    np.testing.assert_allclose(full.expect(op).mean, mean, atol=1e-14)
    stats, _ = mc.expect_and_grad(op)
    np.testing.assert_allclose(stats.mean, expected)
    if kind != "numba only":  # which is no pytree
        by_op = jax.grad(lambda o: full.expect(o).mean.real)(op)
        (*_, slope) = jax.tree_util.tree_leaves(by_op)
        change = {"jax only": SUM_X / 0.5, "subclass": MAGNETISATION}[kind]
        np.testing.assert_allclose(slope, (psi.conj() @ change @ psi).real, atol=1e-12)
