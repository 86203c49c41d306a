# SPDX-License-Identifier: Apache-2.0
"""A Metropolis sampler whose steps run on the host, for rules written in numpy.

Only the model is compiled. It is slower than `MetropolisSampler`, but its rules may use anything
that python has, such as connected elements of operators without a jax kernel. Of several processes
each runs its own chains, with random numbers of its own.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import AbstractHilbert
from netket.jax.sharding import alone, extract_replicated, from_own_rows, n_ranks, own_rows
from netket.operator import DiscreteOperator
from netket.utils import struct
from netket.utils.types import Array, PRNGKeyT, PyTree

from ._machine import log_density
from .metropolis import MetropolisSampler, MetropolisSamplerState
from .rules import HamiltonianRuleNumpy, LocalRuleNumpy, MetropolisRule
from .rules._parts import parts_of
from .rules.base import is_drawn_ahead

__all__ = [
    "MetropolisHamiltonianNumpy",
    "MetropolisLocalNumpy",
    "MetropolisNumpySamplerState",
    "MetropolisSamplerNumpy",
]


class MetropolisNumpySamplerState(MetropolisSamplerState):
    """State of the sampler on the host.

    A rule sees the proposed configurations as `σ1` and the logarithm of the ratio of proposal
    probabilities as `log_prob_corr`, and may write into them instead of returning them.
    """

    σ1: Array = struct.field(serialize=False)
    """Proposed configurations (C, N)."""
    log_prob_corr: Array = struct.field(serialize=False)
    """log q(σ|σ') - log q(σ'|σ) of the proposals, (C,)."""

    def __init__(
        self, σ: Array, rng: PRNGKeyT, rule_state: PyTree | None, log_prob: Array | None = None
    ):
        super().__init__(σ, rng, rule_state, log_prob)
        self.σ1 = np.array(σ)
        self.log_prob_corr = np.zeros(len(σ))


class MetropolisSamplerNumpy(MetropolisSampler):
    """Samples by rules written in numpy, step by step on the host.

    Rules define ``transition(sampler, machine, parameters, state, rng, σ)``, where rng is a
    `numpy.random.Generator` and σ an array of numpy. They return proposed configurations and the
    correction, as other rules do, or write both into the state and return None.

    >>> import netket as nk
    >>> hi = nk.hilbert.Spin(1 / 2, 4)
    >>> nk.sampler.MetropolisLocalNumpy(hi, n_chains=8).rule
    LocalRuleNumpy()
    """

    def _check_rule(self, rule: MetropolisRule) -> None:
        if is_drawn_ahead(rule) or len(parts_of(rule)) > 1:
            raise TypeError(
                f"Argument `rule` must be written in numpy, such as LocalRuleNumpy, but is {rule}, "
                "which jax traces: use MetropolisSampler."
            )

    @property
    def n_batches(self) -> int:
        return self.n_chains

    def _init_state(
        self, machine: Any, parameters: PyTree, key: PRNGKeyT
    ) -> MetropolisNumpySamplerState:
        rng, rule_key, state_key = jax.random.split(key, 3)
        rule_state = self.rule.init_state(self, machine, parameters, rule_key)
        state = MetropolisNumpySamplerState(
            np.zeros((self.n_batches, self.hilbert.size), self.dtype), rng, rule_state
        )
        return self._at_random(machine, parameters, state, state_key)

    def _reset(self, machine: Any, parameters: PyTree, state: Any) -> MetropolisNumpySamplerState:
        if self.reset_chains:
            rng, key = jax.random.split(state.rng)
            state = self._at_random(machine, parameters, state.replace(rng=rng), key)
        return state.replace(
            rule_state=self.rule.reset(self, machine, parameters, state),
            n_steps_proc=jnp.zeros_like(state.n_steps_proc),
            n_accepted_proc=jnp.zeros_like(state.n_accepted_proc),
        )

    def _at_random(self, machine: Any, parameters: PyTree, state: Any, key: PRNGKeyT) -> Any:
        σ = self.rule.random_state(self, machine, parameters, state, key)
        return self._checked(state.replace(σ=np.asarray(σ, self.dtype)))

    def _sample_chain(
        self,
        machine: Any,
        parameters: PyTree,
        state: MetropolisNumpySamplerState,
        chain_length: int,
        return_log_probabilities: bool = False,
    ) -> tuple[Any, MetropolisNumpySamplerState]:
        def log_prob(σ: np.ndarray) -> np.ndarray:
            with alone():
                values = _log_prob(machine, parameters, σ, self.machine_pow, self.chunk_size)
            return np.asarray(values)

        key, draw_key = jax.random.split(state.rng)
        seed = np.ravel(np.asarray(jax.random.key_data(draw_key))).tolist()
        process = jax.process_index() if n_ranks() > 1 else 0
        rng = np.random.default_rng([*seed, process] if process else seed)
        σ, parameters = np.array(own_rows(state.σ)), extract_replicated(parameters)
        n_chains, kept = len(state.σ), own_rows(state.n_accepted_proc)
        step = partial(_step, self, machine, parameters, rng, log_prob)
        state = state.replace(σ=σ, σ1=σ.copy(), log_prob=log_prob(σ), rng=key)
        n_accepted = np.zeros(len(σ), int)
        samples = np.empty((len(σ), chain_length, σ.shape[1]), σ.dtype)
        log_probs = np.empty((len(σ), chain_length), state.log_prob.dtype)
        for t in range(chain_length):
            for _ in range(self.sweep_size):
                state, accept = step(state)
                n_accepted += accept
            samples[:, t], log_probs[:, t] = state.σ, state.log_prob
        samples, log_probs = from_own_rows(samples), from_own_rows(log_probs)
        state = state.replace(
            **{name: from_own_rows(getattr(state, name)) for name in ("σ", "log_prob")},
            n_steps_proc=state.n_steps_proc + chain_length * self.sweep_size * n_chains,
            n_accepted_proc=from_own_rows(kept + n_accepted),
        )
        return ((samples, log_probs) if return_log_probabilities else samples), state


def _step(
    sampler: MetropolisSamplerNumpy,
    machine: Any,
    parameters: PyTree,
    rng: np.random.Generator,
    log_prob: Callable[[np.ndarray], np.ndarray],
    state: MetropolisNumpySamplerState,
) -> tuple[MetropolisNumpySamplerState, np.ndarray]:
    """One step of all chains, and which of them (C,) have accepted the proposal."""
    state.log_prob_corr[:] = 0
    proposal = sampler.rule.transition(sampler, machine, parameters, state, rng, state.σ)
    σp, correction = (state.σ1, state.log_prob_corr) if proposal is None else proposal
    new_log_prob = log_prob(σp)
    gain = new_log_prob if correction is None else new_log_prob + correction
    log_u = np.log1p(-rng.random(len(σp)))
    accept = log_u + state.log_prob <= gain
    if correction is not None:
        accept &= correction > -np.inf
    σ = np.where(accept[:, None], σp, state.σ)
    return state.replace(σ=σ, log_prob=np.where(accept, new_log_prob, state.log_prob)), accept


@partial(jax.jit, static_argnums=(0, 4))
def _log_prob(
    machine: Any, parameters: PyTree, σ: Array, power: Any, chunk_size: int | None
) -> jax.Array:
    return log_density(machine, parameters, σ, power, chunk_size)


def MetropolisLocalNumpy(hilbert: AbstractHilbert, **kwargs: Any) -> MetropolisSamplerNumpy:
    """A sampler on the host that changes one random site at a time.

    Args:
        hilbert: The space of the configurations.
        **kwargs: Those of :class:`MetropolisSamplerNumpy`.
    """
    return MetropolisSamplerNumpy(hilbert, LocalRuleNumpy(), **kwargs)


def MetropolisHamiltonianNumpy(
    hilbert: AbstractHilbert, hamiltonian: DiscreteOperator, **kwargs: Any
) -> MetropolisSamplerNumpy:
    """A sampler on the host that moves between configurations that a Hamiltonian connects.

    Args:
        hilbert: The space of the configurations.
        hamiltonian: A discrete operator on it.
        **kwargs: Those of :class:`MetropolisSamplerNumpy`.
    """
    return MetropolisSamplerNumpy(hilbert, HamiltonianRuleNumpy(hamiltonian), **kwargs)
