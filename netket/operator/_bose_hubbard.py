# SPDX-License-Identifier: Apache-2.0
"""The Bose-Hubbard model: hopping bosons with on-site and neighbour interaction."""

from typing import Any

import numpy as np

from netket.graph import AbstractGraph
from netket.hilbert import DiscreteHilbert
from netket.hilbert.constraint import SumConstraint
from netket.utils.types import ArrayLike, DType, Scalar

from ._base import Backend, BackendName, is_traced
from ._graph_model import GraphModel
from ._kernels import BoseHubbardData
from ._local import LocalOperator, make_pattern, sum_of_terms


class BoseHubbard(GraphModel):
    """The (extended) Bose-Hubbard model.

    H = -J sum_(i,j) (b^dagger_i b_j + b^dagger_j b_i) + U/2 sum_i n_i (n_i - 1)
    + V sum_(i,j) n_i n_j - mu sum_i n_i, where (i, j) are the edges of a graph. Hops that would
    lead to more bosons on a site than the space has are left out.

    Args:
        hilbert: a space with N sites of 0, 1, 2, ... bosons (`netket.hilbert.Fock`).
        graph: a graph with N nodes, or its edges as an integer array (E, 2).
        U: on-site interaction.
        V: interaction of neighbours.
        J: hopping.
        mu: chemical potential.
        dtype: dtype of the matrix elements; by default that of the coefficients.
        backend: ``"numba"`` or ``"jax"``; by default see `netket.operator.use_backend`.

    Raises:
        ValueError: the local states are not numbers of bosons, the graph has another size than
            the space, or an edge joins a site with itself.

    Example:
        >>> import netket as nk
        >>> hi = nk.hilbert.Fock(n_max=4, N=4, n_particles=4)
        >>> ha = nk.operator.BoseHubbard(hi, nk.graph.Chain(4), U=4.0)
        >>> float(nk.exact.lanczos_ed(ha)[0].round(9))
        -3.976513014
    """

    _coefficient_names = ("_U", "_V", "_J", "_mu")

    def __init__(
        self,
        hilbert: DiscreteHilbert,
        graph: AbstractGraph | ArrayLike,
        U: Scalar,
        V: Scalar = 0.0,
        J: Scalar = 1.0,
        mu: Scalar = 0.0,
        dtype: DType | None = None,
        *,
        backend: Backend | None = None,
    ):
        super().__init__(hilbert, backend)
        grid = self._grid
        if np.any(grid.start != 0) or np.any(grid.step != 1):
            raise ValueError(
                "Argument `hilbert` must have the local states 0, 1, 2, ..., numbers of bosons, on "
                f"every site, but is {hilbert}: use `netket.hilbert.Fock`."
            )
        self._set(graph, dtype, {"U": U, "V": V, "J": J, "mu": mu})
        loops = self.edges[self.edges[:, 0] == self.edges[:, 1]]
        if len(loops):
            raise ValueError(
                "Argument `graph` must have edges between different sites, but one joins site "
                f"{loops[0, 0]} with itself: use `mu` and `U` for single sites."
            )

    @property
    def U(self) -> Any:
        """On-site interaction, shape ()."""
        return self._coefficient("_U")

    @property
    def V(self) -> Any:
        """Interaction of neighbours, shape ()."""
        return self._coefficient("_V")

    @property
    def J(self) -> Any:
        """Hopping, shape ()."""
        return self._coefficient("_J")

    @property
    def mu(self) -> Any:
        """Chemical potential, shape ()."""
        return self._coefficient("_mu")

    @property
    def max_conn_size(self) -> int:
        return 1 + 2 * len(self.edges)

    @property
    def _max_changes(self) -> int:
        return 2

    @property
    def _merges(self) -> bool:
        repeated = len(np.unique(self.edges, axis=0)) < len(self.edges)
        return repeated or not self._has_kernel

    def _keeps_constraint(self, constraint: Any) -> bool:
        return type(constraint) is SumConstraint

    _conserves = _keeps_constraint

    def _most(self) -> np.ndarray:
        # sites without a bound have one that also fits into jax's integers without x64
        return np.minimum(self._grid.shape - 1, np.iinfo(np.int32).max)

    def _host_data(self) -> BoseHubbardData:
        coefficients = map(self._host, self._coefficient_names)
        return BoseHubbardData(*coefficients, np.array(self.edges), self._most())

    def _device_data(self) -> BoseHubbardData:
        coefficients = map(self._leaf, self._coefficient_names)
        return BoseHubbardData(*coefficients, self.edges, self._most())

    def _as_local(self) -> LocalOperator | None:
        return super()._as_local() if self.hilbert.is_finite else None

    def to_local_operator(self) -> LocalOperator:
        """The same operator as a `LocalOperator`.

        Raises:
            TypeError: the number of bosons on a site is not bounded.
        """
        if not self.hilbert.is_finite:
            raise TypeError(
                f"BoseHubbard on {self.hilbert} cannot be written as a `LocalOperator`, as sites "
                "have infinitely many states: give the space an `n_max`."
            )
        U, V, J, mu = self._coefficients
        dims, terms = self.hilbert.shape, []
        for i, d in enumerate(dims):
            n = np.arange(1, d)
            on_site, number = (n * (n - 1) / 2).astype(self.dtype), n.astype(self.dtype)
            terms.append(((i,), make_pattern((d,), n, n), U * on_site - mu * number))
        for i, j in self.edges.tolist():
            pattern, pair, hop = _bond(dims[i], dims[j])
            terms.append(
                ((i, j), pattern, V * pair.astype(self.dtype) - J * hop.astype(self.dtype))
            )
        return LocalOperator._build(self.hilbert, self.backend, *sum_of_terms(terms), 0, self.dtype)

    def __repr__(self) -> str:
        U, V, J, mu = ("traced" if is_traced(c) else str(c) for c in self._coefficients)
        return (
            f"BoseHubbard(U={U}, V={V}, J={J}, mu={mu}; dim={self.hilbert.size}, "
            f"backend={self.backend!r})"
        )


def _bond(d1: int, d2: int) -> tuple[Any, np.ndarray, np.ndarray]:
    """Pattern of n_1 n_2 and of b^dagger_1 b_2 + h.c., and the elements of both."""
    n1, n2 = (np.arange(d, dtype=float) for d in (d1, d2))
    b1, b2 = (np.diag(np.sqrt(n[1:]), 1) for n in (n1, n2))
    pair = np.kron(np.diag(n1), np.diag(n2))
    hop = np.kron(b1.T, b2) + np.kron(b1, b2.T)
    rows, cols = np.nonzero(pair + hop)
    return make_pattern((d1, d2), rows, cols), pair[rows, cols], hop[rows, cols]


# the same object in 3.23 too: every instance has a jax kernel, whatever its flag
BoseHubbardJax = BoseHubbard


class BoseHubbardNumba(BoseHubbard, metaclass=BackendName, backend="numba"):
    """Older name of `BoseHubbard` with ``backend="numba"``."""
