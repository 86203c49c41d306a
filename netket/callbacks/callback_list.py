# SPDX-License-Identifier: Apache-2.0
"""The callbacks of a run: in their order, with only the hooks that do something."""

from collections.abc import Callable, Iterable
from typing import Any

from .base import AbstractCallback
from .legacy import FunctionCallback

HOOKS = (
    "on_run_start",
    "on_run_end",
    "on_run_error",
    "on_step_start",
    "on_compute_update_start",
    "on_compute_update_end",
    "before_parameter_update",
    "on_step_end",
)


def as_callbacks(callback: Any) -> list[AbstractCallback]:
    """The argument ``callback`` of a run as a list of callbacks.

    Args:
        callback: nothing, a callback, a function ``(step, log_data, driver) -> bool``, or an
            iterable of these.

    Raises:
        TypeError: it is something else.
    """
    if callback is None:
        return []
    if isinstance(callback, AbstractCallback):
        return [callback]
    if isinstance(callback, type) and issubclass(callback, AbstractCallback):
        raise TypeError(
            f"Argument `callback` must be an object, but is the class {callback.__name__}: "
            f"write `callback={callback.__name__}(...)`."
        )
    if callable(callback):
        return [FunctionCallback(callback)]
    if isinstance(callback, Iterable) and not isinstance(callback, str | bytes):
        return [c for item in callback for c in as_callbacks(item)]
    raise TypeError(
        "Argument `callback` must be a netket.callbacks.AbstractCallback, a function "
        "(step, log_data, driver) -> bool, or a list of these, but is "
        f"{callback!r} of type {type(callback).__name__}."
    )


class CallbackList:
    """Calls each hook of many callbacks, those with the smaller ``callback_order`` first."""

    def __init__(self, callbacks: Iterable[AbstractCallback]):
        # sorted() is stable: among equals, those given first come first
        self.callbacks = sorted(callbacks, key=lambda c: c.callback_order)
        self._hooks = {name: _overridden(self.callbacks, name) for name in HOOKS}

    def call(self, hook: str, *args: Any) -> None:
        """Calls one hook of all callbacks that implement it."""
        for function in self._hooks[hook]:
            function(*args)

    def call_all(self, hook: str, *args: Any) -> list[BaseException]:
        """Calls one hook of all callbacks even if some of them fail, and returns the errors."""
        errors: list[BaseException] = []
        for function in self._hooks[hook]:
            try:
                function(*args)
            except Exception as error:
                errors.append(error)
        return errors

    @property
    def handles_invalid_loss(self) -> bool:
        """Whether one of the callbacks decides what happens when the loss is not finite."""
        return any(c.handles_invalid_loss for c in self.callbacks)


def _overridden(callbacks: Iterable[AbstractCallback], name: str) -> list[Callable[..., None]]:
    default = getattr(AbstractCallback, name)
    return [getattr(c, name) for c in callbacks if getattr(type(c), name) is not default]
