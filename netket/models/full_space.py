# SPDX-License-Identifier: Apache-2.0
r"""The whole state vector as parameters, :math:`\log\psi(\sigma) = \theta_{n(\sigma)}`."""

import flax.linen as nn
import jax.numpy as jnp

from netket.hilbert import DiscreteHilbert
from netket.utils.types import Array, DType, NNInitFunc

__all__ = ["LogStateVector"]


class LogStateVector(nn.Module):
    r"""One parameter for every basis state: :math:`\log\psi(\sigma) = \theta_{n(\sigma)}`.

    :math:`n(\sigma)` is the index of :math:`\sigma` in the Hilbert space. A reference for tests
    and small systems.

    >>> import jax, netket as nk
    >>> hi = nk.hilbert.Spin(1 / 2, 3)
    >>> model = nk.models.LogStateVector(hi)
    >>> model.init(jax.random.key(0), hi.all_states())["params"]["logstate"].shape
    (8,)
    """

    hilbert: DiscreteHilbert
    """The Hilbert space; it must be indexable."""
    param_dtype: DType = jnp.complex128
    """Data type of the parameters."""
    logstate_init: NNInitFunc = nn.initializers.ones
    """Initialiser of the parameters; by default all amplitudes are equal."""

    @nn.compact
    def __call__(self, x_in: Array) -> Array:
        """Log-amplitudes of configurations.

        Args:
            x_in: Configurations of shape (..., N).

        Returns:
            Values of shape (...).

        Raises:
            ValueError: If the Hilbert space is too large to be indexed.
        """
        if not self.hilbert.is_indexable:
            raise ValueError(
                "Argument `hilbert` must have few enough states to store one parameter for each, "
                f"but {self.hilbert} cannot be indexed. Use another model, such as RBM."
            )
        logstate = self.param(
            "logstate", self.logstate_init, (self.hilbert.n_states,), self.param_dtype
        )
        return logstate[self.hilbert.states_to_numbers(jnp.asarray(x_in))]
