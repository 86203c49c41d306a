# SPDX-License-Identifier: Apache-2.0
r"""Multilayer perceptron, :math:`x_{l+1} = f_l(W_l x_l + b_l)`."""

from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from netket.utils.types import Array, DType, NNInitFunc

from .._dense import Dense

__all__ = ["MLP"]

Activation = Callable[[Array], Array]


class MLP(nn.Module):
    """Dense layers with activations between them.

    Every hidden layer is followed by its activation; the output layer by `output_activation` if
    there is one. Parameters are called `Dense_0`, `Dense_1`, and so on.

    >>> import jax, netket as nk
    >>> mlp = nk.nn.blocks.MLP(output_dim=2, hidden_dims=(8, 4))
    >>> x = jax.numpy.ones((5, 3))
    >>> mlp.apply(mlp.init(jax.random.key(0), x), x).shape
    (5, 2)
    """

    output_dim: int = 1
    """Number of features that come out."""
    hidden_dims: int | Sequence[int] | None = None
    """Numbers of features of the hidden layers."""
    hidden_dims_alpha: int | Sequence[int] | None = None
    """The same in units of the number of input features; give at most one of the two."""
    param_dtype: DType = jnp.float64
    """Data type of the parameters."""
    hidden_activations: Activation | Sequence[Activation | None] | None = jax.nn.gelu
    """One activation for all hidden layers, or one for each; None means linear."""
    output_activation: Activation | None = None
    """Activation after the output layer."""
    use_hidden_bias: bool = True
    """Whether hidden layers have a bias."""
    use_output_bias: bool = True
    """Whether the output layer has a bias."""
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
        """The features of a batch.

        Args:
            input: Batch of shape (..., F).

        Returns:
            Batch of shape (..., output_dim).

        Raises:
            ValueError: If both or inconsistent hidden dimensions are given.
        """
        widths = _widths(self.hidden_dims, self.hidden_dims_alpha, input.shape[-1])
        x = input
        for width, activation in zip(widths, _activations(self.hidden_activations, len(widths))):
            x = self._dense(width, self.use_hidden_bias)(x)
            x = x if activation is None else activation(x)
        x = self._dense(self.output_dim, self.use_output_bias)(x)
        return x if self.output_activation is None else self.output_activation(x)

    def _dense(self, features: int, use_bias: bool) -> Dense:
        return Dense(
            features=features,
            use_bias=use_bias,
            param_dtype=self.param_dtype,
            precision=self.precision,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
        )


def _widths(
    dims: int | Sequence[int] | None, alpha: int | Sequence[int] | None, n_features: int
) -> tuple[int, ...]:
    """Widths of the hidden layers."""
    if dims is not None and alpha is not None:
        raise ValueError(
            "Arguments `hidden_dims` and `hidden_dims_alpha` must not both be given: the second "
            "is the first in units of the number of inputs."
        )
    if dims is not None:
        return tuple(dims) if isinstance(dims, Sequence) else (dims,)
    if alpha is not None:
        factors = alpha if isinstance(alpha, Sequence) else (alpha,)
        return tuple(int(factor * n_features) for factor in factors)
    return ()


def _activations(
    activations: Activation | Sequence[Activation | None] | None, n_layers: int
) -> tuple[Activation | None, ...]:
    """One activation for every hidden layer."""
    if not isinstance(activations, Sequence):
        return (activations,) * n_layers
    if len(activations) != n_layers:
        raise ValueError(
            f"Argument `hidden_activations` must have {n_layers} entries, one for every hidden "
            f"layer, but has {len(activations)}."
        )
    return tuple(activations)
