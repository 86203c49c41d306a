# SPDX-License-Identifier: Apache-2.0
"""More energies from the literature: frustrated lattices, larger rings, without a matrix."""

import numpy as np
import pytest

import netket as nk
from netket.operator import GraphOperator, Heisenberg

XXYY = np.array([[0, 0, 0, 0], [0, 0, 2, 0], [0, 2, 0, 0], [0, 0, 0, 0.0]])
ZZ = np.diag([1.0, -1.0, -1.0, 1.0])


def ground(op, **kwargs):
    return nk.exact.lanczos_ed(op, **kwargs)[0]


def heisenberg(graph):
    return Heisenberg(nk.hilbert.Spin(0.5, graph.n_nodes, total_sz=0), graph)


def test_heisenberg_ring_of_18():
    """Exact diagonalisation by an independent code."""
    assert ground(heisenberg(nk.graph.Chain(18))) == pytest.approx(-32.090996348135, abs=1e-9)


def test_triangular():
    """varbench: 4 x 4 sites."""
    ha = heisenberg(nk.graph.Triangular([4, 4]))
    assert ground(ha) == pytest.approx(-34.22205967007, abs=1e-9)


def test_kagome():
    """varbench: 2 x 3 cells."""
    ha = heisenberg(nk.graph.Kagome([2, 3]))
    assert ground(ha) == pytest.approx(-32.19308309416, abs=1e-9)


@pytest.mark.slow
def test_without_a_matrix():
    """varbench `Heisenberg/chain_20_P`."""
    ha = heisenberg(nk.graph.Chain(20))
    assert ground(ha, matrix_free=True) == pytest.approx(-35.617546119506, abs=1e-9)


@pytest.mark.slow
def test_xxz_ring_of_20():
    """Energy per site over 4, by an independent code."""
    hi = nk.hilbert.Spin(0.5, 20, total_sz=0)
    ha = GraphOperator(hi, nk.graph.Chain(20), bond_ops=[XXYY + 1.5 * ZZ])
    assert ground(ha) / 80 == pytest.approx(-0.52545278015, abs=1e-10)
