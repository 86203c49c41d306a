# SPDX-License-Identifier: Apache-2.0
"""Dense layers that do not multiply by the imaginary part of real inputs."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from netket.utils.types import Array, DType, NNInitFunc

__all__ = ["Dense", "dot"]


def dot(x: Array, w: Array, precision: Any = None) -> jax.Array:
    """The product x w, in half of the time if x is real and w is complex.

    Args:
        x: Values of shape (..., F) of any dtype; configurations are often small integers.
        w: Matrix (F, M) or vector (F,).
        precision: See `jax.lax.Precision`.
    """
    dtype = jnp.promote_types(x.dtype, w.dtype)
    is_complex = jnp.issubdtype(dtype, jnp.complexfloating)
    if not is_complex or jnp.issubdtype(x.dtype, jnp.complexfloating):
        return jnp.dot(x.astype(dtype), w.astype(dtype), precision=precision)
    w = w.astype(dtype)
    x = x.astype(w.real.dtype)
    return jax.lax.complex(*(jnp.dot(x, part, precision=precision) for part in (w.real, w.imag)))


class Dense(nn.Module):
    """The layer x W + b; parameters and initial values are those of `flax.linen.Dense`."""

    features: int
    """Number of features that come out."""
    use_bias: bool = True
    """Whether there is a bias b."""
    param_dtype: DType = jnp.float64
    """Data type of the parameters."""
    precision: Any = None
    """Precision of the matrix product, see `jax.lax.Precision`."""
    kernel_init: NNInitFunc = nn.initializers.lecun_normal()
    """Initialiser of W."""
    bias_init: NNInitFunc = nn.initializers.zeros
    """Initialiser of b."""

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """Features (..., features) of a batch (..., F)."""
        shape = (x.shape[-1], self.features)
        kernel = self.param("kernel", self.kernel_init, shape, self.param_dtype)
        y = dot(x, kernel, self.precision)
        if not self.use_bias:
            return y
        return y + self.param("bias", self.bias_init, (self.features,), self.param_dtype)
