# SPDX-License-Identifier: Apache-2.0
r"""Reverses all local states: :math:`\sigma_i \to -\sigma_i` for spins."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import AbstractHilbert
from netket.utils.types import Array, PRNGKeyT, PyTree

from ._local_states import local_states
from .base import DrawnAheadRule

__all__ = ["GlobalSpinFlipRule"]


class GlobalSpinFlipRule(DrawnAheadRule):
    r"""Proposes the reversed configuration, :math:`\sigma_i' = \min_i + \max_i - \sigma_i`.

    On its own it is not ergodic; combine it with another rule by :class:`MultipleRules`. Proposals
    outside a constrained space are rejected.
    """

    def check_space(self, hilbert: AbstractHilbert) -> None:
        local_states(hilbert)

    def draw(self, sampler: Any, key: PRNGKeyT, shape: tuple[int, ...]) -> None:
        return None

    def propose(
        self, sampler: Any, machine: Any, params: PyTree, σ: Array, facts: PyTree, drawn: None
    ) -> tuple[jax.Array, jax.Array | None, None]:
        low, high, _, _ = local_states(sampler.hilbert)
        σp = jnp.asarray(np.add(low, high), σ.dtype) - σ
        if sampler.hilbert.constraint is None:
            return σp, None, None
        return σp, jnp.where(sampler.hilbert.constraint(σp), 0.0, -jnp.inf), None
