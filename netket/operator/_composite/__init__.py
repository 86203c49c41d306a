# SPDX-License-Identifier: Apache-2.0
"""Operators made of other operators."""

from ._adjoint import Adjoint, Squared, Transpose
from ._callback import CallbackOperator
from ._lazy import ConjugateOperator
from ._product import ProductOperator
from ._projected import ProjectedOperator
from ._sum import SumOperator
from ._tensor import EmbedOperator, TensorOperator

__all__ = [
    "Adjoint",
    "CallbackOperator",
    "ConjugateOperator",
    "EmbedOperator",
    "ProductOperator",
    "ProjectedOperator",
    "Squared",
    "SumOperator",
    "TensorOperator",
    "Transpose",
]
