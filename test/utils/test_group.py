# SPDX-License-Identifier: Apache-2.0
"""Permutations and groups of them, against products of permutation matrices."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from netket.utils.group import FiniteGroup, Identity, Permutation, PermutationGroup


def symmetric_group(n):
    elems = [Permutation(permutation_array=p) for p in itertools.permutations(range(n))]
    return PermutationGroup(elems, degree=n)


def matrix(g, n):
    return np.eye(n)[:, g.inverse_permutation_array].T if isinstance(g, Permutation) else np.eye(n)


def test_action_of_a_permutation():
    p = Permutation(permutation_array=[1, 2, 3, 0, 4])
    x = np.array([10, 20, 30, 40, 50])
    # the value of site i moves to site g(i)
    moved = p @ x
    assert all(moved[p.permutation_array[i]] == x[i] for i in range(5))
    np.testing.assert_array_equal(matrix(p, 5) @ x, moved)
    np.testing.assert_array_equal(p @ np.stack([x, x]), [moved, moved])
    np.testing.assert_array_equal(p @ jnp.asarray(x), moved)
    np.testing.assert_array_equal(p.apply_to_id([0, 3]), [1, 0])
    assert Permutation(inverse_permutation_array=p.inverse_permutation_array) == p
    assert sorted(map(sorted, p.cycle_decomposition())) == [[0, 1, 2, 3], [4]]


def test_products():
    rng = np.random.default_rng(0)
    p, q = (Permutation(permutation_array=rng.permutation(6)) for _ in range(2))
    np.testing.assert_array_equal(matrix(p @ q, 6), matrix(p, 6) @ matrix(q, 6))
    assert p @ Identity() == Identity() @ p == p
    named = Permutation(permutation_array=[1, 0], name="a")
    assert repr(named @ named) == "a @ a"


def test_tables_of_a_group():
    group = symmetric_group(4)
    matrices = np.array([matrix(g, 4) for g in group])
    for table, product in (
        (group.product_table, lambda g, h: g.T @ h),
        (group.conjugacy_table, lambda g, h: h.T @ g @ h),
    ):
        for i, j in np.random.default_rng(1).integers(0, 24, (50, 2)):
            np.testing.assert_array_equal(matrices[table[i, j]], product(matrices[i], matrices[j]))
    np.testing.assert_array_equal(matrices[group.inverse], matrices.transpose(0, 2, 1))
    classes, representatives, labels = group.conjugacy_classes
    assert sorted(classes.sum(axis=1)) == [1, 3, 6, 6, 8]
    assert classes[labels, np.arange(24)].all()
    assert (labels[representatives] == np.arange(5)).all()


def test_general_groups_have_the_same_tables():
    elems = list(symmetric_group(3))
    general, special = FiniteGroup(elems), PermutationGroup(elems, degree=3)
    np.testing.assert_array_equal(general.product_table, special.product_table)
    np.testing.assert_array_equal(general.inverse, special.inverse)


def test_group_as_a_sequence():
    group = symmetric_group(3)
    x = np.array([4, 5, 6])
    assert len(group) == 6
    assert group.shape == group.to_array().shape == (6, 3)
    np.testing.assert_array_equal(group @ x, x[group.to_array()])
    np.testing.assert_array_equal(group @ np.stack([x, x]), np.stack([x[group.to_array()]] * 2, 1))
    np.testing.assert_array_equal(group.apply_to_id(0), [g.permutation_array[0] for g in group])
    assert group == symmetric_group(3)
    assert hash(group) == hash(symmetric_group(3))


def test_duplicates_and_subgroups():
    swap = Permutation(permutation_array=[1, 0])
    group = PermutationGroup([Identity(), swap, swap @ swap, swap], degree=2)
    unique, inverse = group.remove_duplicates(return_inverse=True)
    assert len(unique) == 2
    assert inverse.tolist() == [0, 1, 0, 1]
    assert len((unique @ unique).remove_duplicates()) == 2
    trivial = PermutationGroup([Identity()], degree=2)
    assert unique.is_subgroup(trivial, proper=True)
    assert not trivial.is_subgroup(unique)
    assert not unique.is_subgroup(unique, proper=True)


def test_errors():
    with pytest.raises(ValueError, match="each of 0, ..., n - 1 once"):
        Permutation(permutation_array=[0, 0])
    with pytest.raises(ValueError, match="Exactly one"):
        Permutation()
    with pytest.raises(ValueError, match="permutations of 3 sites"):
        PermutationGroup([Permutation(permutation_array=[1, 0])], degree=3)
    swap = Permutation(permutation_array=[1, 0, 2])
    cycle = Permutation(permutation_array=[1, 2, 0])
    with pytest.raises(RuntimeError, match="no group"):
        _ = PermutationGroup([swap], degree=3).product_table
    with pytest.raises(RuntimeError, match="inverse"):
        _ = PermutationGroup([Identity(), cycle], degree=3).inverse
    with pytest.warns(FutureWarning, match="inverse_permutation_array"):
        Permutation([1, 2, 0])
