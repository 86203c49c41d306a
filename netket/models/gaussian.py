# SPDX-License-Identifier: Apache-2.0
r"""Gaussian wave function of continuous positions, :math:`\log\psi(x) = -\tfrac12 |A x|^2`."""

import flax.linen as nn
import jax.numpy as jnp

from netket.utils.types import Array, DType, NNInitFunc

__all__ = ["Gaussian"]


class Gaussian(nn.Module):
    r"""Gaussian wave function :math:`\log\psi(x) = -\tfrac12 \sum_i (A x)_i^2`.

    The parameter `kernel` is A, of shape (N, N).

    >>> import jax, netket as nk
    >>> model = nk.models.Gaussian()
    >>> model.init(jax.random.key(0), jax.numpy.ones((1, 3)))["params"]["kernel"].shape
    (3, 3)
    """

    param_dtype: DType = jnp.float64
    """Data type of the parameters."""
    kernel_init: NNInitFunc = nn.initializers.normal(stddev=1.0)
    """Initialiser of A."""

    @nn.compact
    def __call__(self, x_in: Array) -> Array:
        """Log-amplitudes of positions.

        Args:
            x_in: Positions of shape (..., N).

        Returns:
            Values of shape (...).
        """
        n = x_in.shape[-1]
        kernel = self.param("kernel", self.kernel_init, (n, n), self.param_dtype)
        kernel, x = nn.dtypes.promote_dtype(kernel, x_in, dtype=None)
        return -0.5 * jnp.sum((x @ kernel.T) ** 2, axis=-1)
