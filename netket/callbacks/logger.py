# SPDX-License-Identifier: Apache-2.0
"""A logger (an object with ``__call__`` and ``flush``) as a callback."""

from typing import Any

from netket.utils import struct

from .base import AbstractCallback, Driver


class LoggerCallback(AbstractCallback):
    """Passes every step to a logger, and flushes it when the run ends in whatever way."""

    logger: Any = struct.field(pytree_node=False)

    def __init__(self, logger: Any):
        self.logger = logger

    @property
    def callback_order(self) -> int:
        return 10

    def on_step_end(self, step: int, log_data: dict[str, Any], driver: Driver) -> None:
        self.logger(step, log_data, driver.state)

    def on_run_end(self, step: int, driver: Driver) -> None:
        self.logger.flush(driver.state)

    def on_run_error(self, step: int, error: BaseException, driver: Driver) -> None:
        self.logger.flush(driver.state)
