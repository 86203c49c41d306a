# SPDX-License-Identifier: Apache-2.0
"""What a lattice knows from its unit cell, against networkx on the list of its edges."""

import itertools
import pickle
import warnings

import networkx as nx
import numpy as np
import pytest

import netket as nk
from netket.graph._structure import structure


def check(graph: nk.graph.Graph) -> None:
    """Connectedness, sides, distances and neighbours against networkx."""
    reference = nx.MultiGraph()
    reference.add_nodes_from(range(graph.n_nodes))
    reference.add_edges_from(graph.edges())
    assert graph.is_connected() == nx.is_connected(reference)
    assert graph.is_bipartite() == nx.is_bipartite(reference)
    expected = np.full((graph.n_nodes, graph.n_nodes), np.inf)
    for i, lengths in nx.all_pairs_shortest_path_length(reference):
        expected[i, list(lengths)] = list(lengths.values())
    np.testing.assert_array_equal(graph.distances(), expected)
    ends: list[list[int]] = [[] for _ in range(graph.n_nodes)]
    for i, j in graph.edges():
        ends[i].append(j)
        ends[j].append(i)
    assert graph.adjacency_list() == [sorted(others) for others in ends]


def lattices(n: int):
    """Random lattices, sparsely connected ones and short ones, too."""
    rng = np.random.default_rng(0)
    for _ in range(n):
        d, n_sites = int(rng.integers(1, 4)), int(rng.integers(1, 4))
        basis = np.eye(d) + rng.uniform(-0.3, 0.3, (d, d))
        offsets = rng.uniform(0, 1, (n_sites, d))
        edges = []
        for _ in range(int(rng.integers(1, 7))):
            (a, b), cell = rng.integers(0, n_sites, 2), rng.integers(-2, 3, d)
            edges.append((int(a), int(b), cell @ basis + offsets[b] - offsets[a]))
        kinds = {"custom_edges": edges}, {"max_neighbor_order": int(rng.integers(1, 3))}
        size = {"extent": rng.integers(1, 5, d).tolist(), "pbc": (rng.random(d) < 0.5).tolist()}
        for kind in kinds:
            try:
                yield nk.graph.Lattice(basis, **size, site_offsets=offsets, **kind)
            except (ValueError, RuntimeError):
                continue  # edges longer than the lattice, or double ones


def test_random_lattices_agree_with_networkx():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", nk.errors.InitializePeriodicLatticeOnSmallLatticeWarning)
        for lattice in lattices(60):
            check(lattice)


@pytest.mark.parametrize("pbc", list(itertools.product([False, True], repeat=2)))
def test_named_lattices_agree_with_networkx(pbc):
    for extent in ((3, 3), (4, 3), (4, 4), (1, 5)):
        if any(p and length < 3 for p, length in zip(pbc, extent)):
            continue
        for make in (nk.graph.Grid, nk.graph.Triangular, nk.graph.Honeycomb, nk.graph.Kagome):
            check(make(extent, pbc=pbc))
        check(nk.graph.Grid(extent, pbc=pbc, color_edges=True))
        check(nk.graph.Grid(extent, pbc=pbc, max_neighbor_order=1 if 1 in extent else 2))
        check(nk.graph.KitaevHoneycomb(extent, pbc=pbc))


def test_three_directions_and_single_sites():
    for graph in (
        nk.graph.Grid((2, 3, 4), pbc=[False, True, False]),
        nk.graph.Diamond((3, 3, 3)),
        nk.graph.Pyrochlore((2, 2, 3), pbc=False),
        nk.graph.BCC((2, 2, 3), pbc=False),
        nk.graph.Chain(1, pbc=False),
        nk.graph.Chain(2, pbc=False),
        nk.graph.Chain(3, max_neighbor_order=0),
    ):
        check(graph)


def test_bonds_that_skip_cells_are_followed():
    """Even sites, and odd ones: the unit cell does not tell, and edges are searched."""
    skipping = {"custom_edges": [(0, 0, [2.0])]}
    ring, even = (
        nk.graph.Lattice([[1.0]], (7,), **skipping),
        nk.graph.Lattice([[1.0]], (8,), **skipping),
    )
    assert ring.is_connected() and not ring.is_bipartite()
    assert not even.is_connected() and even.is_bipartite()
    no_templates = (np.zeros((0, 2), int), np.zeros((0, 1), int), np.zeros(0, int))
    assert (
        structure(nk.graph._bonds.Templates(*no_templates), np.array([7]), np.array([1]), 1) is None
    )
    for graph in (ring, even):
        check(graph)


@pytest.mark.parametrize("seed", range(12))
def test_random_graphs_agree_with_networkx(seed):
    """Small ones and larger ones, of one part and of several, with loops and double edges."""
    n = (1, 2, 5, 10, 30, 60, 64, 65, 100, 128, 129, 300)[seed]
    rng = np.random.default_rng(seed)
    for n_edges in (0, n // 2, n, 2 * n):
        check(nk.graph.Graph(rng.integers(0, n, (n_edges, 2)), n))
    tree = [(int(rng.integers(0, i)), i) for i in range(1, n)]
    check(nk.graph.Graph(tree, n))
    check(nk.graph.Graph([*tree, (n - 1, n - 1)], n))


def test_many_walks_do_not_overflow():
    """A clique with a tail: 20^44 walks."""
    reference = nx.lollipop_graph(20, 44)
    check(nk.graph.Graph.from_networkx(reference))


def test_graphs_without_nodes():
    graph = nk.graph.Edgeless(0)
    assert not graph.is_connected() and graph.is_bipartite()
    assert graph.distances().shape == (0, 0)
    assert graph.adjacency_list() == graph.edges() == graph.edge_colors == []


def test_edges_may_be_changed_by_who_asks():
    graph = nk.graph.Square(3)
    edges = graph.edges()
    edges.pop()
    assert len(graph.edges()) == len(edges) + 1 == graph.n_edges
    assert pickle.loads(pickle.dumps(graph)).edges() == graph.edges()


@pytest.mark.parametrize("edges", [[(0, 2**70)], [(True, 0.5)], [("a", "b")], [(0, None)]])
def test_nodes_are_integers(edges):
    with pytest.raises(TypeError, match="must hold integers"):
        nk.graph.Graph(edges)
