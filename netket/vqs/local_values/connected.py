# SPDX-License-Identifier: Apache-2.0
"""Connected elements on the host: rows of all samples, appended densely to a buffer.

Elements that are zero are dropped, and those with σ' = σ added to a vector of diagonal elements.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .blocks import Blocks


class Buffer:
    """Rows that wait for the network, densely packed, with their mels and samples."""

    def __init__(self, blocks: Blocks, x: np.ndarray, mels_dtype: Any):
        self.capacity, self.dense = blocks.buffer, blocks.dense
        self.sites, self.dtype, self.mels_dtype = x.shape[1], x.dtype, mels_dtype
        self.filled = 0
        self._renew()

    def _renew(self) -> None:
        # new arrays each time: jax may still read the old ones
        self.rows = np.empty((self.capacity, self.sites), dtype=self.dtype)
        self.mels = np.empty(self.capacity, dtype=self.mels_dtype)
        self.segments = np.empty(self.capacity, dtype=np.int32)

    def take_full_blocks(self) -> tuple[Any, ...]:
        """(rows, mels, segments, how many) of all full blocks; the rest moves to the front."""
        rows, mels, segments = self.rows, self.mels, self.segments
        n = self.dense * (self.filled // self.dense)
        end, self.filled = self.filled, self.filled - n
        self._renew()
        for new, old in ((self.rows, rows), (self.mels, mels), (self.segments, segments)):
            new[: self.filled] = old[n:end]
        return rows, mels, segments, np.int32(n)

    def take_all(self) -> tuple[Any, ...]:
        """(rows, mels, segments, how many), with the last block padded."""
        n = self.filled
        end = self.dense * -(-n // self.dense)
        # with legal configurations, because models may index by them
        self.rows[n:end] = self.rows[max(n - 1, 0)]
        self.mels[n:end], self.segments[n:end] = 0, 0
        return self.rows, self.mels, self.segments, np.int32(n)


class Rows:
    """Rows from `get_conn_flattened`, for a block of samples at a time.

    Args:
        operator: any discrete operator.
        x: samples (B, N).
        block: samples in a block.
    """

    def __init__(self, operator: Any, x: np.ndarray, block: int):
        self.blocks = self._connected(operator, x, block)
        self.current, self.row = next(self.blocks), 0
        self.mels_dtype = self.current[2].dtype

    @staticmethod
    def _connected(operator: Any, x: np.ndarray, block: int) -> Iterator[tuple]:
        for first in range(0, len(x), block):
            part = x[first : first + block]
            sections = np.empty(len(part), dtype=np.int64)
            xp, mels = operator.get_conn_flattened(part, sections)
            mels = np.asarray(mels)
            if not np.issubdtype(mels.dtype, np.inexact):
                mels = mels.astype(float)
            # packing compares bytes: samples and connected elements must have one dtype
            xp = np.ascontiguousarray(xp, dtype=x.dtype)
            yield _as_bytes(part), _as_bytes(xp), mels, sections, first

    def fill(self, buffer: Buffer, diagonal: np.ndarray) -> bool:
        """Appends rows; True if there are no more."""
        from ._pack_numba import pack_rows

        rows = _as_bytes(buffer.rows)
        while self.current is not None:
            *block, first = self.current
            self.row, buffer.filled = pack_rows(
                *block,
                self.row,
                first,
                rows,
                buffer.mels,
                buffer.segments,
                buffer.filled,
                diagonal,
            )
            if self.row < len(block[2]):
                return False
            self.current, self.row = next(self.blocks, None), 0
        return True


def _as_bytes(rows: np.ndarray) -> np.ndarray:
    """Rows (B, N) as bytes (B, N * itemsize): one compiled kernel for all dtypes."""
    return rows.view(np.uint8).reshape(len(rows), rows.shape[1] * rows.itemsize)
