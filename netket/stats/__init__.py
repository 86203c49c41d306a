# SPDX-License-Identifier: Apache-2.0
"""Statistics of Monte Carlo data: means with error bars, and whether to trust them."""

from typing import Any

from ._old_names import old_name
from .batch import (
    LocalEstimatorsBatch,
    OnlineStatsBatch,
    StatsBatch,
    online_statistics_batch,
)
from .local_estimators import LocalEstimators
from .online import OnlineStats, online_statistics
from .statistics import statistics
from .stats import Stats

__all__ = [
    "LocalEstimators",
    "LocalEstimatorsBatch",
    "OnlineStats",
    "OnlineStatsBatch",
    "Stats",
    "StatsBatch",
    "online_statistics",
    "online_statistics_batch",
    "statistics",
]


def __getattr__(name: str) -> Any:
    return old_name(name)
