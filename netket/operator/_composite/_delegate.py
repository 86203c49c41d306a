# SPDX-License-Identifier: Apache-2.0
"""`DelegatingOperator`: an operator made of one other, with the same space and the same rows."""

from typing import Any

from .._base import DiscreteJaxOperator, DiscreteOperator


class DelegatingOperator(DiscreteJaxOperator):
    """What is the same for an operator and its wrappers. A subclass sets `_parent`."""

    _parent: DiscreteOperator

    @property
    def parent(self) -> DiscreteOperator:
        """The operator."""
        return self._parent

    @property
    def dtype(self) -> Any:
        return self._parent.dtype

    @property
    def is_hermitian(self) -> bool:
        return self._parent.is_hermitian

    @property
    def max_conn_size(self) -> int:
        return self._parent.max_conn_size

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, DelegatingOperator)
            and type(self) is type(other)
            and self._parent == other._parent
            and self.backend == other.backend
        )

    def __hash__(self) -> int:
        return hash((type(self), self._parent, self.backend))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._parent})"
