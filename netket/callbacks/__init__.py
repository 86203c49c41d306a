# SPDX-License-Identifier: Apache-2.0
"""What may happen between the parts of an optimisation step: hooks, and criteria to stop."""

from .base import AbstractCallback, RunFinished, StopRun
from .convergence_stopping import ConvergenceStopping
from .early_stopping import EarlyStopping
from .invalid_loss_stopping import InvalidLossStopping
from .timeout import Timeout

__all__ = [
    "AbstractCallback",
    "ConvergenceStopping",
    "EarlyStopping",
    "InvalidLossStopping",
    "RunFinished",
    "StopRun",
    "Timeout",
]
