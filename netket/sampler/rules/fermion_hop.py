# SPDX-License-Identifier: Apache-2.0
r"""Moves a fermion to an empty orbital: a random pair of a list, one occupied and one empty.

.. math::

    q(\sigma'|\sigma) = \frac{1}{n(\sigma)}, \qquad
    n(\sigma) = \#\{(i, j) : \sigma_i \neq \sigma_j\}.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from netket.graph import AbstractGraph
from netket.hilbert import AbstractHilbert, SpinOrbitalFermions
from netket.utils import HashableArray
from netket.utils.types import Array, ArrayLike, PRNGKeyT, PyTree

from .._random import nth, nth_true, uniform
from .exchange import ExchangeRule, exchanged

__all__ = ["FermionHopRule"]


class _Hops(NamedTuple):
    """The pairs of orbitals between which a fermion can hop."""

    possible: jax.Array  # (C, K)
    count: jax.Array  # (C,)


class FermionHopRule(ExchangeRule):
    """Proposes that a fermion hops between the two orbitals of a pair.

    Other than with :class:`ExchangeRule`, no step is lost on pairs that are both empty or both
    occupied. The numbers of fermions are conserved; those of each spin, too, unless
    `spin_symmetric` is False.

    >>> import netket as nk
    >>> hi = nk.hilbert.SpinOrbitalFermions(3, s=1 / 2, n_fermions_per_spin=(1, 2))
    >>> nk.sampler.rules.FermionHopRule(hi, graph=nk.graph.Chain(3)).clusters.tolist()
    [[0, 1], [0, 2], [1, 2], [3, 4], [3, 5], [4, 5]]
    """

    def __init__(
        self,
        hilbert: SpinOrbitalFermions,
        *,
        clusters: ArrayLike | None = None,
        graph: AbstractGraph | None = None,
        d_max: int = 1,
        spin_symmetric: bool = True,
    ):
        """Constructs the rule from pairs of orbitals or a graph of them, one of the two.

        Args:
            hilbert: The space of the fermions.
            clusters: Pairs of orbitals, of shape (K, 2).
            graph: A graph whose nodes are the orbitals.
            d_max: Largest distance of a hop on the graph, in edges.
            spin_symmetric: Pairs are given for the orbitals of one spin, and used for all of them.
                Otherwise they are pairs of entries of a sample.

        Raises:
            TypeError: The space is not one of fermions.
            ValueError: Both or none of `clusters` and `graph` are given, or do not fit the space.
        """
        if not isinstance(hilbert, SpinOrbitalFermions):
            raise TypeError(
                f"Argument `hilbert` must be a SpinOrbitalFermions, but is {hilbert}: use "
                "ExchangeRule for other spaces."
            )
        super().__init__(clusters=clusters, graph=graph, d_max=d_max)
        if not spin_symmetric:
            return
        n = hilbert.n_orbitals
        if self._n_nodes is not None and self._n_nodes != n:
            raise ValueError(
                f"Argument `graph` must have {n} nodes, as many as there are orbitals, but has "
                f"{self._n_nodes}."
            )
        if self.clusters.max() >= n:
            raise ValueError(
                f"Argument `clusters` must name orbitals 0 to {n - 1} with spin_symmetric=True, "
                f"but has {self.clusters.max()}."
            )
        sectors = n * np.arange(hilbert.n_spin_subsectors, dtype=np.int32)
        pairs = self.clusters[None] + sectors[:, None, None]
        self._clusters = HashableArray(pairs.reshape(-1, 2))
        self._n_nodes = None if self._n_nodes is None else hilbert.size

    def draw(self, sampler: Any, key: PRNGKeyT, shape: tuple[int, ...]) -> jax.Array:
        """Uniform numbers (..., C)."""
        return uniform(key, shape)

    def facts(self, sampler: Any, machine: Any, params: PyTree, σ: Array) -> _Hops:
        first, second = self.clusters.T
        possible = σ[:, first] != σ[:, second]
        return _Hops(possible, jnp.sum(possible, axis=-1, dtype=jnp.int32))

    def propose(
        self, sampler: Any, machine: Any, params: PyTree, σ: Array, facts: _Hops, drawn: jax.Array
    ) -> tuple[jax.Array, jax.Array, _Hops]:
        n = facts.count
        chosen = nth_true(facts.possible, nth(drawn, n))
        pair = jnp.asarray(self.clusters, jnp.int32)[jnp.minimum(chosen, len(self.clusters) - 1)]
        σp = jnp.where((n > 0)[:, None], exchanged(σ, pair), σ)  # nowhere to go
        back = self.facts(sampler, machine, params, σp)
        correction = jnp.log(jnp.maximum(n, 1)) - jnp.log(jnp.maximum(back.count, 1))
        if not self._stays_in(sampler.hilbert):
            correction = jnp.where(sampler.hilbert.constraint(σp), correction, -jnp.inf)
        return σp, correction, back

    def max_changes(self, hilbert: AbstractHilbert) -> int:
        return 2

    def __repr__(self) -> str:
        return f"FermionHopRule(# of hoppings: {len(self.clusters)})"
