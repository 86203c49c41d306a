# SPDX-License-Identifier: Apache-2.0
"""Forms of conjugates and transposes of operators that have no closed form: third parties'."""

from typing import Any

import numpy as np

from netket.utils.types import Array

from .._base import Backend, DiscreteOperator
from .._base._abstract import _LAZY
from .._base._host import check_samples, check_size, host_array
from ._base import as_pytree
from ._callback import CallbackOperator
from ._delegate import DelegatingOperator


class ConjugateOperator(DelegatingOperator):
    """The complex conjugate of an operator, element by element.

    Args:
        parent: the operator.
    """

    def __init__(self, parent: DiscreteOperator):
        super().__init__(parent.hilbert)
        self._parent = as_pytree(parent)
        self._backend = parent.backend

    def _with_backend(self, backend: Backend) -> Any:
        return ConjugateOperator(self._parent.to_backend(backend))

    @property
    def _plain(self) -> DiscreteOperator:
        return self._parent.parent if isinstance(self._parent, CallbackOperator) else self._parent

    def conjugate(self, *, concrete: bool = False) -> DiscreteOperator:
        return self._plain

    def transpose(self, *, concrete: bool = False) -> Any:
        return _LAZY["adjoint"](self._plain)

    def tree_flatten(self) -> tuple[tuple, Any]:
        return (self._parent,), (self._hilbert, self._backend)

    @classmethod
    def tree_unflatten(cls, metadata: Any, data: tuple) -> Any:
        new = object.__new__(cls)
        (new._hilbert, new._backend), (new._parent,) = metadata, data
        return new

    def get_conn_padded(self, x: Array) -> tuple[Array, Array]:
        xp, mels = self._parent.get_conn_padded(x)
        return xp, mels.conj()

    def get_conn_flattened(
        self, x: Array, sections: np.ndarray, pad: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        xp, mels = self._parent.get_conn_flattened(x, sections, *([True] * pad))
        return xp, np.asarray(mels).conj()


class MatrixTranspose(DiscreteOperator):
    """The transpose of an operator, whose rows are the columns of the operator's matrix.

    Args:
        parent: the operator; its space must have few enough states for a matrix.
    """

    def __init__(self, parent: DiscreteOperator):
        super().__init__(parent.hilbert)
        if not parent.hilbert.is_indexable:
            raise TypeError(
                f"{type(parent).__name__} does not say how its transpose acts, and its space is "
                "too large for a matrix: define the method `transpose`, or `is_hermitian`."
            )
        self._parent = parent
        self._matrix: Any = None

    @property
    def parent(self) -> DiscreteOperator:
        """The operator."""
        return self._parent

    @property
    def _columns(self) -> Any:
        """The transposed matrix by rows, built when it is first needed."""
        if self._matrix is None:
            self._matrix = self._parent.to_sparse().T.tocsr()
        return self._matrix

    @property
    def dtype(self) -> Any:
        return self._parent.dtype

    @property
    def is_hermitian(self) -> bool:
        return self._parent.is_hermitian

    @property
    def max_conn_size(self) -> int:
        return max(int(np.diff(self._columns.indptr).max(initial=1)), 1)

    def transpose(self, *, concrete: bool = False) -> DiscreteOperator:
        return self._parent

    def to_sparse(self, jax_: bool = False) -> Any:
        return super().to_sparse(jax_) if jax_ else self._columns.copy()

    def get_conn_flattened(
        self, x: Array, sections: np.ndarray, pad: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        check_size(x, self.hilbert.size)
        check_samples(x, self._grid)
        x = host_array(x)
        rows = self._columns[np.asarray(self.hilbert.states_to_numbers(x))]
        sections[...] = rows.indptr[1:]
        return self.hilbert.numbers_to_states(rows.indices).astype(x.dtype), rows.data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MatrixTranspose) and self._parent == other._parent

    def __hash__(self) -> int:
        return hash((MatrixTranspose, self._parent))

    def __repr__(self) -> str:
        return f"MatrixTranspose({self._parent})"
