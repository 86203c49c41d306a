# SPDX-License-Identifier: Apache-2.0
"""Chunked evaluation equals that of the whole batch, for any size of chunks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk

SIZES = [None, 1, 2, 3, 7, 100]


def batch(n=7, k=3):
    return jnp.asarray(np.random.default_rng(0).normal(size=(n, k)))


@pytest.mark.parametrize("chunk_size", SIZES)
def test_apply_chunked(chunk_size):
    x, p = {"a": batch(), "b": jnp.arange(7)}, jnp.array([1.0, 2.0, 3.0])

    def f(p, x):
        return x["a"] @ p, {"n": x["b"] ** 2, "m": jnp.outer(x["b"], p)}

    chunked = nk.jax.apply_chunked(f, in_axes=(None, 0), chunk_size=chunk_size)
    jax.tree_util.tree_map(np.testing.assert_allclose, chunked(p, x), f(p, x))
    jax.tree_util.tree_map(np.testing.assert_allclose, jax.jit(chunked)(p, x), f(p, x))
    in_axes = (None, {"a": 0, "b": 0})
    chunked = nk.jax.apply_chunked(f, in_axes=in_axes, chunk_size=chunk_size)
    jax.tree_util.tree_map(np.testing.assert_allclose, chunked(p, x), f(p, x))


@pytest.mark.parametrize("chunk_size", SIZES)
def test_vmap_chunked(chunk_size):
    def f(a, b, *, c=1.0):
        return jnp.sum(jnp.exp(a)) * b * c

    g = nk.jax.vmap_chunked(f, in_axes=(0, None), chunk_size=chunk_size)
    x = batch()
    np.testing.assert_allclose(g(x, 2.0), 2 * jnp.sum(jnp.exp(x), axis=1))
    np.testing.assert_allclose(g(x, 2.0, c=3.0), 6 * jnp.sum(jnp.exp(x), axis=1))


@pytest.mark.parametrize("chunk_size", [2, 3])
def test_derivative_of_chunked(chunk_size):
    def f(p, x):
        return jnp.sin(x @ p)

    g = nk.jax.apply_chunked(f, in_axes=(None, 0), chunk_size=chunk_size)
    x, p = batch(), jnp.array([1.0, 2.0, 3.0])
    expected = jax.grad(lambda p, x: jnp.sum(f(p, x) ** 2), argnums=(0, 1))(p, x)
    result = jax.grad(lambda p, x: jnp.sum(g(p, x) ** 2), argnums=(0, 1))(p, x)
    jax.tree_util.tree_map(np.testing.assert_allclose, result, expected)


def test_memory_is_bounded_and_chunks_are_balanced():
    """1008 rows in chunks of at most 500 are three chunks of 336, and compile once."""
    sizes = []

    def f(x):
        sizes.append(x.shape[0])
        return x[:, 0]

    nk.jax.apply_chunked(f, chunk_size=500)(jnp.zeros((1008, 2)))
    assert set(sizes) == {336}


def test_rows_that_fill_up_are_rows_of_the_batch():
    """A function that is singular outside of the batch must not be evaluated there."""

    def f(p, x):
        return p / x

    x = jnp.array([1.0, 2.0, 4.0])
    g = nk.jax.apply_chunked(f, in_axes=(None, 0), chunk_size=2)
    assert np.isfinite(jax.grad(lambda p: jnp.sum(g(p, x)))(1.0))


def test_chunked_functions_are_hashable():
    def make():
        return nk.jax.vmap_chunked(lambda x: x + 1, chunk_size=2)

    assert make() == make()
    assert hash(make()) == hash(make())
    assert make() != nk.jax.vmap_chunked(lambda x: x + 1, chunk_size=3)


def test_refused():
    with pytest.raises(ValueError, match="`in_axes`"):
        nk.jax.apply_chunked(lambda x: x, in_axes=1, chunk_size=2)
    with pytest.raises(ValueError, match="`chunk_size` must be a positive integer"):
        nk.jax.apply_chunked(lambda x: x, chunk_size=0)
    with pytest.raises(ValueError, match=r"same length there.*\(5,\), \(4,\)"):
        nk.jax.apply_chunked(jnp.add, chunk_size=2)(jnp.ones(5), jnp.ones(4))
    with pytest.raises(ValueError, match="one entry for each"):
        nk.jax.apply_chunked(jnp.add, in_axes=(0,), chunk_size=2)(jnp.ones(5), jnp.ones(5))
    with pytest.raises(ValueError, match="divide the length 7"):
        nk.jax.chunk(batch(), 3)


def test_chunk_and_unchunk():
    x = {"a": jnp.arange(12.0).reshape(6, 2), "b": jnp.arange(6)}
    chunked, merge = nk.jax.chunk(x, 3)
    assert chunked["a"].shape == (2, 3, 2)
    jax.tree_util.tree_map(np.testing.assert_array_equal, merge(chunked), x)
    merged, split = nk.jax.unchunk(chunked)
    jax.tree_util.tree_map(np.testing.assert_array_equal, merged, x)
    jax.tree_util.tree_map(np.testing.assert_array_equal, split(merged), chunked)
    assert nk.jax.chunk(x)[0]["a"].shape == (1, 6, 2)


# -- pullbacks ---------------------------------------------------------------------------------


def log_psi(p, x):
    return jnp.log(1.5 + jnp.sin(x @ p)) * (1 + 0.3j)


@pytest.mark.parametrize("conjugate", [False, True])
@pytest.mark.parametrize("return_forward", [False, True])
@pytest.mark.parametrize("chunk_size", [None, 2, 3, 7, 100])
def test_vjp_chunked(chunk_size, return_forward, conjugate):
    p, x = jnp.array([0.1, 0.2, 0.3]), batch()
    w = jnp.linspace(-1, 1, 7) + 0.5j
    y, pull = nk.jax.vjp(log_psi, p, x, conjugate=conjugate)
    expected = pull(w)
    options = {
        "chunk_argnums": 1,
        "chunk_size": chunk_size,
        "return_forward": return_forward,
        "conjugate": conjugate,
    }
    result = nk.jax.vjp_chunked(log_psi, p, x, **options)(w)
    out, result = result if return_forward else (y, result)
    np.testing.assert_allclose(out, y)
    jax.tree_util.tree_map(np.testing.assert_allclose, result, expected)
    only = jax.jit(lambda p: nk.jax.vjp_chunked(log_psi, p, x, nondiff_argnums=1, **options))(p)(w)
    np.testing.assert_allclose((only[1] if return_forward else only)[0], expected[0])


@pytest.mark.parametrize("chunk_size", [None, 3])
def test_vjp_chunked_has_aux(chunk_size):
    def f(p, x):
        y = log_psi(p, x)
        return y, {"square": y**2}

    p, x, w = jnp.array([0.1, 0.2, 0.3]), batch(), jnp.ones(7)
    options = {"chunk_argnums": (1,), "chunk_size": chunk_size, "has_aux": True}
    y, res, aux = nk.jax.vjp_chunked(f, p, x, return_forward=True, **options)(w)
    np.testing.assert_allclose(aux["square"], y**2)
    res_only, _ = nk.jax.vjp_chunked(f, p, x, **options)(w)
    jax.tree_util.tree_map(np.testing.assert_allclose, res, res_only)
    jax.tree_util.tree_map(np.testing.assert_allclose, res, nk.jax.vjp(log_psi, p, x)[1](w))


def test_vjp_chunked_refuses():
    with pytest.raises(ValueError, match="numbers of the 2 primals"):
        nk.jax.vjp_chunked(log_psi, jnp.ones(3), batch(), chunk_argnums=2, chunk_size=2)


# -- loops -------------------------------------------------------------------------------------


def test_scans():
    x = jnp.arange(6.0).reshape(3, 2)

    def f(x):
        return {"a": x**2, "b": (jnp.sum(x), x)}

    both = nk.jax.scan_append_reduce(f, x, {"a": True, "b": (False, True)})
    np.testing.assert_allclose(both["a"], x**2)
    np.testing.assert_allclose(both["b"][0], 15.0)
    np.testing.assert_allclose(both["b"][1], x)
    np.testing.assert_allclose(nk.jax.scan_append(f, x)["b"][0], x.sum(axis=1))
    np.testing.assert_allclose(nk.jax.scan_reduce(f, x)["a"], (x**2).sum(axis=0))
    np.testing.assert_allclose(nk.jax.scan_reduce(lambda x: x, x[:0]), [0.0, 0.0])
    largest = nk.jax.scan_reduce(
        lambda x: x,
        x,
        op=lambda a, b: jax.tree_util.tree_map(jnp.maximum, a, b),
        zero_fun=lambda t: jax.tree_util.tree_map(lambda x: jnp.full(x.shape, -jnp.inf), t),
    )
    np.testing.assert_allclose(largest, [4.0, 5.0])


def test_scanmap():
    def f(p, x):
        return p * x

    x = jnp.arange(3.0)
    np.testing.assert_allclose(nk.jax.scanmap(f, nk.jax.scan_append, 1)(2.0, x), 2 * x)
    np.testing.assert_allclose(nk.jax.scanmap(f, nk.jax.scan_reduce, (0, 1))(x, x), 5.0)
