# SPDX-License-Identifier: Apache-2.0
"""Trees as vectors: compared with the same on ravelled arrays."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk

REAL = {"a": jnp.array([0.3, -0.7, 1.1]), "b": [jnp.array([[2.0, -1.0]])]}
COMPLEX = jax.tree_util.tree_map(lambda x: x * (1 + 2j), REAL)
MIXED = {"a": REAL["a"], "b": COMPLEX["b"]}
TREES = [REAL, COMPLEX, MIXED]


def ravel(tree):
    return np.concatenate([np.ravel(x) for x in jax.tree_util.tree_leaves(tree)])


@pytest.mark.parametrize("x", TREES)
@pytest.mark.parametrize("y", TREES)
def test_algebra(x, y):
    np.testing.assert_allclose(nk.jax.tree_dot(x, y), ravel(x) @ ravel(y))
    np.testing.assert_allclose(ravel(nk.jax.tree_axpy(2.5j, x, y)), 2.5j * ravel(x) + ravel(y))
    np.testing.assert_allclose(ravel(nk.jax.tree_axpy(x, x, y)), ravel(x) ** 2 + ravel(y))
    np.testing.assert_allclose(ravel(nk.jax.tree_ax(y, x)), ravel(x) * ravel(y))
    np.testing.assert_allclose(ravel(nk.jax.tree_conj(x)), ravel(x).conj())


@pytest.mark.parametrize("ord", [1, 2, 3, np.inf])
@pytest.mark.parametrize("x", TREES)
def test_norm(x, ord):
    np.testing.assert_allclose(nk.jax.tree_norm(x, ord), np.linalg.norm(ravel(x), ord))


def test_questions():
    assert [nk.jax.tree_leaf_iscomplex(t) for t in TREES] == [False, True, True]
    assert [nk.jax.tree_leaf_isreal(t) for t in TREES] == [True, False, True]
    assert [nk.jax.tree_ishomogeneous(t) for t in TREES] == [True, True, False]
    assert nk.jax.tree_size(MIXED) == 5
    assert nk.jax.tree_size({"a": 1.0}) == 1
    assert nk.jax.tree_leaf_iscomplex({"a": 1j})


@pytest.mark.parametrize("x", TREES)
def test_ravel_without_a_warning(x):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vector, restore = nk.jax.tree_ravel(x)
        back = restore(vector)
    np.testing.assert_array_equal(vector, ravel(x))
    jax.tree_util.tree_map(np.testing.assert_array_equal, back, x)
    assert [v.dtype for v in jax.tree_util.tree_leaves(back)] == [
        v.dtype for v in jax.tree_util.tree_leaves(x)
    ]


@pytest.mark.parametrize("x", TREES)
def test_to_real_and_back(x):
    (real, imag), restore = nk.jax.tree_to_real(x)
    assert all(not jnp.iscomplexobj(v) for v in jax.tree_util.tree_leaves((real, imag)))
    n_complex = sum(jnp.iscomplexobj(v) for v in jax.tree_util.tree_leaves(x))
    assert len(jax.tree_util.tree_leaves(imag)) == n_complex
    jax.tree_util.tree_map(np.testing.assert_array_equal, restore((real, imag)), x)
    jax.tree_util.tree_map(np.testing.assert_array_equal, jax.jit(restore)((real, imag)), x)


def test_cast():
    cast = nk.jax.tree_cast(COMPLEX, MIXED)
    assert cast["a"].dtype == float
    np.testing.assert_array_equal(cast["a"], COMPLEX["a"].real)
    assert nk.jax.tree_cast(REAL, COMPLEX)["a"].dtype == complex
    shapes = jax.eval_shape(lambda: jnp.zeros(3, jnp.complex64))
    assert nk.jax.tree_cast(REAL["a"], shapes).dtype == np.complex64


def test_dtypes():
    assert nk.jax.dtype_complex(np.float32) == np.complex64
    assert nk.jax.dtype_complex(jnp.zeros(1).dtype) == np.complex128
    assert nk.jax.dtype_real(np.complex64) == np.float32
    assert nk.jax.dtype_real(int) == np.int64
    assert nk.jax.is_complex_dtype("complex64")
    assert nk.jax.is_complex_dtype(jnp.zeros(1, complex))
    with pytest.raises(TypeError, match="floating"):
        nk.jax.dtype_complex(np.int8)
    assert nk.jax.maybe_promote_to_complex(np.complex64, np.float32) == np.complex64
    assert nk.jax.maybe_promote_to_complex(np.float32, np.complex128) == np.complex64
    assert nk.jax.maybe_promote_to_complex(np.float32, float) == np.float32
    assert nk.jax.canonicalize_dtypes(np.float32(1), 2.0, None) == np.float32
    assert nk.jax.canonicalize_dtypes(None) == np.float64
    assert nk.jax.canonicalize_dtypes(1.0, dtype=np.float32) == np.float32


def test_functional():
    assert nk.jax.compose(lambda x: x + 1, lambda x, y: x * y)(3, 4) == 13
    assert nk.jax.compose()(3) == 3
    shape = nk.jax.eval_shape(lambda x: (x @ x, 1), jnp.ones((2, 2)), has_aux=True)
    assert shape.shape == (2, 2)
