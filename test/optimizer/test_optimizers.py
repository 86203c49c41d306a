# SPDX-License-Identifier: Apache-2.0
"""Optimisers against their formulas."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from netket import optimizer

GRADIENTS = np.array([[0.1, -0.4], [0.3, 0.2], [-0.2, 0.5]])


def updates(transformation):
    """Updates for three successive gradients."""
    parameters = jnp.array([1.0, -2.0])
    state, out = transformation.init(parameters), []
    for g in GRADIENTS:
        u, state = transformation.update(jnp.asarray(g), state, parameters)
        out.append(u)
    return np.array(out)


def test_sgd():
    np.testing.assert_allclose(updates(optimizer.Sgd(0.1)), -0.1 * GRADIENTS)
    schedule = optax.linear_schedule(0.1, 0.0, 2)
    expected = -np.array([[0.1], [0.05], [0.0]]) * GRADIENTS
    np.testing.assert_allclose(updates(optimizer.Sgd(schedule)), expected, atol=1e-9)


def test_momentum():
    m, plain, nesterov = 0.0, [], []
    for g in GRADIENTS:
        m = 0.8 * m + g
        plain.append(-0.1 * m)
        nesterov.append(-0.1 * (0.8 * m + g))
    np.testing.assert_allclose(updates(optimizer.Momentum(0.1, beta=0.8)), plain)
    np.testing.assert_allclose(updates(optimizer.Momentum(0.1, 0.8, nesterov=True)), nesterov)


def test_adam():
    m = v = 0.0
    expected = []
    for t, g in enumerate(GRADIENTS, start=1):
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
        expected.append(-0.02 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.99**t)) + 1e-8))
    np.testing.assert_allclose(updates(optimizer.Adam(0.02, b2=0.99)), expected)


def test_adagrad():
    total = 0.1 + np.cumsum(GRADIENTS**2, axis=0)
    expected = -0.001 * GRADIENTS / np.sqrt(total + 1e-7)
    np.testing.assert_allclose(updates(optimizer.AdaGrad()), expected)


@pytest.mark.parametrize("centered", [False, True])
def test_rmsprop(centered):
    mean = square = 0.0
    expected = []
    for g in GRADIENTS:
        mean, square = 0.8 * mean + 0.2 * g, 0.8 * square + 0.2 * g**2
        variance = square - mean**2 if centered else square
        expected.append(-0.05 * g / np.sqrt(variance + 1e-7))
    result = updates(optimizer.RmsProp(0.05, beta=0.8, centered=centered))
    np.testing.assert_allclose(result, expected)


def test_complex_parameters():
    p = jnp.array([1.0 + 1.0j])
    for make in (optimizer.Sgd, optimizer.Momentum, optimizer.Adam, optimizer.AdaGrad):
        transformation = make(0.1)
        u, _ = transformation.update(1j * p, transformation.init(p), p)
        assert u.dtype == p.dtype
        assert jax.numpy.isfinite(u).all()


@pytest.mark.parametrize("make", [optimizer.Sgd, optimizer.Momentum, optimizer.Adam])
def test_bad_rates(make):
    with pytest.raises(TypeError, match="`learning_rate` must be a number"):
        make("0.1")
    with pytest.raises(TypeError, match="`learning_rate` must be a number"):
        make(np.ones(3))
