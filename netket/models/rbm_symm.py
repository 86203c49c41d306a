# SPDX-License-Identifier: Apache-2.0
r"""A restricted Boltzmann machine that a group of permutations leaves as it is.

.. math::

    \log\psi(\sigma) = a \sum_i \sigma_i
        + \sum_f \sum_{g \in G} \log\cosh\Big(b_f + \sum_i W_f(g^{-1} i)\, \sigma_i\Big)
"""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
import numpy as np

from netket.nn.activation import log_cosh
from netket.nn.symmetric_linear import DenseSymm
from netket.utils import HashableArray
from netket.utils.group import PermutationGroup
from netket.utils.types import Array, DType, NNInitFunc

from .rbm import _sum_of_activations

__all__ = ["RBMSymm"]

_normal = nn.initializers.normal(stddev=0.1)


class RBMSymm(nn.Module):
    r"""A restricted Boltzmann machine that is invariant under a group of permutations.

    .. math::

        \log\psi(\sigma) = a \sum_i \sigma_i
            + \sum_f \sum_{g \in G} \log\cosh\Big(b_f + \sum_i W_f(g^{-1} i)\, \sigma_i\Big)

    There are :math:`\alpha N / |G|` features f. Parameters: `Dense/kernel` (W) of shape
    (features, 1, N), `Dense/bias` (b) of shape (features,) and `visible_bias` (a) of shape (1,).

    Source: G. Carleo and M. Troyer, Science 355, 602 (2017), supplement.

    >>> import jax, netket as nk
    >>> model = nk.models.RBMSymm(nk.graph.Chain(4).translation_group(), alpha=2)
    >>> model.init(jax.random.key(0), jax.numpy.ones((1, 4)))["params"]["Dense"]["kernel"].shape
    (2, 1, 4)
    """

    symmetries: HashableArray | PermutationGroup
    """A group of permutations, or its matrix (n_elements, N)."""
    param_dtype: DType = np.float64
    """Data type of the parameters."""
    activation: Callable[[Array], Array] = log_cosh
    """Function of the hidden units."""
    alpha: float | int = 1
    """Hidden units per site; at least ``|G| / N``."""
    use_hidden_bias: bool = True
    """Whether the features have a bias b."""
    use_visible_bias: bool = True
    """Whether the sites have a bias a, the same for all."""
    precision: Any = None
    """Precision of the matrix products, see `jax.lax.Precision`."""
    kernel_init: NNInitFunc = _normal
    """Initialiser of W."""
    hidden_bias_init: NNInitFunc = _normal
    """Initialiser of b."""
    visible_bias_init: NNInitFunc = _normal
    """Initialiser of a."""

    def __post_init__(self) -> None:
        if not isinstance(self.symmetries, HashableArray):
            object.__setattr__(self, "symmetries", HashableArray(np.asarray(self.symmetries)))
        super().__post_init__()

    @nn.compact
    def __call__(self, x_in: Array) -> Array:
        """Log-amplitudes of configurations.

        Args:
            x_in: Configurations of shape (..., N).

        Returns:
            Values of shape (...).

        Raises:
            ValueError: `alpha` is too small for a single feature.
        """
        n_elements, n_sites = np.asarray(self.symmetries).shape
        features = int(self.alpha * n_sites / n_elements)
        if features == 0 and self.alpha > 0:
            raise ValueError(
                f"Argument `alpha` must be at least {n_elements / n_sites}, one hidden unit for "
                f"each of the {n_elements} elements of the group, but is {self.alpha}."
            )
        x = x_in.reshape(-1, 1, x_in.shape[-1])
        hidden = DenseSymm(
            symmetries=self.symmetries,
            mode="matrix",
            features=features,
            param_dtype=self.param_dtype,
            use_bias=self.use_hidden_bias,
            kernel_init=self.kernel_init,
            bias_init=self.hidden_bias_init,
            precision=self.precision,
            name="Dense",
        )(x)
        value = _sum_of_activations(self.activation, hidden.reshape(len(x), features * n_elements))
        if self.use_visible_bias:
            a = self.param("visible_bias", self.visible_bias_init, (1,), self.param_dtype)
            value = value + a[0] * jnp.sum(x, axis=(-2, -1)).astype(a.real.dtype)
        return value.reshape(x_in.shape[:-1])
