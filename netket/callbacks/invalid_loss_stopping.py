# SPDX-License-Identifier: Apache-2.0
"""`InvalidLossStopping`: ends a run, without an error, whose loss is nan or infinite."""

import math
from typing import Any

from netket.utils import struct

from .base import Driver, StopRun
from .stopping import StoppingCallback, monitored


class InvalidLossStopping(StoppingCallback):
    """Ends the run when the loss has been nan or infinite for ``patience`` steps.

    With this callback the run ends without an error, and invalid steps are logged and may be
    followed by valid ones; without it the driver raises `InvalidLossError` at the first of them.

    Args:
        monitor: what to watch: ``"mean"``, ``"variance"`` or ``"error_of_mean"`` of the loss.
        patience: number of steps since the last valid loss; 0 or 1 ends the run at once.
    """

    monitor: str = struct.field(pytree_node=False, default="mean")
    patience: int = struct.field(pytree_node=False, default=0)
    _last_valid_step: int | None = struct.field(pytree_node=False, default=None)

    def __init__(self, monitor: str = "mean", patience: int | float = 0):
        self.monitor = monitor
        self.patience = patience

    @property
    def handles_invalid_loss(self) -> bool:
        return True

    def on_run_start(self, step: int, driver: Driver) -> None:
        self._last_valid_step = step - 1

    def on_step_end(self, step: int, log_data: dict[str, Any], driver: Driver) -> None:
        loss = monitored(driver, self.monitor)
        if math.isfinite(loss):
            self._last_valid_step = step
        elif step - self._last_valid_step >= self.patience:
            raise StopRun(f"the {self.monitor} of the loss is {loss} at step {step}.")
