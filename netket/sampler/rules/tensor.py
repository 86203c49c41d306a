# SPDX-License-Identifier: Apache-2.0
r"""One rule for each factor of a product space: all factors move at once.

.. math::

    q(\sigma'|\sigma) = \prod_k q_k(\sigma'_k|\sigma_k).
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import AbstractHilbert, TensorHilbert
from netket.utils import struct
from netket.utils.types import Array, PRNGKeyT, PyTree

from ._parts import checked_rules, init_states, reset_states
from .base import MetropolisRule

__all__ = ["TensorRule"]


class TensorRule(MetropolisRule):
    """Proposes a change of every factor of a `TensorHilbert`, each by its own rule.

    The rules see their factor only, and may not ask the model: what they propose must not depend on
    the other factors, which change at the same time.

    >>> import netket as nk
    >>> hi = nk.hilbert.Spin(1 / 2, 4, total_sz=0) * nk.hilbert.Fock(3, 2)
    >>> exchange = nk.sampler.rules.ExchangeRule(graph=nk.graph.Chain(4))
    >>> rule = nk.sampler.rules.TensorRule(hi, [exchange, nk.sampler.rules.LocalRule()])
    """

    hilbert: TensorHilbert = struct.field(pytree_node=False)
    """The product space."""
    rules: tuple[MetropolisRule, ...]
    """One rule for each of its factors."""

    def __init__(self, hilbert: TensorHilbert, rules: Sequence[MetropolisRule]):
        """Constructs the rule.

        Args:
            hilbert: The product space.
            rules: One rule for each of its factors.

        Raises:
            TypeError: The space is no product, or one of `rules` is not a rule.
            ValueError: There is another number of rules than of factors.
        """
        if not isinstance(hilbert, TensorHilbert):
            raise TypeError(f"Argument `hilbert` must be a TensorHilbert, but is {hilbert}.")
        rules = checked_rules(rules)
        if len(rules) != len(hilbert.subspaces):
            factors = ", ".join(map(str, hilbert.subspaces))
            raise ValueError(
                f"Argument `rules` must have {len(hilbert.subspaces)} entries, one for each of the "
                f"factors {factors}, but has {len(rules)}. Note that neighbours of the same kind "
                "are one factor."
            )
        self.hilbert, self.rules = hilbert, rules

    def check_space(self, hilbert: AbstractHilbert) -> None:
        if hilbert != self.hilbert:
            raise ValueError(
                f"Argument `hilbert` must be the space of the TensorRule, {self.hilbert}, but is "
                f"{hilbert}."
            )
        for rule, factor in zip(self.rules, self.hilbert.subspaces):
            rule.check_space(factor)

    def check_start(self, hilbert: AbstractHilbert, σ: np.ndarray) -> None:
        ends = np.cumsum([factor.size for factor in self.hilbert.subspaces])
        parts = np.split(σ, ends[:-1], axis=-1)
        for rule, factor, part in zip(self.rules, self.hilbert.subspaces, parts):
            rule.check_start(factor, part)

    def init_state(self, sampler: Any, machine: Any, params: PyTree, key: PRNGKeyT) -> tuple:
        return init_states(self.rules, self._samplers(sampler), machine, params, key)

    def reset(self, sampler: Any, machine: Any, params: PyTree, sampler_state: Any) -> tuple:
        states = self._states(sampler_state, sampler_state.σ)
        return reset_states(self.rules, self._samplers(sampler), machine, params, states)

    def transition(
        self,
        sampler: Any,
        machine: Any,
        parameters: PyTree,
        state: Any,
        key: PRNGKeyT,
        σ: Array,
    ) -> tuple[jax.Array, jax.Array | None]:
        keys = jax.random.split(key, len(self.rules))
        states = self._states(state, σ)
        proposed, corrections = [], []
        for k, (rule, own) in enumerate(zip(self.rules, self._samplers(sampler))):
            part = states[k].σ
            σp, correction = rule.transition(own, _NoModel(), parameters, states[k], keys[k], part)
            proposed.append(σp)
            corrections += [] if correction is None else [correction]
        total = sum(corrections) if corrections else None
        return jnp.concatenate(proposed, axis=-1), total

    def random_state(
        self, sampler: Any, machine: Any, params: PyTree, sampler_state: Any, key: PRNGKeyT
    ) -> Array:
        keys = jax.random.split(key, len(self.rules))
        parts = zip(self.rules, self._samplers(sampler), keys)
        states = [
            rule.random_state(own, machine, params, sampler_state, k) for rule, own, k in parts
        ]
        return jnp.concatenate(states, axis=-1)

    def _split(self, σ: Array) -> list[jax.Array]:
        """The parts of configurations that belong to each factor."""
        ends = np.cumsum([factor.size for factor in self.hilbert.subspaces])
        return jnp.split(σ, ends[:-1], axis=-1)

    def _samplers(self, sampler: Any) -> list[Any]:
        """The sampler as the rules of the factors see it."""
        return [
            sampler.replace(hilbert=factor, rule=rule)
            for factor, rule in zip(self.hilbert.subspaces, self.rules)
        ]

    def _states(self, state: Any, σ: Array) -> list[Any]:
        """The state of the sampler as the rules of the factors see it."""
        parts = zip(self._split(σ), state.rule_state)
        return [state.replace(σ=part, rule_state=own) for part, own in parts]

    def __repr__(self) -> str:
        return f"TensorRule(hilbert={self.hilbert}, rules={self.rules})"


class _NoModel:
    """Stands for the model where rules may not ask it."""

    def apply(self, variables: PyTree, σ: Array) -> jax.Array:
        raise TypeError(
            "TensorRule moves all factors at once, so rules that ask the model, such as "
            "LangevinRule, cannot be part of it. Combine them by MultipleRules."
        )
