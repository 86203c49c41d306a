# SPDX-License-Identifier: Apache-2.0
r"""Autoregressive networks, :math:`\psi(\sigma) = \prod_i \psi_i(\sigma_i|\sigma_{<i})`.

Every factor is normalised, :math:`\sum_{\sigma_i} |\psi_i(\sigma_i|\dots)|^2 = 1`, and so is
:math:`\psi`. :class:`netket.sampler.ARDirectSampler` draws independent samples, site by site.

Source: D. Wu, L. Wang and P. Zhang, Phys. Rev. Lett. 122, 080602 (2019); O. Sharir et al., Phys.
Rev. Lett. 124, 020503 (2020).
"""

import abc
import dataclasses
from collections.abc import Callable, Sequence
from math import isqrt
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from netket.hilbert import HomogeneousHilbert
from netket.nn.activation import reim_selu
from netket.nn.masked_linear import MaskedConv1D, MaskedConv2D, MaskedDense1D
from netket.utils.types import Array, ArrayLike, DType, NNInitFunc

from ._layers import features_of_layers

__all__ = ["ARNNConv1D", "ARNNConv2D", "ARNNDense", "ARNNSequential", "AbstractARNN"]

_kernel_init = nn.initializers.lecun_normal()
_zeros = nn.initializers.zeros

# models of the same parameters whose `conditional` keeps a cache: what samplers use instead
FAST_TWINS: dict[type, type] = {}


class AbstractARNN(nn.Module):
    r"""Base of autoregressive networks.

    A subclass defines `conditionals_log_psi`, and, if the sites have another order than 0, 1, ...,
    `reorder` and `inverse_reorder`. If it has a field `machine_pow`, p, the probabilities are
    :math:`|\psi|^p` instead of :math:`|\psi|^2`.
    """

    hilbert: HomogeneousHilbert
    """The Hilbert space. The network is normalised on the space without its constraint."""

    def __post_init__(self) -> None:
        _check_hilbert(self.hilbert)
        super().__post_init__()

    @abc.abstractmethod
    def conditionals_log_psi(self, inputs: Array) -> Array:
        r"""Logarithms of the factors :math:`\psi_i`, for all local states.

        Args:
            inputs: Configurations of shape (B, N).

        Returns:
            Values of shape (B, N, d): the entry of site i depends on the sites before i only.
        """
        raise TypeError(f"{type(self).__name__} must define the method `conditionals_log_psi`.")

    def conditionals(self, inputs: Array) -> Array:
        """Probabilities of all local states, given the sites before.

        Args:
            inputs: Configurations of shape (B, N).

        Returns:
            Probabilities of shape (B, N, d).
        """
        return jnp.exp(_power(self) * self.conditionals_log_psi(inputs).real)

    def conditional(self, inputs: Array, index: ArrayLike) -> Array:
        """Probabilities of the local states of one site, given the sites before.

        Samplers call this method for one site after the other in the order
        `reorder(arange(N))`, with the collection `cache` being mutable, where a subclass may keep
        what it needs later. Values of sites that come later may be wrong.

        Args:
            inputs: Configurations of shape (B, N).
            index: The site.

        Returns:
            Probabilities of shape (B, d).
        """
        inputs = inputs[None] if inputs.ndim == 1 else inputs
        return self.conditionals(inputs)[:, index, :]

    def __call__(self, inputs: Array) -> Array:
        """Log-amplitudes of configurations.

        Args:
            inputs: Configurations of shape (..., N).

        Returns:
            Values of shape (...), or (1,) for a single configuration.
        """
        inputs = jnp.asarray(inputs)
        batch = inputs.shape[:-1] or (1,)
        inputs = inputs.reshape(-1, inputs.shape[-1])
        log_psi = self.conditionals_log_psi(inputs)
        index = self.hilbert.states_to_local_indices(inputs)
        # a sum over all local states is faster than a gather, and so is its derivative
        chosen = index[..., None] == jnp.arange(log_psi.shape[-1], dtype=index.dtype)
        return jnp.sum(jnp.where(chosen, log_psi, 0), axis=(-2, -1)).reshape(batch)

    def reorder(self, inputs: Array, axis: int = 0) -> Array:
        """The entries of an axis of N sites, in the order in which they are sampled."""
        return inputs

    def inverse_reorder(self, inputs: Array, axis: int = 0) -> Array:
        """The inverse of `reorder`."""
        return inputs

    @nn.nowrap
    def _sampling_twin(self) -> "AbstractARNN":
        """A model of the same parameters whose `conditional` is the fastest there is."""
        twin = FAST_TWINS.get(type(self))
        if twin is None:
            return self
        names = {f.name for f in dataclasses.fields(self)} - {"parent", "name"}
        return twin(**{name: getattr(self, name) for name in names})


class ARNNSequential(AbstractARNN):
    """Base of autoregressive networks of one layer after the other.

    A subclass has fields `activation` and `machine_pow`, and defines `setup` so that it sets
    `self._layers`, a list of masked layers, of which the first is exclusive.
    """

    def conditionals_log_psi(self, inputs: Array) -> Array:
        x = self.reshape_inputs(inputs[None] if inputs.ndim == 1 else inputs)[..., None]
        for i, layer in enumerate(self._layers):
            x = layer(self.activation(x) if i > 0 else x)
        x = x.reshape(x.shape[0], -1, x.shape[-1])
        return normalise(x, _power(self))

    def reshape_inputs(self, inputs: Array) -> Array:
        """Configurations (B, N) in the shape that the first layer expects."""
        return inputs


class ARNNDense(ARNNSequential):
    """Autoregressive network of dense layers.

    Parameters: `_layers_0`, `_layers_1`, ..., as in :class:`netket.nn.MaskedDense1D`.

    >>> import jax, netket as nk
    >>> hi = nk.hilbert.Spin(1 / 2, 4)
    >>> model = nk.models.ARNNDense(hi, layers=2, features=8)
    >>> variables = model.init(jax.random.key(0), hi.all_states())
    >>> round(float(abs(jax.numpy.exp(2 * model.apply(variables, hi.all_states()))).sum()), 6)
    1.0
    """

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
        self._layers = make_layers(self, MaskedDense1D)


class ARNNConv1D(ARNNSequential):
    """Autoregressive network of convolutions along a chain.

    Parameters: `_layers_0`, `_layers_1`, ..., as in :class:`netket.nn.MaskedConv1D`.
    """

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
        self._layers = make_layers(self, MaskedConv1D, **options)


class ARNNConv2D(ARNNSequential):
    """Autoregressive network of convolutions on a square lattice, row by row.

    Parameters: `_layers_0`, `_layers_1`, ..., as in :class:`netket.nn.MaskedConv2D`.
    """

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
        linear_size(self.hilbert)
        options = {"kernel_size": self.kernel_size, "kernel_dilation": self.kernel_dilation}
        self._layers = make_layers(self, MaskedConv2D, **options)

    def reshape_inputs(self, inputs: Array) -> Array:
        size = linear_size(self.hilbert)
        return inputs.reshape(inputs.shape[0], size, size)


# -- what plain and fast models share --------------------------------------------------------------


def normalise(log_psi: Array, power: ArrayLike) -> jax.Array:
    """Values (..., d) shifted such that the sum of |exp|^power over the last axis is 1."""
    norm = jax.nn.logsumexp(power * log_psi.real, axis=-1, keepdims=True)
    return log_psi - norm / power


def make_layers(model: Any, layer: type[nn.Module], **options: Any) -> list[nn.Module]:
    """The layers of a model, of which the first is exclusive.

    Raises:
        ValueError: There are other numbers of features than layers, or the last one is wrong.
    """
    names = ("use_bias", "param_dtype", "precision", "kernel_init", "bias_init")
    options |= {name: getattr(model, name) for name in names}
    all_features = _features(model)
    return [layer(features=n, exclusive=i == 0, **options) for i, n in enumerate(all_features)]


def linear_size(hilbert: HomogeneousHilbert) -> int:
    """The linear size of a square lattice.

    Raises:
        ValueError: The number of sites is not a square.
    """
    size = isqrt(hilbert.size)
    if size**2 != hilbert.size:
        raise ValueError(
            "Argument `hilbert` must have as many sites as a square lattice, such as 16, but has "
            f"{hilbert.size}. Use a one-dimensional network, such as ARNNConv1D."
        )
    return size


def set_tuples(model: Any) -> None:
    """Makes lists tuples: they would make the module unhashable, which jax needs it to be."""
    for name in ("features", "kernel_size", "kernel_dilation"):
        value = getattr(model, name, None)
        if isinstance(value, list):
            object.__setattr__(model, name, tuple(value))


def _features(model: Any) -> tuple[int, ...]:
    local_size = model.hilbert.local_size
    if model.layers < 1:
        raise ValueError(f"Argument `layers` must be a positive integer, but is {model.layers}.")
    if not isinstance(model.features, Sequence):
        return (model.features,) * (model.layers - 1) + (local_size,)
    features = features_of_layers(model.features, model.layers)
    if features[-1] != local_size:
        raise ValueError(
            f"Argument `features` must end with {local_size}, the number of local states of "
            f"{model.hilbert}, but is {model.features}."
        )
    return features


def _power(model: Any) -> ArrayLike:
    return getattr(model, "machine_pow", 2)


def _check_hilbert(hilbert: Any) -> None:
    if not isinstance(hilbert, HomogeneousHilbert):
        raise ValueError(
            "Argument `hilbert` must be a space of equal sites, such as Spin or Fock, as an "
            f"autoregressive network has the same outputs for all, but is {hilbert!r}."
        )
    if not hilbert.is_finite:
        raise ValueError(
            "Argument `hilbert` must have finitely many local states, but is "
            f"{hilbert!r}. Give a maximum, such as `n_max`."
        )
