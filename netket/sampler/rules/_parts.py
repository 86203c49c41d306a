# SPDX-License-Identifier: Apache-2.0
"""What rules that are made of several rules share: one state, and one random key, for each."""

from collections.abc import Sequence
from typing import Any

import jax

from netket.utils.types import PRNGKeyT, PyTree

from .base import MetropolisRule

__all__ = ["checked_rules", "init_states", "parts_of", "reset_states"]


def parts_of(rule: MetropolisRule) -> list[MetropolisRule]:
    """A rule, and those that it is made of."""
    return [rule, *(part for one in getattr(rule, "rules", ()) for part in parts_of(one))]


def checked_rules(rules: Sequence[MetropolisRule]) -> tuple[MetropolisRule, ...]:
    """The rules as a tuple.

    Raises:
        TypeError: One of them is not a rule.
    """
    for rule in rules:
        if not isinstance(rule, MetropolisRule):
            raise TypeError(
                f"Argument `rules` must hold MetropolisRules, but has a {type(rule).__name__}."
            )
    return tuple(rules)


def init_states(
    rules: Sequence[MetropolisRule],
    samplers: Sequence[Any],
    machine: Any,
    params: PyTree,
    key: PRNGKeyT,
) -> tuple[PyTree, ...]:
    """The state of every rule at the beginning, given the sampler as each rule sees it."""
    parts = zip(rules, samplers, jax.random.split(key, len(rules)))
    return tuple(rule.init_state(own, machine, params, k) for rule, own, k in parts)


def reset_states(
    rules: Sequence[MetropolisRule],
    samplers: Sequence[Any],
    machine: Any,
    params: PyTree,
    states: Sequence[Any],
) -> tuple[PyTree, ...]:
    """The state of every rule for a new round, given sampler and state as each rule sees them."""
    parts = zip(rules, samplers, states)
    return tuple(rule.reset(own, machine, params, state) for rule, own, state in parts)
