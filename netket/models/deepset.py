# SPDX-License-Identifier: Apache-2.0
r"""Wave functions of identical particles, :math:`\log\psi = \rho\big(\sum_i \varphi(x_i)\big)`."""

from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from netket.nn import blocks
from netket.utils.types import Array, DType, NNInitFunc

__all__ = ["DeepSetMLP"]


class DeepSetMLP(nn.Module):
    r"""A network that does not depend on the order of particles, with one output.

    The parameters are those of :class:`netket.nn.blocks.DeepSetMLP`, under the name
    `DeepSetMLP_0`, with one more layer of one feature in ρ.

    >>> import jax, netket as nk
    >>> model = nk.models.DeepSetMLP(features_phi=(8, 4), features_rho=(3,))
    >>> x = jax.numpy.ones((2, 5, 3))
    >>> model.apply(model.init(jax.random.key(0), x), x).shape
    (2,)
    """

    features_phi: int | Sequence[int] | None = None
    """Numbers of features of the layers of φ; None for no layer."""
    features_rho: int | Sequence[int] | None = None
    """Numbers of features of the layers of ρ before the last one, which has one."""
    param_dtype: DType = jnp.float64
    """Data type of the parameters."""
    hidden_activation: Callable[[Array], Array] | None = jax.nn.gelu
    """Activation of all layers but the last one of ρ."""
    output_activation: Callable[[Array], Array] | None = None
    """Activation of the last layer of ρ."""
    pooling: Callable = jnp.sum
    """Function (x, axis=...) over the particles."""
    use_bias: bool = True
    """Whether layers have a bias."""
    kernel_init: NNInitFunc = nn.initializers.lecun_normal()
    """Initialiser of the kernels."""
    bias_init: NNInitFunc = nn.initializers.zeros
    """Initialiser of the biases."""
    precision: Any = None
    """Precision of the products, see `jax.lax.Precision`."""

    @nn.compact
    def __call__(self, input: Array) -> Array:
        """Log-amplitudes of sets of particles.

        Args:
            input: Particles of shape (..., n, F).

        Returns:
            Values of shape (...).
        """
        rho = self.features_rho or ()
        rho = (rho,) if isinstance(rho, int) else tuple(rho)
        network = blocks.DeepSetMLP(
            features_phi=self.features_phi,
            features_rho=(*rho, 1),
            param_dtype=self.param_dtype,
            hidden_activation=self.hidden_activation,
            output_activation=self.output_activation,
            pooling=self.pooling,
            use_bias=self.use_bias,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
            precision=self.precision,
        )
        return jnp.squeeze(network(input), axis=-1)
