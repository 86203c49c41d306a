# SPDX-License-Identifier: Apache-2.0
"""`expect`: for exact samples its derivative is that of the exact expectation value."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk

# 2 sites with 3 levels; each state as often as its probability, in 24 samples
STATES = np.array([[i, j] for i in range(3) for j in range(3)])
COUNTS = np.array([4, 3, 1, 2, 5, 3, 1, 2, 3])
SAMPLES = np.repeat(STATES, COUNTS, axis=0)


def log_pdf(p, σ):
    """At p = 0 the distribution of `SAMPLES`, not normalised."""
    log_p0 = jnp.log(jnp.asarray(COUNTS, dtype=float))[(σ[:, 0] * 3 + σ[:, 1]).astype(int)]
    return log_p0 + σ @ p + 7.0


def real_fun(p, σ):
    return jnp.cos(σ @ (p + 1.0)) + σ[:, 0] ** 2


def complex_fun(p, σ):
    return real_fun(p, σ) * jnp.exp(1j * (σ @ p))


def exact(fun, p):
    w = jax.nn.softmax(log_pdf(p, STATES))
    return w @ fun(p, STATES)


@pytest.mark.parametrize("chunk_size", [None, 5, 8])
@pytest.mark.parametrize("fun", [real_fun, complex_fun])
@pytest.mark.parametrize("dtype", [float, np.int8])
def test_value_and_derivative(fun, chunk_size, dtype):
    p = jnp.zeros(2)
    σ = jnp.asarray(SAMPLES, dtype=dtype)

    @jax.jit
    def mean(p):
        return nk.jax.expect(log_pdf, fun, p, σ, chunk_size=chunk_size)[0]

    value, gradient = nk.jax.value_and_grad(mean)(p)
    np.testing.assert_allclose(value, exact(fun, p))
    expected = nk.jax.grad(functools.partial(exact, fun))(p)
    np.testing.assert_allclose(gradient, expected, atol=1e-12)


@pytest.mark.parametrize("chunk_size", [None, 5])
def test_more_arguments(chunk_size):
    def fun(p, σ, a, b):
        return real_fun(p, σ) * a * jnp.sum(b)

    σ, a, b = jnp.asarray(SAMPLES, float), jnp.linspace(0, 1, 24), jnp.array([2.0, 1j])
    p = jnp.array([0.1, -0.2])

    def mean(p, σ, a, b):
        return nk.jax.expect(
            log_pdf, fun, p, σ, a, b, chunk_size=chunk_size, in_axes=(None, 0, 0, None)
        )[0]

    values = fun(p, σ, a, b)
    value, pull = jax.vjp(mean, p, σ, a, b)
    np.testing.assert_allclose(value, values.mean())
    _, _, d_a, d_b = pull(1.0 + 0j)
    plain = jax.vjp(lambda a, b: fun(p, σ, a, b).mean(), a, b)[1](1.0 + 0j)
    np.testing.assert_allclose(d_a, plain[0])
    np.testing.assert_allclose(d_b, plain[1])
    d_p = pull(1.0 + 0j)[0]
    assert d_p.dtype == float


def test_complex_parameters():
    """With log p = 2 Re log ψ, as in variational Monte Carlo."""
    z = jnp.array([0.0 + 0j, 0.0])
    σ = jnp.asarray(SAMPLES, float)

    def log_p(z, σ):
        return log_pdf(2 * z.real + z.imag, σ)

    def fun(z, σ):
        return jnp.abs(jnp.exp(σ @ z) + 1) ** 2

    def exact_mean(z):
        return jax.nn.softmax(log_p(z, STATES)) @ fun(z, STATES)

    gradient = jax.grad(lambda z: nk.jax.expect(log_p, fun, z, σ)[0])(z)
    np.testing.assert_allclose(gradient, jax.grad(exact_mean)(z), atol=1e-12)


def test_statistics_and_closures():
    σ = jnp.asarray(SAMPLES, float)

    @jax.jit
    def run(shift):  # a traced value in the closure of both functions
        return nk.jax.expect(
            lambda p, σ: log_pdf(p, σ) + shift,
            lambda p, σ: real_fun(p, σ) * shift,
            jnp.zeros(2),
            σ,
            n_chains=4,
        )

    mean, stats = run(2.0)
    values = 2 * real_fun(jnp.zeros(2), σ)
    np.testing.assert_allclose(mean, values.mean())
    np.testing.assert_allclose(stats.variance, values.var())
    np.testing.assert_allclose(stats.R_hat, nk.stats.statistics(values.reshape(4, -1)).R_hat)


def test_refused():
    with pytest.raises(ValueError, match="must have 2 entries"):
        nk.jax.expect(log_pdf, real_fun, jnp.zeros(2), jnp.ones((4, 2)), in_axes=(None,))
