# SPDX-License-Identifier: Apache-2.0
"""Checks that the rules of several observables share."""

from typing import Any

from netket.vqs import VariationalMixedState


def check_pure(vstate: Any, observable: Any) -> None:
    """Raises a TypeError for density matrices."""
    if isinstance(vstate, VariationalMixedState):
        raise TypeError(
            f"{type(observable).__name__} is defined for pure states, but the state is a "
            f"{type(vstate).__name__}. Small density matrices are returned by `to_matrix()`."
        )
