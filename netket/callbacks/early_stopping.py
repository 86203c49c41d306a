# SPDX-License-Identifier: Apache-2.0
"""`EarlyStopping`: ends a run whose loss has not improved for a number of steps."""

import math
from typing import Any

from netket.utils import struct

from .base import Driver, StopRun
from .stopping import StoppingCallback, monitored


class EarlyStopping(StoppingCallback):
    """Ends the run when the loss has not improved in more than ``patience`` successive steps.

    The loss improves when it is below the best one so far by more than ``min_delta``, and by more
    than the fraction ``min_reldelta`` of it.

    Args:
        min_delta: the least decrease that counts.
        min_reldelta: the least decrease that counts, relative to the best loss so far.
        patience: how many successive steps without improvement are accepted.
        baseline: the first loss must be better than this; by default any will do.
        start_from_step: steps before this one are ignored.
        monitor: what to watch: ``"mean"``, ``"variance"`` or ``"error_of_mean"`` of the loss.
    """

    min_delta: float = struct.field(pytree_node=False, default=0.0)
    min_reldelta: float = struct.field(pytree_node=False, default=0.0)
    patience: int = struct.field(pytree_node=False, default=0)
    baseline: float | None = struct.field(pytree_node=False, default=None)
    start_from_step: int = struct.field(pytree_node=False, default=0)
    monitor: str = struct.field(pytree_node=False, default="mean")

    _best: float = struct.field(pytree_node=False, serialize=True, default=math.inf)
    _n_bad_steps: int = struct.field(pytree_node=False, serialize=True, default=0)

    def __init__(
        self,
        min_delta: float = 0.0,
        min_reldelta: float = 0.0,
        patience: int | float = 0,
        baseline: float | None = None,
        start_from_step: int = 0,
        monitor: str = "mean",
    ):
        self.min_delta = min_delta
        self.min_reldelta = min_reldelta
        self.patience = patience
        self.baseline = baseline
        self.start_from_step = start_from_step
        self.monitor = monitor
        self._reset()

    def _reset(self) -> None:
        self._best = math.inf if self.baseline is None else self.baseline
        self._n_bad_steps = 0

    def on_run_start(self, step: int, driver: Driver) -> None:
        # a run that continues another one goes on counting, a new driver starts afresh
        if step == 0:
            self._reset()

    def on_step_end(self, step: int, log_data: dict[str, Any], driver: Driver) -> None:
        if step < self.start_from_step:
            return
        loss = monitored(driver, self.monitor)
        if self._improves(loss):
            self._best = loss
            self._n_bad_steps = 0
            return
        self._n_bad_steps += 1
        if self._n_bad_steps > self.patience:
            raise StopRun(
                f"the {self.monitor} of the loss has not improved on {self._best:.6g} for "
                f"{self._n_bad_steps} steps."
            )

    def _improves(self, loss: float) -> bool:
        if math.isinf(self._best):
            return loss < self._best
        decrease = self._best - loss
        return decrease > self.min_delta and decrease > self.min_reldelta * abs(self._best)
