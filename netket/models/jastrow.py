# SPDX-License-Identifier: Apache-2.0
r"""Two-body Jastrow state, :math:`\log\psi(\sigma) = \sum_{i<j} W_{ij} \sigma_i \sigma_j`."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from netket.utils.types import Array, DType, NNInitFunc, PyTree

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
        return jnp.sum((x @ _triangle(kernel, n)) * x, axis=-1)

    # with symmetric W, log ψ = σ·φ/2 where φ = Wσ

    def init_cache(self, σ: Array) -> tuple[Array, PyTree]:
        kernel, x = nn.dtypes.promote_dtype(self.variables["params"]["kernel"], σ, dtype=None)
        matrix = _triangle(kernel, len(σ))
        left = x @ matrix
        value = jnp.sum(left * x)
        return value, (value, left + x @ matrix.T)

    def update_cache(
        self, cache: PyTree, sites: Array, old: Array, new: Array
    ) -> tuple[Array, PyTree]:
        value, φ = cache
        kernel = self.variables["params"]["kernel"].astype(φ.dtype)
        step = new.astype(φ.dtype) - old.astype(φ.dtype)
        # of the change of φ the value needs little, the cache all
        at_sites = φ.at[sites].get(mode="promise_in_bounds")
        value += step @ (at_sites + _block(kernel, sites, sites) @ step / 2)
        every = jnp.arange(len(φ), dtype=sites.dtype)
        return value, (value, φ + sum(x * _block(kernel, s, every) for x, s in zip(step, sites)))


def _triangle(kernel: Array, n: int) -> jax.Array:
    """The lower triangle of W, (N, N)."""
    rows, columns = np.tril_indices(n, -1)
    return jnp.zeros((n, n), kernel.dtype).at[rows, columns].set(kernel)


def _block(kernel: Array, here: Array, there: Array) -> jax.Array:
    """Elements (..., m) of the symmetric W between sites (...) and (m,), from its triangle."""
    here = here[..., None]
    i, j = jnp.maximum(here, there), jnp.minimum(here, there)
    same = i == j
    if not kernel.size:  # of one site, which has no partner
        return jnp.zeros(same.shape, kernel.dtype)
    index = jnp.where(same, 0, i * (i - 1) // 2 + j)
    return jnp.where(same, 0, kernel.at[index].get(mode="promise_in_bounds"))
