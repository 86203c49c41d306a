# SPDX-License-Identifier: Apache-2.0
"""Distances in boxes, against all images; cells as arguments of compiled functions."""

import itertools
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netket.experimental.geometry import Cell, FreeSpace


def closest_image(cell, r1, r2):
    """The smallest distance to the images within two boxes around the point."""
    shifts = [range(-2, 3) if p else [0] for p in cell.pbc]
    lengths = np.where(cell.pbc, cell.extent, 0.0)
    return min(np.linalg.norm(r1 - r2 + np.array(n) * lengths) for n in itertools.product(*shifts))


boxes = st.integers(1, 3).flatmap(
    lambda d: st.tuples(
        st.lists(st.floats(0.5, 5.0), min_size=d, max_size=d),
        st.lists(st.booleans(), min_size=d, max_size=d),
        st.integers(0, 2**31),
    )
)


@given(boxes)
@settings(max_examples=25, deadline=None)
def test_distance_is_that_to_the_closest_image(box):
    extent, pbc, seed = box
    cell = Cell(len(extent), L=extent, pbc=pbc)
    r1, r2 = np.random.default_rng(seed).uniform(0, extent, (2, len(extent)))
    np.testing.assert_allclose(cell.distance(r1, r2), closest_image(cell, r1, r2), atol=1e-12)
    np.testing.assert_allclose(cell.distance(r2, r1), cell.distance(r1, r2))
    np.testing.assert_allclose(FreeSpace(len(extent)).distance(r1, r2), np.linalg.norm(r1 - r2))


def test_distance_of_batches_and_types():
    cell = Cell(2, L=(1.0, 2.0), pbc=(True, False))
    r1, r2 = jnp.zeros((3, 1, 2)), jnp.ones((1, 4, 2))
    assert cell.distance(r1, r2).shape == (3, 4)
    np.testing.assert_allclose(cell.distance(r1, r2), 1.0)
    single = cell.distance(np.zeros(2, np.float32), np.ones(2, np.float32))
    assert single.dtype == np.float32
    assert float(cell.distance([0, 0], [1, 2])) == 2.0
    assert float(jax.vmap(cell.distance)(r1[:, 0], r2[0, :3])[0]) == 1.0


def test_derivatives():
    cell = Cell(2, L=3.0)
    r1, r2 = jnp.array([0.1, 0.2]), jnp.array([2.9, 0.5])
    gradient = jax.grad(cell.distance)(r1, r2)
    vector = np.array([0.2, -0.3])
    np.testing.assert_allclose(gradient, vector / np.linalg.norm(vector))
    np.testing.assert_array_equal(jax.grad(cell.distance)(r1, r1), [0.0, 0.0])
    # by the length of the box, for pressures: the image moves with it
    by_length = jax.grad(lambda L: Cell(2, L=L).distance(r1, r2))(3.0)
    np.testing.assert_allclose(by_length, vector[0] / np.linalg.norm(vector))
    by_leaf = jax.jit(jax.grad(lambda c: c.distance(r1, r2)))(cell)
    np.testing.assert_allclose(by_leaf.extent[0], by_length)


def test_values():
    cell = Cell(3, L=2, pbc=(True, True, False))
    assert (cell.dimension, cell.extent, cell.pbc) == (3, (2.0,) * 3, (True, True, False))
    assert repr(Cell(1, L=2)) == "Cell(extent=(2.0,), pbc=(True,))"
    free = FreeSpace(2)
    assert (free.extent, free.pbc) == ((np.inf,) * 2, (False,) * 2)
    half_free = Cell(2, L=(1.0, np.inf), pbc=(True, False))
    np.testing.assert_allclose(half_free.distance([0.1, 0.0], [0.9, 7.0]), np.hypot(0.2, 7.0))


def test_compared_by_content_and_static():
    cell = Cell(2, L=np.array([1, 2]), pbc=[True, False])
    same = Cell(2, L=(1.0, 2.0), pbc=(True, False))
    assert cell == same and hash(cell) == hash(same) and len({cell, same}) == 1
    assert cell != Cell(2, L=(1.0, 2.0)) and cell != 3
    assert FreeSpace(2) == FreeSpace(2) != FreeSpace(3)
    assert FreeSpace(2) != Cell(2, L=np.inf, pbc=False)
    assert pickle.loads(pickle.dumps(cell)) == cell
    leaves, structure = jax.tree.flatten(cell)
    assert jax.tree.unflatten(structure, leaves) == cell
    traces = []

    def f(c, r):
        traces.append(c)
        return c.distance(r, 0 * r)

    jitted = jax.jit(f, static_argnums=0)
    assert float(jitted(cell, jnp.array([0.75, 0.0]))) == 0.25
    jitted(same, jnp.array([0.75, 0.0]))
    assert len(traces) == 1


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ((0,), ValueError, "`d` must be at least 1"),
        ((2.0,), TypeError, "`d` must be an integer"),
        ((2, (1.0, 2.0, 3.0)), ValueError, "`L` must be one value, or 2 of them"),
        ((2, -1.0), ValueError, "positive lengths"),
        ((2, np.nan), ValueError, "positive lengths"),
        ((1, "long"), TypeError, "`L` must hold numbers"),
        ((2, 1.0, [True]), ValueError, "`pbc` must be one value, or 2 of them"),
        ((2, 1.0, 3), TypeError, "`pbc` must hold True or False"),
        ((2, (1.0, np.inf)), ValueError, "must be finite in periodic directions.*FreeSpace"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        Cell(*arguments)


def test_points_of_another_dimension():
    with pytest.raises(ValueError, match=r"must have shape \(..., 2\)"):
        Cell(2).distance(np.zeros(3), np.zeros(3))
