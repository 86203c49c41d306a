# SPDX-License-Identifier: Apache-2.0
r"""How proposals are evaluated: by the model anew, or from what it remembers of σ.

The second needs a model that updates its log-amplitude (`netket.utils.incremental`) and a rule that
changes few sites. What the model remembers is made anew for every segment of a sweep, so that
rounding errors do not add up.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from netket.jax import apply_chunked
from netket.utils.incremental import Incremental, changed_sites, incremental_of
from netket.utils.types import Array, PyTree

from ._machine import log_density, scaled
from .rules.base import max_changes_of, tells_sites

__all__ = ["Evaluation", "evaluation_of"]

# to make what is remembered costs as much as a plain evaluation: it must serve for some steps,
_LEAST_STEPS = 8
# but not for so many that rounding errors add up
_MOST_STEPS = 512


class Evaluation(NamedTuple):
    """How log-probabilities are computed."""

    start: Callable  # σ (C, N) -> log_prob (C,), memory with first axis C
    moved: Callable  # memory, σ, σ', drawn -> log_prob', memory'
    segment: int | None  # steps for which memory serves; None if there is none


def evaluation_of(sampler: Any, machine: Any, parameters: PyTree) -> Evaluation:
    """The cheapest way to evaluate the proposals of a sampler.

    Args:
        sampler: The Metropolis sampler.
        machine: Object with `apply(variables, σ)`.
        parameters: Its variables.
    """
    k = _max_changes(sampler)
    methods = None if k is None else incremental_of(machine)
    if methods is None:
        return _plain(sampler, machine, parameters)
    return _incremental(sampler, methods, parameters, k)


def _plain(sampler: Any, machine: Any, parameters: PyTree) -> Evaluation:
    def log_prob(σ: Array) -> jax.Array:
        return log_density(machine, parameters, σ, sampler.machine_pow, sampler.chunk_size)

    return Evaluation(
        start=lambda σ: (log_prob(σ), None),
        moved=lambda memory, σ, σp, drawn: (log_prob(σp), None),
        segment=None,
    )


def _incremental(sampler: Any, methods: Incremental, parameters: PyTree, k: int) -> Evaluation:
    rule, p = sampler.rule, sampler.machine_pow
    sites_are_known = tells_sites(rule)

    def chunked(function: Callable, *args: PyTree) -> tuple[jax.Array, PyTree]:
        n_chains, size = len(jax.tree.leaves(args)[0]), sampler.chunk_size
        if size is not None and size < n_chains:
            function = apply_chunked(function, in_axes=(0,) * len(args), chunk_size=size)
        log_psi, memory = function(*args)
        return scaled(log_psi, p), memory

    def start(σ: Array) -> tuple[jax.Array, PyTree]:
        return chunked(lambda σ: methods.init(parameters, σ), σ)

    def moved(memory: PyTree, σ: Array, σp: Array, drawn: PyTree) -> tuple[jax.Array, PyTree]:
        sites = rule.changed_sites(σ, drawn) if sites_are_known else changed_sites(σ, σp, k)
        old, new = (jnp.take_along_axis(x, sites, axis=1, mode="clip") for x in (σ, σp))
        return chunked(lambda *args: methods.update(parameters, *args), memory, sites, old, new)

    return Evaluation(start, moved, _segment(sampler.sweep_size))


def _max_changes(sampler: Any) -> int | None:
    """How many sites a proposal changes at most; None if they are too many to make use of it."""
    if sampler.sweep_size < _LEAST_STEPS:
        return None
    k, n = max_changes_of(sampler.rule, sampler.hilbert), sampler.hilbert.size
    return None if k is None or k > max(2, n // 4) else min(k, n)


def _segment(sweep_size: int) -> int:
    """A divisor of the number of steps of a sweep, not too large if possible."""
    divisors = (n for n in range(_MOST_STEPS, _LEAST_STEPS, -1) if sweep_size % n == 0)
    return sweep_size if sweep_size <= _MOST_STEPS else next(divisors, sweep_size)
