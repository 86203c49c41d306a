# SPDX-License-Identifier: Apache-2.0
"""Expectation values of observables while a driver runs."""

from collections.abc import Mapping
from typing import Any

import jax

from netket.utils import struct

from .base import AbstractCallback, Driver


class ObservableCallback(AbstractCallback):
    """Adds the expectation values of observables to what is logged, every ``step_size`` steps.

    They are computed before the parameters change, so that they belong to the same state as the
    loss of that step.
    """

    observables: Mapping[str, Any] = struct.field(pytree_node=False)
    step_size: int = struct.field(pytree_node=False, default=1)
    first_step: int = struct.field(pytree_node=False, default=0)

    def __init__(self, observables: Mapping[str, Any], step_size: int = 1):
        self.observables = observables
        self.step_size = step_size

    def on_run_start(self, step: int, driver: Driver) -> None:
        self.first_step = step

    def before_parameter_update(self, step: int, log_data: dict[str, Any], driver: Driver) -> None:
        if (step - self.first_step) % self.step_size == 0:
            log_data.update(jax.device_get(driver.estimate(self.observables)))
