# SPDX-License-Identifier: Apache-2.0
"""Operators made of other operators."""

from ._callback import CallbackOperator
from ._lazy import ConjugateOperator, TransposeOperator
from ._product import ProductOperator
from ._projected import ProjectedOperator
from ._sum import SumOperator

__all__ = [
    "CallbackOperator",
    "ConjugateOperator",
    "ProductOperator",
    "ProjectedOperator",
    "SumOperator",
    "TransposeOperator",
]
