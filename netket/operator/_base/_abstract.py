# SPDX-License-Identifier: Apache-2.0
"""`AbstractObservable` and `AbstractOperator`: a Hilbert space, a dtype, and the algebra.

The algebra asks both operands for a closed form (`_plus`, `_times`, ...) and falls back on the
lazy `SumOperator` and `ProductOperator`, so that any two operators combine.
"""

import abc
import numbers
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from netket.hilbert import AbstractHilbert
from netket.utils.types import DType

# Constructors of the lazy forms, registered by the modules that define them: the base class
# needs them, and they are subclasses of it.
_LAZY: dict[str, Callable[..., Any]] = {}


def lazy_form(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: this function makes the ``"sum"``, ``"product"``, ``"identity"``, ..."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        _LAZY[name] = function
        return function

    return register


def is_scalar(x: Any) -> bool:
    """Whether `x` is a number, or an array or tracer of shape ()."""
    if isinstance(x, numbers.Number):
        return True
    return isinstance(x, np.ndarray | np.generic | jax.Array) and x.ndim == 0


def _is_zero(x: Any) -> bool:
    return not isinstance(x, jax.core.Tracer) and bool(x == 0)


class AbstractObservable(abc.ABC):  # noqa: B024
    """Whatever has an expectation value: it is defined on a Hilbert space.

    Args:
        hilbert: the space.
    """

    def __init__(self, hilbert: AbstractHilbert):
        if not isinstance(hilbert, AbstractHilbert):
            raise TypeError(
                f"Argument `hilbert` must be a Hilbert space, but is {type(hilbert).__name__}."
            )
        self._hilbert = hilbert

    @property
    def hilbert(self) -> AbstractHilbert:
        """The Hilbert space."""
        return self._hilbert


class AbstractOperator(AbstractObservable):
    """A linear operator on a Hilbert space, with the algebra of operators.

    A subclass defines `dtype`, and `is_hermitian` if it can be True.
    """

    # numpy scalars leave the product with an operator to the operator
    __array_ufunc__ = None

    @property
    @abc.abstractmethod
    def dtype(self) -> DType:
        """dtype of the matrix elements."""

    @property
    def is_hermitian(self) -> bool:
        """Whether the operator is known to be hermitian."""
        return False

    # -- adjoints -----------------------------------------------------------------------------

    @property
    def H(self) -> "AbstractOperator":
        """The adjoint (conjugate transpose)."""
        return self if self.is_hermitian else self.transpose().conjugate()

    @property
    def T(self) -> "AbstractOperator":
        """The transpose."""
        return self.transpose()

    def transpose(self, *, concrete: bool = False) -> "AbstractOperator":
        """The transpose. `concrete` is accepted for compatibility: it is never a wrapper
        where there is a closed form."""
        return _LAZY["transpose"](self)

    def conjugate(self, *, concrete: bool = False) -> "AbstractOperator":
        """The complex conjugate. `concrete` is accepted for compatibility."""
        return _LAZY["conjugate"](self)

    def conj(self, *, concrete: bool = False) -> "AbstractOperator":
        """The complex conjugate."""
        return self.conjugate(concrete=concrete)

    def collect(self) -> "AbstractOperator":
        """The operator without lazy wrappers; these have none to begin with, so: itself."""
        return self

    # -- closed forms: a subclass returns NotImplemented where it has none ----------------------

    def _plus(self, other: "AbstractOperator") -> Any:
        return NotImplemented

    def _times(self, other: "AbstractOperator") -> Any:
        return NotImplemented

    def _times_left(self, other: "AbstractOperator") -> Any:
        """`other @ self`."""
        return NotImplemented

    def _identity(self, c: Any) -> "AbstractOperator":
        """c times the identity on the same space."""
        return _LAZY["identity"](self, c)

    def _plus_scalar(self, c: Any) -> "AbstractOperator":
        return self + self._identity(c)

    def _scaled(self, c: Any) -> "AbstractOperator":
        return _LAZY["sum"]([self], [c])

    # -- algebra ------------------------------------------------------------------------------

    def __add__(self, other: Any) -> Any:
        if is_scalar(other):
            return self if _is_zero(other) else self._plus_scalar(other)
        if not isinstance(other, AbstractOperator):
            return NotImplemented
        check_same_hilbert(self, other, "+")
        result = self._plus(other)
        if result is NotImplemented:
            result = other._plus(self)  # sums commute
        return _LAZY["sum"]([self, other], [1, 1]) if result is NotImplemented else result

    def __radd__(self, other: Any) -> Any:
        return self + other if is_scalar(other) else NotImplemented

    def __sub__(self, other: Any) -> Any:
        if not is_scalar(other) and not isinstance(other, AbstractOperator):
            return NotImplemented
        return self + (-other)

    def __rsub__(self, other: Any) -> Any:
        return (-self) + other if is_scalar(other) else NotImplemented

    def __neg__(self) -> Any:
        return self._scaled(-1)

    def __pos__(self) -> Any:
        return self

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, AbstractOperator):
            return self @ other
        return self._scaled(other) if is_scalar(other) else NotImplemented

    def __rmul__(self, other: Any) -> Any:
        return self._scaled(other) if is_scalar(other) else NotImplemented

    def __truediv__(self, other: Any) -> Any:
        return self._scaled(1 / other) if is_scalar(other) else NotImplemented

    def __matmul__(self, other: Any) -> Any:
        if not isinstance(other, AbstractOperator):
            return NotImplemented
        check_same_hilbert(self, other, "@")
        result = self._times(other)
        if result is NotImplemented:
            result = other._times_left(self)
        return _LAZY["product"]([self, other]) if result is NotImplemented else result

    def __rmatmul__(self, other: Any) -> Any:
        return NotImplemented

    def __pow__(self, n: Any) -> Any:
        if not isinstance(n, numbers.Integral) or n < 0:
            return NotImplemented
        if n == 0:
            return self._identity(1)
        result = self
        for _ in range(int(n) - 1):
            result = result @ self
        return result

    # -- in place: operators are immutable, so these bind the name to a new operator ------------

    def __iadd__(self, other: Any) -> Any:
        return self + other

    def __isub__(self, other: Any) -> Any:
        return self - other

    def __imul__(self, other: Any) -> Any:
        return self * other

    def __itruediv__(self, other: Any) -> Any:
        return self / other

    def __imatmul__(self, other: Any) -> Any:
        return self @ other


def check_same_hilbert(a: AbstractOperator, b: AbstractOperator, symbol: str) -> None:
    """Raises a TypeError unless both operators act on the same space."""
    if a.hilbert is not b.hilbert and a.hilbert != b.hilbert:
        raise TypeError(
            f"Operators can only be combined by {symbol} if they act on the same Hilbert space, "
            f"but {type(a).__name__} acts on {a.hilbert} and {type(b).__name__} on {b.hilbert}."
        )
