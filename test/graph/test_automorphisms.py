# SPDX-License-Identifier: Apache-2.0
"""Automorphism groups: all ways to find them agree with igraph, and with known numbers."""

import copy

import networkx as nx
import numpy as np
import pytest

import netket as nk
from netket.graph import _stabilizers


def graph_of(reference: nx.Graph) -> nk.graph.Graph:
    return nk.graph.Graph.from_networkx(nx.convert_node_labels_to_integers(reference))


def shrikhande() -> nx.Graph:
    """Strongly regular: what is around a node does not tell nodes or pairs apart."""
    steps = ((0, 1), (1, 0), (1, 1))
    cells = [(a, b) for a in range(4) for b in range(4)]
    return nx.Graph([((a, b), ((a + x) % 4, (b + y) % 4)) for a, b in cells for x, y in steps])


def coloured(seed: int) -> nk.graph.Graph:
    """Loops and repeated edges of two colours; some nodes are alone."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 9))
    edges = np.column_stack([rng.integers(0, n, (9, 2)), rng.integers(0, 2, 9)])
    return nk.graph.Graph(edges, n)


def numbered(name: str, make, n: int) -> dict:
    return {f"{name} {i}": lambda i=i: make(i) for i in range(n)}


GRAPHS = {
    **numbered("sparse", lambda i: graph_of(nx.gnm_random_graph(14, 13 + i, seed=i)), 5),
    **numbered("tree", lambda i: graph_of(nx.random_labeled_tree(15, seed=i)), 5),
    **numbered("regular", lambda i: graph_of(nx.random_regular_graph(3, 20, seed=i)), 3),
    **numbered("colours", coloured, 12),
    "parts": lambda: nk.graph.disjoint_union(
        *3 * [nk.graph.Chain(4, pbc=False)], nk.graph.Chain(5)
    ),
    "binary tree": lambda: graph_of(nx.balanced_tree(2, 3)),
    "rectangle": lambda: nk.graph.Grid((3, 5), pbc=False),
    "cylinder": lambda: nk.graph.Grid((4, 5), pbc=[True, False]),
    "long honeycomb": lambda: nk.graph.Honeycomb((3, 4)),
    "colours of directions": lambda: nk.graph.Grid((4, 4), color_edges=True),
    "two nodes": lambda: nk.graph.Chain(2, pbc=False),
    "one node": lambda: nk.graph.Edgeless(1),
}


def rows(graph: nk.graph.Graph) -> list[list[int]]:
    return copy.copy(graph).automorphisms().to_array().tolist()


@pytest.mark.parametrize("name", GRAPHS)
def test_all_ways_find_the_same(name, monkeypatch):
    graph = GRAPHS[name]()
    found = rows(graph)
    assert found == sorted(found) and found[0] == list(range(graph.n_nodes))
    monkeypatch.setattr("netket.graph._automorphisms._VERY_FEW_NODES", 0)
    assert rows(graph) == found
    monkeypatch.setattr("netket.graph._automorphisms._FEW_NODES", 0)
    assert rows(graph) == found

    patiently = _stabilizers.automorphisms

    def impatient(links, classes, patience, max_entries, fixing=None):
        if fixing is None:
            raise _stabilizers.TooLong
        return patiently(links, classes, patience, max_entries, fixing)

    monkeypatch.setattr(_stabilizers, "automorphisms", impatient)
    assert rows(graph) == found
    monkeypatch.setattr("netket.graph._automorphisms._MAX_ENTRIES", 0)
    assert rows(graph) == found  # igraph


@pytest.mark.parametrize(
    "reference, number",
    [
        (nx.dodecahedral_graph(), 120),
        (nx.icosahedral_graph(), 120),
        (nx.heawood_graph(), 336),
        (nx.pappus_graph(), 216),
        (nx.desargues_graph(), 240),
        (nx.frucht_graph(), 1),
        (nx.complete_graph(6), 720),
        (nx.complete_bipartite_graph(3, 4), 144),
        (nx.star_graph(6), 720),
        (shrikhande(), 192),
    ],
)
def test_numbers_of_known_graphs(reference, number):
    assert len(graph_of(reference).automorphisms()) == number


@pytest.mark.parametrize(
    "lattice, number",
    [
        (nk.graph.Square(20), 8 * 400),
        (nk.graph.Grid((3, 4, 5)), 60 * 8),
        (nk.graph.Square(40, pbc=False), 8),
        (nk.graph.Honeycomb((10, 10)), 12 * 100),
        (nk.graph.Kagome((5, 6)), 2 * 30),
        (nk.graph.Diamond((3, 3, 3)), 48 * 27),
        (nk.graph.Chain(1000), 2000),
    ],
)
def test_larger_lattices(lattice, number):
    group = lattice.automorphisms()
    assert len(group) == number
    edges = set(lattice.edges())
    for g in group.to_array()[:: max(1, number // 7)]:
        assert {tuple(sorted(edge)) for edge in g[np.array(lattice.edges())].tolist()} == edges


def test_random_regular_graphs_have_no_symmetry():
    for n, degree in ((100, 3), (150, 4)):
        graph = graph_of(nx.random_regular_graph(degree, n, seed=1))
        assert len(graph.automorphisms()) == 1


def test_elements_can_not_be_changed():
    group = nk.graph.Chain(5).automorphisms()
    for array in (group[3].inverse_permutation_array, group.to_array()[:0]):
        assert not array.size or not array.flags.writeable
    assert group == nk.utils.group.PermutationGroup(list(group), degree=5)
    assert hash(group[2]) == hash(copy.deepcopy(group[2]))
