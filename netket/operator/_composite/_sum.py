# SPDX-License-Identifier: Apache-2.0
"""`SumOperator`: O = sum_i c_i O_i of operators of any kinds."""

from abc import ABCMeta
from collections.abc import Sequence
from typing import Any

import numpy as np

from netket.utils.types import ArrayLike, DType

from .._base import (
    AbstractOperator,
    DiscreteOperator,
    KernelOperator,
    inexact,
    is_traced,
    lazy_form,
    one_for_each,
    promoted,
    stacked,
)
from .._continuous import ContinuousOperator, ContinuousSum
from .._kernels import SumData
from .._local import LocalOperator, linear_combination
from ._base import CompositeOperator, as_pytree, backend_of, flattened_rows, is_real


class _SumType(ABCMeta):
    """Sums of continuous operators, which are no subclass, are sums as well."""

    def __instancecheck__(cls, instance: Any) -> bool:
        if cls.__name__ == "SumOperator" and isinstance(instance, ContinuousSum):
            return True
        return super().__instancecheck__(instance)


class SumOperator(CompositeOperator, metaclass=_SumType):
    """A linear combination of operators on the same space.

    Sums of sums are flattened. Of continuous operators it makes a continuous operator.

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

    def __new__(cls, *operators: Any, **kwargs: Any) -> Any:
        if cls is SumOperator and any(isinstance(op, ContinuousOperator) for op in operators):
            return ContinuousSum(*operators, **kwargs)
        return super().__new__(cls)

    def __init__(
        self,
        *operators: DiscreteOperator,
        coefficients: ArrayLike = 1.0,
        dtype: DType | None = None,
    ):
        coefficients = one_for_each(coefficients, len(operators))
        operators, coefficients = _flattened(operators, coefficients)
        self._set_children(operators, "+")
        super().__init__(operators[0].hilbert, backend_of(operators))
        dtype = self._coefficient_dtype(coefficients, dtype)
        self._coefficients = stacked(coefficients, dtype)

    @property
    def coefficients(self) -> Any:
        """The number in front of each operator, (n,)."""
        return self._leaf("_coefficients")

    @property
    def is_hermitian(self) -> bool:
        """Whether the operator is known to be hermitian.

        Local terms are summed to see; of the others, all must be hermitian, with real numbers, or
        come in pairs c A + c* A^dagger.
        """
        return self._remember("is_hermitian", self._known_hermiticity)

    def _known_hermiticity(self) -> bool:
        local: list[tuple[Any, LocalOperator]] = []
        rest: list[tuple[Any, Any]] = []
        for c, operator in zip(self._python_coefficients(), self._operators):
            form = operator._as_local() if isinstance(operator, KernelOperator) else None
            if form is not None:
                local.append((c, form))
            elif not (is_real(c) and operator.is_hermitian):
                rest.append((c, operator))
        return _pairs_with_adjoints(rest) and (not local or linear_combination(local).is_hermitian)

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

    def _part_between(self, x: Any, xp: Any) -> str:
        for i, operator in enumerate(self.operators):
            found, _ = operator.get_conn_flattened(np.asarray(x)[None], np.zeros(1, np.int32))
            if np.any(np.all(np.asarray(found) == np.asarray(xp), axis=-1)):
                part = f"its operator {i}, {type(operator).__name__}"
                inner = operator._part_between(x, xp)
                return f"{part}: {inner}" if inner else f"{part},"
        return ""

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
        if not isinstance(other, DiscreteOperator):
            return NotImplemented
        terms = _Terms(self)
        if type(other) is SumOperator:
            for c, operator in zip(other._python_coefficients(), other._operators):
                terms.add(c, operator)
        else:
            terms.add(1, as_pytree(other))
        return terms.sum()

    def __repr__(self) -> str:
        terms = "\n".join(
            f" ∙ {'traced' if is_traced(c) else c} * {op}"
            for c, op in zip(self._value("_coefficients"), self.operators)
        )
        return f"SumOperator with backend {self.backend!r} and terms:\n{terms}"


class _Terms:
    """Coefficients and operators of a sum that grows, where equal operators are there once.

    Every operator is compared by its hash, so that the time does not depend on their number.
    """

    def __init__(self, start: SumOperator):
        self._start = start
        self._numbers, self._operators = start._python_coefficients(), list(start._operators)
        if "places" not in start._cache:
            start._cache["places"] = _places(start._operators)
        self._places = start._cache["places"].copy()

    def add(self, c: Any, operator: Any) -> None:
        """Add `c operator`, to an operator that is equal, or that can take it up, or at the end."""
        place = self._places.get(_key(operator))
        if place is not None:
            self._numbers[place] = self._numbers[place] + c
            return
        anyone = _has_closed_sums(operator)
        for place, child in enumerate(self._operators):
            if not anyone and not _has_closed_sums(child):
                continue
            merged = _merged(self._numbers[place], child, c, operator)
            if merged is not None:
                self._places.pop(_key(child), None)
                self._numbers[place], self._operators[place] = 1, merged
                self._places[_key(merged)] = place
                return
        self._places[_key(operator)] = len(self._operators)
        self._numbers.append(c)
        self._operators.append(operator)

    def sum(self) -> SumOperator:
        """The sum, without what is known to be zero. The operators are not checked again."""
        kept = [i for i, c in enumerate(self._numbers) if is_traced(c) or c != 0] or [0]
        operators = tuple(self._operators[i] for i in kept)
        numbers = [self._numbers[i] for i in kept]
        dtype = self._start._value("_coefficients").dtype
        reals = {np.finfo(inexact(d)).dtype for d in {op.dtype for op in operators}}
        others = [c for c in numbers if getattr(c, "dtype", None) != dtype]
        new = self._start._replace(
            _operators=operators,
            _coefficients=stacked(numbers, promoted(dtype, *reals, *others)),
            _backend=backend_of(operators),
        )
        if len(kept) == len(self._operators):
            new._cache["places"] = self._places
        return new


def _places(operators: Sequence[Any]) -> dict[Any, int]:
    """Where each operator is first."""
    places: dict[Any, int] = {}
    for place, operator in enumerate(operators):
        places.setdefault(_key(operator), place)
    return places


def _merged(a: Any, first: Any, b: Any, second: Any) -> Any:
    """a first + b second where there is a closed form, else None."""
    if first._plus(second) is NotImplemented and second._plus(first) is NotImplemented:
        return None
    first, second = first._scaled(a), second._scaled(b)
    merged = first._plus(second)
    merged = second._plus(first) if merged is NotImplemented else merged
    return None if merged is NotImplemented or isinstance(merged, SumOperator) else merged


def _has_closed_sums(operator: Any) -> bool:
    return type(operator)._plus is not AbstractOperator._plus


def _key(operator: Any) -> Any:
    """What equal operators have in common; operators that cannot be hashed equal themselves."""
    try:
        hash(operator)
    except TypeError:
        return id(operator)
    return operator


def _pairs_with_adjoints(terms: Sequence[tuple[Any, Any]]) -> bool:
    """Whether with every c A there is a c* A^dagger."""
    if any(is_traced(c) for c, _ in terms):
        return False
    numbers: dict[Any, complex] = {}
    for c, operator in terms:
        numbers[_key(operator)] = numbers.get(_key(operator), 0) + complex(c)
    # operators that have no adjoint are not known to be hermitian
    try:
        return all(numbers.get(_key(op.H), 0) == c.conjugate() for op, c in numbers.items())
    except (AttributeError, TypeError):
        return False


@lazy_form("sum")
def sum_form(operators: Sequence[Any], coefficients: Sequence[Any]) -> SumOperator:
    return SumOperator(*operators, coefficients=list(coefficients))


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
