# SPDX-License-Identifier: Apache-2.0
"""`LocalEstimators`: the values whose mean is an expectation value, kept as an array."""

from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from netket.utils import struct
from netket.utils.types import Array, DType

from .online import MAX_LAG, OnlineStats, online_statistics
from .statistics import statistics
from .stats import Stats


class LocalEstimators(struct.Pytree):
    """Local values O(σ) of all samples, which can be used as an array and averaged.

    Args:
        data: values (C, n) of C chains.
    """

    data: jax.Array

    def __init__(self, data: Array):
        self.data = data

    def to_stats(self) -> Stats:
        """Mean and error, see `statistics`."""
        return statistics(self.data)

    def to_online_stats(self, *, max_lag: int = MAX_LAG) -> OnlineStats:
        """Statistics that can be continued by further batches."""
        return OnlineStats.from_data(self.data, max_lag=max_lag)

    def accumulate(self, old: OnlineStats | None = None, *, max_lag: int = MAX_LAG) -> OnlineStats:
        """The statistics `old` continued by these values."""
        return online_statistics(self.data, old, max_lag=max_lag)

    def __jax_array__(self) -> jax.Array:
        return self.data

    def __array__(self, dtype: DType = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.data, dtype=dtype)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "data":
            raise AttributeError(name)
        return getattr(self.data, name)

    def __getitem__(self, index: Any) -> Any:
        return self.data[index]

    def __iter__(self) -> Iterator[jax.Array]:
        # indices beyond the end are not refused by jax, so python would go on for ever
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)
