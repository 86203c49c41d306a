# SPDX-License-Identifier: Apache-2.0
r"""What a Metropolis rule is: it proposes :math:`\sigma'` with probability q(σ'|σ).

A proposal is accepted with probability

.. math::

    \min\Big(1, \frac{p(\sigma')\, q(\sigma|\sigma')}{p(\sigma)\, q(\sigma'|\sigma)}\Big),

so a rule returns, with σ', the logarithm of :math:`q(\sigma|\sigma')/q(\sigma'|\sigma)`, or None if
it is zero.
"""

import abc
from typing import Any

import jax
import numpy as np

from netket.hilbert import AbstractHilbert
from netket.utils import struct
from netket.utils.incremental import defined_after
from netket.utils.types import Array, PRNGKeyT, PyTree

__all__ = ["DrawnAheadRule", "MetropolisRule"]


class MetropolisRule(struct.Pytree):
    """Base of the rules that propose new configurations.

    A rule must define `transition`. It may keep a state of its own, made by `init_state` and
    renewed by `reset`, found as `sampler_state.rule_state`. It is a pytree: declare fields as in
    :class:`netket.utils.struct.Pytree`. All methods are traced by jax.

    A rule whose random numbers can be drawn without looking at the configurations is faster as a
    :class:`DrawnAheadRule`.
    """

    def init_state(
        self, sampler: Any, machine: Any, params: PyTree, key: PRNGKeyT
    ) -> PyTree | None:
        """The state of the rule at the beginning; by default None.

        Args:
            sampler: The sampler.
            machine: Object with `apply(variables, σ)`, the log-amplitudes.
            params: The variables of the model.
            key: A random key.
        """
        return None

    def reset(
        self, sampler: Any, machine: Any, params: PyTree, sampler_state: Any
    ) -> PyTree | None:
        """The state of the rule when a new round of samples begins; by default that until now."""
        return sampler_state.rule_state

    @abc.abstractmethod
    def transition(
        self,
        sampler: Any,
        machine: Any,
        params: PyTree,
        sampler_state: Any,
        key: PRNGKeyT,
        σ: Array,
    ) -> tuple[Array, Array | None]:
        """Proposes a configuration for every chain.

        Args:
            sampler: The sampler.
            machine: Object with `apply(variables, σ)`, the log-amplitudes.
            params: The variables of the model.
            sampler_state: The state of the sampler.
            key: A random key.
            σ: Current configurations (C, N).

        Returns:
            Proposed configurations (C, N), of the same dtype, and ``log q(σ|σ') - log q(σ'|σ)`` of
            shape (C,), or None if proposals are symmetric.
        """

    def random_state(
        self, sampler: Any, machine: Any, params: PyTree, sampler_state: Any, key: PRNGKeyT
    ) -> Array:
        """Configurations (C, N) at which chains begin; by default uniform over the space."""
        return sampler.hilbert.random_state(key, size=sampler.n_batches, dtype=sampler.dtype)

    def max_changes(self, hilbert: AbstractHilbert) -> int | None:
        """At how many sites σ' differs from σ at most; by default None, for any number.

        If it is small, models that are a :class:`~netket.models.IncrementalModel` update their
        log-amplitude instead of computing it anew. A rule that overrides how proposals are made
        must say it anew. A rule whose random numbers tell which sites may differ can define
        `changed_sites(σ, drawn)` as well, of shape (C, k), see
        :meth:`netket.models.IncrementalModel.update_cache`; otherwise they are looked for.

        Args:
            hilbert: The space of the sampler.
        """
        return None

    def check_space(self, hilbert: AbstractHilbert) -> None:
        """Raises an error if the rule cannot sample the space; called by the sampler.

        Args:
            hilbert: The space of the sampler.
        """

    def check_start(self, hilbert: AbstractHilbert, σ: np.ndarray) -> None:
        """Raises an error if the rule leads out of the space; called before the first samples.

        Args:
            hilbert: The space of the sampler.
            σ: Configurations (C, N) at which chains begin; they are known, and in the space.
        """


class DrawnAheadRule(MetropolisRule):
    """A rule whose random numbers are drawn for many steps in one call, ahead of the loop.

    It defines `draw` and `propose`. If a proposal needs costly facts about σ (the number of its
    neighbours, or a gradient), `facts` computes them once for every new configuration: the sampler
    carries those of the current configuration from step to step.
    """

    @abc.abstractmethod
    def draw(self, sampler: Any, key: PRNGKeyT, shape: tuple[int, ...]) -> PyTree:
        """Everything random about proposals.

        Args:
            sampler: The sampler.
            key: A random key.
            shape: Numbers of steps and of chains, (..., C).

        Returns:
            Arrays whose first axes are `shape`, independent for every entry.
        """

    def facts(self, sampler: Any, machine: Any, params: PyTree, σ: Array) -> PyTree:
        """What `propose` needs to know of configurations σ (C, N); by default nothing.

        Returns:
            Arrays whose first axis is C.
        """
        return None

    @abc.abstractmethod
    def propose(
        self, sampler: Any, machine: Any, params: PyTree, σ: Array, facts: PyTree, drawn: PyTree
    ) -> tuple[Array, Array | None, PyTree]:
        """Proposes a configuration for every chain.

        Args:
            sampler: The sampler.
            machine: Object with `apply(variables, σ)`, the log-amplitudes.
            params: The variables of the model.
            σ: Current configurations (C, N).
            facts: What `facts` returned for them.
            drawn: What `draw` returned for one step.

        Returns:
            Proposed configurations (C, N), ``log q(σ|σ') - log q(σ'|σ)`` of shape (C,) or None, and
            the facts about the proposed configurations.
        """

    def transition(
        self,
        sampler: Any,
        machine: Any,
        parameters: PyTree,
        state: Any,
        key: PRNGKeyT,
        σ: Array,
    ) -> tuple[Array, Array | None]:
        drawn = self.draw(sampler, key, (σ.shape[0],))
        facts = self.facts(sampler, machine, parameters, σ)
        return self.propose(sampler, machine, parameters, σ, facts, drawn)[:2]


# a mark that an override by a third party does not have
DrawnAheadRule.transition.is_one_step_of_propose = True  # type: ignore[attr-defined]


def is_drawn_ahead(rule: MetropolisRule) -> bool:
    """Whether to use `draw` and `propose`: not if a subclass overrides `transition`."""
    return getattr(type(rule).transition, "is_one_step_of_propose", False)


# what defines the proposals of a rule
_PROPOSALS = ("propose", "transition", "draw")


def max_changes_of(rule: MetropolisRule, hilbert: AbstractHilbert) -> int | None:
    """At how many sites proposals differ at most: what the rule says, if that is about them."""
    said = defined_after(type(rule), "max_changes", *_PROPOSALS)
    return rule.max_changes(hilbert) if said else None


def tells_sites(rule: MetropolisRule) -> bool:
    """Whether there is a method `changed_sites(σ, drawn)` about the proposals of the rule."""
    return defined_after(type(rule), "changed_sites", *_PROPOSALS)


def select(accept: jax.Array, new: PyTree, old: PyTree) -> PyTree:
    """Leaves of `new` for the chains (C,) that accept, those of `old` for the others."""

    def choose(a: jax.Array, b: jax.Array) -> jax.Array:
        return jax.numpy.where(accept.reshape(accept.shape + (1,) * (a.ndim - 1)), a, b)

    return jax.tree.map(choose, new, old)
