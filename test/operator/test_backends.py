# SPDX-License-Identifier: Apache-2.0
"""The backend flag: who sets it, who asks it, and the older names that stand for it."""

import pickle
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from plum import Dispatcher

import netket as nk
from netket.operator import (
    FermiHubbard,
    FermiHubbardJax,
    Ising,
    IsingJax,
    IsingNumba,
    LocalOperator,
    LocalOperatorNumba,
    spin,
)

HI, G = nk.hilbert.Spin(0.5, 4), nk.graph.Chain(4)
FERMIONS = nk.hilbert.SpinOrbitalFermions(4, s=1 / 2)


def test_default_on_one_cpu_is_numba():
    assert Ising(HI, G, h=1.0).backend == "numba"
    assert Ising(HI, G, h=1.0).backends == ("numba", "jax")


def test_flag_context_and_setting():
    assert Ising(HI, G, h=1.0, backend="jax").backend == "jax"
    with nk.operator.use_backend("jax"):
        assert spin.sigmax(HI, 0).backend == "jax"
        with nk.operator.use_backend("numba"):
            assert nk.operator.Heisenberg(HI, G).backend == "numba"
        assert LocalOperator(HI, backend="numba").backend == "numba"
        assert LocalOperatorNumba(HI).backend == "numba"
    assert spin.sigmax(HI, 0).backend == "numba"
    nk.config.operator_backend = "jax"
    try:
        assert spin.sigmax(HI, 0).backend == "jax"
        with nk.operator.use_backend("auto"):
            assert spin.sigmax(HI, 0).backend == "numba"
    finally:
        nk.config.operator_backend = "auto"


def test_unknown_backend_is_refused():
    with pytest.raises(
        ValueError, match='Argument `backend` must be "numba" or "jax", but is .gpu'
    ):
        Ising(HI, G, h=1.0, backend="gpu")
    with pytest.raises(ValueError, match='must be "numba" or "jax"'):
        Ising(HI, G, h=1.0).to_backend("torch")
    with pytest.raises(ValueError, match='must be "numba" or "jax"'):
        with nk.operator.use_backend("torch"):
            pass


def test_the_flag_decides_for_concrete_samples():
    x = HI.all_states()
    numba = Ising(HI, G, h=1.0, backend="numba")
    for samples in (x, jnp.asarray(x)):
        for array in (*numba.get_conn_padded(samples), numba.n_conn(samples), numba.to_dense()):
            assert type(array) is np.ndarray
        for array in (*numba.to_jax().get_conn_padded(samples), numba.to_jax().to_dense()):
            assert isinstance(array, jax.Array)
    assert type(numba.h) is np.ndarray and isinstance(numba.to_jax().h, jax.Array)


def test_older_spellings():
    op = Ising(HI, G, h=1.0, backend="numba")
    assert op.to_jax_operator() == op.to_jax() and op.to_jax().backend == "jax"
    assert op.to_jax().to_numba_operator() == op


@pytest.mark.parametrize(
    "name, cls, backend, args",
    [
        (IsingNumba, Ising, "numba", (HI, G, 1.0)),
        (LocalOperatorNumba, LocalOperator, "numba", (HI, np.eye(2), [0])),
        (FermiHubbardJax, FermiHubbard, "jax", (FERMIONS, G, 1.0)),
    ],
)
def test_older_names(name, cls, backend, args):
    op = name(*args)
    assert type(op) is cls and op.backend == backend
    assert op == cls(*args, backend=backend)
    other = op.to_backend("numba" if backend == "jax" else "jax")
    assert isinstance(op, name) and not isinstance(other, name) and isinstance(other, cls)
    assert issubclass(name, cls) and name.__name__ == cls.__name__ + backend.capitalize()
    assert not isinstance(3, name)
    with pytest.raises(ValueError, match=f"`{name.__name__}` means backend="):
        name(*args, backend=other.backend)
    assert pickle.loads(pickle.dumps(op)) == op


@pytest.mark.parametrize(
    "name", ["Ising", "LocalOperator", "PauliStrings", "BoseHubbard", "FermionOperator2nd"]
)
def test_names_with_jax_are_the_classes(name):
    """As in 3.23; the class has a jax kernel whatever the flag of an instance."""
    assert getattr(nk.operator, name) is getattr(nk.operator, name + "Jax")


class Annealing(IsingJax):
    """An Ising model of a third party, with a field that depends on a time."""

    def __init__(self, hilbert, graph, time):
        super().__init__(hilbert, graph, h=1 - time)
        self.time = time


class Counted(IsingNumba):
    """An Ising model of a third party, with connected elements of its own."""

    def get_conn_flattened(self, x, sections, pad=False):
        xp, mels = super().get_conn_flattened(x, sections, pad)
        return xp, 2 * mels


class Shifted(IsingJax):
    """The same in jax."""

    def get_conn_padded(self, x):
        xp, mels = super().get_conn_padded(x)
        return xp, 2 * mels


def test_third_parties_subclass_older_names():
    with nk.operator.use_backend("jax"):
        op = Annealing(HI, G, 0.25)
    assert type(op) is Annealing and op.backend == "jax" and op.time == 0.25
    assert isinstance(op, IsingJax) and not isinstance(op, IsingNumba)
    converted = op.to_numba()
    assert type(converted) is Annealing and converted.time == 0.25
    assert isinstance(converted, IsingNumba)
    plain = Ising(HI, G, h=0.75)
    np.testing.assert_allclose(op.to_dense(), plain.to_dense())
    np.testing.assert_allclose(converted.to_dense(), plain.to_dense())
    rows = jax.jit(lambda o, x: o.get_conn_padded(x)[1])(op, HI.all_states())
    np.testing.assert_allclose(rows.sum(), plain.to_dense().sum())


@pytest.mark.parametrize("cls", [Counted, Shifted])
def test_their_own_elements_are_used_everywhere(cls, from_rows):
    op, plain = cls(HI, G, h=0.75), Ising(HI, G, h=0.75, backend="numba")
    double = 2 * plain.to_dense()
    assert op.backends == (("numba",) if cls is Counted else ("jax",)) == (op.backend,)
    np.testing.assert_allclose(from_rows(op), double)
    np.testing.assert_allclose(op.to_dense(), double)
    np.testing.assert_allclose(op.to_sparse().toarray(), double)
    np.testing.assert_allclose((op + plain).to_dense(), 1.5 * double)
    np.testing.assert_allclose((op @ plain).to_dense(), double @ double / 2)
    np.testing.assert_allclose((3 * op).to_dense(), 3 * double)
    np.testing.assert_array_equal(op.n_conn(HI.all_states()), plain.n_conn(HI.all_states()))
    sections = np.zeros(16, int)
    _, mels = op.get_conn_flattened(HI.all_states(), sections)
    assert mels.sum() == pytest.approx(double.sum())


def test_dispatch_by_class_and_by_older_name():
    dispatch = Dispatcher()

    @dispatch
    def kind(op: nk.operator.DiscreteOperator):
        return "discrete"

    @dispatch
    def kind(op: nk.operator.DiscreteJaxOperator):  # noqa: F811
        return "jax"

    @dispatch
    def kind(op: IsingNumba):  # noqa: F811
        return "numba ising"

    assert kind(spin.sigmax(HI, 0)) == "jax"
    assert kind(IsingNumba(HI, G, 1.0)) == "numba ising"
    assert kind(Ising(HI, G, 1.0, backend="jax")) == "jax"
    assert kind(IsingNumba(HI, G, 1.0)) == "numba ising"


def test_one_jax_operator_makes_the_result_jax():
    a, b = Ising(HI, G, h=1.0, backend="numba"), spin.sigmay(HI, 1)
    for op in (a + b, a @ b, nk.operator.SumOperator(a, b), nk.operator.ProductOperator(a, b)):
        assert op.backend == "numba"
    for x, y in ((a.to_jax(), b), (a, b.to_jax()), (a.to_jax(), b.to_jax())):
        for op in (x + y, x @ y, x - 2 * y, nk.operator.SumOperator(x, y)):
            assert op.backend == "jax"


def test_closed_over_in_transformations():
    """A numba operator just works inside of jit, vmap, scan and grad."""
    op, x = Ising(HI, G, h=0.5, backend="numba"), jnp.asarray(HI.all_states())
    expected = np.sort(op.get_conn_padded(x)[1])
    for f in (
        jax.jit(lambda s: op.get_conn_padded(s)[1]),
        jax.vmap(lambda s: op.get_conn_padded(s)[1]),
        lambda s: jax.lax.scan(lambda c, t: (c, op.get_conn_padded(t)[1]), 0, s)[1],
    ):
        np.testing.assert_allclose(np.sort(f(x)), expected)


def test_import_starts_no_backend_and_no_numba():
    code = (
        "import sys, jax, netket.operator, netket.exact\n"
        "from jax._src import xla_bridge\n"
        "assert not xla_bridge._backends, xla_bridge._backends\n"
        "assert 'numba' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
