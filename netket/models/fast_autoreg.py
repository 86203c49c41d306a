# SPDX-License-Identifier: Apache-2.0
"""Autoregressive networks whose `conditional` keeps the inputs of its layers in a cache.

Drawing a sample of N sites then costs as much as one evaluation of the network, and not N. They
have the parameters and the values of the networks of :mod:`netket.models.autoreg`, for which
samplers use them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from netket.nn.activation import reim_selu
from netket.nn.fast_masked_linear import FastMaskedConv1D, FastMaskedConv2D, FastMaskedDense1D
from netket.utils.types import Array, ArrayLike, DType, NNInitFunc

from .autoreg import (
    FAST_TWINS,
    ARNNConv1D,
    ARNNConv2D,
    ARNNDense,
    ARNNSequential,
    _power,
    linear_size,
    make_layers,
    normalise,
    set_tuples,
)

__all__ = ["FastARNNConv1D", "FastARNNConv2D", "FastARNNDense", "FastARNNSequential"]

_kernel_init = nn.initializers.lecun_normal()
_zeros = nn.initializers.zeros


class FastARNNSequential(ARNNSequential):
    """Base of autoregressive networks of layers with caches, one after the other.

    As :class:`ARNNSequential`, with layers that have a method `update_site`.
    """

    def conditional(self, inputs: Array, index: ArrayLike) -> Array:
        """Probabilities of the local states of one site, given the sites before.

        Must be called for sites 0, 1, ... in this order, with the cache of the call before.

        Args:
            inputs: Configurations of shape (B, N).
            index: The site.

        Returns:
            Probabilities of shape (B, d).
        """
        inputs = inputs[None] if inputs.ndim == 1 else inputs
        # the first layer ignores it at site 0
        before = jnp.maximum(jnp.asarray(index) - 1, 0)
        x = jax.lax.dynamic_slice_in_dim(inputs, before, 1, axis=1)  # (B, 1)
        for i, layer in enumerate(self._layers):
            x = layer.update_site(self.activation(x) if i > 0 else x, index)
        power = _power(self)
        return jnp.exp(power * normalise(x, power).real)


class FastARNNDense(FastARNNSequential):
    """:class:`ARNNDense` with caches."""

    layers: int
    """Number of layers."""
    features: int | Sequence[int]
    """Features of every layer but the last, which has one for every local state; or of all."""
    activation: Callable[[Array], Array] = reim_selu
    """Function between layers."""
    use_bias: bool = True
    """Whether layers have a bias."""
    param_dtype: DType = jnp.float64
    """Data type of the parameters; complex numbers give the wave function a sign structure."""
    precision: Any = None
    """Precision of the matrix products, see `jax.lax.Precision`."""
    kernel_init: NNInitFunc = _kernel_init
    """Initialiser of the kernels."""
    bias_init: NNInitFunc = _zeros
    """Initialiser of the biases."""
    machine_pow: int = 2
    r"""The exponent p: :math:`|\psi|^p` is normalised."""

    def __post_init__(self) -> None:
        set_tuples(self)
        super().__post_init__()

    def setup(self) -> None:
        self._layers = make_layers(self, FastMaskedDense1D, size=self.hilbert.size)


class FastARNNConv1D(FastARNNSequential):
    """:class:`ARNNConv1D` with caches."""

    layers: int
    """Number of layers."""
    features: int | Sequence[int]
    """Features of every layer but the last, which has one for every local state; or of all."""
    kernel_size: int
    """Number of sites that a kernel covers."""
    kernel_dilation: int = 1
    """Distance of the sites of a kernel."""
    activation: Callable[[Array], Array] = reim_selu
    """Function between layers."""
    use_bias: bool = True
    """Whether layers have a bias."""
    param_dtype: DType = jnp.float64
    """Data type of the parameters; complex numbers give the wave function a sign structure."""
    precision: Any = None
    """Precision of the matrix products, see `jax.lax.Precision`."""
    kernel_init: NNInitFunc = _kernel_init
    """Initialiser of the kernels."""
    bias_init: NNInitFunc = _zeros
    """Initialiser of the biases."""
    machine_pow: int = 2
    r"""The exponent p: :math:`|\psi|^p` is normalised."""

    def __post_init__(self) -> None:
        set_tuples(self)
        super().__post_init__()

    def setup(self) -> None:
        options = {"kernel_size": self.kernel_size, "kernel_dilation": self.kernel_dilation}
        self._layers = make_layers(self, FastMaskedConv1D, **options)


class FastARNNConv2D(FastARNNSequential):
    """:class:`ARNNConv2D` with caches."""

    layers: int
    """Number of layers."""
    features: int | Sequence[int]
    """Features of every layer but the last, which has one for every local state; or of all."""
    kernel_size: tuple[int, int]
    """Numbers of rows and columns of a kernel."""
    kernel_dilation: tuple[int, int] = (1, 1)
    """Distances of the rows and columns of a kernel."""
    activation: Callable[[Array], Array] = reim_selu
    """Function between layers."""
    use_bias: bool = True
    """Whether layers have a bias."""
    param_dtype: DType = jnp.float64
    """Data type of the parameters; complex numbers give the wave function a sign structure."""
    precision: Any = None
    """Precision of the matrix products, see `jax.lax.Precision`."""
    kernel_init: NNInitFunc = _kernel_init
    """Initialiser of the kernels."""
    bias_init: NNInitFunc = _zeros
    """Initialiser of the biases."""
    machine_pow: int = 2
    r"""The exponent p: :math:`|\psi|^p` is normalised."""

    def __post_init__(self) -> None:
        set_tuples(self)
        super().__post_init__()

    def setup(self) -> None:
        size = linear_size(self.hilbert)
        options = {"kernel_size": self.kernel_size, "kernel_dilation": self.kernel_dilation}
        self._layers = make_layers(self, FastMaskedConv2D, L=size, **options)

    def reshape_inputs(self, inputs: Array) -> Array:
        size = linear_size(self.hilbert)
        return inputs.reshape(inputs.shape[0], size, size)


FAST_TWINS |= {
    ARNNDense: FastARNNDense,
    ARNNConv1D: FastARNNConv1D,
    ARNNConv2D: FastARNNConv2D,
}
