# SPDX-License-Identifier: Apache-2.0
r"""Sums of activations that are cheaper than the activations one by one.

.. math::

    \sum_j \log\cosh x_j = \sum_j |x_j| + \log \prod_j \frac{1 + e^{-2|x_j|}}{2}

needs one logarithm per row. Factors lie in (1/2, 1], so products of hundreds do not underflow. For
complex arguments u + iv this is done with the moduli

.. math::

    |1 + e^{-2(u + iv)}|^2 = (1 - e^{-2u})^2 + 4 e^{-2u} \cos^2 v, \qquad u \geq 0,

while phases are added one by one, so that the sum is the same, not the same modulo 2 pi.
"""

import math

import jax
import jax.numpy as jnp

from netket.utils.types import Array

__all__ = ["sum_log_cosh"]

# rows of which it pays to make four parts
_LONG = 64


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
    # sums and products of four parts first, which use vector instructions
    n = 4 if x.shape[-1] >= _LONG else 1
    size = -(-x.shape[-1] // n)
    if n * size != x.shape[-1]:  # zeros add nothing
        x = jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, n * size - x.shape[-1])])
    parts = [jnp.abs(x[..., i * size : (i + 1) * size]) for i in range(n)]
    factors = math.prod(0.5 + 0.5 * jnp.exp(-2 * magnitude) for magnitude in parts)
    return jnp.sum(sum(parts), axis=-1) + _log_prod(factors, typical=0.5**n)


@sum_log_cosh.defjvp
def _sum_log_cosh_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[jax.Array, jax.Array]:
    (x,), (dx,) = primals, tangents
    return sum_log_cosh(x), jnp.sum(jnp.tanh(x) * dx, axis=-1)


def _complex_sum(x: Array) -> jax.Array:
    # cosh is even: arguments in the right half-plane
    u, v = jnp.abs(x.real), jnp.where(x.real < 0, -x.imag, x.imag)
    e, cos, sin = jnp.exp(-2 * u), jnp.cos(v), jnp.sin(v)
    moduli = (0.5 * (1 - e)) ** 2 + e * cos**2  # squares, over four
    real = jnp.sum(u, axis=-1) + 0.5 * _log_prod(moduli, typical=0.01)
    phases = jnp.arctan2(-2 * e * sin * cos, (1 - e) + 2 * e * cos**2)
    return jax.lax.complex(real, jnp.sum(v + phases, axis=-1))


def _log_prod(factors: jax.Array, typical: float) -> jax.Array:
    """Logarithm of the product over the last axis.

    Args:
        factors: Values of shape (..., F), at most 1.
        typical: Few of them are below this: a product of `block` of them must not underflow.
    """
    smallest = float(jnp.finfo(factors.dtype).tiny)
    # half of the exponents, so that a few much smaller factors do no harm
    block = max(int(0.5 * math.log(smallest) / math.log(typical)), 1)
    n = factors.shape[-1]
    if n > block:
        padding = [(0, 0)] * (factors.ndim - 1) + [(0, -n % block)]
        factors = jnp.pad(factors, padding, constant_values=1)
        factors = factors.reshape(*factors.shape[:-1], -1, block)
        return jnp.sum(jnp.log(jnp.prod(factors, axis=-1)), axis=-1)
    return jnp.log(jnp.prod(factors, axis=-1))
