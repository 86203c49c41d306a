# SPDX-License-Identifier: Apache-2.0
r"""Functions of sets of particles, :math:`f(x) = \rho\big(\sum_i \varphi(x_i)\big)`."""

from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from netket.utils.types import Array, DType, NNInitFunc

from .mlp import MLP

__all__ = ["DeepSetMLP"]


class DeepSetMLP(nn.Module):
    r"""A network that does not depend on the order of particles.

    .. math::

        f(x_1, \dots, x_n) = \rho\Big(\mathrm{pool}_i\; \varphi(x_i)\Big)

    Both φ (parameters `ds_phi`) and ρ (`ds_rho`) are multilayer perceptrons; all layers but the
    last one of ρ are followed by the activation.

    Source: M. Zaheer et al., arXiv:1703.06114.

    >>> import jax, netket as nk
    >>> model = nk.nn.blocks.DeepSetMLP(features_phi=(8, 4), features_rho=(3,))
    >>> x = jax.numpy.ones((2, 5, 3))
    >>> model.apply(model.init(jax.random.key(0), x), x).shape
    (2, 3)
    """

    features_phi: int | Sequence[int] | None = None
    """Numbers of features of the layers of φ; None for no layer."""
    features_rho: int | Sequence[int] | None = None
    """Numbers of features of the layers of ρ; None for no layer."""
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

    def __post_init__(self) -> None:
        for name in ("features_phi", "features_rho"):
            object.__setattr__(self, name, _tuple(getattr(self, name)))
        super().__post_init__()

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """Features of sets.

        Args:
            x: Particles of shape (..., n, F).

        Returns:
            Features of shape (..., features).
        """
        x = self._mlp("ds_phi", self.features_phi, self.hidden_activation, x)
        x = self.pooling(x, axis=-2)
        return self._mlp("ds_rho", self.features_rho, self.output_activation, x)

    def _mlp(self, name: str, features: Any, last: Callable | None, x: Array) -> Array:
        if not features:
            return x
        return MLP(
            output_dim=features[-1],
            hidden_dims=features[:-1],
            param_dtype=self.param_dtype,
            hidden_activations=self.hidden_activation,
            output_activation=last,
            use_hidden_bias=self.use_bias,
            use_output_bias=self.use_bias,
            precision=self.precision,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
            name=name,
        )(x)


def _tuple(features: int | Sequence[int] | None) -> tuple[int, ...] | None:
    if features is None:
        return None
    return (features,) if isinstance(features, int) else tuple(features)
