# SPDX-License-Identifier: Apache-2.0
"""`TensorOperator` and `EmbedOperator`: operators on factors of a product of Hilbert spaces.

O = c A_1 (x) A_2 (x) ..., with the identity on all other factors.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from netket.hilbert import DiscreteHilbert, DoubledHilbert, TensorHilbert
from netket.utils.types import DType, Scalar

from .._base import (
    DiscreteOperator,
    KernelOperator,
    as_coefficient,
    as_integer,
    inexact,
    is_traced,
    lazy_form,
    promoted,
)
from .._kernels._tensor import TensorData, TensorRows
from .._local import LocalOperator
from .._local._terms import Terms
from ._base import CompositeOperator, _changes, as_pytree, backend_of, flattened_rows, is_real
from ._form import keeps_constraint

# Products of local operators with more terms are not written as one local operator.
_MAX_LOCAL_TERMS = 4096


class PlacedOperator(CompositeOperator):
    """A product of operators on disjoint ranges of consecutive sites.

    A subclass sets `_operators`, and `_places`, their first sites.
    """

    _places: tuple[int, ...]

    @property
    def _ranges(self) -> tuple[tuple[int, int], ...]:
        """First site, last site + 1 of each operator."""
        return tuple((p, p + op.hilbert.size) for p, op in zip(self._places, self._operators))

    def _factor(self) -> Any:
        """The coefficient: of numpy unless it is traced, ()."""
        return np.ones((), self.dtype)

    def _device_factor(self) -> Any:
        return self._factor()

    # -- kernels ------------------------------------------------------------------------------

    @property
    def max_conn_size(self) -> int:
        return int(np.prod([op.max_conn_size for op in self._operators], dtype=np.int64))

    @property
    def _slots(self) -> int:
        return int(np.prod([_slots(op) for op in self._operators], dtype=np.int64))

    @property
    def _max_changes(self) -> int:
        return sum(_changes(op) for op in self._operators)

    @property
    def _merges(self) -> bool:
        return any(op._merges for op in self._operators) if self._has_kernel else True

    def _keeps_constraint(self, constraint: Any) -> bool:
        return all(keeps_constraint(op) for op in self._operators)

    def _host_data(self) -> TensorData | None:
        children = self._children_data()
        if children is None:
            return None
        first, last = np.array(self._ranges, np.int64).T.copy()
        slots = np.array([_slots(op) for op in self._operators], np.int64)
        return TensorData(np.array(self._factor()), children, first, last, slots)

    def _device_data(self) -> TensorRows:
        children = tuple(op._jax_data() for op in self._operators)
        return TensorRows(self._device_factor(), children, self._ranges)

    def _compose(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        owner, xp = np.arange(len(samples)), samples
        mels = np.full(len(samples), self._factor())
        for operator, (first, last) in zip(self._operators, self._ranges):
            path, part, factors = flattened_rows(operator, np.ascontiguousarray(xp[:, first:last]))
            owner, mels, xp = owner[path], mels[path] * factors, xp[path]
            xp[:, first:last] = part
        return owner, xp, mels

    # -- algebra ------------------------------------------------------------------------------

    def _as_local(self) -> Any:
        return self._remember("local", lambda: _local_product(self))

    def to_local_operator(self) -> LocalOperator:
        local = self._as_local() if self._has_kernel else None
        return super().to_local_operator() if local is None else local

    def _plus(self, other: Any) -> Any:
        local = self._as_local() if self._has_kernel else None
        if local is None or not isinstance(other, KernelOperator) or other._as_local() is None:
            return NotImplemented
        return local._plus(other)

    def _times(self, other: Any) -> Any:
        if not (isinstance(other, PlacedOperator) and self._has_kernel and other._has_kernel):
            return NotImplemented
        parts = list(zip(self._ranges, self.operators))
        for place, operator in zip(other._ranges, other.operators):
            touched = [i for i, (p, _) in enumerate(parts) if p[0] < place[1] and place[0] < p[1]]
            if not touched:
                parts.append((place, operator))
            elif len(touched) == 1 and parts[touched[0]][0] == place:
                parts[touched[0]] = (place, parts[touched[0]][1] @ operator)
            else:
                return NotImplemented
        dtype = promoted(self.dtype, other.dtype)
        factor = self._factor().astype(dtype) * other._factor().astype(dtype)
        return placed(self.hilbert, [(p[0], op) for p, op in parts], factor)


class TensorOperator(PlacedOperator):
    """The product of operators on different factors of a product of Hilbert spaces.

    ``TensorOperator(A, B)``, or ``A.tensor(B)``, is A (x) B on
    ``TensorHilbert(A.hilbert, B.hilbert)``. Operators of all kinds can be combined; fermions of
    different factors commute. Products of such operators are taken factor by factor.

    Args:
        operators: the operators.
        hilbert: a `TensorHilbert` with more factors; the identity acts on those that are not in
            `subspaces`.
        subspaces: with `hilbert`, the number of the factor that each operator acts on.
        coefficient: a number in front.
        dtype: dtype of the coefficient; by default that of `coefficient` and of the operators.

    Raises:
        TypeError: an operator is not discrete, or acts on another space than the factor.
        ValueError: there is no operator, there is not one factor for each, or one is repeated.

    Example:
        >>> import netket as nk
        >>> spin, mode = nk.hilbert.Spin(0.5, 1), nk.hilbert.Fock(1, 1)
        >>> sz, n = nk.operator.spin.sigmaz(spin, 0), nk.operator.boson.number(mode, 0)
        >>> nk.operator.TensorOperator(sz, n).to_dense().diagonal().real.tolist()
        [0.0, 1.0, 0.0, -1.0]
    """

    _coefficient_names = ("_coefficient", "_operators")
    _static_names = ("_places",)

    def __init__(
        self,
        *operators: DiscreteOperator,
        hilbert: TensorHilbert | None = None,
        subspaces: Sequence[int] | None = None,
        coefficient: Scalar = 1.0,
        dtype: DType | None = None,
    ):
        if not operators:
            raise ValueError("TensorOperator must have at least one operator.")
        for operator in operators:
            _check_discrete(operator, "operators")
        if (hilbert is None) != (subspaces is None):
            raise ValueError(
                "Arguments `hilbert` and `subspaces` must be given both, or none of them."
            )
        if hilbert is None:
            hilbert = TensorHilbert(*(op.hilbert for op in operators))
            places = np.cumsum([0, *(op.hilbert.size for op in operators[:-1])]).tolist()
        else:
            if np.shape(subspaces) != (len(operators),):
                raise ValueError(
                    f"Argument `subspaces` must have {len(operators)} entries, one for each "
                    f"operator, but is {subspaces}."
                )
            places = [_place(hilbert, op, k)[1] for op, k in zip(operators, subspaces)]
        self._set(hilbert, list(zip(places, operators)), coefficient, dtype)

    def _set(
        self, hilbert: Any, parts: list[tuple[int, Any]], coefficient: Any, dtype: Any
    ) -> None:
        """Parts are sorted by site; those that are products themselves are flattened."""
        flat = []
        for place, operator in parts:
            if isinstance(operator, PlacedOperator) and operator._has_kernel:
                flat += [(place + p, op) for p, op in zip(operator._places, operator._operators)]
                if isinstance(operator, TensorOperator):
                    coefficient = coefficient * operator._value("_coefficient")
            else:
                flat.append((place, as_pytree(operator)))
        flat.sort(key=lambda part: part[0])
        ends = [place + op.hilbert.size for place, op in flat]
        if any(end > place for end, (place, _) in zip(ends, flat[1:])):
            raise ValueError(
                "Argument `subspaces` must not repeat a factor: multiply the operators by @ first."
            )
        KernelOperator.__init__(self, hilbert, backend_of([op for _, op in flat]))
        self._places = tuple(int(place) for place, _ in flat)
        self._operators = tuple(op for _, op in flat)
        dtype = self._coefficient_dtype([coefficient], dtype)
        self._coefficient = as_coefficient(coefficient, dtype)

    @property
    def coefficient(self) -> Any:
        """The number in front, ()."""
        return self._leaf("_coefficient")

    @property
    def is_hermitian(self) -> bool:
        """Whether all operators are known to be hermitian, and the coefficient is real."""
        return self._remember("is_hermitian", self._known_hermiticity)

    def _known_hermiticity(self) -> bool:
        if not is_real(self._value("_coefficient")):
            return False
        return all(op.is_hermitian for op in self._operators)

    def _factor(self) -> Any:
        return self._value("_coefficient")

    def _device_factor(self) -> Any:
        return self._leaf("_coefficient")

    def _with(self, operators: Sequence[Any], coefficient: Any) -> "TensorOperator":
        new = object.__new__(TensorOperator)
        new._set(self.hilbert, list(zip(self._places, operators)), coefficient, None)
        return new

    def conjugate(self, *, concrete: bool = True) -> Any:
        return self._with([op.conjugate() for op in self.operators], self._factor().conj())

    def transpose(self, *, concrete: bool = True) -> Any:
        return self._with([op.transpose() for op in self.operators], self._factor())

    def _scaled(self, c: Any) -> Any:
        return self._with(self._operators, c * self._factor())

    def __repr__(self) -> str:
        c = self._factor()
        factors = "\n".join(
            f" ∙ sites {first}-{last - 1}: {op}"
            for (first, last), op in zip(self._ranges, self.operators)
        )
        return (
            f"TensorOperator with backend {self.backend!r} and factors:\n"
            f" ∙ {'traced' if is_traced(c) else c}\n{factors}"
        )


class EmbedOperator(PlacedOperator):
    """An operator of one factor, acting in a product of Hilbert spaces.

    Sums, multiples and products on the same factor are taken inside; products of operators on
    different factors are a `TensorOperator`.

    Args:
        hilbert: a `TensorHilbert`; or a `DoubledHilbert`, of which factor 0 is the rows and factor
            1 the columns of density matrices.
        operator: the operator.
        subspace: number of the factor, from 0, or from the end if negative.

    Raises:
        TypeError: `hilbert` is no product, or `operator` acts on another space than the factor.
        IndexError: there is no such factor.

    Example:
        >>> import netket as nk
        >>> spin, mode = nk.hilbert.Spin(0.5, 1), nk.hilbert.Fock(1, 1)
        >>> n = nk.operator.boson.number(mode, 0)
        >>> op = nk.operator.EmbedOperator(nk.hilbert.TensorHilbert(spin, mode), n, subspace=1)
        >>> op.to_dense().diagonal().real.tolist()
        [0.0, 1.0, 0.0, 1.0]
    """

    _coefficient_names = ("_operators",)
    _static_names = ("_subspace", "_places")

    def __init__(self, hilbert: Any, operator: DiscreteOperator, subspace: int):
        _check_discrete(operator, "operator")
        subspace, place = _place(hilbert, operator, subspace)
        super().__init__(hilbert, operator.backend)
        self._subspace, self._places = subspace, (place,)
        self._operators = (as_pytree(operator),)

    @property
    def operator(self) -> Any:
        """The operator of the factor."""
        return self.operators[0]

    @property
    def subspace(self) -> int:
        """The number of the factor."""
        return self._subspace

    @property
    def dtype(self) -> np.dtype:
        return inexact(self._operators[0].dtype)

    @property
    def is_hermitian(self) -> bool:
        return self._operators[0].is_hermitian

    @property
    def _diagonal_first(self) -> bool:
        return bool(getattr(self._operators[0], "_diagonal_first", False)) and self._has_kernel

    def copy(self, *, dtype: Any = None) -> Any:
        if dtype is None or np.dtype(dtype) == self.dtype:
            return self._replace()
        return self._with(self.operator.copy(dtype=dtype))

    def _with(self, operator: Any) -> "EmbedOperator":
        return EmbedOperator(self.hilbert, operator, self._subspace)

    def collect(self) -> Any:
        return self._with(self.operator.collect())

    def conjugate(self, *, concrete: bool = True) -> Any:
        return self._with(self.operator.conjugate())

    def transpose(self, *, concrete: bool = True) -> Any:
        return self._with(self.operator.transpose())

    def _scaled(self, c: Any) -> Any:
        return self._with(self.operator._scaled(c))

    def _plus_scalar(self, c: Any) -> Any:
        return self._with(self.operator + c)

    def _plus(self, other: Any) -> Any:
        if type(other) is EmbedOperator and other._subspace == self._subspace:
            return self._with(self.operator + other.operator)
        return super()._plus(other)

    def __repr__(self) -> str:
        return f"EmbedOperator({self.hilbert} on {self.subspace}: {self.operator})"


# -- helpers ----------------------------------------------------------------------------------


def placed(hilbert: Any, parts: list[tuple[int, Any]], coefficient: Any = 1.0) -> Any:
    """The product of operators at given first sites: on one factor of the space an
    `EmbedOperator`, otherwise a `TensorOperator`."""
    if len(parts) == 1:
        place, operator = parts[0]
        for k, (first, space) in enumerate(_factors(hilbert)):
            if first == place and space == operator.hilbert:
                trivial = not is_traced(coefficient) and coefficient == 1
                return EmbedOperator(
                    hilbert, operator if trivial else operator._scaled(coefficient), k
                )
    new = object.__new__(TensorOperator)
    new._set(hilbert, parts, coefficient, None)
    return new


def shifted_local(hilbert: DiscreteHilbert, local: LocalOperator, place: int) -> LocalOperator:
    """A local operator on the sites from `place` on of a larger space.

    In what is made of it no zeros are dropped, so that its structure is the same inside of jit.
    """
    supports = [tuple(i + place for i in sites) for sites in local._terms.supports]
    return LocalOperator._build(
        hilbert,
        local.backend,
        Terms(supports, local._terms.patterns),
        local._value("_mels"),
        local._value("_constant"),
        local.dtype,
        -1.0,
    )


def _local_product(operator: PlacedOperator) -> LocalOperator | None:
    result, n_terms = None, 1
    for place, child in zip(operator._places, operator._operators):
        local = child._as_local() if isinstance(child, KernelOperator) else None
        if local is None:
            return None
        n_terms *= len(local._terms) + 1
        if n_terms > _MAX_LOCAL_TERMS and len(operator._operators) > 1:
            return None
        local = shifted_local(operator.hilbert, local, place)
        result = local if result is None else result._times(local)
        if result is NotImplemented:
            return None
    return result if type(operator) is EmbedOperator else result._scaled(operator._factor())


def _slots(operator: Any) -> int:
    return operator._slots if isinstance(operator, KernelOperator) else operator.max_conn_size


def _factors(hilbert: Any) -> list[tuple[int, Any]]:
    """First site and space of every factor."""
    if isinstance(hilbert, DoubledHilbert):
        return [(0, hilbert.physical), (hilbert.size_physical, hilbert.physical)]
    if not isinstance(hilbert, TensorHilbert):
        return []
    return [(s.start, f) for s, f in zip(hilbert._slices(), hilbert.subspaces)]


def _place(hilbert: Any, operator: Any, subspace: int) -> tuple[int, int]:
    """Number and first site of a factor, after checks."""
    factors = _factors(hilbert)
    if not factors:
        raise TypeError(
            f"Argument `hilbert` must be a `TensorHilbert` of several spaces, but is {hilbert}."
        )
    subspace = as_integer(subspace, "subspace")
    if not -len(factors) <= subspace < len(factors):
        raise IndexError(
            f"Argument `subspace` must be the number of one of the {len(factors)} factors of "
            f"{hilbert}, but is {subspace}."
        )
    subspace %= len(factors)
    place, space = factors[subspace]
    if operator.hilbert != space:
        raise TypeError(
            f"Argument `operator` must act on {space}, which is factor {subspace} of {hilbert}, "
            f"but acts on {operator.hilbert}."
        )
    return subspace, place


def _check_discrete(operator: Any, argument: str) -> None:
    if not isinstance(operator, DiscreteOperator):
        raise TypeError(
            f"Argument `{argument}` must be an operator on a discrete Hilbert space, but is "
            f"{type(operator).__name__}."
        )


@lazy_form("tensor")
def tensor_form(operators: Sequence[Any]) -> TensorOperator:
    return TensorOperator(*operators)
