# SPDX-License-Identifier: Apache-2.0
"""Batches of samples in any shape, dtype and memory layout have the same connected elements."""

import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.operator import Ising, ProductOperator, SumOperator

HILBERT = nk.hilbert.Spin(0.5, 5)
MIXED = nk.hilbert.Spin(1, 2) * nk.hilbert.Qubit(1)
BATCHES = [(), (1,), (7,), (0,), (2, 3), (2, 0, 3)]
DTYPES = [np.int8, np.int32, np.int64, np.float16, np.float32, np.float64]


def flips():
    return Ising(HILBERT, nk.graph.Chain(5), h=0.3, J=0.7)


def rows():
    return nk.operator.spin.sigmap(HILBERT, 1) @ nk.operator.spin.sigmax(HILBERT, 4) + 0.5


def merged():
    shift = nk.operator.permutation.PermutationOperator(HILBERT, [1, 2, 3, 4, 0])
    return SumOperator(ProductOperator(flips(), shift), rows(), coefficients=[0.5, 2.0])


def mixed():
    matrix = np.arange(36).reshape(6, 6) % 5
    return nk.operator.LocalOperator(MIXED, [matrix], [[1, 2]], dtype=float)


def agrees(op, x):
    """Whether elements are those of the matrix, and padding is the sample itself."""
    xp, mels = map(np.asarray, op.get_conn_padded(x))
    x = np.asarray(x)
    assert xp.shape == (*x.shape[:-1], mels.shape[-1], x.shape[-1]) and xp.dtype == x.dtype
    assert mels.shape[:-1] == x.shape[:-1] and mels.dtype == op.dtype
    same = (xp == x[..., None, :]).all(-1)
    assert same[mels == 0].all()
    matrix = op.to_dense()
    flat, hilbert = x.reshape(-1, x.shape[-1]), op.hilbert
    rows = xp.reshape(-1, *xp.shape[-2:]), mels.reshape(-1, mels.shape[-1])
    for sample, row, elements in zip(flat, *rows):
        total = np.zeros(len(matrix))
        np.add.at(total, hilbert.states_to_numbers(row), elements)
        np.testing.assert_allclose(total, matrix[hilbert.states_to_numbers(sample)], atol=1e-13)
    np.testing.assert_array_equal(op.n_conn(x), np.count_nonzero(mels, axis=-1))


@pytest.mark.parametrize("make", [flips, rows, merged, mixed])
def test_shapes_dtypes_and_layouts_on_the_host(make):
    op, rng = make().to_numba(), np.random.default_rng(0)
    states = op.hilbert.all_states()
    for batch in BATCHES:
        x = states[rng.integers(len(states), size=batch)]
        for dtype in DTYPES:
            agrees(op, x.astype(dtype))
        agrees(op, np.asfortranarray(x))
        agrees(op, np.repeat(x, 2, axis=-1)[..., ::2])
        agrees(op, x.astype(np.dtype(np.int32).newbyteorder()))
        agrees(op, jnp.asarray(x, np.int8))
        read_only = x.astype(np.int8)
        read_only.flags.writeable = False
        agrees(op, read_only)


@pytest.mark.parametrize("make", [flips, merged, mixed])
def test_shapes_and_dtypes_with_jax(make):
    op, rng = make().to_jax(), np.random.default_rng(0)
    states = op.hilbert.all_states()
    for batch in BATCHES:
        agrees(op, jnp.asarray(states[rng.integers(len(states), size=batch)], np.int8))
    x = states[rng.integers(len(states), size=7)]
    for dtype in DTYPES:
        agrees(op, jnp.asarray(x, dtype))
        agrees(op, x.astype(dtype))


@pytest.mark.parametrize("backend", ["numba", "jax"])
@pytest.mark.parametrize("n_sites", [1, 8, 33, 64, 65, 130])
def test_single_flips_of_short_and_long_samples(n_sites, backend):
    hilbert = nk.hilbert.Qubit(n_sites)
    op = Ising(hilbert, [(0, n_sites - 1)], h=0.5, backend=backend)
    x = np.random.default_rng(n_sites).integers(0, 2, (6, n_sites), np.int8)
    xp, mels = op.get_conn_padded(jnp.asarray(x) if backend == "jax" else x)
    flipped = np.eye(n_sites + 1, n_sites, -1, np.int8) ^ x[:, None]
    np.testing.assert_array_equal(xp, flipped)
    diagonal = np.where(x[:, 0] == x[:, -1], 1.0, -1.0)
    np.testing.assert_array_equal(mels[:, 0], diagonal)
    np.testing.assert_array_equal(mels[:, 1:], np.full((6, n_sites), -0.5))


@pytest.mark.parametrize("backend", ["numba", "jax"])
@pytest.mark.parametrize("make", [flips, merged, mixed])
def test_the_first_bad_sample_is_named(make, backend):
    op = make().to_backend(backend)
    x = np.repeat(op.hilbert.all_states()[:1], 70, axis=0)
    if backend == "jax":
        x = jnp.asarray(x)
    op.get_conn_padded(x)  # later calls know more
    bad = np.isin(np.arange(70), [66, 68])[:, None]
    for samples in (np.where(bad, 9, x), jnp.where(bad, 9, x)):
        with pytest.raises(ValueError, match="Sample 66, .* is outside of the Hilbert space"):
            op.get_conn_padded(samples)
    with pytest.raises(ValueError, match="one entry for each site"):
        op.get_conn_padded(x[:, 1:])
