# SPDX-License-Identifier: Apache-2.0
r"""Moves all positions by normal numbers: :math:`r' = r + s\,\xi` with normal :math:`\xi`."""

from typing import Any

import jax
import jax.numpy as jnp

from netket.utils import struct
from netket.utils.types import Array, PyTree, Scalar

from ._positions import PositionRule, into_cell

__all__ = ["GaussianRule"]


class GaussianRule(PositionRule):
    """Proposes positions at a normally distributed distance, in every coordinate at once.

    Proposals are symmetric. In periodic directions positions are mapped back into the cell;
    proposals beyond a wall are rejected.
    """

    sigma: Scalar = struct.field()
    """Standard deviation of a step in each coordinate."""

    def __init__(self, sigma: Scalar = 1.0):
        """Constructs the rule.

        Args:
            sigma: Standard deviation of a step in each coordinate, positive.

        Raises:
            ValueError: It is not positive.
        """
        if not isinstance(sigma, jax.core.Tracer) and not sigma > 0:
            raise ValueError(f"Argument `sigma` must be positive, but is {sigma}.")
        self.sigma = sigma

    def propose(
        self, sampler: Any, machine: Any, params: PyTree, σ: Array, facts: PyTree, drawn: jax.Array
    ) -> tuple[jax.Array, jax.Array | None, PyTree]:
        step = jnp.asarray(self.sigma, σ.dtype) * drawn
        σp, inside = into_cell(sampler.hilbert, σ + step)
        return σp, None if inside is None else jnp.where(inside, 0.0, -jnp.inf), None

    def __repr__(self) -> str:
        return f"GaussianRule(sigma={self.sigma})"
