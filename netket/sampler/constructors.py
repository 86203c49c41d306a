# SPDX-License-Identifier: Apache-2.0
"""Metropolis samplers of the common rules."""

from typing import Any

import numpy as np

from netket.graph import AbstractGraph
from netket.hilbert import AbstractHilbert, SpinOrbitalFermions
from netket.operator import DiscreteOperator, LocalOperator
from netket.utils.types import ArrayLike, DType, Scalar

from .metropolis import MetropolisSampler
from .metropolis_numpy import MetropolisSamplerNumpy
from .rules import (
    CustomRule,
    CustomRuleNumpy,
    ExchangeRule,
    FermionHopRule,
    GaussianRule,
    HamiltonianRule,
    LangevinRule,
    LocalRule,
)

__all__ = [
    "MetropolisAdjustedLangevin",
    "MetropolisCustom",
    "MetropolisExchange",
    "MetropolisFermionHop",
    "MetropolisGaussian",
    "MetropolisHamiltonian",
    "MetropolisLocal",
]


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


def MetropolisCustom(
    hilbert: AbstractHilbert,
    move_operators: LocalOperator,
    move_weights: ArrayLike | None = None,
    **kwargs: Any,
) -> MetropolisSampler:
    """A sampler whose moves are the terms of an operator, on the host or compiled as its backend.

    Args:
        hilbert: The space of the configurations.
        move_operators: A `LocalOperator` whose terms are stochastic matrices: row x of a term holds
            the probabilities of the configurations to move to from x.
        move_weights: How often each term is chosen; by default all are equally likely.
        **kwargs: Those of :class:`MetropolisSampler`.

    Raises:
        TypeError: `move_operators` is no `LocalOperator`.
        ValueError: A term is no stochastic matrix, or the weights do not fit.
    """
    if getattr(move_operators, "backend", "numba") == "numba":
        rule = CustomRuleNumpy(move_operators, move_weights)
        return MetropolisSamplerNumpy(hilbert, rule, **kwargs)
    return MetropolisSampler(hilbert, CustomRule(move_operators, move_weights), **kwargs)


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


def MetropolisFermionHop(
    hilbert: SpinOrbitalFermions,
    *,
    clusters: ArrayLike | None = None,
    graph: AbstractGraph | None = None,
    d_max: int = 1,
    spin_symmetric: bool = True,
    dtype: DType = np.int8,
    **kwargs: Any,
) -> MetropolisSampler:
    """A sampler that moves one fermion at a time to an empty orbital.

    Args:
        hilbert: The space of the fermions.
        clusters: Pairs of orbitals, of shape (K, 2), between which fermions hop.
        graph: A graph of the orbitals, instead of clusters.
        d_max: Largest distance of a hop on the graph, in edges.
        spin_symmetric: Whether the same pairs are used for every spin.
        dtype: Data type of the samples.
        **kwargs: Those of :class:`MetropolisSampler`.

    Raises:
        TypeError: The space is not one of fermions.
        ValueError: Graph or clusters are missing, or do not fit the space.

    >>> import netket as nk
    >>> hi = nk.hilbert.SpinOrbitalFermions(4, s=1 / 2, n_fermions_per_spin=(2, 2))
    >>> nk.sampler.MetropolisFermionHop(hi, graph=nk.graph.Chain(4)).rule
    FermionHopRule(# of hoppings: 8)
    """
    rule = FermionHopRule(
        hilbert, clusters=clusters, graph=graph, d_max=d_max, spin_symmetric=spin_symmetric
    )
    return MetropolisSampler(hilbert, rule, dtype=dtype, **kwargs)


def MetropolisGaussian(
    hilbert: AbstractHilbert, sigma: Scalar = 1.0, **kwargs: Any
) -> MetropolisSampler:
    """A sampler of continuous positions, which moves all of them by normal numbers.

    Args:
        hilbert: A space of particles.
        sigma: Standard deviation of a step in each coordinate.
        **kwargs: Those of :class:`MetropolisSampler`.

    Raises:
        TypeError: The space has no positions.
        ValueError: `sigma` is not positive.
    """
    return MetropolisSampler(hilbert, GaussianRule(sigma), **kwargs)


def MetropolisAdjustedLangevin(
    hilbert: AbstractHilbert,
    dt: Scalar = 0.001,
    chunk_size: int | None = None,
    **kwargs: Any,
) -> MetropolisSampler:
    """A sampler of continuous positions, which moves them along the gradient, with noise.

    Args:
        hilbert: A space of particles.
        dt: Length of a step of Langevin dynamics, in time.
        chunk_size: Number of chains whose gradients are computed at a time; by default all.
        **kwargs: Those of :class:`MetropolisSampler`.

    Raises:
        TypeError: The space has no positions.
        ValueError: `dt` is not positive.
    """
    return MetropolisSampler(hilbert, LangevinRule(dt, chunk_size), **kwargs)
