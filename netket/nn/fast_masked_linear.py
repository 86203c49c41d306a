# SPDX-License-Identifier: Apache-2.0
"""Masked layers that can also compute their output one site after the other.

They have the parameters and the outputs of the layers of :mod:`netket.nn.masked_linear`. The method
`update_site` returns the output of one site; the inputs that later sites need are kept in the
collection `cache` under the name `inputs`. Sites must be visited in order, from site 0::

    for i in range(N):
        y, cache = layer.apply(variables | cache, x, i, method=layer.update_site, mutable=["cache"])

where x is the input at site i, or at site i - 1 if the layer is exclusive (then it is ignored at
site 0).
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from netket.utils.types import Array, ArrayLike, DType, NNInitFunc

from . import masked_linear as masked
from ._dense import dot

__all__ = ["FastMaskedConv1D", "FastMaskedConv2D", "FastMaskedDense1D"]

_kernel_init = nn.initializers.lecun_normal()
_zeros = nn.initializers.zeros


class FastMaskedDense1D(nn.Module):
    """:class:`MaskedDense1D` with a cache of inputs (B, N, F)."""

    size: int
    """Number of sites N."""
    features: int
    """Number of features that come out at every site."""
    exclusive: bool
    """Whether output i does not depend on input i."""
    use_bias: bool = True
    """Whether there is a bias."""
    param_dtype: DType = jnp.float64
    """Data type of the parameters."""
    precision: Any = None
    """Precision of the matrix products, see `jax.lax.Precision`."""
    kernel_init: NNInitFunc = _kernel_init
    """Initialiser of the kernel; it is scaled up to make up for the zeros."""
    bias_init: NNInitFunc = _zeros
    """Initialiser of the bias."""

    def __call__(self, inputs: Array) -> Array:
        """Features (..., N, features) of a batch (..., N, F)."""
        return self._apply(inputs, None)

    def update_site(self, inputs: Array, index: ArrayLike) -> Array:
        """Features (B, features) at site `index`; inputs (B, F) as above."""
        return self._apply(inputs, index)

    @nn.compact
    def _apply(self, inputs: Array, index: ArrayLike | None) -> Array:
        if index is None:
            return masked.dense(self, inputs)
        return _one_batch_axis(self._update, inputs, index)

    def _update(self, x: Array, index: ArrayLike) -> Array:
        n_sites, n_out = self.size, self.features
        kernel, bias = masked.dense_parameters(self, n_sites, x.shape[-1])
        x, cache = _input_and_cache(self, x, index, (n_sites,))
        site = index - bool(self.exclusive)
        cache.value = _store(cache.value, x, (jnp.maximum(site, 0),))
        # old values of later sites may be there
        rows = jnp.repeat(jnp.arange(n_sites) <= site, x.shape[-1])[:, None]
        columns = jax.lax.dynamic_slice_in_dim(kernel, index * n_out, n_out, axis=1)
        flat = cache.value.reshape(x.shape[0], -1)
        y = dot(flat, jnp.where(rows, columns, 0), self.precision)
        return masked.plus_bias(y, None if bias is None else jnp.asarray(bias)[index])


class FastMaskedConv1D(nn.Module):
    """:class:`MaskedConv1D` with a cache of the inputs (B, M, F) of the last M sites."""

    features: int
    """Number of features that come out at every site."""
    kernel_size: int
    """Number of sites that the kernel covers, the site itself included."""
    kernel_dilation: int
    """Distance d of the sites of the kernel."""
    exclusive: bool
    """Whether output i does not depend on input i."""
    feature_group_count: int = 1
    """Number of groups of features that do not mix."""
    use_bias: bool = True
    """Whether there is a bias."""
    param_dtype: DType = jnp.float64
    """Data type of the parameters."""
    precision: Any = None
    """Precision of the matrix products, see `jax.lax.Precision`."""
    kernel_init: NNInitFunc = _kernel_init
    """Initialiser of the kernel."""
    bias_init: NNInitFunc = _zeros
    """Initialiser of the bias."""

    def __call__(self, inputs: Array) -> Array:
        """Features (..., N, features) of a batch (..., N, F)."""
        return self._apply(inputs, None)

    def update_site(self, inputs: Array, index: ArrayLike) -> Array:
        """Features (B, features) at site `index`; inputs (B, F) as above."""
        return self._apply(inputs, index)

    @nn.compact
    def _apply(self, inputs: Array, index: ArrayLike | None) -> Array:
        if index is None:
            return masked.conv_1d(self, inputs)
        return _one_batch_axis(self._update, inputs, index)

    def _update(self, x: Array, index: ArrayLike) -> Array:
        kernel, bias = masked.conv_1d_parameters(self, x.shape[-1])
        d = self.kernel_dilation
        n_last = d * (self.kernel_size - 1) + (not self.exclusive)
        x, cache = _input_and_cache(self, x, index, (n_last,))
        last = jnp.where(index > 0, cache.value[:, 1:], 0)
        cache.value = jnp.concatenate([last, x[:, None]], axis=1)
        return masked.plus_bias(masked.product(self, cache.value[:, ::d], kernel), bias)


class FastMaskedConv2D(nn.Module):
    """:class:`MaskedConv2D` with a cache of the inputs (B, M, L, F) of the last M rows."""

    L: int
    """Linear size of the square lattice."""
    features: int
    """Number of features that come out at every site."""
    kernel_size: tuple[int, int]
    """Numbers of rows and columns of the kernel."""
    kernel_dilation: tuple[int, int]
    """Distances of its rows and columns."""
    exclusive: bool
    """Whether the output of a site does not depend on its input."""
    feature_group_count: int = 1
    """Number of groups of features that do not mix."""
    use_bias: bool = True
    """Whether there is a bias."""
    param_dtype: DType = jnp.float64
    """Data type of the parameters."""
    precision: Any = None
    """Precision of the matrix products, see `jax.lax.Precision`."""
    kernel_init: NNInitFunc = _kernel_init
    """Initialiser of the kernel; it is scaled up to make up for the zeros."""
    bias_init: NNInitFunc = _zeros
    """Initialiser of the bias."""

    def __post_init__(self) -> None:
        masked.two_integers(self, "kernel_size")
        masked.two_integers(self, "kernel_dilation")
        super().__post_init__()

    def __call__(self, inputs: Array) -> Array:
        """Features (..., L, L, features) of a batch (..., L, L, F)."""
        return self._apply(inputs, None)

    def update_site(self, inputs: Array, index: ArrayLike) -> Array:
        """Features (B, features) at site `index`, row by row; inputs (B, F) as above."""
        return self._apply(inputs, index)

    @nn.compact
    def _apply(self, inputs: Array, index: ArrayLike | None) -> Array:
        if index is None:
            return masked.conv_2d(self, inputs)
        return _one_batch_axis(self._update, inputs, index)

    def _update(self, x: Array, index: ArrayLike) -> Array:
        kernel, bias = masked.conv_2d_parameters(self, x.shape[-1])
        (n_rows, n_columns), (dr, dc) = self.kernel_size, self.kernel_dilation
        n_last = dr * (n_rows - 1) + 1
        x, cache = _input_and_cache(self, x, index, (n_last, self.L))
        # row r is kept at r modulo the number of rows, which moves no other row
        row, column = jnp.divmod(jnp.maximum(index - bool(self.exclusive), 0), self.L)
        cache.value = _store(cache.value, x, (row % n_last, column))
        tap = jnp.arange(kernel.shape[0])
        row = index // self.L - dr * (n_rows - 1 - tap // n_columns)
        column = index % self.L + dc * (tap % n_columns - n_columns // 2)
        inside = (row >= 0) & (column >= 0) & (column < self.L)
        windows = cache.value[:, row % n_last, jnp.clip(column, 0, self.L - 1)]  # (B, T, F)
        windows = jnp.where(inside[:, None], windows, 0)
        return masked.plus_bias(masked.product(self, windows, kernel), bias)


def _one_batch_axis(update: Any, x: Array, index: ArrayLike) -> Array:
    """`update` of inputs (B, F), or of inputs (F,)."""
    x, index = jnp.asarray(x), jnp.asarray(index)
    return update(x, index) if x.ndim > 1 else update(x[None], index)[0]


def _input_and_cache(
    layer: Any, x: Array, index: jax.Array, shape: tuple[int, ...]
) -> tuple[jax.Array, Any]:
    """Inputs in the data type of the cache, zero where there are none, and the cache."""
    real = jnp.finfo(layer.param_dtype).dtype
    dtype = jnp.promote_types(x.dtype, real)
    cache = layer.variable("cache", "inputs", jnp.zeros, (x.shape[0], *shape, x.shape[-1]), dtype)
    x = x.astype(cache.value.dtype)
    return (jnp.where(index > 0, x, 0) if layer.exclusive else x), cache


def _store(cache: Array, x: Array, position: tuple[Array, ...]) -> jax.Array:
    """The cache (B, ..., F) with x (B, F) at a position."""
    block = x.reshape(x.shape[0], *(1 for _ in position), x.shape[-1])
    return jax.lax.dynamic_update_slice(cache, block, (0, *position, 0))
