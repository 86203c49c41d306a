# SPDX-License-Identifier: Apache-2.0
"""`AbstractCallback`: what may happen between the parts of an optimisation step.

A driver calls the hooks of all its callbacks in this order::

    on_run_start
        on_step_start, on_compute_update_start, on_compute_update_end     (again if rejected)
        before_parameter_update          loss and update are known, parameters are still the old
        on_step_end                      parameters are the new
    on_run_end                           or on_run_error
"""

from typing import Any, TypeAlias

from netket.errors import CallbackLegacyHookError
from netket.utils import struct

#: A `netket.driver.AbstractDriver`; that package imports this one, not the other way round.
Driver: TypeAlias = Any

_REMOVED_HOOKS = ("on_legacy_run", "on_parameter_update")


class StopRun(Exception):
    """Raised by a hook to end the run in good order; its message is shown to the user."""


class RunFinished(StopRun):
    """Raised by a hook to end the run in good order and without a message."""


class AbstractCallback(struct.Pytree, mutable=True):
    """Base of callbacks: subclass it and override the hooks you need.

    A hook may read and change the driver and its state, add entries to ``log_data``, and raise
    `StopRun`. Fields must be declared in the class body, as in every `struct.Pytree`:

    >>> import netket as nk
    >>> class Halfway(nk.callbacks.AbstractCallback):
    ...     steps: int = 10
    ...     def on_step_end(self, step, log_data, driver):
    ...         if step >= self.steps // 2: raise nk.callbacks.StopRun("half is enough")
    """

    @property
    def callback_order(self) -> int:
        """Callbacks with a smaller number run first; among equals those given first.

        Observables are computed at 0, loggers write at 10, stopping criteria decide at 100.
        """
        return 0

    @property
    def handles_invalid_loss(self) -> bool:
        """Whether this callback decides what happens when the loss is nan or infinite.

        If no callback does, the driver ends the run with `InvalidLossError`.
        """
        return False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        removed = [name for name in _REMOVED_HOOKS if name in cls.__dict__]
        if removed:
            raise CallbackLegacyHookError(cls.__name__, removed)

    def on_run_start(self, step: int, driver: Driver) -> None:
        """Before the first step of a run."""

    def on_run_end(self, step: int, driver: Driver) -> None:
        """After the last step of a run, also if a callback ended it early."""

    def on_run_error(self, step: int, error: BaseException, driver: Driver) -> None:
        """Instead of `on_run_end` when an error, or Ctrl-C, ends the run."""

    def on_step_start(self, step: int, log_data: dict[str, Any], driver: Driver) -> None:
        """Before the state is reset and sampled; ``log_data`` is still empty."""

    def on_compute_update_start(self, step: int, log_data: dict[str, Any], driver: Driver) -> None:
        """Before the loss and the update are computed."""

    def on_compute_update_end(self, step: int, log_data: dict[str, Any], driver: Driver) -> None:
        """After they are computed, and before the driver accepts or rejects them."""

    def before_parameter_update(self, step: int, log_data: dict[str, Any], driver: Driver) -> None:
        """When the loss is in ``log_data`` and the parameters are still those it belongs to."""

    def on_step_end(self, step: int, log_data: dict[str, Any], driver: Driver) -> None:
        """After the update of the parameters."""
