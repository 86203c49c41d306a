# SPDX-License-Identifier: Apache-2.0
"""Activations against their definitions, far outside the range where those overflow too."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netket.nn import activation
from netket.nn._sums import sum_log_cosh

MODERATE = np.linspace(-4, 4, 17)
GRID = (MODERATE[:, None] + 1j * np.linspace(-3, 3, 8)).ravel()


def same_modulo_2pi(a, b):
    np.testing.assert_allclose(np.real(a), np.real(b), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(np.exp(1j * np.imag(a)), np.exp(1j * np.imag(b)), atol=1e-12)


@pytest.mark.parametrize("z", [MODERATE, GRID], ids=["real", "complex"])
def test_log_cosh_is_what_it_says(z):
    same_modulo_2pi(activation.log_cosh(z), np.log(np.cosh(z)))


def test_hyperbolic_logarithms_of_positive_numbers():
    x = MODERATE[MODERATE > 0]
    np.testing.assert_allclose(activation.log_sinh(x), np.log(np.sinh(x)), rtol=1e-13)
    np.testing.assert_allclose(activation.log_tanh(x), np.log(np.tanh(x)), rtol=1e-10, atol=1e-14)
    same_modulo_2pi(activation.log_sinh(GRID[:40]), np.log(np.sinh(GRID[:40])))


@pytest.mark.parametrize("function", ["log_cosh", "log_sinh"])
def test_no_overflow(function):
    f = getattr(activation, function)
    np.testing.assert_allclose(f(1e4), 1e4 - np.log(2))
    np.testing.assert_allclose(f(jnp.float32(1e4)), 1e4 - np.log(2), rtol=1e-6)
    np.testing.assert_allclose(activation.log_cosh(-1e4), 1e4 - np.log(2))
    assert np.isfinite(activation.log_cosh(-1e4 + 3j))


def test_log_sinh_outside_its_domain():
    assert np.isnan(activation.log_sinh(-1.0))
    assert activation.log_sinh(0.0) == -np.inf


def test_derivatives_of_log_cosh():
    np.testing.assert_allclose(
        jax.vmap(jax.grad(activation.log_cosh))(MODERATE), np.tanh(MODERATE), atol=1e-14
    )
    derivative = jax.vmap(jax.grad(activation.log_cosh, holomorphic=True))(GRID)
    np.testing.assert_allclose(derivative, np.tanh(GRID), atol=1e-12)
    assert jax.grad(activation.log_cosh)(-1e4) == -1


@pytest.mark.parametrize("dtype", [np.float32, np.complex64, np.int8])
def test_dtypes_are_kept(dtype):
    expected = jnp.asarray(0.0).dtype if dtype is np.int8 else dtype
    assert activation.log_cosh(np.ones(3, dtype)).dtype == expected
    assert activation.log_sinh(np.ones(3, dtype)).dtype == expected


def test_reim_acts_on_both_parts():
    relu = activation.reim_relu
    np.testing.assert_allclose(relu(jnp.array([1 - 2j, -3 + 4j])), [1, 4j])
    np.testing.assert_allclose(relu(jnp.array([1.0, -2.0])), [1, 0])
    z = jnp.array(0.3 - 0.7j)
    root = np.sqrt(2)
    expected = (np.sin(root * 0.3) - 1j * np.sin(root * 0.7)) / root
    np.testing.assert_allclose(activation.reim(jnp.sin)(z), expected)


def test_reim_is_hashed_by_content():
    assert activation.reim(jnp.sin) == activation.reim(jnp.sin)
    assert hash(activation.reim(jnp.sin)) == hash(activation.reim(jnp.sin))
    assert activation.reim(jnp.sin) != activation.reim(jnp.cos)


# -- the cheaper sum ---------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
@pytest.mark.parametrize("n", [0, 3, 1500])
def test_sum_log_cosh(dtype, n):
    x = random_values(dtype, (2, n))
    expected = np.sum(activation.log_cosh(x.astype(np.promote_types(dtype, float))), axis=-1)
    value = sum_log_cosh(x)
    assert value.dtype == dtype
    np.testing.assert_allclose(value, expected, rtol=1e-5 if np.finfo(dtype).bits == 32 else 1e-12)


def random_values(dtype, shape):
    real, imaginary = 3 * np.random.default_rng(0).normal(size=(2, *shape))
    is_complex = np.issubdtype(dtype, np.complexfloating)
    return jnp.asarray(real + 1j * imaginary if is_complex else real, dtype)


def test_sum_log_cosh_neither_underflows_nor_cancels():
    # every factor is close to 1/2, the smallest
    np.testing.assert_allclose(
        sum_log_cosh(jnp.full((1, 5000), 50, np.float32)), [5000 * (50 - np.log(2))], rtol=1e-6
    )
    np.testing.assert_allclose(sum_log_cosh(jnp.full((2, 9), 1e-4)), 9e-8 / 2, rtol=1e-6)
    np.testing.assert_allclose(sum_log_cosh(jnp.full((1, 4), -1e4)), [4e4 - 4 * np.log(2)])


def test_complex_sum_near_the_zeros_of_cosh():
    z = 1e-9 + 1j * (np.pi / 2 + np.array([0.0, 1e-9, -2e-9]))
    expected = np.sum(np.log(np.abs(np.cosh(z))))
    np.testing.assert_allclose(sum_log_cosh(jnp.asarray(z)).real, expected, rtol=1e-7)
    many = jnp.full((1, 3000), 1e-3 + 1.56j)
    np.testing.assert_allclose(
        sum_log_cosh(many).real, 3000 * np.log(np.abs(np.cosh(many[0, 0]))), rtol=1e-9
    )
    many = jnp.full((1, 3000), 1e-3 + 1.56j, np.complex64)
    assert np.isfinite(sum_log_cosh(many))


def test_complex_derivatives_of_sum_log_cosh():
    z = random_values(complex, (9,))
    derivative = jax.grad(sum_log_cosh, holomorphic=True)(z)
    np.testing.assert_allclose(derivative, np.tanh(z), rtol=1e-12)
    both = jax.jvp(sum_log_cosh, (z,), (1j * z,))
    expected = jax.jvp(lambda z: activation.log_cosh(z).sum(), (z,), (1j * z,))
    np.testing.assert_allclose(both, expected, rtol=1e-11)


def test_derivatives_of_sum_log_cosh():
    x = jnp.linspace(-2, 3, 7)
    np.testing.assert_allclose(jax.grad(sum_log_cosh)(x), np.tanh(x), atol=1e-14)
    hessian = jax.hessian(sum_log_cosh)(x)
    np.testing.assert_allclose(hessian, np.diag(1 / np.cosh(x) ** 2), atol=1e-13)
