# SPDX-License-Identifier: Apache-2.0
r"""Activation functions of neural quantum states, stable for large arguments.

The hyperbolic ones use :math:`\log\cosh z = w + \log(1 + e^{-2w}) - \log 2` with
:math:`w = \pm z` in the right half-plane, so that no exponential overflows.
"""

from collections.abc import Callable
from math import log, sqrt
from typing import Any

import jax
import jax.numpy as jnp

from netket.utils import HashablePartial
from netket.utils.types import Array, ArrayLike

from ._old_names import old_name

__all__ = ["log_cosh", "log_sinh", "log_tanh", "reim", "reim_relu", "reim_selu"]


def _inexact(x: ArrayLike) -> Array:
    """`x` as an array of floating-point or complex numbers."""
    x = jnp.asarray(x)
    return x if jnp.issubdtype(x.dtype, jnp.inexact) else x.astype(float)


def _right_half_plane(z: Array) -> Array:
    """`z` or `-z`, whichever has a non-negative real part."""
    return jnp.where(z.real < 0, -z, z)


def log_cosh(x: ArrayLike) -> Array:
    r"""Logarithm of the hyperbolic cosine, :math:`\log\cosh x`.

    The imaginary part of a complex result is right modulo :math:`2\pi`.

    Args:
        x: Real or complex values of any shape; integers are converted to floats.

    Returns:
        Values of the shape of `x`.

    >>> from netket.nn.activation import log_cosh
    >>> round(float(log_cosh(1000.0)), 6)
    999.306853
    """
    w = _right_half_plane(_inexact(x))
    return w + jnp.log1p(jnp.exp(-2 * w)) - log(2.0)


def log_sinh(x: ArrayLike) -> Array:
    r"""Logarithm of the hyperbolic sine, :math:`\log\sinh x`.

    Args:
        x: Values of any shape. Real values must be positive: the result is NaN where they are
            negative and -inf at zero. Complex values have no such limit.

    Returns:
        Values of the shape of `x`.
    """
    z = _inexact(x)
    if not jnp.issubdtype(z.dtype, jnp.complexfloating):
        # sinh(x) = e^x (1 - e^-2x) / 2
        stable = z + jnp.log(-jnp.expm1(-2 * z)) - log(2.0)
        return jnp.where(z < 0, jnp.nan, stable)
    w = _right_half_plane(z)
    sign = jnp.where(z.real < 0, 1j * jnp.pi, 0.0).astype(z.dtype)
    return w + jnp.log(-jnp.expm1(-2 * w)) - log(2.0) + sign


def log_tanh(x: ArrayLike) -> Array:
    r"""Logarithm of the hyperbolic tangent, :math:`\log\tanh x`.

    Args:
        x: Values of any shape, with the limits of :func:`log_sinh`.

    Returns:
        Values of the shape of `x`.
    """
    return log_sinh(x) - log_cosh(x)


def _apply_reim(f: Callable[[Array], Array], x: ArrayLike) -> Array:
    x = jnp.asarray(x)
    if not jnp.issubdtype(x.dtype, jnp.complexfloating):
        return f(x)
    root = sqrt(2.0)
    return jax.lax.complex(f(root * x.real), f(root * x.imag)) / root


def reim(f: Callable[[Array], Array]) -> HashablePartial:
    r"""The real function `f` applied to real and imaginary part on their own.

    .. math::

        \mathrm{reim}(f)(z) = \frac{f(\sqrt 2\, \Re z) + i f(\sqrt 2\, \Im z)}{\sqrt 2},

    and plain `f` for real arguments. The factors keep the scale of `f` when :math:`|z|^2` is
    shared between the two parts.

    Args:
        f: Function of real arrays.

    Returns:
        A function of real or complex arrays, hashable by content.
    """
    return HashablePartial(_apply_reim, f)


reim_relu = reim(jax.nn.relu)
reim_selu = reim(jax.nn.selu)


def __getattr__(name: str) -> Any:
    return old_name(__name__, name)
