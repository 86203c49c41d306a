# SPDX-License-Identifier: Apache-2.0
"""`ConvergenceStopping`: ends a run whose loss has reached a target."""

from collections import deque
from typing import Any

from netket.utils import struct

from .base import Driver, StopRun
from .stopping import StoppingCallback, monitored


class ConvergenceStopping(StoppingCallback):
    """Ends the run when the smoothed loss was at the target for more than ``patience`` steps.

    The smoothed loss is the mean over the last ``smoothing_window`` steps (or all, while there are
    fewer), so that a statistical fluctuation does not end the run.

    Args:
        target: the loss to reach; it is reached when the smoothed loss is not larger.
        monitor: what to watch: ``"mean"``, ``"variance"`` or ``"error_of_mean"`` of the loss.
        smoothing_window: number of steps to average over.
        patience: how many successive steps must stay at the target before the next one ends the
            run.
    """

    target: float = struct.field(pytree_node=False)
    monitor: str = struct.field(pytree_node=False, default="mean")
    smoothing_window: int = struct.field(pytree_node=False, default=10)
    patience: int = struct.field(pytree_node=False, default=10)

    _recent: deque = struct.field(pytree_node=False, default_factory=deque)
    _n_good_steps: int = struct.field(pytree_node=False, default=0)

    def __init__(
        self,
        target: float,
        monitor: str = "mean",
        *,
        smoothing_window: int = 10,
        patience: int | float = 10,
    ):
        if smoothing_window < 1:
            raise ValueError(
                f"Argument `smoothing_window` must be at least 1, but is {smoothing_window}."
            )
        self.target = target
        self.monitor = monitor
        self.smoothing_window = smoothing_window
        self.patience = patience
        self._reset()

    def _reset(self) -> None:
        self._recent = deque(maxlen=self.smoothing_window)
        self._n_good_steps = 0

    def on_run_start(self, step: int, driver: Driver) -> None:
        # a run that continues another one goes on counting, a new driver starts afresh
        if step == 0:
            self._reset()

    def on_step_end(self, step: int, log_data: dict[str, Any], driver: Driver) -> None:
        self._recent.append(monitored(driver, self.monitor))
        smoothed = sum(self._recent) / len(self._recent)
        self._n_good_steps = self._n_good_steps + 1 if smoothed <= self.target else 0
        if self._n_good_steps > self.patience:
            raise StopRun(
                f"the {self.monitor} of the loss, {smoothed:.6g}, has reached the target "
                f"{self.target:.6g}."
            )
