# SPDX-License-Identifier: Apache-2.0
r"""Moves by the terms of an operator, each of which is a stochastic matrix M_k.

A term k is chosen with probability w_k, and the states of its sites change with probability
:math:`M_k(\sigma, \sigma')`. The correction is :math:`M_k(\sigma', \sigma)/M_k(\sigma, \sigma')`:
each term obeys detailed balance on its own, so their mixture does.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import AbstractHilbert
from netket.operator import LocalOperator
from netket.utils import HashableArray, struct
from netket.utils.types import Array, ArrayLike, PRNGKeyT

from .._random import uniform
from .base import DrawnAheadRule
from .on_host import CustomRuleNumpy

__all__ = ["CustomRule"]


class _Drawn(NamedTuple):
    term: jax.Array  # (..., C)
    u: jax.Array  # (..., C) chooses the move


class _Terms(NamedTuple):
    """The terms, on equally many sites and states: what is missing has stride 0, probability 0."""

    sites: np.ndarray  # (T, S)
    sizes: np.ndarray  # (T, S) local states of each site, 1 for those that are missing
    strides: np.ndarray  # (T, S)
    matrices: np.ndarray  # (T, D, D)


class CustomRule(DrawnAheadRule):
    """Moves by the terms of an operator, compiled by jax; as :class:`CustomRuleNumpy` on the host.

    >>> import netket as nk, numpy as np
    >>> hi = nk.hilbert.Spin(1 / 2, 2)
    >>> flips = nk.operator.LocalOperator(hilbert=hi, operators=[np.eye(2)[::-1]] * 2,
    ...                                   acting_on=[[0], [1]])
    >>> rule = nk.sampler.rules.CustomRule(flips, weight_list=[1, 3])
    """

    operator: LocalOperator = struct.field(pytree_node=False)
    """The operator."""
    _weight_list: HashableArray = struct.field(pytree_node=False)

    def __init__(self, operator: LocalOperator, weight_list: ArrayLike | None = None):
        """Constructs the rule.

        Args:
            operator: A `LocalOperator` whose terms are stochastic matrices: row x of a term holds
                the probabilities of the configurations to move to from x.
            weight_list: How often each term is chosen; by default all are equally likely.

        Raises:
            TypeError: `operator` is no `LocalOperator`.
            ValueError: A term is no stochastic matrix, or the weights do not fit.
        """
        self._weight_list = HashableArray(CustomRuleNumpy(operator, weight_list).weight_list)
        self.operator = operator

    @property
    def weight_list(self) -> np.ndarray:
        """The probability of each term."""
        return self._weight_list.wrapped

    def check_space(self, hilbert: AbstractHilbert) -> None:
        if self.operator.hilbert != hilbert:
            raise ValueError(
                f"The operator of CustomRule must act on the space of the sampler, {hilbert}, but "
                f"acts on {self.operator.hilbert}."
            )

    def draw(self, sampler: Any, key: PRNGKeyT, shape: tuple[int, ...]) -> _Drawn:
        u = uniform(key, (2, *shape))
        ends = jnp.asarray(np.cumsum(self.weight_list)[:-1])
        return _Drawn(jnp.searchsorted(ends, u[0], side="right"), u[1])

    def propose(
        self, sampler: Any, machine: Any, params: Any, σ: Array, facts: None, drawn: _Drawn
    ) -> tuple[jax.Array, jax.Array, None]:
        hilbert, terms = sampler.hilbert, _terms(self.operator)
        sites, sizes, strides = (
            jnp.asarray(a)[drawn.term] for a in (terms.sites, terms.sizes, terms.strides)
        )
        matrices = jnp.asarray(terms.matrices)
        chains = jnp.arange(len(σ))[:, None]
        index = hilbert.states_to_local_indices(σ).astype(jnp.int32)
        old = jnp.sum(index[chains, sites] * strides, axis=-1, dtype=jnp.int32)
        ends = jnp.cumsum(matrices, axis=-1)[drawn.term, old]
        # below the last end, so that no state of probability zero is chosen
        u = drawn.u * ends[:, -1]
        new = jnp.sum(ends <= u[:, None], axis=-1, dtype=jnp.int32)
        digits = (new[:, None] // jnp.maximum(strides, 1)) % sizes
        change = jnp.where(strides > 0, digits - index[chains, sites], 0)
        moved = index.at[chains, sites].add(change)
        σp = hilbert.local_indices_to_states(moved, dtype=σ.dtype)
        correction = jnp.log(matrices[drawn.term, new, old]) - jnp.log(
            matrices[drawn.term, old, new]
        )
        if hilbert.constraint is not None:
            correction = jnp.where(hilbert.constraint(σp), correction, -jnp.inf)
        return σp, correction, None

    def __repr__(self) -> str:
        return f"CustomRule({self.operator})"


def _terms(operator: LocalOperator) -> _Terms:
    matrices = [np.asarray(m.toarray() if hasattr(m, "toarray") else m) for m in operator.operators]
    supports = [tuple(sites) for sites in operator.acting_on]
    n_terms, n_sites = len(matrices), max(map(len, supports))
    n_states = max(map(len, matrices))
    sites, strides = np.zeros((2, n_terms, n_sites), np.int32)
    sizes = np.ones((n_terms, n_sites), np.int32)
    padded = np.zeros((n_terms, n_states, n_states))
    for k, (matrix, support) in enumerate(zip(matrices, supports)):
        local = [operator.hilbert.shape[i] for i in support]
        sites[k, : len(support)], sizes[k, : len(support)] = support, local
        strides[k, : len(support)] = np.cumprod([1, *local[:0:-1]])[::-1]
        padded[k, : len(matrix), : len(matrix)] = matrix.real
    return _Terms(sites, sizes, strides, padded)
