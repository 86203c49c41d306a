# SPDX-License-Identifier: Apache-2.0
"""Translation groups and space groups, against permutations and the orthogonality theorems."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netket as nk
from netket.graph.lattice import InvalidSiteError, InvalidWaveVectorError
from netket.graph.space_group import SpaceGroup, Translation, TranslationGroup
from netket.utils.group import Identity, PermutationGroup, axial, planar

pytestmark = pytest.mark.filterwarnings(
    "ignore::netket.errors.InitializePeriodicLatticeOnSmallLatticeWarning"
)

GLIDE = {
    "basis_vectors": np.diag([2.0, 1.0]),
    "site_offsets": np.array([[0.0, 0.2], [1.0, -0.2]]),
    "point_group": planar.glide_group(trans=(1.0, 0.0)),
}
# lattice, and orders of the point group, its rotations, and the translations
LATTICES = {
    "chain": (lambda: nk.graph.Chain(6), 2, 1, 6),
    "open chain": (lambda: nk.graph.Chain(5, pbc=False), 2, 1, 1),
    "square": (lambda: nk.graph.Square(3), 8, 4, 9),
    "small square": (lambda: nk.graph.Square(2), 8, 4, 4),
    "open square": (lambda: nk.graph.Square(3, pbc=False), 8, 4, 1),
    "grid": (lambda: nk.graph.Grid((4, 3)), 4, 2, 12),
    "coloured grid": (lambda: nk.graph.Grid((3, 3), color_edges=True), 4, 2, 9),
    "half open grid": (lambda: nk.graph.Grid((3, 3), pbc=[True, False]), 4, 2, 3),
    "3d grid": (lambda: nk.graph.Grid((3, 3, 2)), 16, 8, 18),
    "cube": (lambda: nk.graph.Cube(2), 48, 24, 8),
    "triangular": (lambda: nk.graph.Triangular((3, 3)), 12, 6, 9),
    "honeycomb": (lambda: nk.graph.Honeycomb((3, 3)), 12, 6, 9),
    "kagome": (lambda: nk.graph.Kagome((2, 2)), 12, 6, 4),
    "kitaev": (lambda: nk.graph.KitaevHoneycomb((3, 2)), 2, 2, 6),
    "fcc": (lambda: nk.graph.FCC((2, 2, 2)), 48, 24, 8),
    "bcc": (lambda: nk.graph.BCC((2, 2, 2)), 48, 24, 8),
    "diamond": (lambda: nk.graph.Diamond((2, 2, 2)), 48, 24, 8),
    "pyrochlore": (lambda: nk.graph.Pyrochlore((2, 2, 2)), 48, 24, 8),
    "glide": (lambda: nk.graph.Lattice(extent=(4, 3), **GLIDE), 2, 1, 12),
}


@pytest.fixture(params=LATTICES, scope="module")
def case(request):
    make, *orders = LATTICES[request.param]
    return (make(), *orders)


def test_orders(case):
    lattice, point, rotations, translations = case
    assert len(lattice.point_group()) == point
    assert len(lattice.rotation_group()) == rotations
    assert len(lattice.translation_group()) == translations
    assert len(lattice.space_group()) == point * translations
    assert lattice.space_group() is lattice.default_space_group


def test_elements_keep_the_edges(case):
    lattice = case[0]
    edges = {tuple(sorted(e)) for e in lattice.edges()}
    for images in lattice.space_group().apply_to_id(np.array(lattice.edges())):
        assert {tuple(sorted(e)) for e in images.tolist()} == edges


def test_product_table(case):
    group = case[0].space_group()
    products = group.product_table[group.inverse]
    preimages = group.to_array()
    for g, h in np.random.default_rng(0).integers(0, len(group), (100, 2)):
        # (g h)⁻¹ = h⁻¹ g⁻¹
        np.testing.assert_array_equal(preimages[products[g, h]], preimages[h][preimages[g]])
        product = group._canonical(group[g] @ group[h])
        assert product == group._canonical(group[products[g, h]])
    np.testing.assert_array_equal(np.sort(products, axis=1)[:, 0], 0)
    assert (products[np.arange(len(group)), group.inverse] == products[0, 0]).all()
    distinct = len(np.unique(preimages, axis=0)) == len(group)
    if distinct and len(group) < 200:
        plain = PermutationGroup(group.elems, degree=group.degree)
        np.testing.assert_array_equal(plain.product_table, group.product_table)


def test_characters(case):
    group = case[0].space_group()
    table, n = group.character_table(), len(group)
    np.testing.assert_allclose(table @ table.conj().T, n * np.eye(len(table)), atol=1e-10 * n)
    assert round((table[:, 0].real ** 2).sum()) == n


def momenta(lattice):
    """All wave vectors, one for each translation."""
    shape = lattice.translation_group().group_shape
    m = np.stack(np.unravel_index(np.arange(shape.prod()), shape), axis=-1)
    return 2 * np.pi * (m / lattice.extent) @ np.linalg.inv(lattice.basis_vectors).T


def test_irreps_from_stars_are_all_irreps(case):
    # the union over stars of wave vectors is the character table: a different way to compute it
    group = case[0].space_group()
    rows = np.concatenate([group.space_group_irreps(*k) for k in momenta(case[0])])
    overlaps = rows @ group.character_table().conj().T / len(group)
    np.testing.assert_allclose(np.sort(np.abs(overlaps), axis=1)[:, :-1], 0, atol=1e-10)
    np.testing.assert_allclose(np.abs(overlaps).max(axis=1), 1, atol=1e-10)
    np.testing.assert_array_less(0.5, np.abs(overlaps).max(axis=0))


def test_momenta_of_irreps():
    group = nk.graph.Square(4).space_group()
    table = group.character_table()
    for k in momenta(group.lattice):
        rows = group.irrep_indices(*k)
        np.testing.assert_allclose(table[rows], group.space_group_irreps(*k), atol=1e-10)
    for row, k in enumerate(group.irrep_momenta):
        assert row in group.irrep_indices(*k)
    np.testing.assert_array_equal(group.irrep_momenta[0], [0, 0])
    np.testing.assert_array_equal(nk.graph.Chain(6).space_group().irrep_indices(0), [0, 2])


def test_one_arm(case):
    lattice = case[0]
    group = lattice.space_group()
    for k in momenta(lattice)[:3]:
        arm, star = group.one_arm_irreps(*k), group.space_group_irreps(*k)
        n_little = len(group.little_group(*k))
        assert arm.shape == star.shape
        # the arms of a star: d(star) = d(little group) x number of arms
        n_arms = len(group.point_group) // n_little
        np.testing.assert_allclose(star[:, 0].real, arm[:, 0].real * n_arms, atol=1e-9)
        weight = (np.abs(arm) ** 2).sum(axis=1) / len(group)
        np.testing.assert_allclose(weight, 1 / n_arms, atol=1e-9)


def test_irreps_as_matrices():
    for name in ("square", "diamond", "glide"):
        group = LATTICES[name][0]().space_group()
        products = group.product_table[group.inverse]
        for matrices, chi in zip(group.irrep_matrices(), group.character_table()):
            np.testing.assert_allclose(np.einsum("gii->g", matrices), chi, atol=1e-10)
            for g in (1, 5, len(group) - 1):
                np.testing.assert_allclose(
                    matrices[g] @ matrices, matrices[products[g]], atol=1e-10
                )


def test_nonsymmorphic_irreps_stick_together():
    # at the zone boundary X of the diamond lattice all irreps have two dimensions
    group = nk.graph.Diamond((2, 2, 2)).space_group()
    x = (2 * np.pi, 0, 0)
    multipliers = group.little_group_multipliers(*x)
    assert multipliers.shape == (16, 16)
    assert group.little_group(*x).check_multiplier(multipliers, atol=1e-10)
    names, table = group.little_group_irreps_readable(*x)
    assert len(names) == table.shape[1] == 10
    np.testing.assert_array_equal(table[:, 0], 2)
    assert group.little_group_multipliers(0, 0, 0) is None


def test_glide_at_the_zone_boundary():
    group = nk.graph.Lattice(extent=(2, 3), **GLIDE).space_group()
    k = (np.pi / 2, 0)
    irreps = group.one_arm_irreps(*k)
    glide = int(np.flatnonzero([str(g) == "Glide[1,0]" for g in group])[0])
    # its square is the translation by the cell, exp(-i k·(2, 0)) = -1
    np.testing.assert_allclose(np.sort(irreps[:, glide].imag), [-1, 1], atol=1e-12)


def test_little_groups():
    group = nk.graph.Square(4).space_group()
    orders = [((0, 0), 8), ((np.pi, np.pi), 8), ((np.pi, 0), 4), ((np.pi / 2, 0), 2)]
    for k, order in orders:
        assert len(group.little_group(*k)) == order
    assert group.little_group([np.pi, 0]) == group.little_group(np.pi, 0)
    names, table = group.little_group_irreps_readable(np.pi, 0, full=True)
    assert names == ["Id()", "Refl(0°)", "Refl(90°)", "Rot(180°)"]
    np.testing.assert_array_equal(table[0], 1)


# -- translations ------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(st.tuples(*2 * [st.sampled_from([1, 2, 4, 6])]), st.tuples(*2 * [st.sampled_from([1, 2])]))
def test_translations(extent, strides):
    lattice = nk.graph.Lattice(
        np.eye(2), extent, site_offsets=[[0, 0], [0.3, 0.1]], custom_edges=[]
    )
    if any(n % s for n, s in zip(extent, strides)):
        with pytest.raises(ValueError, match="divisors"):
            lattice.translation_group(strides=strides)
        return
    group = lattice.translation_group(dim=(0, 1), strides=strides)
    shape = np.array(extent) // strides
    np.testing.assert_array_equal(group.group_shape, shape)
    assert len(group) == shape.prod()
    positions = lattice.positions
    for g in group:
        vector = np.zeros(2) if isinstance(g, Identity) else g._vector
        image = lattice.id_from_position(positions + vector)
        permutation = np.arange(len(image)) if isinstance(g, Identity) else g.permutation_array
        np.testing.assert_array_equal(permutation, image)
    plain = PermutationGroup(group.elems, degree=group.degree)
    np.testing.assert_array_equal(plain.product_table, group.product_table)
    np.testing.assert_array_equal(plain.inverse, group.inverse)
    np.testing.assert_allclose(plain.character_table(), group.character_table(), atol=1e-12)


def test_axes_and_strides():
    grid = nk.graph.Grid((4, 6), pbc=[True, False])
    group = grid.translation_group()
    assert (group.axes, group.strides, group.group_shape.tolist()) == ((0, 1), (1, 1), [4, 1])
    assert len(grid.translation_group(dim=1)) == 1
    both = nk.graph.Grid((4, 6)).translation_group
    assert both(dim=(1, 0)).elems[1] == both(dim=0).elems[1]
    assert both(dim=1, strides=3).group_shape.tolist() == [1, 2]
    assert both().is_subgroup(both(strides=2))
    assert nk.graph.Chain(4).space_group().is_subgroup(nk.graph.Chain(4).translation_group())
    assert both().replace(strides=2) == both(strides=2)
    assert isinstance(both(dim=0) @ both(dim=1), PermutationGroup)
    assert len((both(dim=0) @ both(dim=1)).remove_duplicates()) == 24
    for bad in ({"dim": 2}, {"dim": -1}, {"dim": (0, 0)}, {"strides": 0}, {"strides": (1,)}):
        with pytest.raises(ValueError, match=r"axes|strides"):
            both(**bad)


def test_momenta():
    group = nk.graph.Square(4).translation_group()
    irrep = group.momentum_irrep(np.pi / 2, -np.pi / 2)
    vectors = np.array([[0, 0] if isinstance(g, Identity) else g._vector for g in group])
    np.testing.assert_allclose(irrep, np.exp(-0.5j * np.pi * vectors @ [1, -1]), atol=1e-12)
    with pytest.raises(InvalidWaveVectorError):
        group.momentum_irrep(0.1, 0.2)
    with pytest.raises(ValueError, match="2 components"):
        group.momentum_irrep(np.pi)
    triangular = nk.graph.Triangular((3, 3)).translation_group()
    for k in momenta(triangular.lattice):
        vectors = [np.zeros(2) if isinstance(g, Identity) else g._vector for g in triangular]
        positions = np.array(vectors) @ triangular.lattice.basis_vectors
        np.testing.assert_allclose(
            triangular.momentum_irrep(*k), np.exp(-1j * positions @ k), atol=1e-12
        )


def test_translation_elements():
    t = Translation(displacement=[1], permutation_array=[1, 2, 0])
    assert repr(t @ t) == "Translation([2])"
    assert isinstance(t @ t, Translation)
    assert t == nk.graph.Chain(3).translation_group()[1]


# -- arguments ---------------------------------------------------------------------------------


def test_given_point_groups():
    lattice = nk.graph.Lattice(np.eye(2), (3, 3), point_group=planar.C(4))
    assert len(lattice.point_group()) == 4
    assert len(lattice.point_group(planar.D(2))) == 4
    assert len(lattice.space_group(planar.D(4))) == 72
    group = lattice.space_group()
    assert isinstance(group, SpaceGroup)
    assert group.lattice is lattice
    assert isinstance(group.translation_group(0), TranslationGroup)
    assert group.translation_group() is group.full_translation_group
    assert group.rotation_group == group.point_group
    assert group == pickle.loads(pickle.dumps(group))
    assert hash(group) == hash(lattice.space_group())
    assert len(group.replace(point_group=planar.C(2))) == 18
    assert "SpaceGroup" in repr(group)


def test_groups_that_do_not_act_on_the_lattice():
    square = nk.graph.Square(3)
    with pytest.raises(InvalidSiteError, match="point_group"):
        square.space_group(planar.C(3))
    with pytest.raises(InvalidSiteError, match="point_group"):
        nk.graph.Grid((3, 4)).point_group(planar.D(4))
    with pytest.raises(InvalidSiteError, match="change_origin"):
        nk.graph.Square(3, pbc=False).point_group(planar.C(4))
    with pytest.raises(ValueError, match="2 dimensions"):
        square.space_group(axial.C(2))
    with pytest.raises(TypeError, match="PointGroup"):
        square.space_group(3)
    for lattice in (
        nk.graph.Lattice(np.eye(2), (3, 3)),
        nk.graph.Triangular((3, 4)),
        nk.graph.Honeycomb((3, 3), pbc=False),
    ):
        with pytest.raises(RuntimeError, match="no default point group"):
            lattice.point_group()
    with pytest.raises(InvalidWaveVectorError):
        square.space_group().little_group(0.1, 0)


def test_old_names():
    group = nk.graph.Chain(3).space_group()
    with pytest.warns(FutureWarning, match="space_group_builder"):
        nk.graph.Chain(3).space_group_builder()
    with pytest.warns(FutureWarning, match="point_group_"):
        assert len(group.point_group_) == 2
    with pytest.warns(FutureWarning, match="itself"):
        assert group.space_group is group
