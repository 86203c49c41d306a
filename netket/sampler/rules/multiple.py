# SPDX-License-Identifier: Apache-2.0
r"""A mixture of rules, :math:`q(\sigma'|\sigma) = \sum_k p_k\, q_k(\sigma'|\sigma)`."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import AbstractHilbert
from netket.utils import HashableArray, struct
from netket.utils.types import Array, ArrayLike, PRNGKeyT, PyTree

from ._parts import checked_rules, init_states, reset_states
from .base import MetropolisRule, max_changes_of, select

__all__ = ["MultipleRules"]


class MultipleRules(MetropolisRule):
    """At every step and for every chain, one of several rules is chosen at random.

    Each rule obeys detailed balance on its own, so the mixture does.
    """

    rules: list[MetropolisRule]
    _probabilities: HashableArray = struct.field(pytree_node=False)

    def __init__(self, rules: Sequence[MetropolisRule], probabilities: ArrayLike):
        """Constructs the mixture.

        Args:
            rules: The rules.
            probabilities: The probability of each of them; they must sum to 1.

        Raises:
            TypeError: One of `rules` is not a rule.
            ValueError: The probabilities are not such.
        """
        weights = np.asarray(probabilities, dtype=float)
        rules = list(checked_rules(rules))
        if weights.shape != (len(rules),):
            raise ValueError(
                f"Argument `probabilities` must have {len(rules)} entries, one for every rule, but "
                f"has shape {weights.shape}."
            )
        if np.any(weights < 0) or not np.isclose(weights.sum(), 1):
            raise ValueError(
                "Argument `probabilities` must be positive and sum to 1, but is "
                f"{weights.tolist()}, which sums to {weights.sum()}."
            )
        self.rules = rules
        self._probabilities = HashableArray(weights)

    @property
    def probabilities(self) -> np.ndarray:
        """The probability of each rule."""
        return self._probabilities.wrapped

    def check_space(self, hilbert: AbstractHilbert) -> None:
        for rule in self.rules:
            rule.check_space(hilbert)

    def check_start(self, hilbert: AbstractHilbert, σ: np.ndarray) -> None:
        for rule in self.rules:
            rule.check_start(hilbert, σ)

    def init_state(self, sampler: Any, machine: Any, params: PyTree, key: PRNGKeyT) -> tuple:
        return init_states(self.rules, [sampler] * len(self.rules), machine, params, key)

    def reset(self, sampler: Any, machine: Any, params: PyTree, sampler_state: Any) -> tuple:
        samplers, states = [sampler] * len(self.rules), self._states(sampler_state)
        return reset_states(self.rules, samplers, machine, params, states)

    def _states(self, state: Any) -> list[Any]:
        """The state of the sampler as each of the rules sees it."""
        return [state.replace(rule_state=own) for own in state.rule_state]

    def transition(
        self,
        sampler: Any,
        machine: Any,
        parameters: PyTree,
        state: Any,
        key: PRNGKeyT,
        σ: Array,
    ) -> tuple[jax.Array, jax.Array | None]:
        choice_key, *keys = jax.random.split(key, len(self.rules) + 1)
        u = jax.random.uniform(choice_key, σ.shape[:1])
        choice = jnp.searchsorted(jnp.asarray(np.cumsum(self.probabilities)[:-1]), u, side="right")
        σp, correction = σ, jnp.zeros(σ.shape[:1])
        for k, (rule, own) in enumerate(zip(self.rules, self._states(state))):
            proposal = rule.transition(sampler, machine, parameters, own, keys[k], σ)
            proposal = (proposal[0], 0.0 * correction if proposal[1] is None else proposal[1])
            σp, correction = select(choice == k, proposal, (σp, correction))
        return σp, correction

    def max_changes(self, hilbert: AbstractHilbert) -> int | None:
        changes = [max_changes_of(rule, hilbert) for rule in self.rules]
        return None if None in changes else max(changes)

    def __repr__(self) -> str:
        return f"MultipleRules(rules={self.rules}, probabilities={self.probabilities.tolist()})"
