# SPDX-License-Identifier: Apache-2.0
"""A variational state without physics, so that tests of loops and logs take milliseconds.

E(θ) = E_0 + |θ - c|^2 / 2,    minimal at θ = c
"""

import jax
import jax.numpy as jnp
import numpy as np

from netket.driver import AbstractOptimizationDriver
from netket.stats import Stats
from netket.utils import struct


class Space:
    """A Hilbert space that is equal to itself only."""

    def __init__(self, name="a space"):
        self.name = name

    def __repr__(self):
        return self.name


SPACE = Space()


class Quadratic:
    """The operator whose energy is E(θ)."""

    def __init__(self, offset=-1.0, centre=0.5, hilbert=SPACE, is_hermitian=True):
        self.offset, self.centre, self.hilbert = offset, centre, hilbert
        self.is_hermitian = is_hermitian

    def __repr__(self):
        return "Quadratic()"


@jax.jit
def _energy(theta, offset, centre):
    return jnp.asarray(offset + sum(jnp.sum(jnp.abs(x - centre) ** 2) for x in theta.values()) / 2)


class QuadraticState:
    """What a driver needs of a variational state."""

    def __init__(self, dtype=float):
        self.hilbert = SPACE
        self.parameters = {"w": jnp.ones((2, 3), dtype), "b": jnp.zeros(3)}
        self.n_resets = 0

    @property
    def variables(self):
        return {"params": self.parameters}

    def reset(self):
        self.n_resets += 1

    def expect(self, op):
        energy = _energy(self.parameters, op.offset, op.centre)
        return Stats(mean=energy, error_of_mean=0.1, variance=jnp.abs(energy))

    def expect_and_grad(self, op):
        return self.expect(op), jax.tree.map(lambda x: x - op.centre, self.parameters)


class Preset(AbstractOptimizationDriver):
    """A driver whose losses are given beforehand; the parameters do not change."""

    losses: tuple = struct.field(pytree_node=False)

    def __init__(self, losses, optimizer):
        super().__init__(QuadraticState(), optimizer, minimized_quantity_name="Loss")
        self.losses = tuple(losses)

    def compute_loss_and_update(self):
        loss = self.losses[self.step_count]
        if isinstance(loss, int | float | complex):
            loss = Stats(mean=loss, error_of_mean=0.1, variance=abs(loss) / 2)
        return loss, jax.tree.map(np.zeros_like, self.state.parameters)
