# SPDX-License-Identifier: Apache-2.0
"""Layers, activations and helpers for neural quantum states."""

import warnings
from typing import Any

from . import activation, apply_operator, blocks
from ._amplitudes import to_array, to_matrix
from ._encoding import binary_encoding
from ._old_names import old_name
from .fast_masked_linear import FastMaskedConv1D, FastMaskedConv2D, FastMaskedDense1D
from .masked_linear import MaskedConv1D, MaskedConv2D, MaskedDense1D
from .symmetric_linear import DenseEquivariant, DenseSymm

__all__ = [
    "apply_operator",
    "to_array",
    "to_matrix",
    "DenseEquivariant",
    "DenseSymm",
    "FastMaskedConv1D",
    "FastMaskedConv2D",
    "FastMaskedDense1D",
    "MaskedConv1D",
    "MaskedConv2D",
    "MaskedDense1D",
    "activation",
    "binary_encoding",
    "blocks",
]


def __getattr__(name: str) -> Any:
    if name in activation.__all__:
        message = f"netket.nn.{name} is deprecated: use netket.nn.activation.{name}."
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return getattr(activation, name)
    return old_name(__name__, name)
