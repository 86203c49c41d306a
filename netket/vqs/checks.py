# SPDX-License-Identifier: Apache-2.0
"""Checks that rules share."""

from typing import Any

import jax
import numpy as np

from netket.hilbert import AbstractHilbert
from netket.operator import DiscreteOperator


def check_hilbert(hilbert: AbstractHilbert, other: Any, argument: str = "operator") -> None:
    """Raises a ValueError unless `other`, named `argument`, lives on the Hilbert space."""
    if other.hilbert is hilbert or other.hilbert == hilbert:
        return
    raise ValueError(
        f"Argument `{argument}` must act on the Hilbert space of the state, {hilbert}, but "
        f"{type(other).__name__} acts on {other.hilbert}. Build both with the same space."
    )


# An operator that leaves the space does so from nearly every sample.
_CHECKED = 64


def check_operator(hilbert: AbstractHilbert, operator: Any, σ: Any) -> None:
    """`check_hilbert`, and, once for every operator, that it stays in a constrained space.

    Args:
        hilbert: the space of the state.
        operator: the operator.
        σ: samples of the state, (n_chains, chain_length, N); only the first few are looked at.

    Raises:
        ValueError: there are no samples, or the operator acts on another space, or leaves it; then
            the message names the term.
    """
    check_hilbert(hilbert, operator)
    if np.size(σ) == 0:
        raise ValueError(
            "There are no samples to average over: the last ones were asked for by "
            "`sample(chain_length=0)`. Call `reset()`, or `sample()`."
        )
    if getattr(hilbert, "constraint", None) is None or not isinstance(operator, DiscreteOperator):
        return
    facts = operator.__dict__.setdefault("_cached", {})
    if "is inside" in facts or "numba" not in operator.backends or is_traced((operator, σ)):
        return
    if isinstance(σ, jax.Array):
        σ = σ.addressable_data(0)
    operator.check_inside(σ.reshape(-1, hilbert.size)[:_CHECKED])
    facts["is inside"] = True


def is_traced(tree: Any) -> bool:
    """Whether any number in a tree is known only under a transformation of jax."""
    return any(isinstance(x, jax.core.Tracer) for x in jax.tree.leaves(tree))
