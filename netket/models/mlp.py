# SPDX-License-Identifier: Apache-2.0
r"""Multilayer perceptron with one output, :math:`\log\psi(\sigma) = W_L f(\dots f(W_0\sigma))`."""

from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from netket.nn import blocks
from netket.utils.types import Array, DType, NNInitFunc

__all__ = ["MLP"]


class MLP(nn.Module):
    """Multilayer perceptron whose single output is the log-amplitude.

    The parameters are those of :class:`netket.nn.blocks.MLP`, under the name `MLP_0`.

    >>> import jax, netket as nk
    >>> model = nk.models.MLP(hidden_dims=(10, 4))
    >>> variables = model.init(jax.random.key(0), jax.numpy.ones((1, 3)))
    >>> sorted(variables["params"]["MLP_0"])
    ['Dense_0', 'Dense_1', 'Dense_2']
    """

    hidden_dims: int | Sequence[int] | None = None
    """Numbers of features of the hidden layers."""
    hidden_dims_alpha: int | Sequence[int] | None = None
    """The same in units of the number of sites; give at most one of the two."""
    param_dtype: DType = jnp.float64
    """Data type of the parameters."""
    hidden_activations: Callable | Sequence[Callable | None] | None = jax.nn.gelu
    """One activation for all hidden layers, or one for each."""
    output_activation: Callable | None = None
    """Activation after the output layer."""
    use_hidden_bias: bool = True
    """Whether hidden layers have a bias."""
    use_output_bias: bool = False
    """Whether the output has a bias (a constant factor of the wave function)."""
    precision: Any = None
    """Precision of the matrix products, see `jax.lax.Precision`."""
    kernel_init: NNInitFunc = nn.initializers.lecun_normal()
    """Initialiser of the kernels."""
    bias_init: NNInitFunc = nn.initializers.zeros
    """Initialiser of the biases."""

    def __post_init__(self) -> None:
        # lists would make the module unhashable, which jax needs it to be
        for name in ("hidden_dims", "hidden_dims_alpha", "hidden_activations"):
            value = getattr(self, name)
            if isinstance(value, list):
                object.__setattr__(self, name, tuple(value))
        super().__post_init__()

    @nn.compact
    def __call__(self, input: Array) -> Array:
        """Log-amplitudes of configurations.

        Args:
            input: Configurations of shape (..., N).

        Returns:
            Values of shape (...).

        Raises:
            ValueError: If both or inconsistent hidden dimensions are given.
        """
        network = blocks.MLP(
            output_dim=1,
            hidden_dims=self.hidden_dims,
            hidden_dims_alpha=self.hidden_dims_alpha,
            param_dtype=self.param_dtype,
            hidden_activations=self.hidden_activations,
            output_activation=self.output_activation,
            use_hidden_bias=self.use_hidden_bias,
            use_output_bias=self.use_output_bias,
            precision=self.precision,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
        )
        return jnp.squeeze(network(input), axis=-1)
