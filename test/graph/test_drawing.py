# SPDX-License-Identifier: Apache-2.0
"""Pictures of lattices: what is on them, and that they are made without a warning."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import netket as nk
from netket.graph._picture import compose

LATTICES = {
    "chain": nk.graph.Chain(6),
    "open chain": nk.graph.Chain(5, pbc=False),
    "second neighbours": nk.graph.Chain(8, max_neighbor_order=2),
    "square": nk.graph.Square(4),
    "cylinder": nk.graph.Kagome((3, 3), pbc=[True, False]),
    "honeycomb": nk.graph.Honeycomb((3, 4)),
    "triangular": nk.graph.Triangular((4, 3)),
    "cube": nk.graph.Cube(3),
    "diamond": nk.graph.Diamond((3, 3, 3)),
}
lattices = pytest.mark.parametrize("lattice", LATTICES.values(), ids=LATTICES.keys())


@pytest.fixture(autouse=True)
def close_figures():
    plt.switch_backend("agg")
    yield
    plt.close("all")


@lattices
def test_bonds_lead_to_neighbours_and_their_images(lattice):
    picture = compose(lattice, distance_order=1)
    lengths = np.linalg.norm(picture.bonds[:, 1] - picture.bonds[:, 0], axis=1)
    np.testing.assert_allclose(lengths, lengths[0])
    # those around the boundary are seen from both sides
    n_outer = len(picture.bonds) - picture.n_inner
    first_order = np.array(lattice.edge_colors) == 0
    assert picture.n_inner + n_outer / 2 == first_order.sum()
    assert (n_outer == 0) == (not lattice.pbc.any())
    np.testing.assert_allclose(picture.sites, lattice.positions)
    if len(picture.images):
        np.testing.assert_array_equal(lattice.id_from_position(picture.images), picture.image_ids)
        to_sites = np.linalg.norm(picture.images[:, None] - picture.sites, axis=-1)
        assert to_sites.min() > 0.1


@lattices
def test_pictures(lattice):
    ax = lattice.draw(show=False)
    texts = [text.get_text() for text in ax.texts]
    assert {str(i) for i in range(lattice.n_nodes)} <= set(texts)
    assert r"$\mathbf{a}_1$" in texts
    ax.figure.canvas.draw()
    bare = lattice.draw(
        show=False,
        draw_neighbors=False,
        draw_text=False,
        draw_basis_vectors=False,
        draw_unit_cell=False,
    )
    assert not bare.lines and not [t for t in bare.texts if t.get_text()]


def test_periodic_bonds_are_dashed():
    lines = nk.graph.Chain(6).draw(show=False).lines
    assert [line.get_linestyle() for line in lines] == ["-"] * 5 + ["--"] * 2


def test_orders_and_colours_have_a_legend():
    def names(ax):
        return [text.get_text() for text in ax.get_legend().get_texts()]

    square = nk.graph.Square(4)
    assert square.draw(show=False).get_legend() is None
    orders = square.draw(distance_order=3, show=False)
    assert names(orders) == ["1st neighbours", "2nd neighbours", "3rd neighbours"]
    # third neighbours lie behind second ones, and are reached by arcs
    assert compose(square, 3).bent == {2}
    kitaev = nk.graph.KitaevHoneycomb((3, 3)).draw(show=False)
    assert names(kitaev) == ["colour 0", "colour 1", "colour 2"]


def test_lengths_are_equal_in_all_directions():
    ax = nk.graph.Grid((2, 5), pbc=False).draw(show=False)
    ax.figure.canvas.draw()
    x, y = np.diff(ax.transData.transform([[0, 0], [1, 0], [1, 1]]), axis=0)
    np.testing.assert_allclose(x[0], y[1])


def test_on_given_axes():
    fig, axes = plt.subplots(1, 2)
    assert nk.graph.Square(3).draw(axes[0], show=False) is axes[0]
    solid = fig.add_subplot(projection="3d")
    assert nk.graph.Cube(2, pbc=False).draw(solid, show=False) is solid
    with pytest.raises(ValueError, match="must be made with projection='3d'"):
        nk.graph.Cube(2, pbc=False).draw(axes[1], show=False)
    with pytest.raises(ValueError, match="must not be made with projection='3d'"):
        nk.graph.Square(3).draw(solid, show=False)
    with pytest.raises(TypeError, match="`ax` must be axes of matplotlib, but is 3"):
        nk.graph.Square(3).draw(ax=3, show=False)


def test_sizes_and_colours():
    ax = nk.graph.Square(3).draw(
        figsize=(3, 3),
        node_size=50,
        node_color="k",
        node_text_color="r",
        node_text_offset=0.1,
        extra_sites_alpha=0.1,
        show=False,
    )
    np.testing.assert_allclose(ax.figure.get_size_inches(), 3)
    assert ax.collections[-1].get_sizes() == pytest.approx(50)
    numbers = [text for text in ax.texts if text.get_text() == "4"]
    assert numbers[0].get_color() == "r"
    np.testing.assert_allclose(numbers[0].get_position(), (1.1, 1.1))
    # numbers that nobody can read are left out
    assert not [t for t in nk.graph.Square(40).draw(show=False).texts if t.get_text() == "17"]


def test_four_dimensions():
    with pytest.raises(ValueError, match="up to 3 dimensions"):
        nk.graph.Hypercube(2, 4, pbc=False).draw(show=False)


@pytest.mark.parametrize(
    "lattice",
    [
        nk.graph.Square(4, pbc=False),
        nk.graph.Chain(7),
        nk.graph.Triangular((4, 3)),
    ],
)
def test_arcs_and_legends_are_on_the_picture(lattice):
    ax = lattice.draw(show=False, distance_order=3)
    ax.figure.canvas.draw()
    width = ax.figure.bbox.width
    assert ax.get_legend().get_window_extent().x1 <= width
    low, high = np.array([ax.get_xlim(), ax.get_ylim()]).T
    for line in ax.lines:
        points = np.asarray(line.get_xydata())
        assert (points >= low).all()
        assert (points <= high).all()
