# SPDX-License-Identifier: Apache-2.0
r"""Layers whose output at site i depends on the inputs at sites before i only.

.. math::

    y_i = b_i + \sum_{j < i} x_j W_{ji} \quad (\text{or } j \le i), \qquad
    y_i = b + \sum_{a=1}^{k-1} x_{i - a d} W_a \quad (\text{or } a \ge 0).

On a CPU, the convolution of XLA is fast for few features, and a product with a matrix of windows is
for many, and for the derivatives by the kernel.
"""

from functools import partial
from math import prod
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

from netket.utils.types import Array, DType, NNInitFunc

from ._dense import dot

__all__ = ["MaskedConv1D", "MaskedConv2D", "MaskedDense1D"]

# the name is that which scripts import
default_kernel_init = nn.initializers.lecun_normal()
_zeros = nn.initializers.zeros

# largest product of the numbers of features for which the convolution of XLA is used
_FEW = 128


class MaskedDense1D(nn.Module):
    r"""Dense layer of sites and features, :math:`y_i = b_i + \sum_{j<i} x_j W_{ji}`.

    Parameters: `kernel` (N F, N `features`), of which the part that is masked is not used, and
    `bias` (N, `features`).

    >>> import jax, netket as nk
    >>> layer = nk.nn.MaskedDense1D(features=2, exclusive=True)
    >>> x = jax.numpy.ones((5, 4, 3))
    >>> layer.apply(layer.init(jax.random.key(0), x), x).shape
    (5, 4, 2)
    """

    features: int
    """Number of features that come out at every site."""
    exclusive: bool
    """Whether output i does not depend on input i."""
    use_bias: bool = True
    """Whether there is a bias."""
    param_dtype: DType = jnp.float64
    """Data type of the parameters."""
    precision: Any = None
    """Precision of the matrix product, see `jax.lax.Precision`."""
    kernel_init: NNInitFunc = default_kernel_init
    """Initialiser of the kernel; it is scaled up to make up for the zeros."""
    bias_init: NNInitFunc = _zeros
    """Initialiser of the bias."""

    @nn.compact
    def __call__(self, inputs: Array) -> Array:
        """Features (..., N, features) of a batch (..., N, F)."""
        return dense(self, inputs)


class MaskedConv1D(nn.Module):
    r"""Convolution over sites on the left, :math:`y_i = b + \sum_a x_{i - a d} W_a`.

    Parameters: `kernel` (`kernel_size`, F, `features`), with one tap less if it is exclusive,
    ordered from the left, and `bias` (`features`,).
    """

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
    kernel_init: NNInitFunc = default_kernel_init
    """Initialiser of the kernel."""
    bias_init: NNInitFunc = _zeros
    """Initialiser of the bias."""

    @nn.compact
    def __call__(self, inputs: Array) -> Array:
        """Features (..., N, features) of a batch (..., N, F)."""
        return conv_1d(self, inputs)


class MaskedConv2D(nn.Module):
    """Convolution over the sites of a square lattice that come before, row by row.

    The kernel covers rows above, and the same row up to the site, which is in its last row and
    column `kernel_size[1] // 2`. Parameters: `kernel` (a, b, F, `features`) for kernels of
    size (a, b), of which the part that is masked is not used, and `bias` (`features`,).
    """

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
    kernel_init: NNInitFunc = default_kernel_init
    """Initialiser of the kernel; it is scaled up to make up for the zeros."""
    bias_init: NNInitFunc = _zeros
    """Initialiser of the bias."""

    def __post_init__(self) -> None:
        two_integers(self, "kernel_size")
        two_integers(self, "kernel_dilation")
        super().__post_init__()

    @nn.compact
    def __call__(self, inputs: Array) -> Array:
        """Features (..., H, W, features) of a batch (..., H, W, F)."""
        return conv_2d(self, inputs)


# -- what plain and fast layers share ------------------------------------------------------------


def dense(layer: Any, x: Array) -> jax.Array:
    """The output (..., N, features) of a dense layer for a batch (..., N, F)."""
    *batch, n_sites, n_features = x.shape
    kernel, bias = dense_parameters(layer, n_sites, n_features)
    y = dot(x.reshape(*batch, -1), _masked(kernel, n_sites, layer.exclusive), layer.precision)
    return plus_bias(y.reshape(*batch, n_sites, layer.features), bias)


def conv_1d(layer: Any, x: Array) -> jax.Array:
    """The output (..., N, features) of a convolution of a batch (..., N, F)."""
    kernel, bias = conv_1d_parameters(layer, x.shape[-1])
    n_taps, d = kernel.shape[0], layer.kernel_dilation
    *batch, n_sites, n_features = x.shape
    # what an exclusive layer does not see, at the end, is left out
    end = 0 if not layer.exclusive else -d
    padding = (d * (layer.kernel_size - 1), end, 0)
    padded = _padded(x.reshape(-1, n_sites, n_features), padding)
    y = convolution(layer, padded, kernel, (n_taps,), (d,))
    return plus_bias(y.reshape(*batch, n_sites, layer.features), bias)


def conv_2d(layer: Any, x: Array) -> jax.Array:
    """The output (..., H, W, features) of a convolution of a batch (..., H, W, F)."""
    kernel, bias = conv_2d_parameters(layer, x.shape[-1])
    *batch, height, width, n_features = x.shape
    (rows, columns), (dr, dc) = layer.kernel_size, layer.kernel_dilation
    left = columns // 2
    padding = (dr * (rows - 1), 0, 0), (dc * left, dc * (columns - 1 - left), 0)
    padded = _padded(x.reshape(-1, height, width, n_features), *padding)
    y = convolution(layer, padded, kernel, (rows, columns), (dr, dc))
    return plus_bias(y.reshape(*batch, height, width, layer.features), bias)


def dense_parameters(layer: Any, n_sites: int, n_features: int) -> tuple[Array, Array | None]:
    """Kernel (N F, N features), and bias (N, features) or None."""
    n_out = layer.features
    shape = (n_sites * n_features, n_sites * n_out)
    before = n_sites * (n_sites - 1) // 2 if layer.exclusive else n_sites * (n_sites + 1) // 2

    def init(key: Any, shape: tuple[int, ...], dtype: DType) -> Array:
        kernel = layer.kernel_init(key, shape, dtype)
        return _masked(kernel, n_sites, layer.exclusive) * (n_sites / max(before, 1) ** 0.5)

    return layer.param("kernel", init, shape, layer.param_dtype), _bias(layer, (n_sites, n_out))


def conv_1d_parameters(layer: Any, n_features: int) -> tuple[Array, Array | None]:
    """Kernel (T, F / groups, features), and bias (features,) or None.

    Raises:
        ValueError: An exclusive kernel covers the site itself only.
    """
    n_taps = layer.kernel_size - bool(layer.exclusive)
    _check_taps(layer, n_taps)
    shape = (n_taps, _per_group(layer, n_features), layer.features)
    kernel = layer.param("kernel", layer.kernel_init, shape, layer.param_dtype)
    return kernel, _bias(layer, (layer.features,))


def conv_2d_parameters(layer: Any, n_features: int) -> tuple[Array, Array | None]:
    """Kernel (T, F / groups, features) of the T taps that are used, and bias or None.

    Raises:
        ValueError: An exclusive kernel covers the site itself only.
    """
    rows, columns = layer.kernel_size
    n_taps = (rows - 1) * columns + columns // 2 + (not layer.exclusive)
    _check_taps(layer, n_taps)
    n_in = _per_group(layer, n_features)
    used = (jnp.arange(rows * columns) < n_taps).reshape(rows, columns, 1, 1)

    def init(key: Any, shape: tuple[int, ...], dtype: DType) -> Array:
        kernel = layer.kernel_init(key, shape, dtype)
        return jnp.where(used, kernel, 0) * (rows * columns / n_taps) ** 0.5

    shape = (rows, columns, n_in, layer.features)
    kernel = layer.param("kernel", init, shape, layer.param_dtype)
    # the taps that the mask forbids are the last ones
    return kernel.reshape(-1, *shape[2:])[:n_taps], _bias(layer, (layer.features,))


def convolution(
    layer: Any, x: Array, kernel: Array, size: tuple[int, ...], dilation: tuple[int, ...]
) -> jax.Array:
    """A padded batch (B, ..., F) convolved with the first T taps (T, F / groups, features)."""
    if layer.feature_group_count > 1 or prod(kernel.shape[1:]) > _FEW:
        return product(layer, _windows(x, kernel.shape[0], size, dilation), kernel)
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        x = x.astype(kernel.real.dtype)
    return _convolution(x, kernel, size, dilation, layer.precision)


@partial(jax.custom_jvp, nondiff_argnums=(2, 3, 4))
def _convolution(
    x: Array, kernel: Array, size: tuple[int, ...], dilation: tuple[int, ...], precision: Any
) -> jax.Array:
    """`convolution` of one group, by XLA, whose complex numbers are slow."""
    if jnp.iscomplexobj(x) and jnp.iscomplexobj(kernel):
        # three real products are enough
        a = _real_convolution(x.real, kernel.real, size, dilation, precision)
        b = _real_convolution(x.imag, kernel.imag, size, dilation, precision)
        sums = x.real + x.imag, kernel.real + kernel.imag
        c = _real_convolution(*sums, size, dilation, precision)
        return jax.lax.complex(a - b, c - a - b)
    if jnp.iscomplexobj(x):
        parts = [(x.real, kernel), (x.imag, kernel)]
    elif jnp.iscomplexobj(kernel):
        parts = [(x, kernel.real), (x, kernel.imag)]
    else:
        return _real_convolution(x, kernel, size, dilation, precision)
    return jax.lax.complex(*(_real_convolution(*p, size, dilation, precision) for p in parts))


@partial(_convolution.defjvp, symbolic_zeros=True)
def _convolution_jvp(
    size: tuple[int, ...],
    dilation: tuple[int, ...],
    precision: Any,
    primals: tuple[Array, Array],
    tangents: tuple[Array, Array],
) -> tuple[jax.Array, jax.Array]:
    (x, kernel), (dx, dkernel) = primals, tangents
    y = _convolution(x, kernel, size, dilation, precision)
    tangent = jnp.zeros_like(y)
    if not isinstance(dx, SymbolicZero):
        tangent += _convolution(dx, kernel, size, dilation, precision)
    if not isinstance(dkernel, SymbolicZero):
        windows = _windows(x, kernel.shape[0], size, dilation)
        flat = windows.reshape(*windows.shape[:-2], -1)
        tangent += dot(flat, dkernel.reshape(-1, kernel.shape[-1]), precision)
    return y, tangent


def _real_convolution(
    x: Array, kernel: Array, size: tuple[int, ...], dilation: tuple[int, ...], precision: Any
) -> jax.Array:
    dtype = jnp.promote_types(x.dtype, kernel.dtype)
    missing = prod(size) - kernel.shape[0]
    kernel = jnp.pad(kernel, ((0, missing), (0, 0), (0, 0))).reshape(*size, *kernel.shape[1:])
    axes = "HW"[: len(size)]
    return jax.lax.conv_general_dilated(
        x.astype(dtype),
        kernel.astype(dtype),
        window_strides=(1,) * len(size),
        padding="VALID",
        rhs_dilation=dilation,
        dimension_numbers=(f"N{axes}C", f"{axes}IO", f"N{axes}C"),
        precision=precision,
    )


def _windows(x: Array, n_taps: int, size: tuple[int, ...], dilation: tuple[int, ...]) -> jax.Array:
    """What the first T taps of a kernel see of a padded batch: (B, ..., T, F)."""
    shape = [n - d * (k - 1) for n, k, d in zip(x.shape[1:], size, dilation)]
    windows = []
    for tap in list(np.ndindex(*size))[:n_taps]:
        corner = [d * i for i, d in zip(tap, dilation)]
        windows.append(x[:, *(slice(c, c + n) for c, n in zip(corner, shape))])
    return jnp.stack(windows, axis=-2)


def product(layer: Any, windows: Array, kernel: Array) -> jax.Array:
    """Windows (..., T, F) times a kernel (T, F / groups, features)."""
    *batch, n_taps, n_features = windows.shape
    groups = layer.feature_group_count
    if groups == 1:
        flat = windows.reshape(*batch, n_taps * n_features)
        return dot(flat, kernel.reshape(n_taps * n_features, -1), layer.precision)
    windows = windows.reshape(*batch, n_taps, groups, -1)
    kernel = kernel.reshape(n_taps, kernel.shape[1], groups, -1)
    y = jnp.einsum("...tgc,tcgo->...go", windows, kernel, precision=layer.precision)
    return y.reshape(*batch, layer.features)


def plus_bias(y: Array, bias: Array | None) -> jax.Array:
    """y plus the bias, if there is one."""
    return y if bias is None else y + bias


def two_integers(layer: Any, name: str) -> None:
    """Makes a field a tuple of two integers.

    Raises:
        ValueError: It has not two entries.
    """
    value = getattr(layer, name)
    pair = tuple(value) if hasattr(value, "__len__") else (value,)
    if len(pair) != 2:
        raise ValueError(
            f"Argument `{name}` must have two integers, for rows and columns, but is {value!r}."
        )
    object.__setattr__(layer, name, pair)


def _masked(kernel: Array, n_sites: int, exclusive: bool) -> jax.Array:
    """The kernel (N F, N features) with zeros where output i would depend on a later input."""
    shape = (n_sites, kernel.shape[0] // n_sites, n_sites, -1)
    site = jnp.arange(n_sites)
    before = site[:, None] + bool(exclusive) <= site  # (N, N)
    return jnp.where(before[:, None, :, None], kernel.reshape(shape), 0).reshape(kernel.shape)


def _bias(layer: Any, shape: tuple[int, ...]) -> Array | None:
    if not layer.use_bias:
        return None
    return layer.param("bias", layer.bias_init, shape, layer.param_dtype)


def _padded(x: Array, *padding: tuple[int, int, int]) -> jax.Array:
    """x (B, ..., F) with zeros before and after the axes of sites, or less if they are negative."""
    x = jnp.asarray(x)
    return jax.lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *padding, (0, 0, 0)])


def _per_group(layer: Any, n_features: int) -> int:
    groups = layer.feature_group_count
    for what, number in (("features that come in", n_features), ("features", layer.features)):
        if number % groups:
            raise ValueError(
                f"Argument `feature_group_count` must divide the number of {what}, {number}, but "
                f"is {groups}."
            )
    return n_features // groups


def _check_taps(layer: Any, n_taps: int) -> None:
    if n_taps < 1:
        raise ValueError(
            "Argument `kernel_size` must cover at least one site before the site itself in an "
            f"exclusive layer, but is {layer.kernel_size}."
        )
