# SPDX-License-Identifier: Apache-2.0
"""Operators on graphs: O = sum_i A_i + sum_(i,j) B_ij, and the Heisenberg model."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from netket.graph import AbstractGraph
from netket.hilbert import DiscreteHilbert
from netket.utils.types import ArrayLike, DType, Scalar

from ._base import Backend, BackendName, as_coefficient, dtype_of, inexact, promoted
from ._base._backend import resolve_backend
from ._local import LocalOperator, make_pattern, sum_of_terms, term_of_matrix


def GraphOperator(
    hilbert: DiscreteHilbert,
    graph: AbstractGraph,
    site_ops: Sequence[ArrayLike] = (),
    bond_ops: Sequence[ArrayLike] = (),
    bond_ops_colors: Sequence[int] = (),
    dtype: DType | None = None,
    *,
    acting_on_subspace: Sequence[int] | int | None = None,
    cls: Callable[..., Any] = LocalOperator,
    backend: Backend | None = None,
) -> Any:
    """An operator with the same matrices on all sites, and on all bonds, of a graph.

    Args:
        hilbert: the space.
        graph: a graph, the nodes of which are sites of the space.
        site_ops: matrices that act on every node.
        bond_ops: matrices that act on every edge (i, j); i is the more significant digit of
            rows and columns.
        bond_ops_colors: if given, for each matrix in `bond_ops` the colour of the edges that it
            acts on.
        dtype: dtype of the matrix elements; by default that of the matrices.
        acting_on_subspace: the site of each node; an integer stands for that site and the
            following ones. By default node i is site i of a space of the same size.
        cls: class of the operator to build.
        backend: ``"numba"`` or ``"jax"``; by default see `netket.operator.use_backend`.

    Returns:
        A `LocalOperator`, or what `cls` makes of the matrices.

    Raises:
        ValueError: there is neither a site nor a bond matrix, the colours do not match the
            matrices, or the graph does not fit the space.

    Example:
        >>> import netket as nk, numpy as np
        >>> hi = nk.hilbert.Spin(0.5, 4)
        >>> nk.operator.GraphOperator(hi, nk.graph.Chain(4), bond_ops=[np.eye(4)]).n_operators
        4
    """
    if len(site_ops) == 0 and len(bond_ops) == 0:
        raise ValueError("At least one of the arguments `site_ops` and `bond_ops` must be given.")
    if len(bond_ops_colors) not in (0, len(bond_ops)):
        raise ValueError(
            f"Argument `bond_ops_colors` must have {len(bond_ops)} entries, one for each matrix "
            f"in `bond_ops`, but has {len(bond_ops_colors)}."
        )
    sites = _sites_of(hilbert, graph, acting_on_subspace)
    colors = list(bond_ops_colors) or [None] * len(bond_ops)
    placed = [(m, [(i,) for i in sites]) for m in site_ops]
    placed += [(m, _bonds(graph, sites, color)) for m, color in zip(bond_ops, colors)]
    if dtype is None:
        dtypes = [dtype_of(m) for m, _ in placed]
        dtype = promoted(dtypes[0], *dtypes[1:])
    if not _is_local(cls):
        matrices = [m for m, supports in placed for _ in supports]
        acting_on = [list(s) for _, supports in placed for s in supports]
        return cls(hilbert, matrices, acting_on, dtype=dtype)
    terms = [
        (support, *_term(matrix, tuple(hilbert.shape[i] for i in support), dtype))
        for matrix, supports in placed
        for support in supports
    ]
    return _local(hilbert, terms, dtype, cls, backend)


def Heisenberg(
    hilbert: DiscreteHilbert,
    graph: AbstractGraph,
    J: Scalar | Sequence[Scalar] = 1.0,
    sign_rule: bool | Sequence[bool] | None = None,
    dtype: DType | None = None,
    *,
    acting_on_subspace: Sequence[int] | int | None = None,
    cls: Callable[..., Any] = LocalOperator,
    backend: Backend | None = None,
) -> Any:
    """The Heisenberg model of spins 1/2, with Pauli matrices.

    H = sum_(i,j) J_ij (Z_i Z_j +- (X_i X_j + Y_i Y_j)). The minus sign is Marshall's sign rule,
    a rotation of every other spin that makes the ground state on a bipartite graph positive.

    Args:
        hilbert: a space with two local states on every site that the operator acts on.
        graph: a graph, the nodes of which are sites of the space.
        J: coupling, or a sequence with one for each colour of the edges.
        sign_rule: whether to use the sign rule, or a sequence of bools, one for each colour. By
            default it is used if there is one coupling and the graph is bipartite.
        dtype: dtype of the matrix elements; by default that of `J`, at least float64.
        acting_on_subspace: see `GraphOperator`.
        cls: class of the operator to build.
        backend: ``"numba"`` or ``"jax"``; by default see `netket.operator.use_backend`.

    Returns:
        A `LocalOperator`, or what `cls` makes of the matrices.

    Raises:
        ValueError: the sign rule is asked for on a graph that is not bipartite, there is not one
            coupling or sign for each colour, or the graph does not fit the space.

    Example:
        >>> import netket as nk
        >>> hi = nk.hilbert.Spin(0.5, 4, total_sz=0)
        >>> ha = nk.operator.Heisenberg(hi, nk.graph.Chain(4))
        >>> float(nk.exact.lanczos_ed(ha)[0].round(9))
        -8.0
    """
    couplings, signs, colors = _couplings(graph, J, sign_rule)
    sites = _sites_of(hilbert, graph, acting_on_subspace)
    if any(hilbert.shape[i] != 2 for i in sites):
        raise ValueError(
            "Argument `hilbert` must have two local states on every site of the Heisenberg model "
            f"of spins 1/2, but has {max(hilbert.shape[i] for i in sites)}: use `GraphOperator` "
            "with the bond matrix of larger spins."
        )
    dtype = promoted(np.float64, *couplings) if dtype is None else inexact(dtype)
    if not _is_local(cls):
        matrices = [_matrix(c * _bond_values(s)) for c, s in zip(couplings, signs)]
        return GraphOperator(
            hilbert,
            graph,
            bond_ops=matrices,
            bond_ops_colors=colors,
            dtype=dtype,
            acting_on_subspace=acting_on_subspace,
            cls=cls,
        )
    pattern = make_pattern((2, 2), _ROWS, _COLS)
    terms = []
    for i, (coupling, sign) in enumerate(zip(couplings, signs)):
        values = as_coefficient(coupling * _bond_values(sign), dtype)
        bonds = _bonds(graph, sites, colors[i] if colors else None)
        terms += [(bond, pattern, values) for bond in bonds]
    return _local(hilbert, terms, dtype, cls, backend)


# rows and columns of the elements of Z Z and of X X + Y Y
_ROWS, _COLS = np.array([0, 1, 1, 2, 2, 3]), np.array([0, 1, 2, 1, 2, 3])


def _bond_values(sign_rule: bool) -> np.ndarray:
    flip = -2.0 if sign_rule else 2.0
    return np.array([1.0, -1.0, flip, flip, -1.0, 1.0])


def _matrix(values: Any) -> np.ndarray:
    matrix = np.zeros((4, 4), np.asarray(values).dtype)
    matrix[_ROWS, _COLS] = values
    return matrix


def _couplings(
    graph: AbstractGraph, J: Any, sign_rule: Any
) -> tuple[list[Any], list[bool], list[int]]:
    """Coupling, use of the sign rule and colour of every group of bonds; no colours: all bonds."""
    by_color = np.ndim(J) > 0 or (sign_rule is not None and np.ndim(sign_rule) > 0)
    if not by_color:
        if sign_rule is None:
            sign_rule = graph.is_bipartite()
        elif sign_rule and not graph.is_bipartite():
            raise ValueError(
                "Argument `sign_rule` can only be True on a bipartite graph, which this is not: "
                "use sign_rule=False, or one value for each colour of the edges."
            )
        return [J], [bool(sign_rule)], []
    colors = sorted(set(graph.edge_colors))
    couplings = list(J) if np.ndim(J) > 0 else [J] * len(colors)
    if sign_rule is None or np.ndim(sign_rule) == 0:
        sign_rule = [bool(sign_rule)] * len(colors)
    for name, values in (("J", couplings), ("sign_rule", sign_rule)):
        if len(values) != len(colors):
            raise ValueError(
                f"Argument `{name}` must have {len(colors)} entries, one for each colour of the "
                f"edges of the graph, but has {len(values)}."
            )
    return couplings, list(map(bool, sign_rule)), colors


def _sites_of(hilbert: DiscreteHilbert, graph: Any, acting_on: Any) -> list[int]:
    """The site of every node."""
    if not isinstance(graph, AbstractGraph):
        raise TypeError(
            f"Argument `graph` must be a graph, but is {type(graph).__name__}: build one from "
            "edges by `netket.graph.Graph(edges=...)`."
        )
    n = graph.n_nodes
    if acting_on is None:
        if n != hilbert.size:
            raise ValueError(
                f"Argument `graph` must have {hilbert.size} nodes, as many as the Hilbert space "
                f"has sites, but has {n}; or `acting_on_subspace` must say which sites they are."
            )
        return list(range(n))
    if np.ndim(acting_on) == 0:
        acting_on = range(int(acting_on), int(acting_on) + n)
    sites = [int(i) for i in acting_on]
    if len(sites) != n or len(set(sites)) != n:
        raise ValueError(
            f"Argument `acting_on_subspace` must have {n} different sites, one for each node of "
            f"the graph, but is {sites}."
        )
    if min(sites, default=0) < 0 or max(sites, default=0) >= hilbert.size:
        raise ValueError(
            f"Argument `acting_on_subspace` must have sites from 0 to {hilbert.size - 1}, but is "
            f"{sites}."
        )
    return sites


def _bonds(graph: AbstractGraph, sites: list[int], color: int | None) -> list[tuple[int, int]]:
    colors = graph.edge_colors if color is not None else ()
    edges = graph.edges()
    if color is not None:
        edges = [edge for edge, c in zip(edges, colors) if c == color]
    return [(sites[i], sites[j]) for i, j in edges]


def _term(matrix: Any, dims: tuple[int, ...], dtype: Any) -> tuple[Any, Any]:
    size = int(np.prod(dims))
    matrix = matrix if hasattr(matrix, "shape") else np.asarray(matrix)
    if tuple(matrix.shape) != (size, size):
        kind = "site_ops" if len(dims) == 1 else "bond_ops"
        raise ValueError(
            f"Argument `{kind}` must have matrices of shape ({size}, {size}), but one has shape "
            f"{tuple(matrix.shape)}."
        )
    return term_of_matrix(matrix, dims, inexact(dtype))


def _is_local(cls: Any) -> bool:
    return cls is LocalOperator or getattr(cls, "_named_class", None) is LocalOperator


def _local(hilbert: Any, terms: list[Any], dtype: Any, cls: Any, backend: Any) -> LocalOperator:
    named = cls._class_backend if isinstance(cls, BackendName) else None
    backend = resolve_backend(backend or named)
    return LocalOperator._build(hilbert, backend, *sum_of_terms(terms), 0, inexact(dtype))
