# SPDX-License-Identifier: Apache-2.0
r"""Local estimators of operators that compute connected elements on the host.

    for each block of samples:   get_conn_flattened -> drop σ' = σ -> append to a dense buffer
    whenever the buffer is full: O_loc[s] += mel ψ(σ')/ψ(σ_s) for all its rows, compiled

The compiled function evaluates `Blocks.dense` rows at a time, as many times as there are rows. Rows
that do not fill a block wait for the next samples, so that only the very last block is padded.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.utils.types import Array, PyTree

from .blocks import Blocks
from .ratios import log_amplitudes, weighted_ratios


def local_values_host(
    apply_fun: Callable, variables: PyTree, σ: Array, operator: Any, blocks: Blocks
) -> jax.Array:
    """Local estimators of a concrete operator.

    Args:
        apply_fun: hashable function (variables, (B, N)) -> (B,), the log-amplitude.
        variables: of the model.
        σ: samples (B, N), concrete.
        operator: has ``get_conn_flattened(σ, sections)``.
        blocks: sizes of blocks.

    Returns:
        The estimators (B,).
    """
    from ._pack_numba import pack_rows

    x = np.ascontiguousarray(σ)
    logpsi = _log_amplitudes(apply_fun, variables, x, blocks.chunk_size)
    buffer, total = None, None
    for first, xp, mels, sections in _connected(operator, x, blocks.samples):
        if buffer is None:
            buffer = _Buffer(blocks, x, mels.dtype)
            diagonal = np.zeros(len(x), dtype=np.result_type(mels.dtype, logpsi.dtype))
        part = _as_bytes(x[first : first + len(sections)])
        start = 0
        while True:
            start, buffer.filled = pack_rows(
                part, _as_bytes(xp), mels, sections, start, first, *buffer.arrays, diagonal
            )
            if start == len(mels):
                break
            total = np.zeros_like(diagonal) if total is None else total
            full = buffer.take_full_blocks()
            total = _add_ratios(apply_fun, blocks.dense, variables, logpsi, total, *full)
    total = diagonal if total is None else total + diagonal
    return _add_ratios(apply_fun, blocks.dense, variables, logpsi, total, *buffer.take_all())


def _connected(
    operator: Any, x: np.ndarray, block: int
) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    """First sample, σ', mels and sections of each block of samples."""
    for first in range(0, len(x), block):
        part = x[first : first + block]
        sections = np.empty(len(part), dtype=np.int64)
        xp, mels = operator.get_conn_flattened(part, sections)
        mels = np.asarray(mels)
        if not np.issubdtype(mels.dtype, np.inexact):
            mels = mels.astype(float)
        # packing compares bytes, so that samples and connected elements must have one dtype
        yield first, np.ascontiguousarray(xp, dtype=x.dtype), mels, sections


class _Buffer:
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

    @property
    def arrays(self) -> tuple[Any, ...]:
        """What `pack_rows` fills."""
        return _as_bytes(self.rows), self.mels, self.segments, self.filled

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


def _as_bytes(rows: np.ndarray) -> np.ndarray:
    """Rows (B, N) as bytes (B, N * itemsize): one compiled kernel for all dtypes."""
    return rows.view(np.uint8).reshape(len(rows), rows.shape[1] * rows.itemsize)


@partial(jax.jit, static_argnums=(0, 3))
def _log_amplitudes(
    apply_fun: Callable, variables: PyTree, x: jax.Array, chunk_size: int | None
) -> jax.Array:
    return log_amplitudes(apply_fun, variables, x, chunk_size)


@partial(jax.jit, static_argnums=(0, 1))
def _add_ratios(
    apply_fun: Callable,
    dense: int,
    variables: PyTree,
    logpsi: jax.Array,  # (B,)
    total: jax.Array,  # (B,)
    rows: jax.Array,  # (buffer, N)
    mels: jax.Array,  # (buffer,)
    segments: jax.Array,  # (buffer,) sample that each row belongs to
    n: jax.Array,
) -> jax.Array:
    """Adds the first n rows of a buffer to the estimators of their samples."""

    def add_block(i: jax.Array, total: jax.Array) -> jax.Array:
        first = i * dense
        x, m, s = (jax.lax.dynamic_slice_in_dim(a, first, dense) for a in (rows, mels, segments))
        real = first + jnp.arange(dense) < n
        terms = weighted_ratios(apply_fun, variables, x, m, logpsi[s], real)
        return total.at[s].add(terms.astype(total.dtype))

    return jax.lax.fori_loop(0, (n + dense - 1) // dense, add_block, total)
