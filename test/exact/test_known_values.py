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


def symmetric(hi, graph, k):
    """The sector of wave vector k that is even under spin flips."""
    translations = nk.symmetry.canonical_representation(hi, graph.translation_group())
    return [translations.sector(k=k), nk.symmetry.spin_flip_representation(hi).sector(label="+1")]


@pytest.mark.slow
def test_heisenberg_ring_of_22():
    """Upstream's tutorial on the Heisenberg chain; with the sign rule the state is positive."""
    graph = nk.graph.Chain(22)
    ha = heisenberg(graph)
    sector = symmetric(ha.hilbert, graph, 0.0)
    assert ground(ha, sector=sector) == pytest.approx(-39.147522607063, abs=1e-9)


@pytest.mark.slow
def test_j1_j2_on_24_sites():
    """varbench: 4 x 6 sites, J2 = 0.5; 2.7 million states, 57 thousand in the sector."""
    graph = nk.graph.Grid([4, 6], max_neighbor_order=2)
    hi = nk.hilbert.Spin(0.5, 24, total_sz=0)
    ha = Heisenberg(hi, graph, J=[1.0, 0.5], sign_rule=[False, False])
    energy = ground(ha, sector=symmetric(hi, graph, [0, 0]))
    assert energy == pytest.approx(-50.162393795275, abs=1e-9)


def test_bosonic_matrix_model():
    """Two SU(2) matrices, H = Σ (P² + X²)/2 + 0.1 |X_1 x X_2|², 4 levels for each oscillator.

    Table of arXiv:2108.02942, and upstream's tutorial on matrix models.
    """
    boson = nk.operator.boson
    hi = nk.hilbert.Fock(3, 6)
    x = [(boson.create(hi, i) + boson.destroy(hi, i)) / np.sqrt(2) for i in range(6)]
    ha = sum(boson.number(hi, i) for i in range(6)) + 3.0
    for a, b in ((1, 2), (2, 0), (0, 1)):
        cross = x[a] @ x[3 + b] - x[b] @ x[3 + a]
        ha = ha + 0.1 * cross @ cross
    energies = nk.exact.lanczos_ed(ha, k=2)
    np.testing.assert_allclose(energies, [3.13406307, 4.21516634], atol=1e-8)
