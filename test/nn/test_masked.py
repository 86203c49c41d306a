# SPDX-License-Identifier: Apache-2.0
"""Masked layers against sums over the sites before, and their versions with caches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk

KEY = jax.random.key(0)


def variables_of(layer, x):
    """Random parameters, also where the mask is, and also the biases."""
    rng = np.random.default_rng(5)

    def draw(p):
        real, imaginary = rng.normal(size=(2, *p.shape))
        return (real + 1j * imaginary if p.dtype.kind == "c" else real).astype(p.dtype)

    return jax.tree.map(draw, dict(jax.eval_shape(layer.init, KEY, x)))


def dense_by_hand(x, kernel, bias, exclusive):
    n, f = x.shape
    kernel = np.asarray(kernel).reshape(n, f, n, -1)
    y = np.array(bias)
    for i in range(n):
        for j in range(i if exclusive else i + 1):
            y[i] += x[j] @ kernel[j, :, i]
    return y


def conv_1d_by_hand(x, kernel, bias, exclusive, size, d):
    y = np.array([bias] * len(x))
    for i in range(len(x)):
        for a in range(size - exclusive):
            j = i - d * (size - 1 - a)
            if j >= 0:
                y[i] += x[j] @ np.asarray(kernel)[a]
    return y


def conv_2d_by_hand(x, kernel, bias, exclusive, size, dilation):
    height, width, _ = x.shape
    y = np.array([[bias] * width] * height)
    for i, j in np.ndindex(height, width):
        for a, b in np.ndindex(*size):
            r = i - dilation[0] * (size[0] - 1 - a)
            c = j + dilation[1] * (b - size[1] // 2)
            before = (r, c) < (i, j) or ((r, c) == (i, j) and not exclusive)
            if before and 0 <= r and 0 <= c < width:
                y[i, j] += x[r, c] @ np.asarray(kernel)[a, b]
    return y


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("dtype", [float, complex])
def test_dense(exclusive, dtype):
    layer = nk.nn.MaskedDense1D(features=3, exclusive=exclusive, param_dtype=dtype)
    x = np.random.default_rng(1).normal(size=(2, 4, 2))
    p = variables_of(layer, x)
    y = layer.apply(p, x)
    for k in range(2):
        expected = dense_by_hand(x[k], p["params"]["kernel"], p["params"]["bias"], exclusive)
        np.testing.assert_allclose(y[k], expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(layer.apply(p, x[0]), y[0], rtol=1e-12)
    np.testing.assert_allclose(layer.apply(p, x[None])[0], y, rtol=1e-12)


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize(("size", "d"), [(2, 1), (3, 2), (6, 1)])
def test_conv_1d(exclusive, size, d):
    layer = nk.nn.MaskedConv1D(
        features=3, kernel_size=size, kernel_dilation=d, exclusive=exclusive, param_dtype=complex
    )
    x = np.random.default_rng(1).normal(size=(2, 5, 2))
    p = variables_of(layer, x)
    kernel, bias = p["params"]["kernel"], p["params"]["bias"]
    assert kernel.shape == (size - exclusive, 2, 3)
    y = layer.apply(p, x)
    for k in range(2):
        expected = conv_1d_by_hand(x[k], kernel, bias, exclusive, size, d)
        np.testing.assert_allclose(y[k], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize(("size", "d"), [((2, 2), (1, 1)), ((3, 3), (1, 2)), ((1, 4), (1, 1))])
def test_conv_2d(exclusive, size, d):
    layer = nk.nn.MaskedConv2D(features=3, kernel_size=size, kernel_dilation=d, exclusive=exclusive)
    x = np.random.default_rng(1).normal(size=(2, 4, 3, 2))
    p = variables_of(layer, x)
    kernel, bias = p["params"]["kernel"], p["params"]["bias"]
    y = layer.apply(p, x)
    for k in range(2):
        expected = conv_2d_by_hand(x[k], kernel, bias, exclusive, size, d)
        np.testing.assert_allclose(y[k], expected, rtol=1e-12, atol=1e-12)


def test_groups_do_not_mix():
    """A layer of two groups is two layers of half of the features."""
    options = {"kernel_size": 3, "kernel_dilation": 1, "exclusive": True, "use_bias": False}
    grouped = nk.nn.MaskedConv1D(features=6, feature_group_count=2, **options)
    x = np.random.default_rng(1).normal(size=(2, 5, 4))
    kernel = variables_of(grouped, x)["params"]["kernel"]
    assert kernel.shape == (2, 2, 6)
    y = grouped.apply({"params": {"kernel": kernel}}, x)
    half = nk.nn.MaskedConv1D(features=3, **options)
    for k in range(2):
        part = {"params": {"kernel": kernel[..., 3 * k : 3 * k + 3]}}
        expected = half.apply(part, x[..., 2 * k : 2 * k + 2])
        np.testing.assert_allclose(y[..., 3 * k : 3 * k + 3], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("layer", "shape", "scale"),
    [
        (nk.nn.MaskedDense1D(features=20, exclusive=True), (1, 30, 20), 1 / np.sqrt(20 * 14.5)),
        (
            nk.nn.MaskedConv2D(
                features=50, kernel_size=(3, 3), kernel_dilation=(1, 1), exclusive=True
            ),
            (1, 5, 5, 60),
            1 / np.sqrt(60 * 7),
        ),
    ],
)
def test_initial_values_make_up_for_the_zeros(layer, shape, scale):
    kernel = np.asarray(layer.init(KEY, jnp.ones(shape))["params"]["kernel"])
    np.testing.assert_allclose(kernel[kernel != 0].std(), scale, rtol=0.02)
    assert 0.2 < np.mean(kernel == 0) < 0.55


DENSE = {"features": 3}
CONV = {"features": 4, "kernel_size": 3, "kernel_dilation": 2, "feature_group_count": 2}
CONV_2D = {"features": 3, "kernel_size": (2, 3), "kernel_dilation": (2, 1)}


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize(
    ("name", "options", "extra", "shape"),
    [
        ("MaskedDense1D", DENSE, {"size": 5}, (5,)),
        ("MaskedConv1D", CONV, {}, (7,)),
        ("MaskedConv2D", CONV_2D, {"L": 4}, (4, 4)),
    ],
)
def test_fast_layers_equal_plain_ones(name, options, extra, shape, exclusive):
    plain = getattr(nk.nn, name)(**options, exclusive=exclusive)
    fast = getattr(nk.nn, "Fast" + name)(**options, **extra, exclusive=exclusive)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3, *shape, 2))
    p = variables_of(plain, x)
    shapes = dict(jax.eval_shape(fast.init, KEY, x))
    assert jax.tree.map(jnp.shape, p) == jax.tree.map(jnp.shape, shapes)
    y = plain.apply(p, x)
    np.testing.assert_allclose(fast.apply(p, x), y, rtol=1e-12, atol=1e-12)
    x, y = x.reshape(3, -1, 2), np.asarray(y).reshape(3, -1, y.shape[-1])

    @jax.jit
    def update(cache, x, i):
        return fast.apply({**p, **cache}, x, i, method=fast.update_site, mutable=["cache"])

    cache = {}
    # the second time with a cache of other inputs
    for sites in (rng.normal(size=x.shape), x):
        for i in range(x.shape[1]):
            # what an exclusive layer is given at site 0 does not matter
            out, cache = update(cache, sites[:, max(i - 1, 0) if exclusive else i], i)
            if sites is x:
                np.testing.assert_allclose(out, y[:, i], rtol=1e-12, atol=1e-12)


def test_one_input_and_integers():
    layer = nk.nn.FastMaskedDense1D(size=4, features=2, exclusive=False, param_dtype=np.float32)
    x = np.ones((4, 3), np.int8)
    p = layer.init(KEY, x)
    y = layer.apply(p, x)
    assert y.dtype == np.float32
    one, cache = layer.apply(p, x[0], 0, method=layer.update_site, mutable=["cache"])
    np.testing.assert_allclose(one, y[0], rtol=1e-6)
    assert cache["cache"]["inputs"].dtype == np.float32


def test_bad_input():
    options = {"features": 2, "kernel_dilation": 1, "exclusive": True}
    with pytest.raises(ValueError, match="must cover at least one site before"):
        nk.nn.MaskedConv1D(kernel_size=1, **options).init(KEY, jnp.ones((1, 4, 1)))
    with pytest.raises(ValueError, match="`feature_group_count` must divide"):
        layer = nk.nn.MaskedConv1D(kernel_size=2, feature_group_count=2, **options)
        layer.init(KEY, jnp.ones((1, 4, 3)))
    with pytest.raises(ValueError, match="`kernel_size` must have two integers"):
        nk.nn.MaskedConv2D(kernel_size=3, **options)


# -- binary encoding -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hilbert",
    [
        nk.hilbert.Spin(0.5, 3),
        nk.hilbert.Spin(1, 2),
        nk.hilbert.Fock(5, 2),
        nk.hilbert.Fock(3, 2) * nk.hilbert.Spin(0.5, 1),
        nk.hilbert.Fock(4, 3, n_particles=4),
    ],
    ids=str,
)
def test_bits_are_the_local_indices(hilbert):
    x = hilbert.all_states()
    bits = np.asarray(nk.nn.binary_encoding(hilbert, x))
    widths = [int(np.ceil(np.log2(d))) for d in hilbert.shape]
    assert bits.shape == (len(x), sum(widths))
    ends = np.cumsum(widths)
    for i, (k, end) in enumerate(zip(widths, ends)):
        index = bits[:, end - k : end] @ 2 ** np.arange(k)[::-1]
        np.testing.assert_array_equal(index, hilbert.states_to_local_indices(x)[:, i])
    batch = nk.nn.binary_encoding(hilbert, x[:2, None])
    np.testing.assert_array_equal(batch[:, 0], bits[:2])


def test_encoding_of_bad_input():
    hilbert = nk.hilbert.Fock(3, 2)
    assert nk.nn.binary_encoding(hilbert, np.zeros(2), max_bits=3).shape == (4,)
    with pytest.raises(ValueError, match="`max_bits` must be at least 2"):
        nk.nn.binary_encoding(hilbert, np.zeros(2), max_bits=1)
    with pytest.raises(ValueError, match="must have 2 sites along its last axis"):
        nk.nn.binary_encoding(hilbert, np.zeros((4, 3)))
