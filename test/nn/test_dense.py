# SPDX-License-Identifier: Apache-2.0
"""Dense layers against those of flax, whose parameters they share."""

import flax.linen
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netket.nn._dense import Dense, dot

X = np.array([[1, -1, 1], [-1, -1, 1]])


@pytest.mark.parametrize("param_dtype", [np.float32, np.float64, np.complex64, np.complex128])
@pytest.mark.parametrize("dtype", [np.int8, np.float32, np.float64, np.complex128])
def test_is_the_layer_of_flax(param_dtype, dtype):
    x = jnp.asarray(X, dtype)
    bias_init = jax.nn.initializers.normal()
    ours, flax_s = (
        layer(features=4, param_dtype=param_dtype, bias_init=bias_init)
        for layer in (Dense, flax.linen.Dense)
    )
    variables = ours.init(jax.random.key(0), x)
    jax.tree.map(np.testing.assert_array_equal, variables, flax_s.init(jax.random.key(0), x))
    value, expected = ours.apply(variables, x), flax_s.apply(variables, x)
    assert value.dtype == expected.dtype
    np.testing.assert_allclose(
        value, expected, rtol=1e-5 if np.finfo(value.dtype).bits == 32 else 1e-13
    )


def test_derivatives_of_a_real_times_a_complex_number():
    w = jnp.array([0.3 + 0.1j, -0.2j, 1.0])
    x = jnp.asarray(X, float)
    derivative = jax.jacobian(lambda w: dot(x, w), holomorphic=True)(w)
    np.testing.assert_allclose(derivative, X)
    gradient = jax.grad(lambda x: jnp.abs(dot(x, w)).sum())(x)
    expected = jax.grad(lambda x: jnp.abs(x.astype(complex) @ w).sum())(x)
    np.testing.assert_allclose(gradient, expected, rtol=1e-12)
