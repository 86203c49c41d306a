# SPDX-License-Identifier: Apache-2.0
"""Operators made of other operators."""

from ._callback import CallbackOperator
from ._product import ProductOperator
from ._sum import SumOperator

__all__ = ["CallbackOperator", "ProductOperator", "SumOperator"]
