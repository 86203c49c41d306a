# SPDX-License-Identifier: Apache-2.0
"""Lattices: bonds against a search over all pairs of sites and their images."""

import itertools
import time

import networkx as nx
import numpy as np
import pytest

import netket as nk
from netket.errors import InitializePeriodicLatticeOnSmallLatticeWarning

LATTICES = {
    "chain": nk.graph.Chain(6),
    "open chain": nk.graph.Chain(5, pbc=False),
    "square": nk.graph.Square(4),
    "open square": nk.graph.Square(3, pbc=False),
    "cylinder": nk.graph.Grid((3, 4), pbc=[True, False]),
    "cube": nk.graph.Cube(3),
    "triangular": nk.graph.Triangular((4, 3)),
    "honeycomb": nk.graph.Honeycomb((3, 2)),
    "kagome": nk.graph.Kagome((3, 3), pbc=[False, True]),
    "bcc": nk.graph.BCC((3, 3, 3)),
    "fcc": nk.graph.FCC((3, 3, 3)),
    "diamond": nk.graph.Diamond((2, 3, 2)),
    "pyrochlore": nk.graph.Pyrochlore((2, 2, 2)),
    "three orders": nk.graph.Square(5, max_neighbor_order=3),
    "four orders, open": nk.graph.Honeycomb((3, 3), pbc=False, max_neighbor_order=4),
    "oblique": nk.graph.Lattice(
        [[1.0, 0.0], [0.3, 1.2]],
        (3, 4),
        site_offsets=[[0.0, 0.0], [0.5, 0.4]],
        pbc=[True, False],
        max_neighbor_order=5,
    ),
    "long and thin": nk.graph.Lattice(np.diag([1.0, 7.0]), (12, 3), max_neighbor_order=4),
    "short and open": nk.graph.Lattice(np.eye(2), (1, 4), pbc=[False, True], max_neighbor_order=2),
}

lattices = pytest.mark.parametrize("lattice", LATTICES.values(), ids=LATTICES.keys())


def distances_of_images(lattice, images=3):
    """{(i, j): distances of i from j and its images}, rounded."""
    ranges = [range(-images, images + 1) if p else [0] for p in lattice.pbc]
    edges = lattice.basis_vectors * lattice.extent[:, None]
    shifts = np.array(list(itertools.product(*ranges))) @ edges
    difference = lattice.positions[:, None] - lattice.positions[None, :]
    return np.round(np.linalg.norm(difference[:, :, None] + shifts, axis=-1), 5)


@lattices
def test_edges_are_neighbours(lattice):
    distances = distances_of_images(lattice)
    colors = set(lattice.edge_colors)
    shells = np.unique(distances[distances > 0])[: len(colors)]
    expected = {
        (i, j, color)
        for color, shell in enumerate(shells)
        for i, j in np.argwhere((distances == shell).any(axis=-1)).tolist()
        if i < j
    }
    found = lattice.edges(return_color=True)
    assert set(found) == expected
    assert len(found) == len(expected)


@lattices
def test_minimum_image(lattice):
    expected = distances_of_images(lattice).min(axis=-1)
    np.testing.assert_allclose(lattice.distances_euclidean(), expected, atol=1e-5)
    plain = lattice.distances_euclidean(minimum_image=False)
    difference = lattice.positions[:, None] - lattice.positions[None, :]
    np.testing.assert_allclose(plain, np.linalg.norm(difference, axis=-1))


@lattices
def test_sites(lattice):
    ids = np.arange(lattice.n_nodes)
    np.testing.assert_array_equal(lattice.id_from_basis_coords(lattice.basis_coords), ids)
    np.testing.assert_array_equal(lattice.id_from_position(lattice.positions), ids)
    np.testing.assert_allclose(
        lattice.position_from_basis_coords(lattice.basis_coords), lattice.positions
    )
    assert [site.id for site in lattice.sites] == ids.tolist()
    assert lattice.id_from_position(lattice.sites[-1].position) == lattice.n_nodes - 1
    wrapped = lattice.positions + (lattice.pbc * lattice.extent) @ lattice.basis_vectors
    np.testing.assert_array_equal(lattice.id_from_position(wrapped), ids)
    # lexicographic: the sublattice counts fastest
    assert lattice.basis_coords.tolist() == sorted(lattice.basis_coords.tolist())


@pytest.mark.parametrize(
    "lattice, coordination",
    [
        (nk.graph.Square(4), 4),
        (nk.graph.Triangular((4, 4)), 6),
        (nk.graph.Honeycomb((3, 3)), 3),
        (nk.graph.Kagome((3, 3)), 4),
        (nk.graph.BCC((4, 4, 4)), 8),
        (nk.graph.FCC((4, 4, 4)), 12),
        (nk.graph.Diamond((3, 3, 3)), 4),
        (nk.graph.Pyrochlore((3, 3, 3)), 6),
    ],
)
def test_coordination_numbers(lattice, coordination):
    assert {len(row) for row in lattice.adjacency_list()} == {coordination}
    assert lattice.is_connected()


def test_grids_agree_with_networkx():
    grid = nk.graph.Grid((4, 5), pbc=False)
    expected = nk.graph.Graph.from_networkx(nx.grid_2d_graph(4, 5))
    assert sorted(grid.edges()) == sorted(expected.edges())
    assert nx.is_isomorphic(nk.graph.Cube(3).to_networkx(), nx.grid_graph([3] * 3, periodic=True))


def test_names():
    assert sorted(nk.graph.Hypercube(5, 1).edges()) == sorted(nk.graph.Chain(5).edges())
    assert sorted(nk.graph.Hypercube(3, 3).edges()) == sorted(nk.graph.Cube(3).edges())
    assert repr(nk.graph.Chain(4)) == "Chain(extent=[4], pbc=True, n_nodes=4)"
    assert str(nk.graph.Chain(4)) == "Chain(extent=[4], pbc=True)"
    assert "basis_vectors" in repr(nk.graph.Grid((3, 3)))
    bipartite = [nk.graph.Chain(4), nk.graph.Honeycomb((3, 3)), nk.graph.Chain(5, pbc=False)]
    assert all(g.is_bipartite() for g in bipartite)
    assert not any(g.is_bipartite() for g in [nk.graph.Chain(5), nk.graph.Triangular((3, 3))])


def test_colours_of_directions():
    grid = nk.graph.Grid((3, 4), color_edges=True)
    for i, j, color in grid.edges(return_color=True):
        changed = np.flatnonzero(grid.basis_coords[i] != grid.basis_coords[j])
        assert changed.tolist() == [color]
    kitaev = nk.graph.KitaevHoneycomb((3, 3))
    assert np.bincount(kitaev.edge_colors).tolist() == [9, 9, 9]
    assert sorted(kitaev.edges()) == sorted(nk.graph.Honeycomb((3, 3)).edges())


def test_colours_of_directions_with_one_unit_cell():
    """What leads out of an open lattice is left out, as without colours."""
    ladder = nk.graph.Grid((1, 4), pbc=False, color_edges=True)
    assert ladder.edges(return_color=True) == [(0, 1, 1), (1, 2, 1), (2, 3, 1)]
    chain = nk.graph.KitaevHoneycomb((1, 3), pbc=False)
    assert sorted(chain.edges(return_color=True)) == [
        (0, 1, 0),
        (1, 2, 2),
        (2, 3, 0),
        (3, 4, 2),
        (4, 5, 0),
    ]
    assert nk.graph.KitaevHoneycomb((1, 1), pbc=False).edges(return_color=True) == [(0, 1, 0)]
    with pytest.raises(ValueError, match="pbc=False for a short direction"):
        nk.graph.Grid((1, 4), color_edges=True)


def test_custom_edges():
    lattice = nk.graph.Lattice(
        np.eye(2),
        (3, 3),
        pbc=[True, False],
        custom_edges=[(0, 0, [1, 0]), (0, 0, [0, 1]), (0, 0, [1, 1], 7)],
    )
    # open in the second direction: fewer bonds along it
    assert np.bincount(lattice.edge_colors).tolist() == [9, 6, 0, 0, 0, 0, 0, 6]


def test_wave_vectors():
    square = nk.graph.Square(10)
    ks = np.array([[0.2 * np.pi, 0.0], [0.4 * np.pi, 2 * np.pi]])
    assert square.to_reciprocal_lattice(ks).tolist() == [[1, 0], [2, 10]]
    with pytest.raises(ValueError, match="integers m_i"):
        square.to_reciprocal_lattice([[0.1, 0.0]])
    with pytest.raises(ValueError, match="open directions"):
        nk.graph.Chain(10, pbc=False).to_reciprocal_lattice([[0.2 * np.pi]])


def test_periodic_directions_that_are_too_short():
    with pytest.warns(InitializePeriodicLatticeOnSmallLatticeWarning, match="extent 2"):
        assert nk.graph.Chain(2).edges() == [(0, 1)]
    with pytest.warns(InitializePeriodicLatticeOnSmallLatticeWarning):
        grid = nk.graph.Grid((4, 2))
    assert grid.n_edges == nk.graph.Grid((4, 2), pbc=[True, False]).n_edges
    with pytest.raises(RuntimeError, match="connect site 0 with itself"):
        nk.graph.Chain(1)
    assert nk.graph.Chain(1, pbc=False).n_edges == 0


DOUBLE_EDGES = {
    "coloured, two legs": (
        lambda: nk.graph.Grid((4, 2), color_edges=True),
        "two edges of colour 1",
    ),
    "custom, two sites": (
        lambda: nk.graph.Lattice([[1.0]], [2], custom_edges=[(0, 0, [1.0])]),
        "sites 0 and 1 would have two edges of colour 0",
    ),
    "custom, half of the ring": (
        lambda: nk.graph.Lattice([[1.0]], [4], custom_edges=[(0, 0, [1.0]), (0, 0, [2.0])]),
        "sites 0 and 2 would have two edges of colour 1",
    ),
    "custom, one cell": (
        lambda: nk.graph.Lattice(
            [[1.0]],
            [1],
            site_offsets=[[0.0], [0.3]],
            custom_edges=[(0, 1, [0.3], 5), (1, 0, [0.7], 5)],
        ),
        "sites 1 and 0 would have two edges of colour 5",
    ),
    "first and second neighbours": (
        lambda: nk.graph.Chain(3, max_neighbor_order=2),
        "sites 0 and 2 would be neighbours of order 1 and of order 2",
    ),
    "first and third neighbours": (
        lambda: nk.graph.Square(3, max_neighbor_order=3),
        "order 1 and of order 3",
    ),
    "written twice": (
        lambda: nk.graph.Lattice(
            np.eye(1), [5], custom_edges=[(0, 0, [1.0], 2), (0, 0, [-1.0], 2)]
        ),
        "must hold each edge once, but has that of colour 2",
    ),
}


@pytest.mark.parametrize("name", DOUBLE_EDGES)
def test_double_edges_are_errors(name):
    make, message = DOUBLE_EDGES[name]
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.filterwarnings("ignore::netket.errors.InitializePeriodicLatticeOnSmallLatticeWarning")
@pytest.mark.parametrize("extent", [(1, 1), (2, 1), (2, 2), (3, 2)])
@pytest.mark.parametrize("kind", ["Honeycomb", "Kagome", "KitaevHoneycomb", "Triangular", "Grid"])
def test_small_lattices_have_no_double_edges(kind, extent):
    """Neighbours of one order count once; bonds of a Kitaev model differ by their colours."""
    if kind in ("Triangular", "Grid") and 1 in extent:
        with pytest.raises(RuntimeError, match="with itself"):
            getattr(nk.graph, kind)(extent)
        return
    edges = getattr(nk.graph, kind)(extent).edges(return_color=True)
    assert len(edges) == len(set(edges))
    assert all(i != j for i, j, _ in edges)


def test_large_lattices_are_fast():
    start = time.perf_counter()
    assert nk.graph.Square(100).n_edges == 20000
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: nk.graph.Chain(0), TypeError, "`length` must be a positive integer, but is 0"),
        (lambda: nk.graph.Hypercube(3.0, 2), TypeError, "`length`"),
        (lambda: nk.graph.Grid(4), TypeError, r"Hypercube\(length, n_dim\)"),
        (lambda: nk.graph.Grid((3, 0)), ValueError, "`extent` must hold positive integers"),
        (lambda: nk.graph.Grid((3, 3.5)), ValueError, "`extent` must hold positive integers"),
        (lambda: nk.graph.Grid((3, 3), pbc=[True]), ValueError, "`pbc` must be True, False, or 2"),
        (lambda: nk.graph.Grid((3, 3), pbc="yes"), ValueError, "`pbc`"),
        (lambda: nk.graph.Lattice(np.ones((2, 2)), (3, 3)), ValueError, "independent"),
        (lambda: nk.graph.Lattice([[1, 0]], (3,)), ValueError, "d vectors in d dimensions"),
        (lambda: nk.graph.Lattice(np.eye(2), (3, 3, 3)), ValueError, "2 entries"),
        (
            lambda: nk.graph.Grid((3, 3), color_edges=True, max_neighbor_order=2),
            ValueError,
            "not both be given",
        ),
        (
            lambda: nk.graph.Lattice(np.eye(2), (3, 3), custom_edges=[(0, 0, [1.5, 0])]),
            ValueError,
            "does not lead from a site",
        ),
        (
            lambda: nk.graph.Lattice(np.eye(2), (3, 3), custom_edges=[(0, 1, [1, 0])]),
            ValueError,
            "sublattices from 0 to 0",
        ),
        (lambda: nk.graph.Square(3).id_from_position([0.5, 0]), ValueError, "none at"),
        (lambda: nk.graph.Square(3).id_from_basis_coords([3, 0, 0]), ValueError, "between 0"),
        (lambda: nk.graph.Square(3).id_from_basis_coords([1, 0]), ValueError, "3 integers"),
    ],
)
def test_wrong_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_sites_that_coincide():
    with pytest.warns(UserWarning, match="coincide"):
        lattice = nk.graph.Lattice(np.eye(2), (3, 3), site_offsets=[[0, 0], [1, 1]])
    assert lattice.n_nodes == 9
