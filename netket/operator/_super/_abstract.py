# SPDX-License-Identifier: Apache-2.0
"""`AbstractSuperOperator`: linear maps of density matrices, as operators on the doubled space.

A density matrix is the vector of its elements, row by row: rho[x, y] belongs to the configuration
(x, y) of `DoubledHilbert`.
"""

from typing import Any

import numpy as np

from netket.hilbert import DiscreteHilbert, DoubledHilbert
from netket.utils import optional
from netket.utils.types import Array

from .._base import DiscreteOperator


class AbstractSuperOperator(DiscreteOperator):
    """An operator on density matrices.

    A subclass has connected elements as other operators do.

    Args:
        hilbert: the doubled space.

    Raises:
        TypeError: `hilbert` is not a `DoubledHilbert`.
    """

    def __init__(self, hilbert: DoubledHilbert):
        check_doubled(hilbert)
        super().__init__(hilbert)

    @property
    def hilbert_physical(self) -> DiscreteHilbert:
        """The space of the pure states."""
        return self.hilbert.physical  # type: ignore[attr-defined]

    def __matmul__(self, other: Any) -> Any:
        """The product with a superoperator, or the map applied to a density matrix.

        Arrays are vectors of shape (n², ...), or one density matrix of shape (n, n).
        """
        shape = getattr(other, "shape", None)
        n = self.hilbert_physical.n_states if self.hilbert_physical.is_indexable else 0
        if isinstance(shape, tuple) and shape == (n, n) and n > 1:
            return super().__matmul__(other.reshape(-1)).reshape(n, n)
        return super().__matmul__(other)

    def to_qobj(self) -> Any:
        """The superoperator as a `qutip.Qobj`, in the convention of QuTiP: columns are stacked.

        Raises:
            MissingDependencyError: QuTiP is not installed.
            ValueError: the space has too many states, or the operator leaves it.
        """
        qutip: Any = optional.require("qutip", "to make `Qobj`s of operators", extra="extra")
        physical = self.hilbert_physical
        n = physical.n_states
        # entry (x, y) is number x n + y here, and y n + x there
        order = np.arange(n * n).reshape(n, n).T.ravel()
        matrix = self.to_sparse()[order][:, order]
        dims = [n] if physical.constraint is not None else list(map(int, physical.shape))
        return qutip.Qobj(matrix, dims=[[dims, dims], [dims, dims]])


def check_doubled(hilbert: Any) -> None:
    """Raises a TypeError unless this is the space of density matrices."""
    if not isinstance(hilbert, DoubledHilbert):
        raise TypeError(f"Argument `hilbert` must be a `DoubledHilbert`, but is {hilbert}.")


def as_vector(rho: Array, n: int, argument: str) -> np.ndarray:
    """The vector (n²,) of a density matrix that is given as one, or as (n, n).

    Raises:
        ValueError: it has another shape.
    """
    rho = np.asarray(rho)
    if rho.shape not in ((n, n), (n * n,)):
        raise ValueError(
            f"Argument `{argument}` must be a density matrix of shape ({n}, {n}), or its "
            f"{n * n} elements, but has shape {rho.shape}."
        )
    return rho.reshape(-1)
