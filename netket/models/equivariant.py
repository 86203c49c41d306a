# SPDX-License-Identifier: Apache-2.0
r"""Group-convolutional networks, :math:`\psi(\sigma) = \sum_{f,g} \chi(g) e^{y_{f,g}(\sigma)}`."""

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from netket.graph import Graph, Lattice
from netket.jax import dtype_complex, logsumexp_cplx
from netket.nn.activation import reim_selu
from netket.nn.symmetric_linear import DenseEquivariant, DenseSymm
from netket.utils import HashableArray
from netket.utils.group import PermutationGroup
from netket.utils.types import Array, DType, NNInitFunc, PyTree

from ._layers import features_of_layers

__all__ = ["GCNN", "update_GCNN_parity"]

_lecun = nn.initializers.variance_scaling(1.0, "fan_in", "truncated_normal", in_axis=1, out_axis=0)


def _identity(x: Array) -> Array:
    return x


class _GCNN(nn.Module):
    """What all ways of computing the layers have in common; use the function :func:`GCNN`."""

    symmetries: HashableArray
    """Permutations (n_elements, N)."""
    layers: int
    """Number of layers."""
    features: tuple[int, ...]
    """Numbers of features of the layers."""
    characters: HashableArray
    """Characters χ of the elements."""
    product_table: HashableArray | None = None
    """Product table, for layers computed by Fourier transforms over the translations."""
    shape: tuple[int, ...] | None = None
    """Numbers of unit cells, for the same."""
    irreps: tuple[HashableArray, ...] | None = None
    """Irreps, for layers computed by Fourier transforms over the group."""
    parity: int | None = None
    """Sign of ψ when all spins are flipped, or None."""
    param_dtype: DType = np.float64
    """Data type of the parameters."""
    activation: Callable[[Array], Array] = reim_selu
    """Function between the layers."""
    output_activation: Callable[[Array], Array] = _identity
    """Function after the last one."""
    input_mask: HashableArray | None = None
    """Sites where kernels of the first layer are not zero."""
    hidden_mask: HashableArray | None = None
    """Elements where the others are not zero."""
    equal_amplitudes: bool = False
    """Whether only the phase is used."""
    use_bias: bool = True
    """Whether layers have a bias."""
    precision: Any = None
    """Precision of the products, see `jax.lax.Precision`."""
    kernel_init: NNInitFunc = _lecun
    """Initialiser of the kernels."""
    bias_init: NNInitFunc = nn.initializers.zeros
    """Initialiser of the biases."""
    complex_output: bool = True
    """Whether the output is complex also if everything else is real."""

    def setup(self) -> None:
        first: dict[str, Any] = {"features": self.features[0], "mask": self.input_mask}
        if self.shape is not None:
            first |= {"mode": "fft", "shape": self.shape}
        else:
            first |= {"mode": "matrix"}
        self.dense_symm = DenseSymm(self.symmetries, **first, **self._options())
        self.equivariant_layers = [self._equivariant(n) for n in self.features[1:]]
        if self.parity is not None:
            self.equivariant_layers_flip = [self._equivariant(n) for n in self.features[1:]]

    def __call__(self, x: Array) -> Array:
        """Log-amplitudes of configurations.

        Args:
            x: Configurations of shape (..., N).

        Returns:
            Values of shape (...).
        """
        batch = x.shape[:-1]
        y = self._features(x.reshape(-1, 1, x.shape[-1]))
        characters = np.asarray(self.characters)
        if self.parity is not None:
            characters = np.concatenate([characters, self.parity * characters])
        if np.iscomplexobj(characters) and not np.any(characters.imag):
            characters = characters.real
        real = jnp.finfo(y.dtype).dtype
        dtype = dtype_complex(real) if np.iscomplexobj(characters) else real
        y = self.output_activation(y)
        if self.complex_output or jnp.iscomplexobj(y):
            value = logsumexp_cplx(y, axis=(-2, -1), b=characters.astype(dtype))
        else:
            value = jax.scipy.special.logsumexp(y, axis=(-2, -1), b=characters.astype(dtype))
        if self.equal_amplitudes:
            value = 1j * jnp.imag(value)
        return jnp.reshape(value, batch)

    def _features(self, x: Array) -> jax.Array:
        """Features (B, f, n_elements) of the last layer; twice as many elements with parity."""
        y = self.dense_symm(x)
        if self.parity is None:
            for layer in self.equivariant_layers:
                y = layer(self.activation(y))
            return y
        flipped = self.dense_symm(-x)
        for same, other in zip(self.equivariant_layers, self.equivariant_layers_flip):
            # both configurations at once
            y, flipped = self.activation(y), self.activation(flipped)
            to_same = same(jnp.concatenate([y, flipped]))
            to_other = other(jnp.concatenate([flipped, y]))
            y, flipped = jnp.split((to_same + to_other) / sqrt(2), 2)
        return jnp.concatenate([y, flipped], axis=-1)

    def _equivariant(self, features: int) -> nn.Module:
        options = {"features": features, "mask": self.hidden_mask, **self._options()}
        if self.shape is not None:
            return DenseEquivariant(self.product_table, mode="fft", shape=self.shape, **options)
        return DenseEquivariant(self.irreps, mode="irreps", **options)

    def _options(self) -> dict[str, Any]:
        names = ("use_bias", "param_dtype", "precision", "kernel_init", "bias_init")
        return {name: getattr(self, name) for name in names}


# names of modules without a name begin with those of these classes
class GCNN_FFT(_GCNN):
    """See `GCNN`; layers by Fourier transforms over the translations."""


class GCNN_Irrep(_GCNN):
    """See `GCNN`; layers by Fourier transforms over the group."""


class GCNN_Parity_FFT(_GCNN):
    """See `GCNN`; with parity, by Fourier transforms over the translations."""


class GCNN_Parity_Irrep(_GCNN):
    """See `GCNN`; with parity, by Fourier transforms over the group."""


def GCNN(
    symmetries: Any = None,
    product_table: Any = None,
    irreps: Any = None,
    point_group: Any = None,
    mode: str = "auto",
    shape: Sequence[int] | None = None,
    layers: int | None = None,
    features: int | Sequence[int] | None = None,
    characters: Any = None,
    parity: int | None = None,
    param_dtype: DType = np.float64,
    complex_output: bool = True,
    input_mask: Any = None,
    hidden_mask: Any = None,
    **kwargs: Any,
) -> nn.Module:
    r"""A group-convolutional network, whose wave function belongs to an irrep of a group.

    .. math::

        \psi(\sigma) = \sum_{f, g} \chi(g) \exp y_{f,g}(\sigma)

    y is what :func:`netket.nn.DenseSymm` and `layers - 1` times :func:`netket.nn.DenseEquivariant`
    make of σ, with activations between them.

    Args:
        symmetries: A lattice, whose space group is taken, a group of permutations, or the matrix
            (n_elements, N) of one; then give `product_table` or `irreps`, too.
        product_table: Index of :math:`g^{-1} h` in row g and column h.
        irreps: List of all irreps, (n_elements, d, d).
        point_group: Point group for the space group of a lattice.
        mode: "fft" (over the translations), "irreps" (over the group) or "auto": "fft" for
            lattices, else "irreps". All are the same function of the same parameters.
        shape: Numbers of unit cells for "fft"; known for lattices.
        layers: Number of layers.
        features: Number of features of all layers, or of each.
        characters: Characters χ (n_elements,); all 1 by default.
        parity: 1 or -1 for wave functions that keep or change their sign when all spins are
            flipped; there is a second kernel in each layer for the flipped configuration.
        param_dtype: Data type of the parameters.
        complex_output: Whether the output is complex also if everything else is real; otherwise
            characters must not make the wave function negative.
        input_mask: Sites where kernels of the first layer are not zero, boolean (N,).
        hidden_mask: Elements where the others are not zero, boolean (n_elements,).
        kwargs: `activation`, `output_activation`, `equal_amplitudes`, `use_bias`, `precision`,
            `kernel_init` and `bias_init`.

    Returns:
        A module; parameters are `dense_symm`, `equivariant_layers_0`, ... and, with parity,
        `equivariant_layers_flip_0`, ...

    Raises:
        ValueError: Something is missing or does not fit.

    Source: C. Roth and A. H. MacDonald, arXiv:2104.05085.

    >>> import jax, netket as nk
    >>> model = nk.models.GCNN(nk.graph.Chain(4), layers=2, features=3)
    >>> params = model.init(jax.random.key(0), jax.numpy.ones((1, 4)))["params"]
    >>> params["equivariant_layers_0"]["kernel"].shape
    (3, 3, 8)
    """
    if mode not in ("auto", "fft", "irreps"):
        raise ValueError(f"Argument `mode` must be 'auto', 'fft' or 'irreps', but is {mode!r}.")
    if symmetries is None or layers is None or features is None:
        raise ValueError(
            "Arguments `symmetries`, `layers` and `features` must be given, as in "
            "GCNN(graph, layers=2, features=4)."
        )
    if parity not in (None, 1, -1):
        raise ValueError(f"Argument `parity` must be 1, -1 or None, but is {parity}.")
    is_lattice = isinstance(symmetries, Lattice)
    if is_lattice:
        shape = tuple(symmetries.extent) if shape is None else shape
        symmetries = symmetries.space_group(point_group)
    elif isinstance(symmetries, Graph):
        symmetries = symmetries.automorphisms()
    if mode == "auto":
        mode = "fft" if is_lattice else "irreps"
    options: dict[str, Any] = _layer_options(mode, symmetries, product_table, irreps, shape)
    images = _hashable(symmetries)
    n_elements = len(np.asarray(images))
    cls = {
        ("fft", False): GCNN_FFT,
        ("irreps", False): GCNN_Irrep,
        ("fft", True): GCNN_Parity_FFT,
        ("irreps", True): GCNN_Parity_Irrep,
    }[mode, parity is not None]
    return cls(
        symmetries=images,
        layers=layers,
        features=features_of_layers(features, layers),
        characters=_characters(characters, n_elements),
        parity=parity,
        param_dtype=param_dtype,
        complex_output=complex_output,
        input_mask=_hashable(input_mask),
        hidden_mask=_hashable(hidden_mask),
        **options,
        **kwargs,
    )


def update_GCNN_parity(params: PyTree) -> PyTree:
    """Parameters of networks with parity, without the second of two biases that are added.

    Such parameters are for ``use_bias`` layers of which only `equivariant_layers_i` has a bias.

    Args:
        params: Parameters, also inside of other dictionaries.

    Returns:
        The same, where the bias of `equivariant_layers_flip_i` is part of that of
        `equivariant_layers_i`.
    """
    if not isinstance(params, dict):
        return params
    new = {name: update_GCNN_parity(value) for name, value in params.items()}
    for name in params:
        if not name.startswith("equivariant_layers_flip_") or "bias" not in params[name]:
            continue
        partner = name.replace("_flip", "")
        rest = {key: value for key, value in params[name].items() if key != "bias"}
        bias = params[name]["bias"] + params[partner].get("bias", 0)
        new[name], new[partner] = rest, {**params[partner], "bias": bias}
    return new


def _layer_options(
    mode: str, symmetries: Any, product_table: Any, irreps: Any, shape: Any
) -> dict[str, Any]:
    is_group = isinstance(symmetries, PermutationGroup)
    if mode == "fft":
        if shape is None:
            raise ValueError(
                "Argument `shape` must be given for mode='fft': the numbers of unit cells in each "
                "direction. A lattice as `symmetries` knows them."
            )
        if product_table is None and not is_group:
            raise ValueError(
                "Argument `product_table` must be given if `symmetries` is a matrix, not a group."
            )
        table = symmetries.product_table if product_table is None else product_table
        cells = tuple(int(n) for n in np.atleast_1d(shape))
        return {"product_table": _hashable(table), "shape": cells}
    if irreps is None and not is_group:
        raise ValueError(
            "Argument `irreps` must be given if `symmetries` is a matrix and not a group."
        )
    matrices = symmetries.irrep_matrices() if irreps is None else irreps
    return {"irreps": tuple(_hashable(matrix) for matrix in matrices)}


def _characters(characters: Any, n_elements: int) -> HashableArray:
    if characters is None:
        return HashableArray(np.ones(n_elements))
    characters = np.asarray(characters)
    if characters.shape != (n_elements,):
        raise ValueError(
            f"Argument `characters` must have {n_elements} entries, one for each element, but has "
            f"shape {characters.shape}."
        )
    return HashableArray(characters)


def _hashable(array: Any) -> Any:
    if array is None or isinstance(array, HashableArray):
        return array
    return HashableArray(np.asarray(array))
