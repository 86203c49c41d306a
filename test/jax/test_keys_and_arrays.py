# SPDX-License-Identifier: Apache-2.0
"""Random keys and choices, logarithms of determinants and sums, lexicographic order."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk


def test_prng_key():
    assert nk.jax.PRNGKey(4) == jax.random.key(4)
    assert nk.jax.PRNGKey(np.int64(4)) == jax.random.key(4)
    key = jax.random.key(2)
    assert nk.jax.PRNGKey(key) is key
    legacy = jax.random.PRNGKey(2)
    assert nk.jax.PRNGKey(legacy) is legacy
    assert jnp.issubdtype(nk.jax.PRNGKey().dtype, jax.dtypes.prng_key)
    assert nk.jax.PRNGKey() != nk.jax.PRNGKey()
    for nonsense in ("a", 2.5, True, np.zeros(3)):
        with pytest.raises(TypeError, match="`seed`"):
            nk.jax.PRNGKey(nonsense)


def test_prng_seq():
    first, second = nk.jax.PRNGSeq(5), nk.jax.PRNGSeq(jax.random.key(5))
    assert [next(first), first.next()] == [next(second), next(iter(second))]
    keys = first.take(3)
    assert keys.shape == (3,)
    assert len({int(jax.random.bits(k)) for k in [*keys, next(first)]}) == 4


def test_batch_choice_draws_with_the_weights():
    n = 20000
    p = jnp.broadcast_to(jnp.array([0.2, 0.0, 1.0, 0.8]), (n, 4))
    a = jnp.array([3, 4, 5, 6])
    choice, weight = nk.jax.batch_choice(jax.random.key(0), a, p, return_prob=True)
    counts = np.array([(choice == x).sum() for x in a])
    assert counts[1] == 0
    expected = n * np.array([0.1, 0.0, 0.5, 0.4])
    assert np.all(np.abs(counts - expected) <= 4 * np.sqrt(expected))
    np.testing.assert_allclose(weight, p[0][choice - 3])
    assert nk.jax.batch_choice(jax.random.key(0), jnp.ones((4, 2)), p).shape == (n, 2)


def test_logdet():
    A = np.random.default_rng(0).normal(size=(5, 3, 3))
    for matrix in (A, A * (1 + 2j), A.astype(np.float32)):
        out = nk.jax.logdet_cmplx(matrix)
        assert jnp.iscomplexobj(out)
        np.testing.assert_allclose(np.exp(out), np.linalg.det(matrix), rtol=1e-4)
    assert nk.jax.logdet_cmplx(A.astype(np.float32)).dtype == np.complex64


def test_logsumexp():
    a = jnp.array([[0.5, -1.0], [2.0, 700.0]])
    for b in (None, jnp.array([[1.0, -2.0], [-1.0, -1.0]]), jnp.array([1j, 0.5])):
        out = nk.jax.logsumexp_cplx(a, b=b, axis=1)
        weights = 1 if b is None else b
        np.testing.assert_allclose(
            jnp.exp(out - 700), jnp.sum(weights * jnp.exp(a - 700), axis=1), atol=1e-12
        )
        assert out.dtype == complex


def test_sort_and_search_rows():
    rng = np.random.default_rng(0)
    x = rng.integers(-1, 3, size=(50, 3))
    unique = np.unique(x, axis=0)  # in lexicographic order
    np.testing.assert_array_equal(nk.jax.sort(x), x[np.lexsort(x.T[::-1])])
    index = nk.jax.searchsorted(unique, x)
    np.testing.assert_array_equal(unique[index], x)
    np.testing.assert_array_equal(jax.jit(nk.jax.searchsorted)(unique, x), index)
    np.testing.assert_array_equal(nk.jax.searchsorted(unique, np.full((2, 2, 3), 9)), len(unique))
    np.testing.assert_array_equal(nk.jax.searchsorted(unique, np.full(3, -9)), 0)
    ordered = np.asarray(nk.jax.sort(x))
    first = [next(i for i, row in enumerate(ordered) if (row == v).all()) for v in x]
    np.testing.assert_array_equal(nk.jax.searchsorted(ordered, x), first)


def test_sort_and_search_vectors():
    x = jnp.array([3, 1, 2])
    np.testing.assert_array_equal(nk.jax.sort(x), [1, 2, 3])
    np.testing.assert_array_equal(nk.jax.searchsorted(nk.jax.sort(x), x), [2, 0, 1])
    with pytest.raises(ValueError, match="`v` must have rows of 2"):
        nk.jax.searchsorted(jnp.ones((3, 2)), jnp.ones((3, 3)))
    with pytest.raises(ValueError, match="vector or matrix"):
        nk.jax.sort(jnp.ones((1, 2, 3)))
