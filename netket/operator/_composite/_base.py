# SPDX-License-Identifier: Apache-2.0
"""What sums and products of operators have in common."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from .._base import (
    AbstractOperator,
    Backend,
    DiscreteJaxOperator,
    DiscreteOperator,
    KernelOperator,
    as_coefficient,
    inexact,
    is_traced,
    merge_rows,
    pad_rows,
    promote_backends,
    promoted,
)
from .._base._abstract import check_same_hilbert
from ._callback import CallbackOperator

# A row kernel is compiled for each list of kinds of children; those of more than these are composed
# on the host.
_MAX_COMPILED = 32


class CompositeOperator(KernelOperator):
    """An operator made of other operators on the same space, its children.

    Children are leaves of the pytree with all that they contain. The rows are composed from the
    children's rows, on both backends.
    """

    def _set_children(self, operators: Sequence[Any], symbol: str) -> None:
        if not operators:
            raise ValueError(f"{type(self).__name__} must have at least one operator.")
        for operator in operators:
            if not isinstance(operator, DiscreteOperator):
                raise TypeError(
                    f"{type(self).__name__} can only be made of discrete operators, but got a "
                    f"{type(operator).__name__}."
                )
            check_same_hilbert(operators[0], operator, symbol)
        self._operators = tuple(as_pytree(op) for op in operators)

    @property
    def operators(self) -> tuple[DiscreteOperator, ...]:
        """The operators that this one is made of."""
        return tuple(
            op.parent if isinstance(op, CallbackOperator) and op.backend == "numba" else op
            for op in self._operators
        )

    def _coefficient_dtype(self, coefficients: Any, dtype: Any) -> np.dtype:
        """Of real numbers with the precision of the operators, unless the coefficients say more."""
        real = np.finfo(promoted(*(inexact(op.dtype) for op in self._operators))).dtype
        return promoted(real, *coefficients, *([] if dtype is None else [inexact(dtype)]))

    @property
    def dtype(self) -> np.dtype:
        return self._remember("dtype", self._promoted_dtype)

    def _promoted_dtype(self) -> np.dtype:
        children = {inexact(d) for d in {op.dtype for op in self._operators}}
        return promoted(np.dtype(self.__dict__[self._coefficient_names[0]].dtype), *children)

    def __eq__(self, other: object) -> bool:
        """Also the structures of the children are compared, which are no leaves."""
        if self is other:
            return True
        return (
            super().__eq__(other)
            and isinstance(other, CompositeOperator)
            and jax.tree_util.tree_structure(self) == jax.tree_util.tree_structure(other)
        )

    __hash__ = KernelOperator.__hash__

    def copy(self, *, dtype: Any = None) -> Any:
        if dtype is None or np.dtype(dtype) == self.dtype:
            return self._replace()
        name = self._coefficient_names[0]
        children = tuple(op.copy(dtype=dtype) for op in self._operators)
        value = as_coefficient(self._value(name), self._coefficient_dtype([], dtype))
        return self._replace(_operators=children, **{name: value})

    def _with_backend(self, backend: Backend) -> Any:
        children = [
            op if isinstance(op, CallbackOperator) else op.to_backend(backend)
            for op in self._operators
        ]
        return self._replace(_backend=backend, _operators=tuple(children))

    @property
    def _max_changes(self) -> int:
        return max(_changes(op) for op in self._operators)

    def _children_data(self) -> tuple[Any, ...] | None:
        """The children's data for numba; None if one has none, or there are very many."""
        if len(self._operators) > _MAX_COMPILED:
            return None
        data = tuple(op._numba_data() for op in self._operators)
        return None if any(d is None for d in data) else data

    @property
    def _without_jax(self) -> bool:
        return any(
            isinstance(op, CallbackOperator) or getattr(op, "_without_jax", False)
            for op in self._operators
        )

    def _composed_rows(
        self, samples: np.ndarray, pad: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | int]:
        owner, xp, mels = self._compose(samples)
        xp, mels, counts = merge_rows(owner, xp, mels.astype(self.dtype), len(samples))
        if not pad:
            return xp, mels, counts
        xp, mels = pad_rows(samples, xp, mels, counts)
        return xp, mels.ravel(), mels.shape[1]

    def _compose(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows from the children's `get_conn_flattened`: owner (M,), x' (M, N), elements (M,)."""
        raise TypeError(f"{type(self).__name__} must define `_compose`.")

    @property
    def _is_traced(self) -> bool:
        if "is_traced" not in self._cache:
            own = jax.tree_util.tree_leaves(self._children())
            self._cache["is_traced"] = any(isinstance(leaf, jax.core.Tracer) for leaf in own)
        return self._cache["is_traced"]


def flattened_rows(
    operator: DiscreteOperator, samples: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Owner (M,), x' (M, N) and matrix elements (M,) of all samples."""
    sections = np.zeros(len(samples), np.int64)
    xp, mels = operator.get_conn_flattened(samples, sections)
    owner = np.repeat(np.arange(len(samples)), np.diff(sections, prepend=0))
    return owner, np.asarray(xp), np.asarray(mels)


def backend_of(operators: Sequence[DiscreteOperator]) -> Backend:
    """The backend of what is made of these operators."""
    return promote_backends(op.backend for op in operators)


def as_pytree(operator: DiscreteOperator) -> DiscreteJaxOperator:
    """Operators that are no pytrees are wrapped; what they compute stays the same."""
    if isinstance(operator, DiscreteJaxOperator):
        return operator
    return CallbackOperator(operator, "numba")


def _changes(operator: AbstractOperator) -> int:
    return operator._max_changes if isinstance(operator, KernelOperator) else operator.hilbert.size


def is_real(c: Any) -> bool:
    """Whether a coefficient is known to be real: a complex one that is traced is not."""
    if np.dtype(c.dtype).kind != "c":
        return True
    return not is_traced(c) and c.imag == 0
