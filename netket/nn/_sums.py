# SPDX-License-Identifier: Apache-2.0
r"""Sums of activations that are cheaper than the activations one by one.

.. math::

    \sum_j \log\cosh x_j = \sum_j |x_j| + \log \prod_j \frac{1 + e^{-2|x_j|}}{2}

needs one logarithm per row. Factors lie in (1/2, 1], so products of hundreds do not underflow.
"""

import jax
import jax.numpy as jnp

from netket.utils.types import Array

from .activation import log_cosh

__all__ = ["sum_log_cosh"]


def sum_log_cosh(x: Array) -> Array:
    """The sum of log cosh over the last axis.

    Args:
        x: Real or complex values of shape (..., F).

    Returns:
        Values of shape (...).
    """
    if jnp.issubdtype(x.dtype, jnp.complexfloating):
        # a product would lose the multiples of 2 pi of the phases
        return jnp.sum(log_cosh(x), axis=-1)
    return _sum_log_cosh(x)


@jax.custom_jvp
def _sum_log_cosh(x: Array) -> Array:
    magnitude = jnp.abs(x)
    factors = 0.5 + 0.5 * jnp.exp(-2 * magnitude)
    # a product of `block` halves uses up half of the exponents below one
    block = int(jnp.finfo(x.dtype).maxexp) // 2
    logs = (
        jnp.log(jnp.prod(factors[..., start : start + block], axis=-1))
        for start in range(0, x.shape[-1], block)
    )
    return jnp.sum(magnitude, axis=-1) + sum(logs)


@_sum_log_cosh.defjvp
def _sum_log_cosh_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (x,), (dx,) = primals, tangents
    return _sum_log_cosh(x), jnp.sum(jnp.tanh(x) * dx, axis=-1)
