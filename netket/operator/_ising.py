# SPDX-License-Identifier: Apache-2.0
"""The transverse-field Ising model, H = -h sum_i X_i + J sum_(i,j) Z_i Z_j."""

from typing import Any

import numpy as np

from netket.graph import AbstractGraph
from netket.hilbert import DiscreteHilbert
from netket.utils import HashableArray
from netket.utils.types import ArrayLike, DType, Scalar

from ._base import (
    AbstractOperator,
    Backend,
    BackendName,
    KernelOperator,
    as_coefficient,
    dtype_of,
    is_traced,
    promote_backends,
    promoted,
)
from ._kernels import IsingData
from ._local import LocalOperator, make_pattern, sum_of_terms


class Ising(KernelOperator):
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
    _static_names = ("_edges",)
    _kernel_diagonal_first = True

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
        self._edges = HashableArray(_edges_of(graph, hilbert.size))
        dtype = (
            promoted(dtype_of(h), dtype_of(J)) if dtype is None else dtype_of(np.empty(0, dtype))
        )
        self._h = as_coefficient(_scalar(h, "h"), dtype)
        self._J = as_coefficient(_scalar(J, "J"), dtype)

    @property
    def h(self) -> Any:
        """Strength of the transverse field, shape ()."""
        return self._leaf("_h") if self.backend == "jax" else self._value("_h")

    @property
    def J(self) -> Any:
        """Coupling of neighbours, shape ()."""
        return self._leaf("_J") if self.backend == "jax" else self._value("_J")

    @property
    def edges(self) -> np.ndarray:
        """The coupled pairs of sites, (E, 2)."""
        return self._edges.wrapped

    @property
    def dtype(self) -> np.dtype:
        return self._h.dtype

    @property
    def is_hermitian(self) -> bool:
        """Whether h and J are real; of traced complex coefficients this is not known: False."""
        if np.dtype(self.dtype).kind != "c":
            return True
        return not self._is_traced and all(c.imag == 0 for c in self._coefficients)

    @property
    def max_conn_size(self) -> int:
        return self.hilbert.size + 1

    @property
    def _max_changes(self) -> int:
        return 1

    @property
    def _merges(self) -> bool:
        return not self._has_kernel

    def _host_data(self) -> IsingData:
        return IsingData(self._host("_h"), self._host("_J"), np.array(self.edges))

    def _device_data(self) -> IsingData:
        return IsingData(self._leaf("_h"), self._leaf("_J"), self.edges)

    # -- algebra ------------------------------------------------------------------------------

    @property
    def _coefficients(self) -> tuple[Any, Any]:
        return self._value("_h"), self._value("_J")

    def _with_coefficients(self, h: Any, J: Any, backend: Backend | None = None) -> "Ising":
        h, J = (as_coefficient(c, c.dtype) for c in (h, J))
        return self._replace(_h=h, _J=J, _backend=backend or self.backend)

    def conjugate(self, *, concrete: bool = True) -> AbstractOperator:
        if not self._has_kernel:
            return super().conjugate()
        return self._with_coefficients(*(c.conj() for c in self._coefficients))

    def transpose(self, *, concrete: bool = True) -> AbstractOperator:
        return self if self._has_kernel else super().transpose()

    def _plus(self, other: Any) -> Any:
        if not (self._has_kernel and isinstance(other, Ising) and other._has_kernel):
            return NotImplemented
        if self._edges != other._edges:
            return self.to_local_operator() + other.to_local_operator()
        dtype = promoted(self.dtype, other.dtype)
        pairs = zip(self._coefficients, other._coefficients)
        return self._with_coefficients(
            *(a.astype(dtype) + b.astype(dtype) for a, b in pairs),
            promote_backends([self.backend, other.backend]),
        )

    def _plus_scalar(self, c: Any) -> Any:
        if not self._has_kernel:
            return super()._plus_scalar(c)
        return self.to_local_operator() + c

    def _scaled(self, c: Any) -> Any:
        if not self._has_kernel:
            return super()._scaled(c)
        dtype = promoted(self.dtype, c)
        c = as_coefficient(c, dtype)
        return self._with_coefficients(*(a.astype(dtype) * c for a in self._coefficients))

    def _times(self, other: Any) -> Any:
        if not (self._has_kernel and isinstance(other, Ising) and other._has_kernel):
            return NotImplemented
        return self.to_local_operator()._times(other)

    def _as_local(self) -> LocalOperator | None:
        return self.to_local_operator() if self._has_kernel else None

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


def _edges_of(graph: Any, n_sites: int) -> np.ndarray:
    """The edges (i <= j), sorted, int32 (E, 2)."""
    if isinstance(graph, AbstractGraph):
        if graph.n_nodes != n_sites:
            raise ValueError(
                f"Argument `graph` must have {n_sites} nodes, as many as the Hilbert space has "
                f"sites, but has {graph.n_nodes}."
            )
        graph = graph.edges()
    edges = np.asarray(graph.wrapped if isinstance(graph, HashableArray) else graph)
    edges = edges.reshape(0, 2) if edges.size == 0 else edges
    if edges.ndim != 2 or edges.shape[1] != 2 or not (edges == edges.astype(np.int64)).all():
        raise ValueError(
            "Argument `graph` must be a graph, or its edges as an integer array of shape (E, 2), "
            f"but has shape {edges.shape}."
        )
    if edges.size and (edges.min() < 0 or edges.max() >= n_sites):
        raise ValueError(
            f"Argument `graph` must have edges between the sites 0 ... {n_sites - 1} of the "
            f"Hilbert space, but has sites up to {edges.max()}."
        )
    edges = np.sort(edges, axis=1).astype(np.int32)
    return edges[np.lexsort(edges.T[::-1])]


def _scalar(x: Any, name: str) -> Any:
    if np.ndim(x) != 0:
        raise ValueError(
            f"Argument `{name}` must be a number, but has shape {np.shape(x)}: couplings that "
            "depend on the site can be given to `LocalOperator` or `GraphOperator`."
        )
    return x


class IsingJax(Ising, metaclass=BackendName, backend="jax"):
    """Older name of `Ising` with ``backend="jax"``."""


class IsingNumba(Ising, metaclass=BackendName, backend="numba"):
    """Older name of `Ising` with ``backend="numba"``."""
