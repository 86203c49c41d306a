# SPDX-License-Identifier: Apache-2.0
"""`Timeout`: ends a run after a given time."""

import time
from typing import Any

from netket.jax.sharding import any_process
from netket.utils import struct

from .base import Driver, StopRun
from .stopping import StoppingCallback


class Timeout(StoppingCallback):
    """Ends the run after the first step that ends later than ``timeout`` seconds after the start.

    Args:
        timeout: seconds; every run that has this callback gets as many.

    Raises:
        ValueError: it is not positive.
    """

    timeout: float = struct.field(pytree_node=False)
    _start: float = struct.field(pytree_node=False, default=0.0)

    def __init__(self, timeout: float):
        if not timeout > 0:
            raise ValueError(
                f"Argument `timeout` must be a positive number of seconds, but is {timeout!r}."
            )
        self.timeout = timeout

    def on_run_start(self, step: int, driver: Driver) -> None:
        self._start = time.monotonic()

    def on_step_end(self, step: int, log_data: dict[str, Any], driver: Driver) -> None:
        elapsed = time.monotonic() - self._start
        # all processes stop at the same step, or none
        if any_process(elapsed > self.timeout):
            raise StopRun(f"{elapsed:.1f} s have passed, and the limit is {self.timeout:g} s.")
