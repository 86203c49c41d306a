# SPDX-License-Identifier: Apache-2.0
r"""Sums of activations that are cheaper than the activations one by one.

.. math::

    \sum_j \log\cosh x_j = \sum_j |x_j| - \log \prod_j \big(1 + \tanh |x_j|\big)

needs one logarithm per row, and tanh is cheaper than exp. Factors lie in [1, 2], so products of
hundreds do not overflow. For complex arguments u + iv this is done with the moduli

.. math::

    |1 + e^{-2(u + iv)}|^2 = (1 - e^{-2u})^2 + 4 e^{-2u} \cos^2 v, \qquad u \geq 0,

while phases are added one by one, so that the sum is the same, not the same modulo 2 pi.
"""

import math
from functools import reduce

import jax
import jax.numpy as jnp

from netket.utils.types import Array

__all__ = ["sum_log_cosh"]

# rows of which it pays to make four parts
_LONG = 16


@jax.custom_jvp
def sum_log_cosh(x: Array) -> jax.Array:
    """The sum of log cosh over the last axis.

    Args:
        x: Real or complex values of shape (..., F).

    Returns:
        Values of shape (...).
    """
    if jnp.issubdtype(x.dtype, jnp.complexfloating):
        return _complex_sum(x)
    # sums and products of four parts first, which use vector instructions; not of padded ones
    n = 4 if x.shape[-1] >= _LONG else 1
    size = x.shape[-1] // n
    parts = [x[..., i * size : (i + 1) * size] for i in range(n)]
    value = _sum_of_parts(parts)
    return value if n * size == x.shape[-1] else value + _sum_of_parts([x[..., n * size :]])


@sum_log_cosh.defjvp
def _sum_log_cosh_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[jax.Array, jax.Array]:
    (x,), (dx,) = primals, tangents
    return sum_log_cosh(x), jnp.sum(jnp.tanh(x) * dx, axis=-1)


def _sum_of_parts(parts: list[Array]) -> jax.Array:
    """The sum over real parts (..., F) of equal shapes, and over their last axis."""
    sizes = [jnp.abs(x) for x in parts]
    factors = reduce(jnp.multiply, [1 + jnp.tanh(size) for size in sizes])
    # of numbers up to 2^n
    block = jnp.finfo(factors.dtype).maxexp // len(parts) - 1
    total = reduce(jnp.add, sizes)
    # for large batches a product with ones is faster than a sum over the last axis
    ones = jnp.ones(total.shape[-1:], total.dtype)
    total = jnp.dot(total, ones, precision=jax.lax.Precision.HIGHEST)
    return total - _log_prod(factors, block)


def _complex_sum(x: Array) -> jax.Array:
    # cosh is even: arguments in the right half-plane
    u, v = jnp.abs(x.real), jnp.where(x.real < 0, -x.imag, x.imag)
    e, cos, sin = jnp.exp(-2 * u), jnp.cos(v), jnp.sin(v)
    moduli = (0.5 * (1 - e)) ** 2 + e * cos**2  # squares, over four
    # few are below 0.01; half of the exponents, so that a few much smaller ones do no harm
    block = int(0.5 * math.log(float(jnp.finfo(u.dtype).tiny)) / math.log(0.01))
    real = jnp.sum(u, axis=-1) + 0.5 * _log_prod(moduli, block)
    phases = jnp.arctan2(-2 * e * sin * cos, (1 - e) + 2 * e * cos**2)
    return jax.lax.complex(real, jnp.sum(v + phases, axis=-1))


def _log_prod(factors: jax.Array, block: int) -> jax.Array:
    """Logarithm of the product over the last axis.

    Args:
        factors: Positive values of shape (..., F).
        block: How many of them can be multiplied.
    """
    n = -(-factors.shape[-1] // block)
    if n <= 1:
        return jnp.log(jnp.prod(factors, axis=-1))
    block = -(-factors.shape[-1] // n)
    if n * block != factors.shape[-1]:
        padding = [(0, 0)] * (factors.ndim - 1) + [(0, n * block - factors.shape[-1])]
        factors = jnp.pad(factors, padding, constant_values=1)
    factors = factors.reshape(*factors.shape[:-1], n, block)
    return jnp.sum(jnp.log(jnp.prod(factors, axis=-1)), axis=-1)
