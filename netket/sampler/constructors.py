# SPDX-License-Identifier: Apache-2.0
"""Metropolis samplers of the common rules."""

from typing import Any

from netket.graph import AbstractGraph
from netket.hilbert import AbstractHilbert
from netket.operator import DiscreteOperator
from netket.utils.types import ArrayLike

from .metropolis import MetropolisSampler
from .rules import ExchangeRule, HamiltonianRule, LocalRule

__all__ = ["MetropolisExchange", "MetropolisHamiltonian", "MetropolisLocal"]


def MetropolisLocal(hilbert: AbstractHilbert, **kwargs: Any) -> MetropolisSampler:
    r"""A sampler that changes one random site at a time.

    Proposals have probability :math:`1/(N(d_i - 1))`, for d local states. Spaces of a conserved
    total need :func:`MetropolisExchange` instead.

    Args:
        hilbert: The space of the configurations.
        **kwargs: Those of :class:`MetropolisSampler`.

    Raises:
        ValueError: No change of a single site stays in the space.

    >>> import netket as nk
    >>> nk.sampler.MetropolisLocal(nk.hilbert.Spin(1 / 2, 10), n_chains=32).n_chains
    32
    """
    return MetropolisSampler(hilbert, LocalRule(), **kwargs)


def MetropolisExchange(
    hilbert: AbstractHilbert,
    *,
    clusters: ArrayLike | None = None,
    graph: AbstractGraph | None = None,
    d_max: int = 1,
    probabilities: ArrayLike | None = None,
    **kwargs: Any,
) -> MetropolisSampler:
    """A sampler that exchanges the states of two sites, and so conserves totals.

    Args:
        hilbert: The space of the configurations.
        clusters: Pairs of sites, of shape (K, 2), that are exchanged.
        graph: A graph, instead of clusters: all pairs of nodes at a distance up to `d_max`.
        d_max: Largest distance on the graph, in edges.
        probabilities: Relative probabilities of the clusters, or, with a graph, of the distances.
        **kwargs: Those of :class:`MetropolisSampler`.

    Raises:
        ValueError: Graph or clusters are missing, or do not fit the space.

    >>> import netket as nk
    >>> g = nk.graph.Chain(6)
    >>> hi = nk.hilbert.Spin(1 / 2, 6, total_sz=0)
    >>> nk.sampler.MetropolisExchange(hi, graph=g, d_max=2).rule
    ExchangeRule(# of clusters: 12)
    """
    rule = ExchangeRule(clusters=clusters, graph=graph, d_max=d_max, probabilities=probabilities)
    return MetropolisSampler(hilbert, rule, **kwargs)


def MetropolisHamiltonian(
    hilbert: AbstractHilbert, hamiltonian: DiscreteOperator, **kwargs: Any
) -> MetropolisSampler:
    """A sampler that moves between configurations that a Hamiltonian connects.

    Args:
        hilbert: The space of the configurations.
        hamiltonian: A discrete operator on it, of either backend.
        **kwargs: Those of :class:`MetropolisSampler`.

    Raises:
        TypeError: `hamiltonian` is no discrete operator.
        ValueError: It acts on another space.

    >>> import netket as nk
    >>> g = nk.graph.Chain(6)
    >>> hi = nk.hilbert.Spin(1 / 2, 6, total_sz=0)
    >>> sampler = nk.sampler.MetropolisHamiltonian(hi, nk.operator.Heisenberg(hi, g))
    """
    return MetropolisSampler(hilbert, HamiltonianRule(hamiltonian), **kwargs)
