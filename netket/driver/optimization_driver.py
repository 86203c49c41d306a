# SPDX-License-Identifier: Apache-2.0
"""`AbstractOptimizationDriver`: an optax optimiser turns the update into new parameters.

θ <- θ + u,    (u, s) = optimizer.update(dp, s, θ)      in one compiled call
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from netket.utils import struct

from .abstract_driver import AbstractDriver
from .checks import check_optimizer
from .loss import mean


@partial(jax.jit, static_argnums=0)
def apply_update(
    update: Any, optimizer_state: Any, dp: Any, parameters: Any, extra: dict[str, Any]
) -> tuple[Any, Any]:
    """New state of the optimiser, and new parameters.

    Args:
        update: method ``update`` of an optax gradient transformation.
        optimizer_state: its state.
        dp: pytree like the parameters; where these are real, its real part counts.
        parameters: the parameters, whose dtypes are kept.
        extra: more arguments of `update`.
    """
    dp = jax.tree.map(_cast, dp, parameters)
    updates, optimizer_state = update(dp, optimizer_state, parameters, **extra)
    return optimizer_state, optax.apply_updates(parameters, updates)


def _cast(dp: jax.Array, parameter: jax.Array) -> jax.Array:
    if jnp.iscomplexobj(dp) and not jnp.iscomplexobj(parameter):
        dp = dp.real
    return jnp.asarray(dp, dtype=parameter.dtype)


class AbstractOptimizationDriver(AbstractDriver):
    """Base of drivers that minimise a loss with an optax optimiser.

    Subclasses implement `compute_loss_and_update`.

    Args:
        variational_state: the state whose parameters are optimised.
        optimizer: an optax gradient transformation.
        minimized_quantity_name: name of the loss in logs and in the progress bar.

    Raises:
        TypeError: the state or the optimiser is something else.
    """

    _optimizer: Any = struct.field(pytree_node=False, serialize=False)
    _optimizer_state: Any = struct.field(pytree_node=False, serialize=True)

    def __init__(
        self, variational_state: Any, optimizer: Any, minimized_quantity_name: str = "loss"
    ):
        super().__init__(variational_state, minimized_quantity_name)
        self.optimizer = optimizer

    @property
    def optimizer(self) -> Any:
        """The optax optimiser. Assigning another one starts it from its initial state."""
        return self._optimizer

    @optimizer.setter
    def optimizer(self, optimizer: Any) -> None:
        self._optimizer = check_optimizer(optimizer)
        self._optimizer_state = optimizer.init(self.state.parameters)

    def update_parameters(self, dp: Any) -> None:
        """Changes the parameters of the state by one step of the optimiser.

        Args:
            dp: gradient, or preconditioned gradient: a pytree like the parameters.
        """
        self._optimizer_state, self.state.parameters = apply_update(
            self._optimizer.update,
            self._optimizer_state,
            dp,
            self.state.parameters,
            self._extra_arguments(),
        )

    def _extra_arguments(self) -> dict[str, Any]:
        """The loss under the name ``value``, for optimisers that look at it."""
        value = mean(self._loss_stats)
        takes_extra = isinstance(self._optimizer, optax.GradientTransformationExtraArgs)
        if not takes_extra or not isinstance(value, int | float | complex | np.number):
            return {}
        return {"value": value.real}
