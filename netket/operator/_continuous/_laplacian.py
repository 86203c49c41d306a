# SPDX-License-Identifier: Apache-2.0
"""First and second derivatives of a function of N coordinates, forward over reverse.

The diagonal of the Hessian is d_i d_i f = e_i . d/dt grad f(x + t e_i): grad f is linearised once,
and applied to one direction after the other, so that memory does not grow with N.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp


def slopes_and_curvatures(f: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    """d_i f and d_i d_i f of a real or complex function.

    Args:
        f: function (N,) -> ().
        x: where, shape (N,), real.

    Returns:
        Both of shape (N,).
    """
    if not jnp.issubdtype(jax.eval_shape(f, x).dtype, jnp.complexfloating):
        return _real_derivatives(f, x)
    slope, curvature = _real_derivatives(lambda x: f(x).real, x)
    imaginary = _real_derivatives(lambda x: f(x).imag, x)
    return slope + 1j * imaginary[0], curvature + 1j * imaginary[1]


def _real_derivatives(f: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    slope, along = jax.linearize(jax.grad(f), x)
    directions = jnp.eye(x.shape[0], dtype=x.dtype)
    return slope, jax.lax.map(lambda e: e @ along(e), directions)
