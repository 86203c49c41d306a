# SPDX-License-Identifier: Apache-2.0
"""`Adjoint`, `Transpose` and `Squared`: A^dagger, A^T and A^dagger A, of operators of any kind.

Operators of this package have closed forms, which their `.H` and `.T` return at once; these are
the named wrappers. Operators of third parties have only these.
"""

from typing import Any

import numpy as np

from .._base import DiscreteOperator, lazy_form
from ._base import as_pytree
from ._form import FormOperator, collected
from ._lazy import ConjugateOperator, MatrixTranspose


class _Wrapper(FormOperator):
    """A function of one operator."""

    def __init__(self, op: DiscreteOperator):
        if not isinstance(op, DiscreteOperator):
            raise TypeError(
                f"Argument `op` must be an operator on a discrete Hilbert space, but is "
                f"{type(op).__name__}."
            )
        super().__init__(op.hilbert, op.backend)
        self._operators = (as_pytree(op),)

    @property
    def parent(self) -> Any:
        """The operator that is wrapped."""
        return self.operators[0]


class Adjoint(_Wrapper):
    """The adjoint A^dagger of an operator A.

    ``Adjoint(A) @ A`` is ``Squared(A)``; other algebra is that of the closed form, which
    `collect` returns.

    Args:
        op: the operator A.

    Raises:
        TypeError: it is not a discrete operator.
        TypeError: it does not know its transpose, and its space has too many states for a matrix.
    """

    def _make_form(self) -> Any:
        return collected(_transposed(self.parent).conjugate())

    @property
    def H(self) -> Any:
        return self.parent

    def conjugate(self, concrete: bool = False) -> Any:
        return Transpose(self.parent)

    def transpose(self, *, concrete: bool = False) -> Any:
        return self.parent.conjugate()

    def _times(self, other: Any) -> Any:
        if other is self.parent or other == self.parent:
            return Squared(other)
        return super()._times(other)


class Transpose(_Wrapper):
    """The transpose A^T of an operator A.

    Args:
        op: the operator A.

    Raises:
        TypeError: it is not a discrete operator.
        TypeError: it does not know its transpose, and its space has too many states for a matrix.
    """

    def _make_form(self) -> Any:
        return _transposed(self.parent)

    @property
    def H(self) -> Any:
        return self.parent.conjugate()

    def conjugate(self, *, concrete: bool = False) -> Any:
        return Adjoint(self.parent)

    def transpose(self, *, concrete: bool = False) -> Any:
        return self.parent


class Squared(_Wrapper):
    """A^dagger A of an operator A; hermitian.

    Args:
        op: the operator A.

    Raises:
        TypeError: it is not a discrete operator.

    Example:
        >>> import netket as nk
        >>> minus = nk.operator.spin.sigmam(nk.hilbert.Spin(0.5, 1), 0)
        >>> nk.operator.Squared(minus).to_dense().real.tolist()
        [[1.0, 0.0], [0.0, 0.0]]
    """

    def _make_form(self) -> Any:
        parent = collected(self.parent)
        adjoint = parent if parent.is_hermitian else collected(_transposed(parent).conjugate())
        return adjoint @ parent

    @property
    def is_hermitian(self) -> bool:
        return True

    @property
    def H(self) -> Any:
        return self

    @property
    def T(self) -> Any:
        return self.transpose()

    def conjugate(self, *, concrete: bool = False) -> Any:
        return Squared(self.parent.conjugate())

    def transpose(self, *, concrete: bool = False) -> Any:
        return Squared(self.parent.conjugate())  # (A† A)^T = conj(A)† conj(A)


def _transposed(operator: Any) -> Any:
    """The transpose, as an operator that is no wrapper; by a matrix if there is no closed form."""
    operator = collected(operator)
    if operator.is_hermitian:
        return operator.conjugate()
    transpose = operator.transpose()
    if isinstance(transpose, Transpose) and transpose.parent is operator:
        return MatrixTranspose(operator)
    return collected(transpose)


@lazy_form("conjugate")
def conjugate_form(operator: Any) -> Any:
    # real matrix elements are their own conjugates
    return operator if np.dtype(operator.dtype).kind != "c" else ConjugateOperator(operator)


@lazy_form("transpose")
def transpose_form(operator: Any) -> Any:
    return operator.conjugate() if operator.is_hermitian else Transpose(operator)


@lazy_form("adjoint")
def adjoint_form(operator: Any) -> Adjoint:
    return Adjoint(operator)
