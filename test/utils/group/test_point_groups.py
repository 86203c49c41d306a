# SPDX-License-Identifier: Apache-2.0
"""Isometries and point groups, against matrices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netket.utils.group import (
    Identity,
    PGSymmetry,
    PointGroup,
    axial,
    cubic,
    cyclic_group,
    icosa,
    planar,
    trivial_point_group,
)


def test_orders():
    assert [len(g) for g in (cubic.T(), cubic.Td(), cubic.Th(), cubic.O(), cubic.Oh())] == [
        12,
        24,
        24,
        24,
        48,
    ]
    assert len(icosa.I()) == 60
    assert len(icosa.Ih()) == 120
    assert len(cubic.Fd3m()) == 48
    assert [len(axial.S(n)) for n in (2, 3, 4)] == [2, 6, 4]
    assert [len(axial.Dd(n)) for n in (2, 3)] == [8, 12]
    assert len(axial.cuboid()) == 2 * len(axial.cuboid_rotations()) == 8
    assert len(planar.rectangle()) == 4
    assert cyclic_group(4).elems[3].permutation_array.tolist() == [1, 2, 3, 0]
    assert (cyclic_group(4)[1] @ np.arange(4)).tolist() == [1, 2, 3, 0]
    # in the order of products of rotations about two corners
    assert str(icosa.I()[10]) == "Rot(144°)[2,0,1]"


def test_corners_of_the_icosahedron_stay_corners():
    golden = (1 + 5**0.5) / 2
    angles = np.radians(72 * np.arange(5))
    ring = np.stack([2 * np.cos(angles), 2 * np.sin(angles), np.ones(5)], axis=1) / 5**0.5
    corners = np.concatenate([[[0, 0, 1]], ring, [[0, 0, -1]], -ring])
    assert abs(np.linalg.norm(ring[0] - ring[1]) - 2 / np.sqrt(golden * 5**0.5)) < 1e-12
    for g in icosa.Ih():
        images = g(corners)
        assert np.allclose(np.sort((images @ corners.T).max(axis=1)), 1)


def test_matrices_act_on_columns():
    np.testing.assert_allclose(planar.rotation(90).matrix @ [1, 0], [0, 1], atol=1e-15)
    np.testing.assert_allclose(planar.reflection(45).matrix @ [1, 0], [0, 1], atol=1e-15)
    np.testing.assert_allclose(axial.rotation(90, (0, 0, 2))(np.array([1, 0, 3])), [0, 1, 3])
    product = planar.rotation(90) @ planar.reflection(0)
    np.testing.assert_allclose(product.matrix, planar.reflection(45).matrix, atol=1e-15)


isometries = st.builds(
    lambda a, x, y, o: PGSymmetry(planar.rotation(a).matrix, (x, y)).change_origin((o, 2 * o)),
    *(st.floats(1, 359), *(3 * [st.floats(-2, 2)])),
)


@settings(max_examples=30, deadline=None)
@given(isometries, isometries)
def test_isometries(g, h):
    x = np.random.default_rng(0).standard_normal((5, 2))
    np.testing.assert_allclose((g @ h)(x), g(h(x)), atol=1e-12)
    np.testing.assert_allclose(g.preimage(g(x)), x, atol=1e-12)
    np.testing.assert_allclose(g.k_action(x), x @ g.matrix.T)
    origin = np.array([0.3, 0.2])
    np.testing.assert_allclose(g.change_origin(origin)(x + origin), g(x) + origin, atol=1e-12)
    ones = np.concatenate([x, np.ones((5, 1))], axis=1)
    np.testing.assert_allclose((ones @ g.affine_matrix.T)[:, :2], g(x))
    assert g == PGSymmetry(g.matrix, g.translation)
    assert hash(g) == hash(g.replace())
    assert g.is_proper


@pytest.mark.parametrize(
    ("element", "name"),
    [
        (planar.rotation(60), "Rot(60°)"),
        (planar.rotation(180).change_origin((0.5, 0)), "Rot(180°)O[1/2,0]"),
        (planar.reflection(90), "Refl(90°)"),
        (planar.glide((1, 0), (0, 0.25)), "Glide[1,0]O[0,1/4]"),
        (PGSymmetry(np.eye(2), (1, 0.5)), "Translation[1,1/2]"),
        (PGSymmetry(np.eye(3)), "Id()"),
        (axial.rotation(120, (1, -1, 1)), "Rot(120°)[1,-1,1]"),
        (axial.rotation(180, (1, 3**0.5, 0)), "Rot(180°)[1,1√3,0]"),
        (axial.rotation(72, (0.9, 0.3, 0.37)), "Rot(72°)[0.884,0.295,0.363]"),
        (axial.reflection((0, 0, 2)), "Refl[0,0,1]"),
        (axial.inversion().change_origin((0.125, 0, 0)), "Inv()O[1/8,0,0]"),
        (axial.rotoreflection(60, (0, 0, 1)), "RotoRefl(60°)[0,0,1]"),
        (axial.screw(-90, (0, 0, 0.5), (1, 0, 0)), "Screw(-90°)[0,0,1/2]O[1,0,0]"),
        (axial.glide((0, 0, 1), (0.5, 0, 0)), "Glide[1/2,0,0]ax[0,0,1]"),
        (PGSymmetry([[-1.0]]), "PGSymmetry([[-1.]], [0.])"),
    ],
)
def test_names(element, name):
    assert repr(element) == name


def test_point_group_as_arrays():
    group = planar.D(4)
    assert group.shape == np.asarray(group).shape == (8, 3, 3)
    assert group.matrices().shape == (8, 2, 2)
    assert not group.translations().any()
    np.testing.assert_array_equal(group.matrix(group[0]), np.eye(2))
    np.testing.assert_array_equal(group.affine_matrix(group[3]), group.to_array()[3])
    np.testing.assert_array_equal(group.translation(group[3]), [0, 0])
    assert group.rotation_group() == planar.C(4)
    assert group == planar.square()
    assert hash(group) == hash(planar.square())
    assert group != planar.D(2)
    assert group.is_subgroup(planar.D(2), proper=True)
    moved = group.change_origin((0.5, 0))
    assert not moved.is_symmorphic
    assert (moved.product_table == group.product_table).all()
    assert moved.change_origin((-0.5, 0)) == group
    assert isinstance(moved[0], Identity)
    assert (planar.C(2) @ planar.C(2)).remove_duplicates() == planar.C(2)


def test_subgroups_up_to_a_lattice():
    glide = planar.glide_group((1.0, 0.0))
    assert not glide.is_symmorphic
    in_lattice = glide.replace(unit_cell=np.diag([2.0, 1.0]))
    np.testing.assert_array_equal(in_lattice.product_table, [[0, 1], [1, 0]])
    assert axial.glide_group((0, 0, 1), (1, 0, 0)).elems[1].is_proper is False
    with pytest.raises(RuntimeError, match="unit_cell"):
        _ = glide.product_table


def test_errors():
    with pytest.raises(ValueError, match="orthogonal"):
        PGSymmetry(2 * np.eye(2))
    with pytest.raises(ValueError, match="square"):
        PGSymmetry(np.ones((2, 3)))
    with pytest.raises(ValueError, match="2 dimensions"):
        PGSymmetry(np.eye(2), np.ones(3))
    with pytest.raises(ValueError, match="3 dimensions"):
        PointGroup([Identity(), planar.rotation(60)], ndim=3)
    with pytest.raises(ValueError, match="unit_cell"):
        PointGroup([Identity()], ndim=2, unit_cell=np.eye(3))
    with pytest.raises(ValueError, match="no product"):
        planar.rotation(60) @ axial.rotation(60, (0, 0, 1))
    with pytest.raises(ValueError, match="positive integer"):
        planar.C(0)
    with pytest.raises(ValueError, match="positive integer"):
        cyclic_group(0)
    with pytest.raises(ValueError, match="axis"):
        axial.C(2, (0, 0, 0))
    with pytest.raises(ValueError, match="perpendicular"):
        axial.D(2, (0, 0, 1), (1, 0, 1))
    with pytest.raises(ValueError, match="perpendicular"):
        axial.glide((0, 0, 1), (0, 0, 1))
    with pytest.raises(ValueError, match="zero"):
        planar.glide((0, 0))
    with pytest.raises(ValueError, match="360"):
        axial.screw_group(100, (0, 0, 1))
    with pytest.raises(ValueError, match="no attribute"):
        planar.rotation(60).replace(x=1)
    assert len(trivial_point_group(4)) == 1
