# SPDX-License-Identifier: Apache-2.0
"""Equal x' of one row are merged in the jax code: by comparing pairs, or by sorting."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.operator._base._grid import grid_of
from netket.operator._kernels._batch_jax import merge_few, merge_row


@pytest.mark.parametrize("n_sites", [2, 40])
def test_both_ways_of_merging_agree(n_sites):
    rng = np.random.default_rng(n_sites)
    grid = grid_of(nk.hilbert.Spin(0.5, n_sites))
    x = jnp.asarray(rng.integers(0, 2, (5, n_sites)), np.int8)
    xp = np.repeat(np.asarray(x)[:, None], 7, axis=1)
    xp[:, :, -2:] = rng.integers(0, 2, (5, 7, 2))
    mels = rng.normal(size=(5, 7)) + 1j
    mels[0, 1], xp[0, 1], xp[0, 0] = -mels[0, 0], 1, 1  # these cancel if no third one is equal
    mels[1, 3] = 0

    def by_sorting(mels):
        return jax.vmap(lambda *row: merge_row(*row, grid))(x, jnp.asarray(xp), mels)

    def by_pairs(mels):
        return merge_few(x, jnp.asarray(xp), mels, grid)

    (xp_a, a), (xp_b, b) = by_sorting(jnp.asarray(mels)), by_pairs(jnp.asarray(mels))
    np.testing.assert_array_equal(xp_a, xp_b)
    np.testing.assert_allclose(a, b, atol=1e-14)
    np.testing.assert_array_equal(a == 0, b == 0)
    weights = rng.normal(size=(5, 7))
    gradients = [
        jax.grad(lambda m, f=f: jnp.sum(weights * f(m)[1]))(jnp.asarray(mels.real))
        for f in (by_sorting, by_pairs)
    ]
    np.testing.assert_allclose(*gradients, atol=1e-14)
