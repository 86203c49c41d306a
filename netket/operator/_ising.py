# SPDX-License-Identifier: Apache-2.0
"""The transverse-field Ising model, H = -h sum_i X_i + J sum_(i,j) Z_i Z_j."""

from typing import Any

import numpy as np

from netket.graph import AbstractGraph
from netket.hilbert import DiscreteHilbert
from netket.utils.types import ArrayLike, DType, Scalar

from ._base import Backend, BackendName, is_traced
from ._graph_model import GraphModel
from ._kernels import IsingData
from ._local import LocalOperator, make_pattern, sum_of_terms


class Ising(GraphModel):
    """The transverse-field Ising model.

    H = -h sum_i X_i + J sum_(i,j) Z_i Z_j, where Z is +1 for the first local state and -1 for
    the second, and (i, j) are the edges of a graph.

    Args:
        hilbert: a space of N sites with two local states each.
        graph: a graph with N nodes, or its edges as an integer array (E, 2).
        h: strength of the transverse field.
        J: coupling of neighbours.
        dtype: dtype of the matrix elements; by default that of `h` and `J`.
        backend: ``"numba"`` or ``"jax"``; by default see `netket.operator.use_backend`.

    Raises:
        ValueError: the graph has another size than the space, or a site of the space does not
            have two local states.

    Example:
        >>> import netket as nk
        >>> hi = nk.hilbert.Spin(0.5, 4)
        >>> nk.operator.Ising(hi, nk.graph.Chain(4), h=0.5, backend="numba")
        Ising(J=1.0, h=0.5; dim=4, backend='numba')
    """

    _coefficient_names = ("_h", "_J")

    def __init__(
        self,
        hilbert: DiscreteHilbert,
        graph: AbstractGraph | ArrayLike,
        h: Scalar,
        J: Scalar = 1.0,
        dtype: DType | None = None,
        *,
        backend: Backend | None = None,
    ):
        super().__init__(hilbert, backend)
        if any(d != 2 for d in hilbert.shape):
            raise ValueError(
                "Argument `hilbert` must have two local states on every site, but has "
                f"{max(hilbert.shape)}: use `LocalOperator` or `GraphOperator` for larger spins."
            )
        self._set(graph, dtype, {"h": h, "J": J})

    @property
    def h(self) -> Any:
        """Strength of the transverse field, shape ()."""
        return self._coefficient("_h")

    @property
    def J(self) -> Any:
        """Coupling of neighbours, shape ()."""
        return self._coefficient("_J")

    @property
    def max_conn_size(self) -> int:
        return self.hilbert.size + 1

    @property
    def _max_changes(self) -> int:
        return 1

    @property
    def _merges(self) -> bool:
        return not self._has_kernel

    @property
    def _flips(self) -> np.ndarray:
        return np.eye(self.hilbert.size + 1, self.hilbert.size, -1, np.int8)

    def _host_data(self) -> IsingData:
        return IsingData(self._host("_h"), self._host("_J"), np.array(self.edges))

    def _device_data(self) -> IsingData:
        return IsingData(self._leaf("_h"), self._leaf("_J"), self.edges)

    def to_local_operator(self) -> LocalOperator:
        h, J = self._coefficients
        flip, parity = (make_pattern(*p) for p in (_FLIP, _PARITY))
        flips = [((i,), flip, -h * _ONES.astype(self.dtype)) for i in range(self.hilbert.size)]
        bonds = [((i, j), parity, J * _SIGNS.astype(self.dtype)) for i, j in self.edges if i != j]
        loops = len(self.edges) - len(bonds)  # Z_i Z_i = 1
        terms, values = sum_of_terms(flips + bonds)
        return LocalOperator._build(
            self.hilbert, self.backend, terms, values, loops * J, self.dtype
        )

    def __repr__(self) -> str:
        h, J = ("traced" if is_traced(c) else str(c) for c in self._coefficients)
        return f"Ising(J={J}, h={h}; dim={self.hilbert.size}, backend={self.backend!r})"


# local dimensions, rows and columns of the elements of X and of Z Z, and their values
_FLIP, _ONES = ((2,), np.array([0, 1]), np.array([1, 0])), np.ones(2)
_PARITY, _SIGNS = ((2, 2), np.arange(4), np.arange(4)), np.array([1.0, -1.0, -1.0, 1.0])


# the same object in 3.23 too: every instance has a jax kernel, whatever its flag
IsingJax = Ising


class IsingNumba(Ising, metaclass=BackendName, backend="numba"):
    """Older name of `Ising` with ``backend="numba"``."""
