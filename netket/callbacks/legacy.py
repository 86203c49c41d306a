# SPDX-License-Identifier: Apache-2.0
"""Functions ``(step, log_data, driver) -> bool`` as callbacks."""

from collections.abc import Callable
from typing import Any

from netket.utils import struct

from .base import AbstractCallback, Driver, StopRun


class FunctionCallback(AbstractCallback):
    """Calls a function in every step, before the parameters change; a false result ends the run.

    A step that is ended in this way is neither logged nor counted.
    """

    function: Callable[[int, dict[str, Any], Any], bool] = struct.field(pytree_node=False)

    def __init__(self, function: Callable[[int, dict[str, Any], Any], bool]):
        self.function = function

    def before_parameter_update(self, step: int, log_data: dict[str, Any], driver: Driver) -> None:
        result = self.function(step, log_data, driver)
        if not result:
            name = getattr(self.function, "__name__", repr(self.function))
            hint = " (return True to go on)" if result is None else ""
            raise StopRun(f"callback {name} returned {result}{hint}.")
