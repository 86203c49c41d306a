# SPDX-License-Identifier: Apache-2.0
r"""Two-body Jastrow state, :math:`\log\psi(\sigma) = \sum_{i<j} W_{ij} \sigma_i \sigma_j`."""

import flax.linen as nn
import jax.numpy as jnp
import numpy as np

from netket.utils.types import Array, DType, NNInitFunc

__all__ = ["Jastrow"]


class Jastrow(nn.Module):
    r"""Two-body Jastrow state :math:`\log\psi(\sigma) = \sum_{i<j} W_{ij} \sigma_i \sigma_j`.

    The N(N-1)/2 parameters `kernel` are the lower triangle of W, row by row.

    Source: R. Jastrow, Phys. Rev. 98, 1479 (1955).

    >>> import jax, netket as nk
    >>> model = nk.models.Jastrow(param_dtype=float)
    >>> model.init(jax.random.key(0), jax.numpy.ones((1, 4)))["params"]["kernel"].shape
    (6,)
    """

    param_dtype: DType = jnp.complex128
    """Data type of the parameters."""
    kernel_init: NNInitFunc = nn.initializers.normal()
    """Initialiser of the pair amplitudes."""

    @nn.compact
    def __call__(self, x_in: Array) -> Array:
        """Log-amplitudes of configurations.

        Args:
            x_in: Configurations of shape (..., N).

        Returns:
            Values of shape (...).
        """
        n = x_in.shape[-1]
        kernel = self.param("kernel", self.kernel_init, (n * (n - 1) // 2,), self.param_dtype)
        kernel, x = nn.dtypes.promote_dtype(kernel, x_in, dtype=None)
        rows, columns = np.tril_indices(n, -1)
        matrix = jnp.zeros((n, n), kernel.dtype).at[rows, columns].set(kernel)
        return jnp.sum((x @ matrix) * x, axis=-1)
