# SPDX-License-Identifier: Apache-2.0
"""Graphs from lists of edges, against networkx."""

import copy
import itertools
import pickle

import hypothesis.strategies as st
import networkx as nx
import numpy as np
import pytest
from hypothesis import given

import netket as nk


@st.composite
def edge_lists(draw):
    n = draw(st.integers(1, 7))
    node = st.integers(0, n - 1)
    edges = draw(st.lists(st.tuples(node, node, st.integers(0, 2)), max_size=12))
    return n, edges


@given(edge_lists())
def test_properties_agree_with_networkx(case):
    n, edges = case
    graph = nk.graph.Graph(edges, n)
    reference = nx.MultiGraph()
    reference.add_nodes_from(range(n))
    reference.add_edges_from([(i, j) for i, j, _ in edges])

    assert graph.n_nodes == len(graph) == n
    assert graph.n_edges == len(edges)
    assert graph.edges() == [tuple(sorted(e[:2])) for e in edges]
    assert graph.edge_colors == [c for _, _, c in edges]
    assert graph.is_connected() == nx.is_connected(reference)
    assert graph.is_bipartite() == nx.is_bipartite(reference)
    expected = np.full((n, n), np.inf)
    for i, lengths in nx.all_pairs_shortest_path_length(reference):
        for j, length in lengths.items():
            expected[i, j] = length
    np.testing.assert_array_equal(graph.distances(), expected)
    for i, neighbours in enumerate(graph.adjacency_list()):
        ends = [e for e in edges if i in e[:2]]
        assert neighbours == sorted(
            x for a, b, _ in ends for x in ([b] if a == i else []) + ([a] if b == i else [])
        )


@given(edge_lists())
def test_automorphisms_are_those_of_a_list(case):
    n, edges = case
    n = min(n, 5)
    edges = [e for e in edges if max(e[:2]) < n]
    graph = nk.graph.Graph(edges, n)
    wanted = sorted(graph.edges(return_color=True))

    expected = {
        p
        for p in itertools.permutations(range(n))
        if sorted((*sorted((p[i], p[j])), c) for i, j, c in wanted) == wanted
    }
    found = graph.automorphisms()
    assert list(map(tuple, found.to_array().tolist())) == sorted(expected)
    assert found.product_table.shape == (len(found), len(found))


def test_known_numbers_of_automorphisms():
    assert len(nk.graph.Chain(6).automorphisms()) == 12  # dihedral group
    assert len(nk.graph.Cube(2, pbc=False).automorphisms()) == 48
    assert len(nk.graph.Edgeless(4).automorphisms()) == 24
    petersen = nk.graph.Graph.from_networkx(nx.petersen_graph())
    assert len(petersen.automorphisms()) == 120
    # a triangle and the other sides of a square: all nodes are different, or two pairs are alike
    edges = [(0, 1), (1, 2), (0, 2), (2, 3), (3, 4), (4, 5), (1, 4)]
    assert len(nk.graph.Graph([*edges, (0, 6)]).automorphisms()) == 1
    assert len(nk.graph.Graph(edges[:4]).automorphisms()) == 2


@pytest.mark.parametrize(
    "graph, number",
    [
        (nk.graph.Square(4), 384),  # a hypercube
        (nk.graph.Square(6), 8 * 36),
        (nk.graph.Triangular((5, 5)), 12 * 25),
        (nk.graph.Grid((3, 4), pbc=False), 4),
        (nk.graph.Square(4, max_neighbor_order=2), 8 * 16),
        (nk.graph.disjoint_union(nk.graph.Chain(4), nk.graph.Chain(4)), 2 * 8**2),
        (nk.graph.Graph([(0, 0, 1), (0, 1, 2), (0, 1, 2), (1, 2, 3), (2, 2, 1)], 5), 2),
        (nk.graph.Edgeless(0), 1),
    ],
)
def test_both_ways_to_automorphisms(graph, number, monkeypatch):
    """Partial maps in numpy, and igraph for large graphs."""
    group = copy.copy(graph).automorphisms()
    monkeypatch.setattr("netket.graph._automorphisms._MAX_ENTRIES", 0)
    assert copy.copy(graph).automorphisms() == group
    assert len(group) == number


def test_colours():
    graph = nk.graph.Graph([(0, 1, 5), (2, 1, 7)])
    assert graph.edges(return_color=True) == [(0, 1, 5), (1, 2, 7)]
    assert graph.edges(filter_color=7) == [(1, 2)]
    assert graph.edges(filter_color=7, return_color=True) == [(1, 2, 7)]
    assert graph.edges(filter_color=0) == []
    assert nk.graph.Graph([(0, 1)]).edge_colors == [0]


def test_edges_of_any_sequence():
    expected = [(0, 1), (1, 2)]
    assert nk.graph.Graph(np.array([[0, 1], [1, 2]])).edges() == expected
    assert nk.graph.Graph([[0, 1], [2, 1]]).edges() == expected
    assert all(type(i) is int for e in nk.graph.Graph(np.array([[0, 1]])).edges() for i in e)


def test_union():
    union = nk.graph.disjoint_union(
        nk.graph.Graph([(0, 1, 2)]), nk.graph.Edgeless(2), nk.graph.Graph([(0, 1, 1)])
    )
    assert union.n_nodes == 6
    assert union.edges(return_color=True) == [(0, 1, 2), (4, 5, 1)]
    doubled = nk.graph.DoubledGraph(nk.graph.Chain(3))
    assert sorted(doubled.edges()) == [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)]


@pytest.mark.parametrize("edges", [[(0, 1, 3), (1, 2, 0)], [(0, 1), (1, 2), (0, 1)], []])
def test_conversions_and_copies(edges):
    graph = nk.graph.Graph(edges, 4)
    expected = graph.edges(return_color=True)
    for other in (
        nk.graph.Graph.from_networkx(graph.to_networkx()),
        nk.graph.Graph.from_igraph(graph.to_igraph()),
        pickle.loads(pickle.dumps(graph)),
        copy.deepcopy(graph),
    ):
        assert other.n_nodes == 4
        assert sorted(other.edges(return_color=True)) == sorted(expected)


def test_networkx_nodes_of_any_kind():
    reference = nx.Graph([("a", "b"), ("b", "c")])
    assert nk.graph.Graph.from_networkx(reference).edges() == [(0, 1), (1, 2)]


@pytest.mark.parametrize(
    "edges, n_nodes, error, message",
    [
        (3, None, TypeError, "must be a sequence of pairs"),
        ([(0, 1), (1, 2, 3)], None, ValueError, "lengths? |length"),
        ([(0, -1)], None, ValueError, r"has the edge \(0, -1\)"),
        ([(0, 5)], 3, ValueError, "nodes from 0 to 2.*n_nodes"),
        ([(0.5, 1)], None, TypeError, "must hold integers"),
        ([(0, 1)], -1, ValueError, "`n_nodes`"),
    ],
)
def test_wrong_edges(edges, n_nodes, error, message):
    with pytest.raises(error, match=message):
        nk.graph.Graph(edges, n_nodes)
