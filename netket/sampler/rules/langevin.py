# SPDX-License-Identifier: Apache-2.0
r"""Moves positions along the gradient of the log-probability, with noise.

.. math::

    r' = r + \Delta t\, \nabla \log p(r) + \sqrt{2\Delta t}\,\xi, \qquad \xi\sim\mathcal N(0,1),

an Euler step of Langevin dynamics, which the Metropolis test makes exact: G. Roberts and R.
Tweedie, Bernoulli 2, 341 (1996).
"""

from typing import Any

import jax
import jax.numpy as jnp

from netket.jax import apply_chunked
from netket.utils import struct
from netket.utils.types import Array, PyTree, Scalar

from .._machine import log_density
from ._positions import PositionRule, into_cell

__all__ = ["LangevinRule"]


class LangevinRule(PositionRule):
    """Proposes positions by a step of Langevin dynamics of the distribution that is sampled."""

    dt: Scalar = struct.field()
    """Length of a step in time."""
    chunk_size: int | None = struct.field(pytree_node=False)
    """Number of chains whose gradients are computed at a time, or None for all."""

    def __init__(self, dt: Scalar = 0.001, chunk_size: int | None = None):
        """Constructs the rule.

        Args:
            dt: Length of a step in time, positive.
            chunk_size: Number of chains whose gradients are computed at a time; by default all.

        Raises:
            ValueError: `dt` is not positive.
        """
        if not isinstance(dt, jax.core.Tracer) and not dt > 0:
            raise ValueError(f"Argument `dt` must be positive, but is {dt}.")
        self.dt = dt
        self.chunk_size = chunk_size

    def facts(self, sampler: Any, machine: Any, params: PyTree, σ: Array) -> jax.Array:
        """The gradients of log p, (C, N)."""

        def total(σ: Array) -> jax.Array:
            return jnp.sum(log_density(machine, params, σ, sampler.machine_pow))

        gradient = jax.grad(total)
        if self.chunk_size is not None and self.chunk_size < len(σ):
            gradient = apply_chunked(gradient, chunk_size=self.chunk_size)
        return gradient(σ)

    def propose(
        self, sampler: Any, machine: Any, params: PyTree, σ: Array, facts: jax.Array, drawn: Array
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        dt = jnp.asarray(self.dt, σ.dtype)
        step = dt * facts + jnp.sqrt(2 * dt) * drawn
        σp, inside = into_cell(sampler.hilbert, σ + step)
        gradient = self.facts(sampler, machine, params, σp)
        # log q(σ|σ') - log q(σ'|σ), by the length of the step that leads back
        back = jnp.sum((step + dt * gradient) ** 2, axis=-1) / (4 * dt)
        correction = jnp.sum(drawn**2, axis=-1) / 2 - back
        if inside is not None:
            correction = jnp.where(inside, correction, -jnp.inf)
        return σp, correction, gradient

    def __repr__(self) -> str:
        return f"LangevinRule(dt={self.dt}, chunk_size={self.chunk_size})"
