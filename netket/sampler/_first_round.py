# SPDX-License-Identifier: Apache-2.0
"""What is checked of the first samples from a state that somebody else has made.

Configurations that a sampler has returned are known to be right, and remembered as long as they
live. Others (of a new state, one that was loaded, or one that was changed by hand) are looked at
when samples are drawn. Configurations proposed by rules of third parties are always looked at.
"""

import weakref
from typing import Any

import jax
import numpy as np

from netket.hilbert import AbstractHilbert
from netket.jax.sharding import any_process, failing_together, own_rows
from netket.utils.types import Array

from ._members import check_members

__all__ = ["check_amplitudes", "check_proposed", "check_start", "is_known", "remember"]

_KNOWN: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()


def remember(x: Array) -> None:
    """Notes that an array comes from a sampler."""
    if not isinstance(x, jax.core.Tracer):
        _KNOWN[id(x)] = x


def is_known(x: Array) -> bool:
    """Whether an array comes from a sampler, or is traced and cannot be looked at."""
    return isinstance(x, jax.core.Tracer) or _KNOWN.get(id(x)) is x


def check_start(hilbert: AbstractHilbert, rule: Any, σ: Array) -> None:
    """Raises a ValueError if configurations (C, N) at which chains begin are not in the space.

    The rule is asked whether it stays there.
    """
    if isinstance(σ, jax.core.Tracer) or np.ndim(σ) != 2 or np.shape(σ)[1] != hilbert.size:
        return
    with failing_together():
        check_members(hilbert, σ, "The configurations of the state of the sampler")
        rule.check_start(hilbert, own_rows(σ))


def check_proposed(hilbert: AbstractHilbert, rule: Any, σ: Array) -> None:
    """Raises a ValueError if a rule of a third party has led to configurations (..., N) outside."""
    if isinstance(σ, jax.core.Tracer) or not _is_foreign(rule):
        return
    rows = own_rows(σ)
    what = f"The configurations proposed by `{type(rule).__name__}.transition`"
    with failing_together():
        check_members(hilbert, rows.reshape(-1, hilbert.size), what)


def check_amplitudes(log_prob: Array, *, of_chains: bool = True) -> None:
    """Raises a ValueError if no configuration has an amplitude.

    Args:
        log_prob: log-probabilities of the samples.
        of_chains: whether they are those of chains, which might have begun elsewhere.
    """
    if isinstance(log_prob, jax.core.Tracer):
        return
    values = own_rows(log_prob)
    if len(values) == 0:
        return
    # of all processes: chains of another one may be well
    if not any_process(not np.all(np.isnan(values))):
        raise ValueError(
            "The log-amplitudes of the model are NaN for the configurations of all samples. Look "
            "for logarithms of negative numbers, overflow, or parameters that are NaN."
        )
    all_zero = not any_process(not np.all(values == -np.inf))
    if all_zero and not of_chains:
        raise ValueError("The amplitudes of the model are zero for all states of the space.")
    if all_zero:
        raise ValueError(
            "The amplitudes of the model are zero for the configurations of all chains, and for "
            "what was proposed. Begin at others, by `state.replace(σ=...)` or `random_state` of a "
            "rule, or sample a space without the configurations that have no amplitude."
        )


def _is_foreign(rule: Any) -> bool:
    """Whether a rule, or one that it is made of, is not from this package."""
    parts = getattr(rule, "rules", ())
    own = type(rule).__module__.startswith("netket.")
    return not own or any(map(_is_foreign, parts))
