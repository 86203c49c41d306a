# SPDX-License-Identifier: Apache-2.0
r"""Linear layers that commute with a group of permutations of the sites.

.. math::

    y_{f,g} = b_f + \sum_{c, i} K_{f,c}(g^{-1} i)\, x_{c,i}, \qquad
    y_{f,g} = b_f + \sum_{c, h} K_{f,c}(h^{-1} g)\, x_{c,h}

The first takes features on the sites, the second features on the elements of the group; both give
features on the elements. A kernel of the second kind is what a convolution has, and is computed in
one of three ways: as a matrix, by Fourier transforms over the translations, or by those over the
group.

Source: T. S. Cohen and M. Welling, arXiv:1602.07576; C. Roth and A. H. MacDonald, arXiv:2104.05085.
"""

from collections.abc import Sequence
from math import prod
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from netket.errors import SymmModuleInvalidInputShape
from netket.graph import Graph, Lattice
from netket.utils import HashableArray
from netket.utils.group import PermutationGroup
from netket.utils.types import Array, DType, NNInitFunc

__all__ = ["DenseEquivariant", "DenseSymm"]

# fan-in: features that come in, times sites or elements; the name is that which scripts import
default_equivariant_initializer = nn.initializers.variance_scaling(
    1.0, "fan_in", "truncated_normal", in_axis=1, out_axis=0
)


def DenseSymm(
    symmetries: Any,
    point_group: Any = None,
    mode: str = "auto",
    shape: Sequence[int] | None = None,
    mask: Any = None,
    **kwargs: Any,
) -> nn.Module:
    r"""A layer from features on the sites to features on the elements of a group.

    .. math::

        y_{f,g} = b_f + \sum_{c,i} K_{f,c}(g^{-1} i)\, x_{c,i}

    Args:
        symmetries: A group of permutations, the matrix (n_elements, n_sites) of one, or a lattice,
            whose space group is taken.
        point_group: Point group for the space group of a lattice.
        mode: "matrix", "fft" or "auto": "fft" for lattices, else "matrix".
        shape: Numbers of unit cells for "fft"; known for lattices.
        mask: Sites where the kernel is not zero, boolean (n_sites,).
        kwargs: `features`, `use_bias`, `param_dtype`, `precision`, `kernel_init` and `bias_init`.

    Returns:
        A module that maps (batch, c, n_sites) to (batch, features, n_elements), with parameters
        `kernel` (features, c, n_sites), or as many sites as the mask has, and `bias` (features,).

    >>> import jax, netket as nk
    >>> layer = nk.nn.DenseSymm(nk.graph.Chain(4).translation_group(), features=2)
    >>> x = jax.numpy.ones((5, 1, 4))
    >>> layer.apply(layer.init(jax.random.key(0), x), x).shape
    (5, 2, 4)
    """
    _check_mode(mode, "fft", "matrix")
    if isinstance(symmetries, Lattice) and mode == "auto":
        mode = "fft"
    group, cells = _group_and_shape(symmetries, point_group, shape)
    mask = _hashable(mask)
    if mode == "fft":
        cells = _checked_shape(cells)
        return DenseSymmFFT(space_group=_hashable(group), shape=cells, mask=mask, **kwargs)
    return DenseSymmMatrix(symmetries=_hashable(group), mask=mask, **kwargs)


def DenseEquivariant(
    symmetries: Any,
    features: int,
    mode: str = "auto",
    shape: Sequence[int] | None = None,
    point_group: Any = None,
    in_features: int | None = None,
    mask: Any = None,
    **kwargs: Any,
) -> nn.Module:
    r"""A convolution over a group: from features on its elements to features on its elements.

    .. math::

        y_{f,g} = b_f + \sum_{c,h} K_{f,c}(h^{-1} g)\, x_{c,h}

    Args:
        symmetries: A group of permutations, or a lattice, whose space group is taken. For "matrix"
            and "fft" also the product table of a group, for "irreps" also a list of its irreps.
        features: Number of features that come out.
        mode: "matrix", "fft", "irreps" or "auto": "fft" for lattices, else "irreps".
        shape: Numbers of unit cells for "fft"; known for lattices.
        point_group: Point group for the space group of a lattice.
        in_features: Not needed, as the input tells it.
        mask: Elements where the kernel is not zero, boolean (n_elements,).
        kwargs: `use_bias`, `param_dtype`, `precision`, `kernel_init` and `bias_init`.

    Returns:
        A module that maps (batch, c, n_elements) to (batch, features, n_elements), with parameters
        `kernel` (features, c, n_elements), or as many as the mask has, and `bias` (features,).
    """
    del in_features
    _check_mode(mode, "fft", "matrix", "irreps")
    if mode == "auto":
        mode = "fft" if isinstance(symmetries, Lattice) else "irreps"
    group, cells = _group_and_shape(symmetries, point_group, shape)
    kwargs = {"features": features, "mask": _hashable(mask), **kwargs}
    if mode == "irreps":
        irreps = group.irrep_matrices() if isinstance(group, PermutationGroup) else group
        return DenseEquivariantIrrep(irreps=tuple(_hashable(irrep) for irrep in irreps), **kwargs)
    table = group.product_table if isinstance(group, PermutationGroup) else group
    if mode == "fft":
        cells = _checked_shape(cells)
        return DenseEquivariantFFT(product_table=_hashable(table), shape=cells, **kwargs)
    return DenseEquivariantMatrix(product_table=_hashable(table), **kwargs)


# -- from sites to elements ----------------------------------------------------------------------


class DenseSymmMatrix(nn.Module):
    """See `DenseSymm`; the kernel is written out as a matrix."""

    symmetries: HashableArray
    """Sites g^-1 i of every element g and site i, (n_elements, n_sites)."""
    features: int
    """Number of features that come out."""
    use_bias: bool = True
    """Whether to add a bias to every feature."""
    mask: HashableArray | None = None
    """Sites where the kernel is not zero."""
    param_dtype: DType = jnp.float64
    """Data type of the parameters."""
    precision: Any = None
    """Precision of the products, see `jax.lax.Precision`."""
    kernel_init: NNInitFunc = default_equivariant_initializer
    """Initialiser of the kernel."""
    bias_init: NNInitFunc = nn.initializers.zeros
    """Initialiser of the bias."""

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """Features (batch, features, n_elements) of a batch (batch, c, n_sites)."""
        images = np.asarray(self.symmetries)
        kernel, bias = _parameters(self, x, images.shape[-1])
        return _by_matrix(x, kernel, images.T, self.precision) + bias


class DenseSymmFFT(nn.Module):
    """See `DenseSymm`; sums over translations are convolutions."""

    space_group: HashableArray
    """The same (n_elements, n_sites); elements are translations by `shape` times others."""
    features: int
    """Number of features that come out."""
    shape: tuple[int, ...]
    """Numbers of unit cells in each direction."""
    use_bias: bool = True
    """Whether to add a bias to every feature."""
    mask: HashableArray | None = None
    """Sites where the kernel is not zero."""
    param_dtype: DType = jnp.float64
    """Data type of the parameters."""
    precision: Any = None
    """Precision of the products, see `jax.lax.Precision`."""
    kernel_init: NNInitFunc = default_equivariant_initializer
    """Initialiser of the kernel."""
    bias_init: NNInitFunc = nn.initializers.zeros
    """Initialiser of the bias."""

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """Features (batch, features, n_elements) of a batch (batch, c, n_sites)."""
        images = np.asarray(self.space_group)
        kernel, bias = _parameters(self, x, images.shape[-1])
        return _by_fft(x, kernel, images.T, self.shape, self.precision) + bias


# -- from elements to elements -------------------------------------------------------------------


class DenseEquivariantMatrix(nn.Module):
    """See `DenseEquivariant`; the kernel is written out as a matrix."""

    product_table: HashableArray
    """Index of g^-1 h in row g and column h."""
    features: int
    """Number of features that come out."""
    use_bias: bool = True
    """Whether to add a bias to every feature."""
    mask: HashableArray | None = None
    """Elements where the kernel is not zero."""
    param_dtype: DType = jnp.float64
    """Data type of the parameters."""
    precision: Any = None
    """Precision of the products, see `jax.lax.Precision`."""
    kernel_init: NNInitFunc = default_equivariant_initializer
    """Initialiser of the kernel."""
    bias_init: NNInitFunc = nn.initializers.zeros
    """Initialiser of the bias."""

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """Features (batch, features, n_elements) of a batch (batch, c, n_elements)."""
        table = np.asarray(self.product_table)
        kernel, bias = _parameters(self, x, len(table), kernel_first=True)
        return _by_matrix(x, kernel, table, self.precision) + bias


class DenseEquivariantFFT(nn.Module):
    """See `DenseEquivariant`; sums over translations are convolutions."""

    product_table: HashableArray
    """Index of g^-1 h in row g and column h; elements are translations times others."""
    features: int
    """Number of features that come out."""
    shape: tuple[int, ...]
    """Numbers of unit cells in each direction."""
    use_bias: bool = True
    """Whether to add a bias to every feature."""
    mask: HashableArray | None = None
    """Elements where the kernel is not zero."""
    param_dtype: DType = jnp.float64
    """Data type of the parameters."""
    precision: Any = None
    """Precision of the products, see `jax.lax.Precision`."""
    kernel_init: NNInitFunc = default_equivariant_initializer
    """Initialiser of the kernel."""
    bias_init: NNInitFunc = nn.initializers.zeros
    """Initialiser of the bias."""

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """Features (batch, features, n_elements) of a batch (batch, c, n_elements)."""
        table = np.asarray(self.product_table)
        kernel, bias = _parameters(self, x, len(table))
        return _by_fft(x, kernel, table, self.shape, self.precision) + bias


class DenseEquivariantIrrep(nn.Module):
    r"""See `DenseEquivariant`; the kernel is diagonal in the irreps ρ of the group.

    .. math::

        \hat y(\rho) = \hat x(\rho) \hat K(\rho), \qquad
        \hat x(\rho) = \sum_g x_g \rho(g), \qquad
        y_g = \frac{1}{|G|} \sum_\rho d_\rho\, \mathrm{tr}\, \rho(g)^\dagger \hat y(\rho)
    """

    irreps: tuple[HashableArray, ...]
    """Unitary matrices (n_elements, d, d) of all irreps."""
    features: int
    """Number of features that come out."""
    use_bias: bool = True
    """Whether to add a bias to every feature."""
    mask: HashableArray | None = None
    """Elements where the kernel is not zero."""
    param_dtype: DType = jnp.float64
    """Data type of the parameters."""
    precision: Any = None
    """Precision of the products, see `jax.lax.Precision`."""
    kernel_init: NNInitFunc = default_equivariant_initializer
    """Initialiser of the kernel."""
    bias_init: NNInitFunc = nn.initializers.zeros
    """Initialiser of the bias."""

    def forward_ft(self, inputs: Array) -> tuple[jax.Array, ...]:
        """Transforms (..., n, d, d) of functions (..., n_elements), for each dimension d."""
        return tuple(
            jnp.einsum("...g,ngij->...nij", inputs, rho, precision=self.precision)
            for rho in self._by_dimension(inputs.dtype)
        )

    def inverse_ft(self, inputs: Sequence[Array]) -> jax.Array:
        """The functions (..., n_elements) that `forward_ft` transforms into `inputs`."""
        n_elements = len(np.asarray(self.irreps[0]))
        return sum(
            jnp.einsum("...nij,ngij->...g", part, rho.conj(), precision=self.precision)
            * (rho.shape[-1] / n_elements)
            for part, rho in zip(inputs, self._by_dimension(inputs[0].dtype))
        )

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """Features (batch, features, n_elements) of a batch (batch, c, n_elements)."""
        kernel, bias = _parameters(self, x, len(np.asarray(self.irreps[0])))
        dtype = jnp.promote_types(x.dtype, kernel.dtype)
        y = [
            jnp.einsum("bcnij,fcnjk->bfnik", a, b, precision=self.precision)
            for a, b in zip(self.forward_ft(x.astype(dtype)), self.forward_ft(kernel))
        ]
        out = self.inverse_ft(y)
        return (out if jnp.issubdtype(dtype, jnp.complexfloating) else out.real) + bias

    def _by_dimension(self, dtype: DType) -> list[np.ndarray]:
        """Irreps of the same dimension, (n, n_elements, d, d)."""
        irreps = [np.asarray(irrep) for irrep in self.irreps]
        dimensions = sorted({irrep.shape[-1] for irrep in irreps})
        single = jnp.finfo(dtype).bits == 32
        return [
            _smallest_dtype(np.stack([r for r in irreps if r.shape[-1] == d]), single)
            for d in dimensions
        ]


# -- three ways to multiply -----------------------------------------------------------------------


def _by_matrix(x: Array, kernel: Array, table: np.ndarray, precision: Any) -> jax.Array:
    """y[b, f, g] = Σ K[f, c, table[h, g]] x[b, c, h]."""
    return jnp.einsum("bch,fchg->bfg", x, kernel[..., table], precision=precision)


def _by_fft(
    x: Array, kernel: Array, table: np.ndarray, shape: tuple[int, ...], precision: Any
) -> jax.Array:
    """The same, where h and g are a translation and something else, and only t - t' matters."""
    n_cells, axes = prod(shape), tuple(range(-len(shape), 0))
    n_in, n_out = (n // n_cells for n in table.shape)
    # rows of the translation by nothing
    index = table.reshape(n_cells, n_in, n_cells, n_out)[0].transpose(0, 2, 1)  # (in, out, cells)
    dtype = jnp.promote_types(x.dtype, kernel.dtype)
    is_real = not jnp.issubdtype(dtype, jnp.complexfloating)
    transform = jnp.fft.rfftn if is_real else jnp.fft.fftn
    x = jnp.swapaxes(x.astype(dtype).reshape(*x.shape[:2], n_cells, n_in), -1, -2)
    x_hat = transform(x.reshape(*x.shape[:-1], *shape), axes=axes)
    K_hat = transform(kernel[..., index].reshape(*kernel.shape[:2], n_in, n_out, *shape), axes=axes)
    y_hat = jnp.einsum("bci...,fcij...->bfj...", x_hat, K_hat, precision=precision)
    y = jnp.fft.irfftn(y_hat, s=shape, axes=axes) if is_real else jnp.fft.ifftn(y_hat, axes=axes)
    y = jnp.swapaxes(y.reshape(*y.shape[:3], n_cells), -1, -2)
    return y.reshape(*y.shape[:2], n_cells * n_out).astype(dtype)


# -- parameters and options ----------------------------------------------------------------------


def _parameters(
    layer: Any, x: Array, n: int, kernel_first: bool = False
) -> tuple[jax.Array, jax.Array | int]:
    """The kernel (features, c, n), zero outside of the mask, and the bias."""
    if x.ndim != 3:
        raise SymmModuleInvalidInputShape(type(layer).__name__, x)
    if x.shape[-1] != n:
        raise ValueError(
            f"Argument `x` must have {n} values in its last axis, as the group demands, but has "
            f"shape {x.shape}."
        )
    where = None if layer.mask is None else np.flatnonzero(np.asarray(layer.mask))
    shape = (layer.features, x.shape[1], n if where is None else len(where))

    def of(name: str) -> Any:
        if name == "kernel":
            return layer.param(name, layer.kernel_init, shape, layer.param_dtype)
        if not layer.use_bias:
            return 0
        return layer.param(name, layer.bias_init, shape[:1], layer.param_dtype)[:, None]

    # initial values depend on the order
    names = ("kernel", "bias") if kernel_first else ("bias", "kernel")
    found = {name: of(name) for name in names}
    kernel = found["kernel"]
    if where is not None:
        kernel = jnp.zeros((*shape[:2], n), kernel.dtype).at[..., where].set(kernel)
    return kernel, found["bias"]


def _smallest_dtype(matrices: np.ndarray, single: bool) -> np.ndarray:
    if np.allclose(matrices.imag, 0, atol=1e-14):
        matrices = matrices.real
    if not single:
        return matrices
    return matrices.astype(np.complex64 if np.iscomplexobj(matrices) else np.float32)


def _group_and_shape(
    symmetries: Any, point_group: Any, shape: Sequence[int] | None
) -> tuple[Any, tuple[int, ...] | None]:
    """A group or an array, and the numbers of unit cells."""
    if isinstance(symmetries, Lattice):
        cells = tuple(int(n) for n in symmetries.extent) if shape is None else tuple(shape)
        return symmetries.space_group(point_group), cells
    if isinstance(symmetries, Graph):
        return symmetries.automorphisms(), None if shape is None else tuple(shape)
    return symmetries, None if shape is None else tuple(int(n) for n in np.atleast_1d(shape))


def _check_mode(mode: str, *modes: str) -> None:
    if mode not in ("auto", *modes):
        raise ValueError(
            f"Argument `mode` must be one of {', '.join(map(repr, ('auto', *modes)))}, but is "
            f"{mode!r}."
        )


def _checked_shape(shape: Any) -> tuple[int, ...]:
    if shape is None:
        raise ValueError(
            "Argument `shape` must be given for mode='fft': the numbers of unit cells in each "
            "direction. A lattice as `symmetries` knows them."
        )
    return shape


def _hashable(array: Any) -> Any:
    if array is None or isinstance(array, HashableArray):
        return array
    return HashableArray(np.asarray(array))
