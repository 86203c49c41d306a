# SPDX-License-Identifier: Apache-2.0
"""Paths in larger graphs against networkx and closed forms; random lattices against all images."""

import itertools

import hypothesis.strategies as st
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings

import netket as nk


@pytest.mark.parametrize("seed", range(3))
def test_random_graphs_agree_with_networkx(seed):
    reference = nx.gnm_random_graph(150, 170, seed=seed)
    graph = nk.graph.Graph(list(reference.edges), 150)
    assert graph.is_connected() == nx.is_connected(reference)
    assert graph.is_bipartite() == nx.is_bipartite(reference)
    expected = np.full((150, 150), np.inf)
    for i, lengths in nx.all_pairs_shortest_path_length(reference):
        expected[i, list(lengths)] = list(lengths.values())
    np.testing.assert_array_equal(graph.distances(), expected)


@pytest.mark.parametrize("n", [3, 400, 1001])
def test_rings(n):
    i = np.arange(n)
    steps = np.abs(i - i[:, None])
    ring = nk.graph.Chain(n)
    np.testing.assert_array_equal(ring.distances(), np.minimum(steps, n - steps))
    np.testing.assert_array_equal(nk.graph.Chain(n, pbc=False).distances(), steps)
    assert ring.is_connected() and ring.is_bipartite() == (n % 2 == 0)


def test_a_long_path_with_shuffled_nodes():
    nodes = np.random.default_rng(0).permutation(20_000)
    path = np.stack([nodes[:-1], nodes[1:]], axis=1)
    graph = nk.graph.Graph(path)
    assert graph.is_connected() and graph.is_bipartite()
    assert not nk.graph.Graph(path[:-1], 20_000).is_connected()
    # a closed ring with an odd number of nodes
    odd = nk.graph.Graph([*path[:-1].tolist(), (int(nodes[0]), int(nodes[-2]))], 20_000)
    assert not odd.is_bipartite()


@st.composite
def random_lattices(draw):
    d = draw(st.integers(1, 2))
    numbers = st.floats(-0.4, 0.4)
    basis = np.eye(d) + np.array(draw(st.lists(numbers, min_size=d * d, max_size=d * d))).reshape(
        d, d
    )
    offsets = [[0.0] * d, [0.35] * d][: draw(st.integers(1, 2))]
    extent = draw(st.lists(st.integers(3, 4), min_size=d, max_size=d))
    pbc = draw(st.lists(st.booleans(), min_size=d, max_size=d))
    return nk.graph.Lattice(basis, extent, pbc=pbc, site_offsets=offsets)


@given(random_lattices())
@settings(max_examples=25, deadline=None)
def test_distances_are_those_to_the_closest_image(lattice):
    ranges = [range(-4, 5) if p else [0] for p in lattice.pbc]
    edges = lattice.basis_vectors * lattice.extent[:, None]
    shifts = np.array(list(itertools.product(*ranges))) @ edges
    difference = lattice.positions[:, None] - lattice.positions
    expected = np.linalg.norm(difference[:, :, None] + shifts, axis=-1).min(axis=-1)
    np.testing.assert_allclose(lattice.distances_euclidean(), expected, atol=1e-9)
    # bonds connect closest neighbours
    i, j = np.transpose(lattice.edges())
    np.testing.assert_allclose(expected[i, j], expected[expected > 1e-9].min(), atol=1e-5)


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: nk.graph.Chain(4, max_neighbor_order=-1), ValueError, "at least 0, but is -1"),
        (lambda: nk.graph.Chain(4, max_neighbor_order=1.5), TypeError, "must be an integer"),
        (
            lambda: nk.graph.Lattice([[1.0]], (3,), custom_edges=[(0, 0, [3.0])]),
            ValueError,
            "with itself",
        ),
        (
            lambda: nk.graph.Lattice([[1.0]], (3,), pbc=False, custom_edges=[(0, 0, [3.0])]),
            ValueError,
            "longer than the lattice",
        ),
        (lambda: nk.graph.disjoint_union(nk.graph.Chain(3), 3), TypeError, "must hold graphs"),
        (lambda: nk.graph.DoubledGraph(3), TypeError, "must hold graphs"),
        (lambda: nk.graph.Graph.from_networkx([(0, 1)]), TypeError, "networkx graph"),
        (lambda: nk.graph.Graph.from_igraph([(0, 1)]), TypeError, "igraph.Graph"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()
