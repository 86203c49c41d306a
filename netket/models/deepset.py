# SPDX-License-Identifier: Apache-2.0
r"""Wave functions of identical particles, :math:`\log\psi = \rho\big(\sum_i \varphi(x_i)\big)`.

In place of the particles there may be pairs of them, described by their distances.
"""

from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from netket.hilbert.continuous import ContinuousHilbert
from netket.nn import blocks
from netket.utils.types import Array, DType, NNInitFunc

from ._layers import features_of_layers

__all__ = ["DeepSetMLP", "DeepSetRelDistance"]


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


class DeepSetRelDistance(nn.Module):
    r"""A function of the distances of all pairs of particles in a periodic box.

    .. math::

        \log\psi(x) = \rho\Big(\mathrm{pool}_{i<j}\; \varphi\big((d_{ij} / L)^2\big)\Big)
            - \frac{1}{2} \sum_{i<j} \frac{c}{|d_{ij}|^\nu}, \qquad
        d_{ij} = \frac{L}{2} \sin\frac{\pi (x_i - x_j)}{L}

    with a vector d for every pair (and one number L for every direction), which is smooth where
    the nearest image changes. The second part is there if the exponent ν is given: ν = 5 makes
    liquid helium vanish where two atoms meet. The parameters are those of :class:`DeepSetMLP`,
    under the name `deepset`, and `cusp` (1,), which is c.

    Source: G. Pescia et al., arXiv:2112.11957.

    >>> import jax, netket as nk
    >>> box = nk.experimental.geometry.Cell(d=1, L=5.0)
    >>> hi = nk.experimental.hilbert.Particle(N=4, geometry=box)
    >>> layers = dict(layers_phi=2, layers_rho=2, features_phi=(8, 8), features_rho=(8, 1))
    >>> model = nk.models.DeepSetRelDistance(hi, **layers, cusp_exponent=5)
    >>> x = hi.random_state(jax.random.key(0), 3)
    >>> model.apply(model.init(jax.random.key(1), x), x).shape
    (3,)
    """

    hilbert: ContinuousHilbert
    """Space of the particles, periodic in every direction."""
    layers_phi: int
    """Number of layers of φ."""
    layers_rho: int
    """Number of layers of ρ."""
    features_phi: int | Sequence[int]
    """Numbers of features of the layers of φ; one number is that of all of them."""
    features_rho: int | Sequence[int]
    """Numbers of features of the layers of ρ, the last of which must be 1."""
    cusp_exponent: int | None = None
    """Exponent ν of the part that diverges where particles meet; None for no such part."""
    param_dtype: DType = jnp.float64
    """Data type of the parameters."""
    activation: Callable[[Array], Array] = jax.nn.gelu
    """Activation of all layers but the last one of ρ."""
    output_activation: Callable[[Array], Array] | None = None
    """Activation of the last layer of ρ."""
    pooling: Callable = jnp.sum
    """Function (x, axis=...) over the pairs."""
    use_bias: bool = True
    """Whether layers have a bias."""
    kernel_init: NNInitFunc = nn.initializers.lecun_normal()
    """Initialiser of the kernels."""
    bias_init: NNInitFunc = nn.initializers.zeros
    """Initialiser of the biases."""
    params_init: NNInitFunc = nn.initializers.ones
    """Initialiser of c."""

    def distance(self, x: Array, sdim: int, L: Array) -> Array:
        """Vectors between all pairs of particles, which know that the box is periodic.

        Args:
            x: Positions of shape (..., n * sdim).
            sdim: Number of directions.
            L: Length of the box in each direction, of shape (sdim,).

        Returns:
            Vectors of shape (..., n (n - 1) / 2, sdim).
        """
        r = x.reshape(*x.shape[:-1], -1, sdim)
        i, j = jnp.triu_indices(r.shape[-2], 1)
        return 0.5 * L * jnp.sin(jnp.pi * (r[..., i, :] - r[..., j, :]) / L)

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """Log-amplitudes.

        Args:
            x: Positions of shape (..., n d).

        Returns:
            Values of shape (...).

        Raises:
            ValueError: The space is not periodic, or the numbers of layers and features differ.
        """
        box = getattr(self.hilbert, "geometry", None)
        if box is None or not all(box.pbc):
            raise ValueError(
                "Argument `hilbert` must be a space of particles in a box that is periodic in "
                f"every direction, but is {self.hilbert}."
            )
        phi = features_of_layers(self.features_phi, self.layers_phi, "features_phi")
        rho = features_of_layers(self.features_rho, self.layers_rho, "features_rho")
        if rho[-1] != 1:
            raise ValueError(
                "Argument `features_rho` must end with 1, because an amplitude is one number, but "
                f"is {self.features_rho}."
            )
        L = jnp.asarray(box.extent, dtype=x.dtype)
        d = self.distance(x, box.dimension, L)
        c = self.param("cusp", self.params_init, (1,), self.param_dtype)
        network = DeepSetMLP(
            features_phi=phi,
            features_rho=rho,
            param_dtype=self.param_dtype,
            hidden_activation=self.activation,
            output_activation=self.output_activation,
            pooling=self.pooling,
            use_bias=self.use_bias,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
            name="deepset",
        )
        values = network((d / L) ** 2)
        if self.cusp_exponent is not None:
            values -= 0.5 * jnp.sum(c / jnp.linalg.norm(d, axis=-1) ** self.cusp_exponent, axis=-1)
        return values
