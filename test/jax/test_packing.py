# SPDX-License-Identifier: Apache-2.0
"""Packed evaluation: values, derivatives, number of evaluations; sparse arrays by coordinates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk

X = jnp.asarray(np.random.default_rng(0).normal(size=(11, 3)))


def f(p, x):
    return p * jnp.sum(jnp.sin(x), axis=-1)


@pytest.mark.parametrize("chunk_size, small", [(None, None), (4, None), (4, 1), (11, 3), (50, 2)])
@pytest.mark.parametrize("n_true", [0, 1, 4, 11])
def test_values_and_derivatives(chunk_size, small, n_true):
    mask = jnp.asarray(np.random.default_rng(n_true).permutation(np.arange(11) < n_true))
    fill = jnp.arange(11.0)

    def packed(p, x):
        return nk.jax.apply_packed(f, p, x, mask, fill, chunk_size=chunk_size, min_chunk_size=small)

    def plain(p, x):
        return jnp.where(mask, f(p, x), fill)

    np.testing.assert_allclose(jax.jit(packed)(2.0, X), plain(2.0, X))
    weights = jnp.arange(1.0, 12.0)
    slopes = [jax.grad(lambda p, g=g: jnp.sum(g(p, X) * weights))(2.0) for g in (packed, plain)]
    np.testing.assert_allclose(*slopes)


def test_only_wanted_rows_are_evaluated():
    seen = []

    def counted(p, x):
        jax.debug.callback(lambda x: seen.append(len(x)), x)
        return f(p, x)

    mask = jnp.arange(11) % 2 == 0  # 6 rows
    nk.jax.apply_packed(counted, 1.0, X, mask, 0, chunk_size=4, min_chunk_size=2)
    jax.effects_barrier()
    assert sorted(seen) == [2, 4]


def test_wrong_mask():
    with pytest.raises(ValueError, match=r"`where` must have shape \(11,\)"):
        nk.jax.apply_packed(f, 1.0, X, jnp.ones(4, bool), 0, chunk_size=2)


def test_coo_array():
    dense = np.zeros((2, 3, 2))
    dense[0, 2, 1], dense[1, 0, 0] = 3.0, -1.0
    coo = nk.jax.COOArray.fromdense(dense)
    assert coo.nnz == 2 and coo.ndim == 3 and coo.shape == (2, 3, 2) and coo.dtype == float
    np.testing.assert_array_equal(coo.coords, np.array(np.nonzero(dense)))
    np.testing.assert_array_equal(coo.todense(), dense)
    assert coo[0, 2, 1] == 3.0 and coo[1, 1, 1] == 0 and coo[-1, 0, 0] == -1
    i, j, k = np.indices(dense.shape)
    np.testing.assert_array_equal(jax.jit(lambda a: a[i, j, k])(coo), dense)
    filled = coo.replace(fill_value=7.0)
    assert filled[0, 0, 0] == 7 and filled.todense()[0, 0, 0] == 7
    with pytest.raises(IndexError, match="3 integers"):
        coo[0]
    with pytest.raises(IndexError, match="todense"):
        coo[0, :, 1]


def test_pcast():
    mesh = jax.make_mesh((1,), ("S",), axis_types=(jax.sharding.AxisType.Auto,))
    spec = jax.sharding.PartitionSpec("S")

    @jax.shard_map(mesh=mesh, in_specs=spec, out_specs=spec)
    def shifted(x):
        return x + nk.jax.lax.pcast({"a": jnp.ones(())}, "S")["a"]

    np.testing.assert_allclose(shifted(X), X + 1)
