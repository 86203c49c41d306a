# SPDX-License-Identifier: Apache-2.0
"""Statistics of Monte Carlo data: means with error bars, and whether to trust them."""

from .local_estimators import LocalEstimators
from .online import OnlineStats, online_statistics
from .statistics import statistics
from .stats import Stats

__all__ = [
    "LocalEstimators",
    "OnlineStats",
    "Stats",
    "online_statistics",
    "statistics",
]
