# SPDX-License-Identifier: Apache-2.0
"""What is kept of a run: in memory, in JSON files, in TensorBoard, and the states themselves."""

from .abstract_log import AbstractLog
from .json_log import JsonLog
from .runtime_log import RuntimeLog
from .state_log import StateLog
from .tensorboard_log import TensorBoardLog

__all__ = ["AbstractLog", "JsonLog", "RuntimeLog", "StateLog", "TensorBoardLog"]
