# SPDX-License-Identifier: Apache-2.0
"""Local states of the sites of a discrete space as numbers low + step k."""

from typing import Any, NamedTuple

import numpy as np

from netket.hilbert import AbstractHilbert

__all__ = ["LocalStates", "local_states"]


class LocalStates(NamedTuple):
    """For every site (arrays of shape (N,)), or for all of them (numbers)."""

    low: Any  # smallest value
    high: Any  # largest value
    step: Any  # difference of neighbours, positive; 0 if there is one value only
    count: Any  # how many


def local_states(hilbert: AbstractHilbert) -> LocalStates:
    """The local states of a discrete space, as numbers if all sites have the same.

    Raises:
        TypeError: The space is not discrete.
    """
    if not hasattr(hilbert, "states_at_index"):
        raise TypeError(
            f"This rule changes local states, but {hilbert} has none: it is not discrete."
        )
    if len(set(hilbert.shape)) == 1 and getattr(hilbert, "local_states", None) is not None:
        return LocalStates(*_range(hilbert.local_states))
    rows = np.array([_range(hilbert.states_at_index(i)) for i in range(hilbert.size)])
    if np.all(rows == rows[0]):
        return LocalStates(*rows[0].tolist())
    return LocalStates(*rows.T)


def _range(states: Any) -> tuple[float, float, float, int]:
    first, last, n = states[0], states[-1], len(states)
    # numbers of numpy may be of a small type, in which differences overflow
    low, high = sorted((float(first), float(last)))
    return low, high, (high - low) / max(n - 1, 1), n
