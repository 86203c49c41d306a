# SPDX-License-Identifier: Apache-2.0
r"""Restricted Boltzmann machines, :math:`\log\psi = a\cdot\sigma + \sum_j f(b_j + (W\sigma)_j)`."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from netket.nn._dense import Dense, dot
from netket.nn._sums import sum_log_cosh
from netket.nn.activation import log_cosh
from netket.utils.types import Array, DType, NNInitFunc, PyTree

__all__ = ["RBM", "RBMModPhase", "RBMMultiVal"]

_normal = nn.initializers.normal(stddev=0.01)

# of batches of fewer sites a product with W is as fast as the updates
_INCREMENTAL_FROM = 96


class RBM(nn.Module):
    r"""Restricted Boltzmann machine with `alpha` hidden units per site.

    .. math::

        \log\psi(\sigma) = \sum_i a_i \sigma_i
            + \sum_j \log\cosh\Big(b_j + \sum_i W_{ij} \sigma_i\Big)

    Parameters: `Dense/kernel` (W), `Dense/bias` (b) and `visible_bias` (a).

    Source: G. Carleo and M. Troyer, Science 355, 602 (2017).

    >>> import jax, netket as nk
    >>> model = nk.models.RBM(alpha=2)
    >>> model.init(jax.random.key(0), jax.numpy.ones((1, 4)))["params"]["Dense"]["kernel"].shape
    (4, 8)
    """

    param_dtype: DType = np.float64
    """Data type of the parameters; complex numbers give the wave function a sign structure."""
    activation: Callable[[Array], Array] = log_cosh
    """Function of the hidden units."""
    alpha: float | int = 1
    """Hidden units per site."""
    use_hidden_bias: bool = True
    """Whether the hidden units have a bias b."""
    use_visible_bias: bool = True
    """Whether the sites have a bias a."""
    precision: Any = None
    """Precision of the matrix products, see `jax.lax.Precision`."""
    kernel_init: NNInitFunc = _normal
    """Initialiser of W."""
    hidden_bias_init: NNInitFunc = _normal
    """Initialiser of b."""
    visible_bias_init: NNInitFunc = _normal
    """Initialiser of a."""

    incremental_from = _INCREMENTAL_FROM

    @nn.compact
    def __call__(self, input: Array) -> Array:
        """Log-amplitudes of configurations.

        Args:
            input: Configurations of shape (..., N).

        Returns:
            Values of shape (...).
        """
        value = _sum_of_activations(self.activation, _hidden(self, input, name="Dense"))
        if not self.use_visible_bias:
            return value
        a = self.param("visible_bias", self.visible_bias_init, (input.shape[-1],), self.param_dtype)
        return value + dot(input, a, self.precision)

    def init_cache(self, σ: Array) -> tuple[Array, PyTree]:
        params = self.variables["params"]
        θ = _inputs(params["Dense"], σ, self.precision)
        field = dot(σ, params["visible_bias"], self.precision) if self.use_visible_bias else None
        return self._log_psi(θ, field), (θ, field)

    def update_cache(
        self, cache: PyTree, sites: Array, old: Array, new: Array
    ) -> tuple[Array, PyTree]:
        params, (θ, field) = self.variables["params"], cache
        θ += _change(params["Dense"]["kernel"], sites, old, new)
        if field is not None:
            field += _change(params["visible_bias"], sites, old, new)
        return self._log_psi(θ, field), (θ, field)

    def _log_psi(self, θ: Array, field: Array | None) -> Array:
        value = _sum_of_activations(self.activation, θ)
        return value if field is None else value + field


class RBMModPhase(nn.Module):
    r"""Two real restricted Boltzmann machines, one for the modulus and one for the phase.

    .. math::

        \log\psi(\sigma) = \sum_j \log\cosh\Big(b_j + \sum_i W_{ij}\sigma_i\Big)
            + i \sum_j \log\cosh\Big(b'_j + \sum_i W'_{ij}\sigma_i\Big)

    Parameters: `Dense_0` for the modulus, `Dense_1` for the phase.

    Source: G. Torlai et al., Nature Physics 14, 447 (2018).
    """

    param_dtype: DType = np.float64
    """Data type of the parameters; must be real."""
    activation: Callable[[Array], Array] = log_cosh
    """Function of the hidden units."""
    alpha: float | int = 1
    """Hidden units per site of each of the two networks."""
    use_hidden_bias: bool = True
    """Whether the hidden units have a bias."""
    precision: Any = None
    """Precision of the matrix products, see `jax.lax.Precision`."""
    kernel_init: NNInitFunc = _normal
    """Initialiser of the kernels."""
    hidden_bias_init: NNInitFunc = _normal
    """Initialiser of the biases."""

    incremental_from = _INCREMENTAL_FROM

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """Log-amplitudes of configurations.

        Args:
            x: Configurations of shape (..., N).

        Returns:
            Complex values of shape (...).
        """
        modulus = _sum_of_activations(self.activation, _hidden(self, x))
        phase = _sum_of_activations(self.activation, _hidden(self, x))
        return modulus + 1j * phase

    def init_cache(self, σ: Array) -> tuple[Array, PyTree]:
        layers = self._layers()
        θ = tuple(_inputs(layer, σ, self.precision) for layer in layers)
        return self._log_psi(θ), θ

    def update_cache(
        self, cache: PyTree, sites: Array, old: Array, new: Array
    ) -> tuple[Array, PyTree]:
        kernels = (layer["kernel"] for layer in self._layers())
        θ = tuple(θ + _change(kernel, sites, old, new) for θ, kernel in zip(cache, kernels))
        return self._log_psi(θ), θ

    def _layers(self) -> tuple[PyTree, PyTree]:
        params = self.variables["params"]
        return params["Dense_0"], params["Dense_1"]

    def _log_psi(self, θ: tuple[Array, Array]) -> Array:
        modulus, phase = (_sum_of_activations(self.activation, x) for x in θ)
        return modulus + 1j * phase


class RBMMultiVal(nn.Module):
    """A restricted Boltzmann machine of one-hot encoded local states.

    For sites with `n_classes` local states 0, 1, ..., n_classes - 1, such as bosons. The parameters
    are those of :class:`RBM` with `n_classes * N` inputs, under the name `RBM`.
    """

    n_classes: int
    """Number of local states; configurations have values 0, ..., n_classes - 1."""
    param_dtype: DType = np.float64
    """Data type of the parameters."""
    activation: Callable[[Array], Array] = log_cosh
    """Function of the hidden units."""
    alpha: float | int = 1
    """Hidden units per input, that is per site and local state."""
    use_hidden_bias: bool = True
    """Whether the hidden units have a bias."""
    use_visible_bias: bool = True
    """Whether the inputs have a bias."""
    precision: Any = None
    """Precision of the matrix products, see `jax.lax.Precision`."""
    kernel_init: NNInitFunc = _normal
    """Initialiser of the kernel."""
    hidden_bias_init: NNInitFunc = _normal
    """Initialiser of the bias of the hidden units."""
    visible_bias_init: NNInitFunc = _normal
    """Initialiser of the bias of the inputs."""

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """Log-amplitudes of configurations.

        Args:
            x: Configurations of shape (..., N) with values 0, ..., n_classes - 1.

        Returns:
            Values of shape (...).
        """
        one_hot = jax.nn.one_hot(x.astype(int), self.n_classes, dtype=self.param_dtype)
        return RBM(
            name="RBM",
            param_dtype=self.param_dtype,
            activation=self.activation,
            alpha=self.alpha,
            use_hidden_bias=self.use_hidden_bias,
            use_visible_bias=self.use_visible_bias,
            precision=self.precision,
            kernel_init=self.kernel_init,
            hidden_bias_init=self.hidden_bias_init,
            visible_bias_init=self.visible_bias_init,
        )(one_hot.reshape(*x.shape[:-1], self.n_classes * x.shape[-1]))


def _hidden(model: RBM | RBMModPhase, x: Array, name: str | None = None) -> Array:
    """Inputs b + W x of the activation: a dense layer of `model`."""
    return Dense(
        name=name,
        features=int(model.alpha * x.shape[-1]),
        param_dtype=model.param_dtype,
        precision=model.precision,
        use_bias=model.use_hidden_bias,
        kernel_init=model.kernel_init,
        bias_init=model.hidden_bias_init,
    )(x)


def _inputs(layer: PyTree, σ: Array, precision: Any) -> jax.Array:
    """The same (F,) of one configuration (N,), from the parameters of the layer."""
    θ = dot(σ, layer["kernel"], precision)
    return θ + layer["bias"] if "bias" in layer else θ


def _change(kernel: Array, sites: Array, old: Array, new: Array) -> jax.Array:
    """W σ' - W σ for configurations that differ at some sites, from these rows of W (N, ...)."""
    # differences of small integers could overflow
    dtype = jnp.promote_types(new.dtype, kernel.real.dtype)
    step = new.astype(dtype) - old.astype(dtype)
    # one by one: a sum over rows that are gathered together is slower
    rows = (kernel.at[site].get(mode="promise_in_bounds") for site in sites)
    return sum(x * row for x, row in zip(step, rows))


def _sum_of_activations(activation: Callable[[Array], Array], x: Array) -> Array:
    """Sum of the activations of the hidden units, by a cheaper formula where there is one."""
    return sum_log_cosh(x) if activation is log_cosh else jnp.sum(activation(x), axis=-1)
