# SPDX-License-Identifier: Apache-2.0
"""`ContinuousSum`: O = sum_i c_i O_i of continuous operators."""

from collections.abc import Callable
from typing import Any

import numpy as np

from netket.utils.types import Array, ArrayLike, DType, PyTree

from .._base import inexact, is_traced, one_for_each, promoted, stacked
from .._base._abstract import check_same_hilbert
from ._base import ContinuousOperator


class ContinuousSum(ContinuousOperator):
    """A linear combination of continuous operators; `netket.operator.SumOperator` makes it.

    Args:
        operators: the operators; sums among them are flattened.
        coefficients: a number for each, or one for all.
        dtype: dtype of the coefficients; by default that of `coefficients` and of the operators.

    Raises:
        TypeError: the operators are not continuous, or act on different spaces.
        ValueError: there is no operator, or another number of coefficients.
    """

    _operators: tuple[ContinuousOperator, ...]
    _coefficients: Any

    def __init__(
        self,
        *operators: ContinuousOperator,
        coefficients: ArrayLike = 1.0,
        dtype: DType | None = None,
    ):
        numbers = one_for_each(coefficients, len(operators))
        if not operators:
            raise ValueError("A sum must have at least one operator.")
        for operator in operators:
            if not isinstance(operator, ContinuousOperator):
                raise TypeError(
                    "Continuous operators can only be added to continuous operators, but got a "
                    f"{type(operator).__name__}."
                )
            check_same_hilbert(operators[0], operator, "+")
        terms = [
            (c * d, term)
            for c, operator in zip(numbers, operators)
            for d, term in _terms_of(operator)
        ]
        numbers = [c for c, _ in terms]
        self._operators = tuple(term for _, term in terms)
        dtypes = [op.dtype for op in self._operators]
        real = np.finfo(promoted(*dtypes)).dtype
        own = promoted(real, *numbers, *([] if dtype is None else [inexact(dtype)]))
        super().__init__(operators[0].hilbert, promoted(own, *dtypes))
        self._coefficients = stacked(numbers, own)

    @property
    def operators(self) -> tuple[ContinuousOperator, ...]:
        """The operators that this one is made of."""
        return self._operators

    @property
    def coefficients(self) -> Any:
        """The number in front of each operator, (n,)."""
        return self._coefficients

    @property
    def is_hermitian(self) -> bool:
        """Whether all operators are hermitian, with real numbers."""
        c = self._coefficients
        real = c.dtype.kind != "c" or (not is_traced(c) and np.all(np.imag(c) == 0))
        return bool(real) and all(op.is_hermitian for op in self._operators)

    def _expect_kernel(self, logpsi: Callable[..., Array], params: PyTree, x: Array) -> Array:
        values = [op._expect_kernel(logpsi, params, x) for op in self._operators]
        return sum(c * v for c, v in zip(self._coefficients, values))  # type: ignore[return-value]

    # -- algebra ------------------------------------------------------------------------------

    def _numbers(self) -> list[Any]:
        return list(self._coefficients)

    def conjugate(self, *, concrete: bool = False) -> "ContinuousSum":
        parts: Any = [op.conjugate() for op in self._operators]
        return ContinuousSum(*parts, coefficients=self._coefficients.conj())

    def transpose(self, *, concrete: bool = False) -> "ContinuousSum":
        parts: Any = [op.transpose() for op in self._operators]
        return ContinuousSum(*parts, coefficients=self._coefficients)

    def _scaled(self, c: Any) -> "ContinuousSum":
        return ContinuousSum(*self._operators, coefficients=[c * d for d in self._numbers()])

    def _plus(self, other: Any) -> Any:
        if not isinstance(other, ContinuousOperator):
            return NotImplemented
        numbers, operators = self._numbers(), list(self._operators)
        for c, term in _terms_of(other):
            for i, operator in enumerate(operators):
                if operator == term:
                    numbers[i] = numbers[i] + c
                    break
            else:
                numbers.append(c)
                operators.append(term)
        return ContinuousSum(*operators, coefficients=numbers)

    def __repr__(self) -> str:
        terms = "\n".join(
            f" ∙ {'traced' if is_traced(c) else c} * {op}"
            for c, op in zip(self._coefficients, self._operators)
        )
        return f"SumOperator of continuous operators, with terms:\n{terms}"


def _terms_of(operator: ContinuousOperator) -> list[tuple[Any, ContinuousOperator]]:
    if type(operator) is ContinuousSum:
        return list(zip(operator._numbers(), operator._operators))
    return [(1.0, operator)]
