# SPDX-License-Identifier: Apache-2.0
"""`SumOperator`: O = sum_i c_i O_i of operators of any kinds."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from netket.utils.types import ArrayLike, DType

from .._base import AbstractOperator, DiscreteOperator, KernelOperator, is_traced, lazy_form
from .._kernels import SumData
from ._base import CompositeOperator, backend_of, flattened_rows


class SumOperator(CompositeOperator):
    """A linear combination of operators on the same space.

    Sums of sums are flattened.

    Args:
        operators: the operators.
        coefficients: a number for each, or one for all.
        dtype: dtype of the coefficients; by default that of `coefficients` and of the operators.

    Raises:
        TypeError: the operators act on different spaces.
        ValueError: there is no operator, or another number of coefficients.

    Example:
        >>> import netket as nk
        >>> hi = nk.hilbert.Spin(0.5, 2)
        >>> ha = nk.operator.Ising(hi, nk.graph.Chain(2, pbc=False), h=1.0)
        >>> nk.operator.SumOperator(ha, ha.to_local_operator(), coefficients=[1, -1]).n_conn(
        ...     hi.all_states()
        ... )
        array([0, 0, 0, 0], dtype=int32)
    """

    _coefficient_names = ("_coefficients", "_operators")

    def __init__(
        self,
        *operators: DiscreteOperator,
        coefficients: ArrayLike = 1.0,
        dtype: DType | None = None,
    ):
        coefficients = _as_list(coefficients, len(operators))
        operators, coefficients = _flattened(operators, coefficients)
        self._set_children(operators, "+")
        super().__init__(operators[0].hilbert, backend_of(operators))
        dtype = self._coefficient_dtype(coefficients, dtype)
        xp = jnp if is_traced(*coefficients) else np
        self._coefficients = xp.stack([xp.asarray(c).astype(dtype) for c in coefficients])

    @property
    def coefficients(self) -> Any:
        """The number in front of each operator, (n,)."""
        return self._leaf("_coefficients")

    @property
    def is_hermitian(self) -> bool:
        """Whether the operator is known to be hermitian.

        Local terms are summed to see; the other operators must be hermitian, with real numbers.
        """
        return self._remember("is_hermitian", self._known_hermiticity)

    def _known_hermiticity(self) -> bool:
        local, rest = None, []
        for c, operator in zip(self._value("_coefficients"), self._operators):
            form = operator._as_local() if isinstance(operator, KernelOperator) else None
            if form is None:
                rest.append((c, operator))
            else:
                local = c * form if local is None else local + c * form
        real = all(_is_real(c) and operator.is_hermitian for c, operator in rest)
        return real and (local is None or local.is_hermitian)

    @property
    def max_conn_size(self) -> int:
        return sum(op.max_conn_size for op in self._operators)

    def _host_data(self) -> SumData | None:
        children = self._children_data()
        return None if children is None else SumData(self._host("_coefficients"), children)

    def _device_data(self) -> SumData:
        children = tuple(op._jax_data() for op in self._operators)
        return SumData(self._leaf("_coefficients"), children)

    def _compose(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows = [flattened_rows(op, samples) for op in self._operators]
        coefficients = self._value("_coefficients")
        owner = np.concatenate([r[0] for r in rows])
        order = np.argsort(owner, kind="stable")
        xp = np.concatenate([r[1] for r in rows])
        mels = np.concatenate([c * r[2] for c, r in zip(coefficients, rows)])
        return owner[order], xp[order], mels[order]

    # -- algebra ------------------------------------------------------------------------------

    def conjugate(self, *, concrete: bool = True) -> AbstractOperator:
        children = [op.conjugate() for op in self._operators]
        return SumOperator(*children, coefficients=self._value("_coefficients").conj())

    def transpose(self, *, concrete: bool = True) -> AbstractOperator:
        children = [op.transpose() for op in self._operators]
        return SumOperator(*children, coefficients=self._value("_coefficients"))

    def _scaled(self, c: Any) -> Any:
        return SumOperator(
            *self._operators, coefficients=[c * x for x in self._python_coefficients()]
        )

    def _python_coefficients(self) -> list[Any]:
        return list(self._value("_coefficients"))

    def _plus(self, other: Any) -> Any:
        if isinstance(other, SumOperator):
            return NotImplemented
        # a term that can take up the other operator does
        operators, coefficients = list(self._operators), self._python_coefficients()
        for i, operator in enumerate(operators):
            if not isinstance(operator, KernelOperator) or operator._as_local() is None:
                continue
            scaled = operator._scaled(coefficients[i])
            merged = scaled._plus(other)
            if merged is NotImplemented:
                merged = other._plus(scaled)
            if merged is not NotImplemented:
                operators[i], coefficients[i] = merged, 1
                return SumOperator(*operators, coefficients=coefficients)
        return NotImplemented

    def __repr__(self) -> str:
        terms = "\n".join(
            f" ∙ {'traced' if is_traced(c) else c} * {op}"
            for c, op in zip(self._value("_coefficients"), self.operators)
        )
        return f"SumOperator with backend {self.backend!r} and terms:\n{terms}"


@lazy_form("sum")
def sum_form(operators: Sequence[Any], coefficients: Sequence[Any]) -> SumOperator:
    return SumOperator(*operators, coefficients=list(coefficients))


def _as_list(coefficients: Any, n: int) -> list[Any]:
    if not isinstance(coefficients, list | tuple) and np.ndim(coefficients) == 0:
        return [coefficients] * n
    if len(coefficients) != n:
        raise ValueError(
            f"Argument `coefficients` must have {n} entries, one for each operator, but has "
            f"{len(coefficients)}."
        )
    return list(coefficients)


def _flattened(operators: Sequence[Any], coefficients: list[Any]) -> tuple[list[Any], list[Any]]:
    flat: list[Any] = []
    numbers: list[Any] = []
    for operator, c in zip(operators, coefficients):
        if type(operator) is SumOperator:
            flat += operator._operators
            numbers += [c * x for x in operator._python_coefficients()]
        else:
            flat.append(operator)
            numbers.append(c)
    return flat, numbers


def _is_real(c: Any) -> bool:
    if np.dtype(c.dtype).kind != "c":
        return True
    return not is_traced(c) and c.imag == 0
