# SPDX-License-Identifier: Apache-2.0
"""Checks that rules share."""

from typing import Any

import jax

from netket.hilbert import AbstractHilbert


def check_hilbert(hilbert: AbstractHilbert, other: Any, argument: str = "operator") -> None:
    """Raises a ValueError unless `other`, named `argument`, lives on the Hilbert space."""
    if other.hilbert is hilbert or other.hilbert == hilbert:
        return
    raise ValueError(
        f"Argument `{argument}` must act on the Hilbert space of the state, {hilbert}, but "
        f"{type(other).__name__} acts on {other.hilbert}. Build both with the same space."
    )


def is_traced(tree: Any) -> bool:
    """Whether any number in a tree is known only under a transformation of jax."""
    return any(isinstance(x, jax.core.Tracer) for x in jax.tree.leaves(tree))
