# SPDX-License-Identifier: Apache-2.0
r"""Exchanges two sites: :math:`\sigma_i \leftrightarrow \sigma_j` for a random pair of a list."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.graph import AbstractGraph
from netket.hilbert import AbstractHilbert
from netket.hilbert.constraint import ProductConstraint, SumConstraint, SumOnPartitionConstraint
from netket.utils import HashableArray, struct
from netket.utils.types import Array, ArrayLike, PRNGKeyT, PyTree

from .._random import random_integers, uniform
from ._local_states import local_states
from .base import DrawnAheadRule

__all__ = ["ExchangeRule"]


class ExchangeRule(DrawnAheadRule):
    """Proposes to exchange the local states of two sites, a cluster.

    The total of any local quantity is conserved. With more than two local states this is not
    ergodic: occupations 2, 0 never become 1, 1; use :class:`HamiltonianRule` there. The clusters
    are a list of pairs of sites, or all pairs of nodes of a graph whose distance is at most
    `d_max`. Exchanges that lead out of a constrained space are rejected.

    >>> import netket as nk
    >>> nk.sampler.rules.ExchangeRule(graph=nk.graph.Chain(4)).clusters.tolist()
    [[0, 1], [0, 3], [1, 2], [2, 3]]
    """

    _clusters: HashableArray = struct.field(pytree_node=False)
    _probabilities: HashableArray | None = struct.field(pytree_node=False)
    _n_nodes: int | None = struct.field(pytree_node=False)

    def __init__(
        self,
        *,
        clusters: ArrayLike | None = None,
        graph: AbstractGraph | None = None,
        d_max: int = 1,
        probabilities: ArrayLike | None = None,
    ):
        """Constructs the rule from clusters or a graph, one of the two.

        Args:
            clusters: Pairs of sites, of shape (K, 2).
            graph: A graph whose nodes are the sites.
            d_max: Largest distance of exchanged nodes on the graph, in edges.
            probabilities: Relative probabilities: of the clusters (K,), or, with a graph, of a pair
                at each distance 1, ..., d_max. By default all pairs are equally likely.

        Raises:
            ValueError: Both or none are given, or they are inconsistent.
        """
        if (clusters is None) == (graph is None):
            raise ValueError(
                "Exactly one of the arguments `graph` and `clusters` must be given: sites that are "
                "exchanged are neighbours on a graph, or a list of pairs."
            )
        self._n_nodes = None if graph is None else graph.n_nodes
        if graph is None:
            pairs, weights = _check_clusters(clusters), probabilities
            n_weights, of_what = len(pairs), "one for every cluster"
        else:
            pairs, distance = _pairs_within(graph, d_max)
            weights = probabilities
            n_weights, of_what = d_max, "one for every distance up to `d_max`"
        if weights is not None:
            weights = np.asarray(weights, dtype=float)
            if weights.shape != (n_weights,) or np.any(weights < 0) or not np.any(weights > 0):
                raise ValueError(
                    f"Argument `probabilities` must have {n_weights} entries that are not "
                    f"negative, {of_what}, but is {weights.tolist()}."
                )
            weights = weights if graph is None else weights[distance - 1]
        self._clusters = HashableArray(pairs)
        self._probabilities = None if weights is None else HashableArray(weights)

    @property
    def clusters(self) -> np.ndarray:
        """Pairs of sites, of shape (K, 2)."""
        return self._clusters.wrapped

    @property
    def probabilities(self) -> np.ndarray | None:
        """Relative probabilities of the clusters (K,), or None if all are the same."""
        return None if self._probabilities is None else self._probabilities.wrapped

    def check_space(self, hilbert: AbstractHilbert) -> None:
        if self._n_nodes is not None and self._n_nodes != hilbert.size:
            raise ValueError(
                f"Argument `graph` must have {hilbert.size} nodes, as many as the Hilbert space "
                f"has sites, but has {self._n_nodes}."
            )
        if self.clusters.max() >= hilbert.size:
            raise ValueError(
                f"Argument `clusters` must name sites 0 to {hilbert.size - 1}, but has site "
                f"{self.clusters.max()}."
            )
        if not hasattr(hilbert, "states_at_index"):
            return
        of_all = np.stack(np.broadcast_arrays(*local_states(hilbert)), axis=-1)
        for i, j in self.clusters if of_all.ndim > 1 else ():
            if np.any(of_all[i] != of_all[j]):
                raise ValueError(
                    f"ExchangeRule (MetropolisExchange) cannot exchange sites {i} and {j}, which "
                    "have different local states. Pass `clusters` of sites of the same kind."
                )

    def draw(self, sampler: Any, key: PRNGKeyT, shape: tuple[int, ...]) -> jax.Array:
        """Pairs of sites, of shape (..., C, 2)."""
        if self.probabilities is None:
            index = random_integers(key, shape, len(self.clusters))
        else:
            cumulative = np.cumsum(self.probabilities)
            # uniform numbers lie below 1, so clusters of weight zero are never chosen
            u = uniform(key, shape) * cumulative[-1]
            index = jnp.searchsorted(jnp.asarray(cumulative), u, side="right")
        return jnp.asarray(self.clusters, jnp.int32)[index]

    def propose(
        self, sampler: Any, machine: Any, params: PyTree, σ: Array, facts: PyTree, drawn: jax.Array
    ) -> tuple[jax.Array, jax.Array | None, None]:
        σp = exchanged(σ, drawn)
        if self._stays_in(sampler.hilbert):
            return σp, None, None
        return σp, jnp.where(sampler.hilbert.constraint(σp), 0.0, -jnp.inf), None

    def _stays_in(self, hilbert: AbstractHilbert) -> bool:
        """Whether no exchange leads out of a space."""
        return _is_kept(getattr(hilbert, "constraint", None), self.clusters)

    def max_changes(self, hilbert: AbstractHilbert) -> int:
        return 2

    def changed_sites(self, σ: Array, drawn: jax.Array) -> jax.Array:
        """The pair of every chain, (C, 2)."""
        return drawn

    def __repr__(self) -> str:
        return f"{type(self).__name__}(# of clusters: {len(self.clusters)})"


def exchanged(σ: Array, pairs: jax.Array) -> jax.Array:
    """Configurations (C, N) with the states of a pair of sites (C, 2) of each exchanged."""
    values = jnp.take_along_axis(σ, pairs, axis=1)
    site = jnp.arange(σ.shape[-1], dtype=pairs.dtype)
    first, second = pairs[:, :1], pairs[:, 1:]
    σp = jnp.where(site == first, values[:, 1:], σ)
    return jnp.where(site == second, values[:, :1], σp)


def _is_kept(constraint: Any, pairs: np.ndarray) -> bool:
    """Whether exchanges of pairs of sites (K, 2) keep a constraint, as they keep sums."""
    if isinstance(constraint, SumOnPartitionConstraint):
        parts: tuple[Any, ...] = tuple(map(SumConstraint, constraint.sum_values))
    elif isinstance(constraint, ProductConstraint):
        parts = constraint.constraints
    else:
        return constraint is None or isinstance(constraint, SumConstraint)
    ends = np.cumsum(constraint.sizes)
    part = np.searchsorted(ends, pairs, side="right")
    if np.any(part[:, 0] != part[:, 1]):
        return False
    begins = ends - constraint.sizes
    return all(_is_kept(one, pairs[part[:, 0] == k] - begins[k]) for k, one in enumerate(parts))


def _check_clusters(clusters: ArrayLike) -> np.ndarray:
    pairs = np.asarray(clusters)
    is_integer = pairs.size > 0 and np.issubdtype(pairs.dtype, np.integer)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not is_integer:
        raise ValueError(
            "Argument `clusters` must be a list of pairs of sites, of shape (K, 2), but is an "
            f"array of {pairs.dtype} of shape {pairs.shape}."
        )
    if pairs.min() < 0:
        raise ValueError(f"Argument `clusters` must name sites, but has {pairs.min()}.")
    return pairs.astype(np.int32)


def _pairs_within(graph: AbstractGraph, d_max: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs i < j of nodes at distances from 1 to d_max, in order, and their distances."""
    if d_max < 1:
        raise ValueError(f"Argument `d_max` must be a positive integer, but is {d_max!r}.")
    if d_max == 1:
        edges = {tuple(sorted(edge)) for edge in graph.edges() if edge[0] != edge[1]}
        pairs = np.array(sorted(edges), dtype=np.int32).reshape(-1, 2)
        distance = np.ones(len(pairs), int)
    else:
        matrix = np.asarray(graph.distances())
        # nodes that are not connected have distance -1
        pairs = np.argwhere(np.triu((matrix > 0) & (matrix <= d_max))).astype(np.int32)
        distance = matrix[tuple(pairs.T)].astype(int)
    if len(pairs) == 0:
        raise ValueError(
            "Argument `graph` must have edges, along which sites are exchanged, but has none."
        )
    return pairs, distance
