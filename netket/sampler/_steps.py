# SPDX-License-Identifier: Apache-2.0
"""The loops of a Metropolis sampler: steps in sweeps, sweeps in blocks, blocks in a chain.

Whatever is random is drawn in one call for a block of sweeps, ahead of its loop; what remains in
the loop is the proposal, the model and a comparison.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from netket.jax.sharding import n_parts, shard_along_axis
from netket.utils.types import Array, PRNGKeyT, PyTree

from ._evaluation import evaluation_of
from ._random import uniform
from .rules.base import is_drawn_ahead, select

__all__ = ["Tempering", "run_chains"]

# memory for what is drawn ahead
_BLOCK_BYTES = 2**25


class _Walkers(NamedTuple):
    """What a step changes."""

    σ: jax.Array  # (C, N)
    log_prob: jax.Array  # (C,)
    n_accepted: jax.Array  # (C,)
    facts: PyTree  # of the rule about σ, with first axis C
    memory: PyTree = None  # of the model about σ, with first axis C


class _Proposals(NamedTuple):
    """How proposals are made, for rules of both kinds."""

    draw: Callable  # (key, shape) -> drawn
    facts: Callable  # σ -> facts
    propose: Callable  # (walkers, drawn) -> σ', correction, facts'


class Tempering(NamedTuple):
    """Walkers at several temperatures, which exchange configurations after every sweep."""

    betas: jax.Array  # (C,) inverse temperature of each walker
    draw: Callable  # (key, n_sweeps) -> random numbers, with that first axis
    exchange: Callable  # (σ, log_prob, facts), random numbers -> the same, permuted; extra (...)
    shown: slice  # the walkers whose configurations are samples


def run_chains(
    sampler: Any,
    machine: Any,
    parameters: PyTree,
    state: Any,
    chain_length: int,
    with_log_prob: bool,
    tempering: Tempering | None = None,
) -> tuple[Any, jax.Array, jax.Array | None, Any]:
    """Runs all chains for `chain_length` sweeps.

    Args:
        sampler: The Metropolis sampler.
        machine: Object with `apply(variables, σ)`.
        parameters: Its variables.
        state: The state of the sampler.
        chain_length: Number of samples of every chain.
        with_log_prob: Whether the log-probabilities of the samples are kept.
        tempering: Temperatures of the walkers; by default all are at temperature 1.

    Returns:
        The new state, samples (C, L, N), their log-probabilities (C, L) or None, and with
        `tempering` what exchanges report, with first axis L.
    """
    if n_parts(len(state.σ)) > 1:  # configurations that were loaded are not yet split
        state = state.replace(σ=shard_along_axis(state.σ, 0))
    evaluation = evaluation_of(sampler, machine, parameters)
    if evaluation.segment is None:
        # those of the state may belong to other parameters
        state = state.replace(log_prob=evaluation.start(state.σ)[0])
    else:  # computed at the beginning of each segment
        log_prob = jax.eval_shape(evaluation.start, state.σ)[0]
        state = state.replace(log_prob=state.log_prob.astype(log_prob.dtype))
    proposals = _proposals(sampler, machine, parameters, state)
    shown = slice(None) if tempering is None else tempering.shown

    def step(walkers: _Walkers, xs: tuple[jax.Array, PyTree]) -> tuple[_Walkers, None]:
        log_u, drawn = xs
        σ, correction, facts = proposals.propose(walkers, drawn)
        new_log_prob, memory = evaluation.moved(walkers.memory, walkers.σ, σ, drawn)
        loss, gain = walkers.log_prob, new_log_prob
        if tempering is not None:
            loss, gain = tempering.betas * loss, tempering.betas * gain
        gain = gain if correction is None else gain + correction
        # written such that a chain at zero probability leaves it
        accept = log_u + loss <= gain
        if correction is not None:
            accept &= correction > -jnp.inf
        kept = walkers.σ, walkers.log_prob, walkers.facts, walkers.memory
        moved = select(accept, (σ, new_log_prob, facts, memory), kept)
        σ, new_log_prob, facts, memory = moved
        return _Walkers(σ, new_log_prob, walkers.n_accepted + accept, facts, memory), None

    def segment(walkers: _Walkers, steps: PyTree) -> tuple[_Walkers, None]:
        if evaluation.segment is None:
            return jax.lax.scan(step, walkers, steps)
        log_prob, memory = evaluation.start(walkers.σ)
        walkers, _ = jax.lax.scan(step, walkers._replace(log_prob=log_prob, memory=memory), steps)
        return walkers._replace(memory=None), None

    def sweep(walkers: _Walkers, xs: PyTree) -> tuple[_Walkers, tuple]:
        steps, exchanges = xs
        if evaluation.segment in (None, sampler.sweep_size):
            walkers, _ = segment(walkers, steps)
        else:
            size = evaluation.segment
            steps = jax.tree.map(lambda x: x.reshape(-1, size, *x.shape[1:]), steps)
            walkers, _ = jax.lax.scan(segment, walkers, steps)
        report = None
        if tempering is not None:
            moved, report = tempering.exchange(
                (walkers.σ, walkers.log_prob, walkers.facts), exchanges
            )
            walkers = walkers._replace(σ=moved[0], log_prob=moved[1], facts=moved[2])
        log_prob = walkers.log_prob[shown] if with_log_prob else None
        return walkers, ((walkers.σ[shown], log_prob), report)

    def block(walkers: _Walkers, keys: tuple[PRNGKeyT, ...]) -> tuple[_Walkers, tuple]:
        accept_key, rule_key, *exchange_key = keys
        shape = (n_sweeps, sampler.sweep_size, len(walkers.σ))
        u = uniform(accept_key, shape, walkers.log_prob.dtype)
        # log(1 - u) is finite, since u lies in [0, 1)
        steps = (jnp.log1p(-u), proposals.draw(rule_key, shape))
        exchanges = tempering.draw(*exchange_key, n_sweeps) if tempering is not None else None
        return jax.lax.scan(sweep, walkers, (steps, exchanges))

    n_sweeps = _sweeps_per_block(proposals, state, sampler.sweep_size, chain_length)
    rng, *keys = jax.random.split(state.rng, 3 if tempering is None else 4)
    walkers = _Walkers(
        state.σ, state.log_prob, jnp.zeros_like(state.n_accepted_proc), proposals.facts(state.σ)
    )
    if n_sweeps == chain_length:
        walkers, outputs = block(walkers, keys)
    else:
        keys = tuple(jax.random.split(key, chain_length // n_sweeps) for key in keys)
        walkers, outputs = jax.lax.scan(block, walkers, keys)
        outputs = jax.tree.map(lambda x: x.reshape(chain_length, *x.shape[2:]), outputs)
    # from (L, C, ...) to (C, L, ...)
    samples, log_probs = jax.tree.map(lambda x: jnp.moveaxis(x, 0, 1), outputs[0])
    state = state.replace(
        σ=walkers.σ,
        rng=rng,
        log_prob=walkers.log_prob,
        n_steps_proc=state.n_steps_proc + chain_length * sampler.sweep_size * len(state.σ),
        n_accepted_proc=state.n_accepted_proc + walkers.n_accepted,
    )
    return state, samples, log_probs, outputs[1]


def _proposals(sampler: Any, machine: Any, parameters: PyTree, state: Any) -> _Proposals:
    rule = sampler.rule
    if is_drawn_ahead(rule):
        return _Proposals(
            draw=lambda key, shape: rule.draw(sampler, key, shape),
            facts=lambda σ: rule.facts(sampler, machine, parameters, σ),
            propose=lambda walkers, drawn: rule.propose(
                sampler, machine, parameters, walkers.σ, walkers.facts, drawn
            ),
        )

    def propose(walkers: _Walkers, key: PRNGKeyT) -> tuple[jax.Array, jax.Array | None, None]:
        now = state.replace(σ=walkers.σ, log_prob=walkers.log_prob)
        result = rule.transition(sampler, machine, parameters, now, key, walkers.σ)
        return *_check_proposal(rule, result, walkers.σ), None

    return _Proposals(
        draw=lambda key, shape: jax.random.split(key, shape[:-1]),
        facts=lambda σ: None,
        propose=propose,
    )


def _check_proposal(rule: Any, result: Any, σ: Array) -> tuple[jax.Array, jax.Array | None]:
    """What a rule of someone else returns, if it is right."""
    name = f"{type(rule).__name__}.transition"
    if not isinstance(result, tuple) or len(result) != 2:
        raise TypeError(
            f"`{name}` must return a pair: proposed configurations, and the logarithm of the ratio "
            f"of proposal probabilities or None; but it returned {result!r}."
        )
    σp, correction = result
    if jnp.shape(σp) != σ.shape or jnp.result_type(σp) != σ.dtype:
        raise ValueError(
            f"`{name}` must return configurations of shape {σ.shape} and dtype {σ.dtype}, but "
            f"returned shape {jnp.shape(σp)} and dtype {jnp.result_type(σp)}."
        )
    if correction is not None and jnp.shape(correction) not in ((), σ.shape[:1]):
        raise ValueError(
            f"`{name}` must return a correction of shape {σ.shape[:1]}, one for each chain, or "
            f"None, but returned shape {jnp.shape(correction)}."
        )
    return jnp.asarray(σp), correction


def _sweeps_per_block(proposals: _Proposals, state: Any, sweep_size: int, chain_length: int) -> int:
    """The largest divisor of the chain length for which what is drawn fits the memory."""
    n_chains = len(state.σ)
    drawn = jax.eval_shape(lambda key: proposals.draw(key, (1, sweep_size, n_chains)), state.rng)
    n_bytes = sum(x.size * _itemsize(x.dtype) for x in jax.tree.leaves(drawn))
    n_bytes += sweep_size * n_chains * state.log_prob.dtype.itemsize
    largest = max(min(_BLOCK_BYTES // max(n_bytes, 1), chain_length), 1)
    return next(n for n in range(largest, 0, -1) if chain_length % n == 0)


def _itemsize(dtype: Any) -> int:
    # keys are not numbers for numpy
    return np.dtype(dtype).itemsize if jnp.issubdtype(dtype, jnp.number) else 16
