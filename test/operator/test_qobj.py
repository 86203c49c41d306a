# SPDX-License-Identifier: Apache-2.0
"""`to_qobj`: the same matrices as QuTiP builds, with the dimensions of all sites."""

import sys

import numpy as np
import pytest
import qutip

import netket as nk
from netket.errors import MissingDependencyError
from netket.operator import spin


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_ising(backend):
    hilbert = nk.hilbert.Spin(0.5, 3)
    ha = nk.operator.Ising(hilbert, nk.graph.Chain(3, pbc=False), h=0.5, backend=backend).to_qobj()
    one, x, z = qutip.qeye(2), qutip.sigmax(), qutip.sigmaz()
    expected = qutip.tensor(z, z, one) + qutip.tensor(one, z, z)
    expected -= 0.5 * (qutip.tensor(x, one, one) + qutip.tensor(one, x, one))
    expected -= 0.5 * qutip.tensor(one, one, x)
    assert ha.dims == [[2, 2, 2], [2, 2, 2]] == expected.dims
    assert (ha - expected).norm() < 1e-12 and ha.isherm


def test_mixed_spaces_and_composites():
    hilbert = nk.hilbert.Fock(2, 1) * nk.hilbert.Spin(0.5, 2)
    op = spin.sigmay(hilbert, 1) @ nk.operator.boson.create(hilbert, 0)
    lazy = nk.operator.ProductOperator(
        spin.sigmay(hilbert, 1), nk.operator.boson.create(hilbert, 0)
    )
    expected = qutip.tensor(qutip.create(3), qutip.sigmay(), qutip.qeye(2))
    for o in (op, lazy, op.H.H, 0.5 * (op + op)):
        assert o.to_qobj().dims == expected.dims
        assert (o.to_qobj() - expected).norm() < 1e-12


def test_constrained_space():
    hilbert = nk.hilbert.Spin(0.5, 4, total_sz=0)
    ha = nk.operator.Heisenberg(hilbert, nk.graph.Chain(4))
    assert ha.to_qobj().dims == [[6], [6]]
    assert ha.to_qobj().eigenenergies()[0] == pytest.approx(-8.0)
    np.testing.assert_allclose(ha.to_qobj().full(), ha.to_dense(), atol=1e-14)


def test_without_qutip(monkeypatch):
    monkeypatch.setitem(sys.modules, "qutip", None)
    with pytest.raises(MissingDependencyError, match="pip install"):
        spin.sigmax(nk.hilbert.Spin(0.5, 1), 0).to_qobj()
