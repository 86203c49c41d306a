# SPDX-License-Identifier: Apache-2.0
"""Character tables and irreps of all groups, against the orthogonality theorems."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netket.utils.group import (
    FiniteGroup,
    Identity,
    Permutation,
    PermutationGroup,
    axial,
    cubic,
    cyclic_group,
    icosa,
    planar,
    trivial_point_group,
)

GROUPS = {
    **{f"planar.C({n})": planar.C(n) for n in (1, 2, 3, 4, 6, 7)},
    **{f"planar.D({n})": planar.D(n, 10) for n in (1, 2, 3, 4, 5, 6)},
    "reflection": planar.reflection_group(20),
    "trivial": trivial_point_group(3),
    **{f"C({n})": axial.C(n, (1, 2, 3)) for n in (2, 3, 5)},
    **{f"Ch({n})": axial.Ch(n) for n in (2, 3)},
    **{f"Cv({n})": axial.Cv(n) for n in (3, 4)},
    **{f"D({n})": axial.D(n) for n in (3, 4)},
    **{f"Dh({n})": axial.Dh(n) for n in (2, 3, 6)},
    **{f"Dd({n})": axial.Dd(n, (1, 1, 0), (0, 0, 1)) for n in (2, 3)},
    **{f"S({n})": axial.S(n) for n in (3, 4, 6)},
    "inversion": axial.inversion_group(),
    "T": cubic.T(),
    "Td": cubic.Td(),
    "Th": cubic.Th(),
    "O": cubic.O(),
    "Oh": cubic.Oh(),
    "Fd3m": cubic.Fd3m(),
    "I": icosa.I(),
    "Ih": icosa.Ih(),
    "Z6": cyclic_group(6),
    "glide": planar.glide_group((1, 0)).replace(unit_cell=np.diag([2.0, 1.0])),
    "screw": axial.screw_group(90, (0, 0, 1)).replace(unit_cell=np.diag([1.0, 1.0, 4.0])),
    "S4": PermutationGroup(
        [Permutation(permutation_array=p) for p in itertools.permutations(range(4))], degree=4
    ),
}


def quaternions():
    """The group of ±1, ±i, ±j, ±k by its action on itself: an irrep that cannot be made real."""
    one, i, j = np.eye(2), np.array([[1j, 0], [0, -1j]]), np.array([[0, 1], [-1, 0]])
    elements = [s * m for m in (one, i, j, i @ j) for s in (1, -1)]

    def place(m):
        return next(k for k, e in enumerate(elements) if np.allclose(e, m))

    images = [[place(g @ h) for h in elements] for g in elements]
    return PermutationGroup([Permutation(permutation_array=p) for p in images], degree=8)


GROUPS["quaternions"] = quaternions()


@pytest.fixture(params=GROUPS, scope="module")
def group(request):
    return GROUPS[request.param]


def test_axioms(group):
    table, n = group.product_table, len(group)
    products = table[group.inverse]
    identity = table[0, 0]
    np.testing.assert_array_equal(np.sort(table, axis=0), np.tile(np.arange(n)[:, None], n))
    np.testing.assert_array_equal(products[identity], np.arange(n))
    np.testing.assert_array_equal(products[np.arange(n), group.inverse], np.full(n, identity))
    x, y, z = np.random.default_rng(0).integers(0, n, (3, 200))
    np.testing.assert_array_equal(products[products[x, y], z], products[x, products[y, z]])


def test_characters_are_orthonormal(group):
    table, n = group.character_table(), len(group)
    np.testing.assert_allclose(table @ table.conj().T, n * np.eye(len(table)), atol=1e-10 * n)
    # columns: the order of the centraliser
    classes, representatives, _ = group.conjugacy_classes
    by_class = group.character_table_by_class
    assert by_class.shape == (len(classes), len(classes))
    columns = by_class.T @ by_class.conj()
    np.testing.assert_allclose(columns, np.diag(n / classes.sum(axis=1)), atol=1e-10 * n)
    np.testing.assert_array_equal(table[0], 1)
    assert (table[:, group.product_table[0, 0]].real ** 2).sum() == n


def test_irreps_are_unitary_and_orthogonal(group):
    products, n = group.product_table[group.inverse], len(group)
    irreps = group.irrep_matrices()
    for matrices, character in zip(irreps, group.character_table()):
        d = matrices.shape[1]
        np.testing.assert_allclose(np.einsum("gii->g", matrices), character, atol=1e-10)
        adjoint = matrices.conj().transpose(0, 2, 1)
        np.testing.assert_allclose(matrices @ adjoint, np.tile(np.eye(d), (n, 1, 1)), atol=1e-10)
        for g in np.random.default_rng(0).integers(0, n, 8):
            np.testing.assert_allclose(matrices[g] @ matrices, matrices[products[g]], atol=1e-10)
    # the great orthogonality theorem: matrix elements √(d/n) D_ij(g) are an orthonormal basis
    elements = np.concatenate([m.reshape(n, -1) * (m.shape[1] / n) ** 0.5 for m in irreps], axis=1)
    np.testing.assert_allclose(elements.conj().T @ elements, np.eye(n), atol=1e-10)


def test_an_irrep_that_cannot_be_real():
    *_, last = GROUPS["quaternions"].irrep_matrices()
    assert last.shape == (8, 2, 2)
    assert np.iscomplexobj(last)
    assert all(m.dtype == float for m in GROUPS["Oh"].irrep_matrices())


def test_order_of_irreps():
    i = 1j
    c4 = [[1, 1, 1, 1], [1, i, -1, -i], [1, -i, -1, i], [1, -1, 1, -1]]
    np.testing.assert_array_equal(planar.C(4).character_table(), c4)
    assert cubic.O().character_table_by_class.tolist()[2][0] == 2
    assert cubic.O().character_table_by_class.dtype == float


def test_readable():
    names, table = planar.D(4).character_table_readable()
    assert names == ["1xId()", "2xRot(90°)", "1xRot(180°)", "2xRefl(0°)", "2xRefl(-45°)"]
    assert table[4].tolist() == [2, 0, -2, 0, 0]
    names, table = planar.D(4).character_table_readable(full=True)
    assert len(names) == 8 == table.shape[1]


# -- projective representations ----------------------------------------------------------------


def pauli_multiplier(group):
    """The rotations by 180° of a spin 1/2: D(g) D(h) = α(g, h) D(g h)."""
    paulis = np.array([np.eye(2), [[1, 0], [0, -1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]]])
    products = group.product_table[group.inverse]
    pairs = np.einsum("aij,bjk->abik", paulis, paulis)
    return np.einsum("abik,abik->ab", pairs, paulis.conj()[products]) / 2


def test_projective_characters():
    d2 = planar.D(2)
    multiplier = pauli_multiplier(d2)
    assert d2.check_multiplier(multiplier)
    np.testing.assert_allclose(d2.character_table(multiplier), [[2, 0, 0, 0]], atol=1e-12)
    by_class, factors = d2.projective_characters_by_class(multiplier)
    np.testing.assert_array_equal(factors, [1, 0, 0, 0])
    names, table = d2.character_table_readable(multiplier)
    assert len(names) == 4
    assert table.shape == by_class.shape


@pytest.mark.parametrize("name", ["planar.D(4)", "T", "S(4)", "quaternions"])
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000))
def test_projective_characters_of_equivalent_multipliers(name, seed):
    # D'(g) = φ(g) D(g) has α(g, h) = φ(g) φ(h) / φ(g h)
    group = GROUPS[name]
    phases = np.exp(2j * np.pi * np.random.default_rng(seed).random(len(group)))
    products = group.product_table[group.inverse]
    multiplier = phases[:, None] * phases / phases[products]
    expected = phases * group.character_table()
    table = group.character_table(multiplier)
    np.testing.assert_allclose(
        np.abs(table @ expected.conj().T / len(group)).sum(axis=0), 1, atol=1e-9
    )
    overlaps = table @ expected.conj().T / len(group)
    np.testing.assert_allclose(overlaps @ overlaps.conj().T, np.eye(len(table)), atol=1e-9)
    np.testing.assert_allclose(overlaps.max(axis=1), 1, atol=1e-9)


def test_wrong_multipliers():
    d2 = planar.D(2)
    with pytest.raises(ValueError, match="absolute value 1"):
        d2.character_table(np.full((4, 4), 2.0))
    with pytest.raises(ValueError, match="shape"):
        d2.character_table(np.ones((3, 3)))
    wrong = np.ones((4, 4))
    wrong[1, 2] = -1
    assert not d2.check_multiplier(wrong)
    with pytest.raises(ValueError, match="for all elements"):
        d2.character_table(wrong)


# -- random groups -----------------------------------------------------------------------------


def generated(*generators):
    """The group that permutations generate."""
    elems = {tuple(range(len(generators[0])))}
    border = list(elems)
    while border and len(elems) <= 130:
        new = {tuple(np.array(g)[list(x)].tolist()) for x in border for g in generators} - elems
        elems |= new
        border = sorted(new)
    return sorted(elems)


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(5)), st.permutations(range(5)))
def test_groups_generated_by_two_permutations(g, h):
    elems = [Permutation(permutation_array=p) for p in generated(g, h)]
    group = PermutationGroup(elems, degree=5)
    general = FiniteGroup(elems)
    np.testing.assert_array_equal(group.product_table, general.product_table)
    np.testing.assert_array_equal(group.inverse, general.inverse)
    test_axioms(group)
    test_characters_are_orthonormal(group)
    test_irreps_are_unitary_and_orthogonal(group)


def test_no_group():
    with pytest.raises(RuntimeError, match="unit_cell"):
        planar.glide_group((1, 0)).character_table()
    swap = Permutation(permutation_array=[1, 0])
    with pytest.raises(RuntimeError, match="remove_duplicates"):
        PermutationGroup([Identity(), swap, swap, Identity()], degree=2).character_table()
