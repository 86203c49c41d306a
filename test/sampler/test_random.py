# SPDX-License-Identifier: Apache-2.0
"""Integers from random bits, and choices among the entries of a mask."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netket.sampler._random import nth, nth_true, random_integers


def test_integers_are_uniform():
    numbers = np.asarray(random_integers(jax.random.key(0), (7, 10000), 7))
    counts = np.bincount(numbers.ravel())
    assert len(counts) == 7
    np.testing.assert_allclose(counts, 10000, atol=5 * np.sqrt(10000))
    several = random_integers(jax.random.key(0), (3, 1000), jnp.array([[1], [2], [5]]))
    assert [set(row.tolist()) for row in several] == [{0}, {0, 1}, {0, 1, 2, 3, 4}]


def test_the_largest_number_below_one():
    u = jnp.array([0.0, 1 - 2.0**-24, 0.5], jnp.float32)
    assert nth(u, 2**24 - 1).tolist() == [0, 2**24 - 2, 2**23 - 1]


@pytest.mark.parametrize("k", [1, 2, 7, 16, 201])
def test_nth_true(k):
    rng = np.random.default_rng(k)
    mask = rng.random((40, k)) < 0.4
    mask[np.arange(40), rng.integers(k, size=40)] = True
    n = (rng.random(40) * mask.sum(1)).astype(int)
    expected = [np.flatnonzero(row)[i] for row, i in zip(mask, n)]
    assert nth_true(jnp.asarray(mask), jnp.asarray(n)).tolist() == expected
