# SPDX-License-Identifier: Apache-2.0
r"""Proposes nothing new: :math:`\sigma' = \sigma`."""

from typing import Any

import jax

from netket.utils.types import Array, PRNGKeyT, PyTree

from .base import DrawnAheadRule

__all__ = ["FixedRule"]


class FixedRule(DrawnAheadRule):
    """Leaves the configurations as they are, for example those of a subsystem."""

    def draw(self, sampler: Any, key: PRNGKeyT, shape: tuple[int, ...]) -> None:
        return None

    def propose(
        self, sampler: Any, machine: Any, params: PyTree, σ: Array, facts: PyTree, drawn: None
    ) -> tuple[jax.Array, None, None]:
        return σ, None, None
