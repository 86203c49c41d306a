# SPDX-License-Identifier: Apache-2.0
"""`GraphModel`: models with the same few numbers on all sites and edges, O = sum_a c_a O_a.

The parts O_a (of the field, of the coupling, ...) are real symmetric and follow from the edges;
the operator is linear in the coefficients c_a.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from netket.graph import AbstractGraph
from netket.utils import HashableArray
from netket.utils.types import DType

from ._base import (
    AbstractOperator,
    KernelOperator,
    as_coefficient,
    dtype_of,
    promote_backends,
    promoted,
)
from ._local import LocalOperator


class GraphModel(KernelOperator):
    """A model that is linear in its coefficients, on the edges of a graph."""

    _static_names = ("_edges",)
    _kernel_diagonal_first = True

    def _set(self, graph: Any, dtype: DType | None, coefficients: dict[str, Any]) -> None:
        """Set the edges and the coefficients, given by their names."""
        self._edges = HashableArray(edges_of(graph, self.hilbert.size))
        if dtype is None:
            dtypes = [dtype_of(c) for c in coefficients.values()]
            dtype = promoted(*dtypes)
        else:
            dtype = dtype_of(np.empty(0, dtype))
        for name, value in coefficients.items():
            self.__dict__[f"_{name}"] = as_coefficient(_scalar(value, name), dtype)

    def _coefficient(self, name: str) -> Any:
        return self._leaf(name) if self.backend == "jax" else self._value(name)

    @property
    def edges(self) -> np.ndarray:
        """The coupled pairs of sites, (E, 2)."""
        return self._edges.wrapped

    @property
    def dtype(self) -> np.dtype:
        return self.__dict__[self._coefficient_names[0]].dtype

    @property
    def is_hermitian(self) -> bool:
        """Whether all coefficients are real; of traced complex ones this is not known: False."""
        if np.dtype(self.dtype).kind != "c":
            return True
        return not self._is_traced and all(c.imag == 0 for c in self._coefficients)

    # -- algebra ------------------------------------------------------------------------------

    @property
    def _coefficients(self) -> tuple[Any, ...]:
        return tuple(map(self._value, self._coefficient_names))

    def _map(self, function: Callable[..., Any], *others: "GraphModel") -> Any:
        """The model with coefficients `function(ours, others')`."""
        columns = zip(*(op._coefficients for op in (self, *others)))
        changed = dict(zip(self._coefficient_names, (function(*c) for c in columns)))
        new = {name: as_coefficient(c, c.dtype) for name, c in changed.items()}
        return self._replace(**new, _backend=promote_backends(op.backend for op in (self, *others)))

    def _is_like(self, other: Any) -> bool:
        """Whether both are the same model, of any coefficients and edges."""
        return (
            isinstance(other, GraphModel)
            and self._coefficient_names == other._coefficient_names
            and self._has_kernel
            and other._has_kernel
        )

    def conjugate(self, *, concrete: bool = True) -> AbstractOperator:
        return self._map(lambda c: c.conj()) if self._has_kernel else super().conjugate()

    def transpose(self, *, concrete: bool = True) -> AbstractOperator:
        return self if self._has_kernel else super().transpose()

    def _plus(self, other: Any) -> Any:
        if not self._is_like(other):
            return NotImplemented
        if self._edges != other._edges:
            return _as_locals(self, other, lambda a, b: a + b)
        dtype = promoted(self.dtype, other.dtype)
        return self._map(lambda a, b: a.astype(dtype) + b.astype(dtype), other)

    def _plus_scalar(self, c: Any) -> Any:
        local = self._as_local()
        return super()._plus_scalar(c) if local is None else local + c

    def _scaled(self, c: Any) -> Any:
        if not self._has_kernel:
            return super()._scaled(c)
        dtype = promoted(self.dtype, c)
        c = as_coefficient(c, dtype)
        return self._map(lambda a: a.astype(dtype) * c)

    def _times(self, other: Any) -> Any:
        if not self._is_like(other):
            return NotImplemented
        return _as_locals(self, other, lambda a, b: a._times(b))

    def _as_local(self) -> LocalOperator | None:
        return self.to_local_operator() if self._has_kernel else None

    def _part_between(self, x: Any, xp: Any) -> str:
        sites = np.flatnonzero(np.asarray(x) != np.asarray(xp)).tolist()
        return f"its term on the sites {sites}"

    def to_local_operator(self) -> LocalOperator:
        raise TypeError(f"{type(self).__name__} must define `to_local_operator`.")


def _as_locals(a: GraphModel, b: GraphModel, combine: Callable[..., Any]) -> Any:
    local_a, local_b = a._as_local(), b._as_local()
    return NotImplemented if local_a is None or local_b is None else combine(local_a, local_b)


def edges_of(graph: Any, n_sites: int) -> np.ndarray:
    """The edges (i <= j) of a graph with as many nodes as there are sites, sorted, int32 (E, 2).

    Args:
        graph: the graph, or its edges as an integer array (E, 2).
        n_sites: number of sites.

    Raises:
        ValueError: the graph has another size, or there is an edge to a site that does not exist.
    """
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
