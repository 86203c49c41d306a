# SPDX-License-Identifier: Apache-2.0
"""`ProductOperator`: O = c O_1 O_2 ... O_n of operators of any kinds."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from netket.utils.types import DType, Scalar

from .._base import AbstractOperator, DiscreteOperator, as_coefficient, is_traced, lazy_form
from .._kernels import ProductData
from ._base import CompositeOperator, _changes, backend_of, flattened_rows, is_real


class ProductOperator(CompositeOperator):
    """A product of operators on the same space; the last acts first.

    <x|A B|x'> = sum_y <x|A|y> <y|B|x'>. Products of products are flattened.

    Args:
        operators: the operators.
        coefficient: a number in front.
        dtype: dtype of the coefficient; by default that of `coefficient` and of the operators.

    Raises:
        TypeError: the operators act on different spaces.
        ValueError: there is no operator.
    """

    _coefficient_names = ("_coefficient", "_operators")

    def __init__(
        self,
        *operators: DiscreteOperator,
        coefficient: Scalar = 1.0,
        dtype: DType | None = None,
    ):
        factors: list[Any] = []
        for operator in operators:
            if type(operator) is ProductOperator:
                factors += operator._operators
                coefficient = coefficient * operator._value("_coefficient")
            else:
                factors.append(operator)
        self._set_children(factors, "@")
        super().__init__(factors[0].hilbert, backend_of(factors))
        dtype = self._coefficient_dtype([coefficient], dtype)
        self._coefficient = as_coefficient(coefficient, dtype)

    @property
    def coefficient(self) -> Any:
        """The number in front, ()."""
        return self._leaf("_coefficient")

    @property
    def is_hermitian(self) -> bool:
        """Whether the factors are the adjoints of each other in reverse order, and c is real."""
        return self._remember("is_hermitian", self._known_hermiticity)

    def _known_hermiticity(self) -> bool:
        if not is_real(self._value("_coefficient")):
            return False
        n = len(self._operators)
        pairs = zip(self._operators, reversed(self._operators))
        return all(a == b.H for a, b in list(pairs)[: (n + 1) // 2])

    @property
    def max_conn_size(self) -> int:
        return int(np.prod([op.max_conn_size for op in self._operators], dtype=np.int64))

    @property
    def _max_changes(self) -> int:
        return sum(_changes(op) for op in self._operators)

    def _host_data(self) -> ProductData | None:
        children = self._children_data()
        if children is None:
            return None
        slots = np.array([op._slots for op in self._operators], np.int64)
        return ProductData(self._host("_coefficient"), children, slots)

    def _device_data(self) -> ProductData:
        children = tuple(op._jax_data() for op in self._operators)
        return ProductData(self._leaf("_coefficient"), children, ())

    def _compose(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        owner = np.arange(len(samples))
        xp, mels = samples, np.full(len(samples), self._value("_coefficient"))
        for operator in self._operators:
            path, xp, factors = flattened_rows(operator, xp)
            owner, mels = owner[path], mels[path] * factors
        return owner, xp, mels

    # -- algebra ------------------------------------------------------------------------------

    def _with_factors(self, factors: Sequence[Any], coefficient: Any) -> "ProductOperator":
        return ProductOperator(*factors, coefficient=coefficient)

    def conjugate(self, *, concrete: bool = True) -> AbstractOperator:
        factors = [op.conjugate() for op in self._operators]
        return self._with_factors(factors, self._value("_coefficient").conj())

    def transpose(self, *, concrete: bool = True) -> AbstractOperator:
        factors = [op.transpose() for op in reversed(self._operators)]
        return self._with_factors(factors, self._value("_coefficient"))

    def _scaled(self, c: Any) -> Any:
        return self._with_factors(self._operators, c * self._value("_coefficient"))

    def __repr__(self) -> str:
        c = self._value("_coefficient")
        factors = "\n".join(f" ∙ {op}" for op in self.operators)
        return (
            f"ProductOperator with backend {self.backend!r} and factors:\n"
            f" ∙ {'traced' if is_traced(c) else c}\n{factors}"
        )


@lazy_form("product")
def product_form(operators: Sequence[Any]) -> ProductOperator:
    return ProductOperator(*operators)
