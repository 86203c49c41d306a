# SPDX-License-Identifier: Apache-2.0
"""Connected elements of batches of samples on the host: the drivers of `_batch_numba`.

Rows are computed and kept, so that their number is known; then they are written out. Batches that
take long are split among threads.
"""

import time
from functools import partial
from typing import Any

import numpy as np

from ._grid import Grid
from ._host import outside_error
from ._threads import in_threads, most_threads, ranges

# Elements for which there is room at first; as many as needed later.
_STORED = 2**18
# Elements that are worked on at a time, which should stay in the cache.
_BLOCK = 2**14
# Matrix elements of operators that flip the same bits everywhere: up to here all slots are kept.
_MOST_FLIPS = 2**22
# Work, in seconds, that is worth a thread.
_THREAD_SECONDS = 4e-4
# Samples whose time tells that of others: with fewer, the call itself is what takes long.
_TRUSTED = 64


class Plan:
    """What the numba drivers need to know of an operator.

    Args:
        data: of the numba kernel.
        grid: of the space.
        slots: elements that the kernel may write for one sample.
        width: largest number of sites that change.
        dtype: of the matrix elements.
        merges: whether several elements may lead to the same x'.
        flips: which sites each slot flips, as where they begin (K + 1,) and sites (S,), if the
            data have a `flip_kernel`.
    """

    __slots__ = (
        "data", "grid", "slots", "width", "dtype", "merges", "flips", "kernels", "seconds"
    )  # fmt: skip

    def __init__(
        self,
        data: Any,
        grid: Grid,
        slots: int,
        width: int,
        dtype: np.dtype,
        merges: bool,
        flips: tuple[np.ndarray, np.ndarray] | None,
    ):
        self.data, self.grid, self.slots, self.width = data, grid, slots, width
        self.dtype, self.merges, self.flips = dtype, merges, flips
        self.kernels = numba_kernels()
        self.seconds = np.inf  # for one sample, the least that was seen

    def new_conn(self, slots: int) -> Any:
        return self.kernels.new_conn(slots, self.width, self.dtype, self.grid.dtype)


def numba_kernels() -> Any:
    """The compiled drivers. Numba is imported when the first of them is needed."""
    from .._kernels import _batch_numba

    return _batch_numba


def host_rows(
    plan: Plan, samples: np.ndarray, pad: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Connected elements of samples (B, N).

    Returns:
        Distinct x' (M, N), matrix elements (M,), and where the rows begin, (B + 1,).

    Raises:
        ValueError: a sample has a value that is no local state.
    """
    parts = _computed(plan, samples)
    n = len(samples)
    if pad:
        width = max(1, *(part.most for part in parts))
        begins = np.arange(0, (n + 1) * width, width)
    else:
        begins = np.zeros(n + 1, np.int64)
        np.cumsum(_counts(parts), out=begins[1:])
    size = int(begins[-1])
    xp = np.empty((size, samples.shape[1]), samples.dtype)
    mels = np.empty(size, plan.dtype)
    if len(parts) == 1:
        parts[0].write(begins, xp, mels)
    else:
        in_threads(lambda part: part.write(begins, xp, mels), [(part,) for part in parts])
    return xp, mels, begins


def host_counts(plan: Plan, samples: np.ndarray) -> np.ndarray:
    """Numbers of connected elements, (B,)."""
    return _counts(_computed(plan, samples, store=False))


def _counts(parts: list[Any]) -> np.ndarray:
    return parts[0].counts if len(parts) == 1 else np.concatenate([p.counts for p in parts])


def _computed(plan: Plan, samples: np.ndarray, store: bool = True) -> list[Any]:
    """The rows of all samples, in parts of several threads if that takes long."""
    n = len(samples)
    kind = _Rows if plan.flips is None or n * plan.slots > _MOST_FLIPS else _FlipRows
    expected = plan.seconds * n
    start = time.perf_counter()
    if expected < 2 * _THREAD_SECONDS or plan.seconds == np.inf or n == 1:
        threads, parts = 1, [kind(plan, samples, store, 0, n)]
    else:
        threads = min(most_threads(), int(expected / _THREAD_SECONDS), n)
        parts = in_threads(partial(kind, plan, samples, store), ranges(n, threads))
    if n >= _TRUSTED:
        plan.seconds = min(plan.seconds, (time.perf_counter() - start) * threads / n)
    return parts


class _Rows:
    """Rows of samples first ... last - 1.

    Stored rows may contain zeros, which are not counted.
    """

    def __init__(self, plan: Plan, samples: np.ndarray, store: bool, first: int, last: int):
        self.plan, self.samples, self.first, self.last = plan, samples[first:last], first, last
        kernels, slots = plan.kernels, plan.slots
        indices = _indices(plan, self.samples, first)
        n_samples = last - first
        self.counts, self.lengths = np.empty((2, n_samples), np.int64)
        most = n_samples * slots
        rows = plan.new_conn(max(min(most, _STORED if store else _BLOCK), slots))
        scratch = kernels.new_scratch(slots, plan.merges)
        row = begin = self.most = 0
        while row < n_samples:
            if len(rows.mels) < begin + slots:
                expected = int(1.1 * n_samples * begin / row)
                size = max(expected, len(rows.mels) * 3 // 2, begin + slots)
                rows = type(rows)(*(_grown(a, min(size, most)) for a in rows))
            room = min(len(rows.mels), begin + max(_BLOCK, slots))
            end_row, end = kernels.rows(
                plan.data, indices, row, slots, begin, room, self.lengths, rows
            )
            if plan.merges:
                kernels.merge(indices, row, end_row, begin, self.lengths, rows, *scratch)
            longest = kernels.count(row, end_row, begin, self.lengths, rows.mels, self.counts)
            self.most = max(self.most, longest)
            row, begin = end_row, end if store else 0
        self.rows = rows

    def write(self, begins: np.ndarray, xp: np.ndarray, mels: np.ndarray) -> None:
        start, step = self.plan.grid.numbers(self.samples.dtype)
        begins = begins[self.first : self.last + 1]
        self.plan.kernels.write(
            self.samples, start, step, self.lengths, begins, self.rows, xp, mels
        )


class _FlipRows:
    """`_Rows` of operators that flip the same bits everywhere: only matrix elements are stored."""

    def __init__(self, plan: Plan, samples: np.ndarray, store: bool, first: int, last: int):
        self.plan, self.samples, self.first, self.last = plan, samples[first:last], first, last
        indices = _indices(plan, self.samples, first)
        self.counts = np.empty(last - first, np.int64)
        self.mels = np.empty((last - first, plan.slots), plan.dtype)
        self.most = plan.kernels.flip_rows(plan.data, indices, self.mels, self.counts)

    def write(self, begins: np.ndarray, xp: np.ndarray, mels: np.ndarray) -> None:
        start, step = self.plan.grid.numbers(self.samples.dtype)
        begins = begins[self.first : self.last + 1]
        flips: Any = self.plan.flips
        self.plan.kernels.write_flips(
            self.samples, start, step, *flips, begins, self.counts, self.mels, xp, mels
        )


def _indices(plan: Plan, samples: np.ndarray, first: int) -> np.ndarray:
    """Local indices of samples, the first of which has number `first`."""
    grid = plan.grid
    indices = np.empty(samples.shape, grid.dtype)
    start, step = grid.numbers(samples.dtype)
    if grid.two_level:
        bad = plan.kernels.read_two(samples, start, step, indices)
    else:
        bad = plan.kernels.read(samples, start, step, grid.shape, indices)
    if bad >= 0:
        raise outside_error(samples[bad], first + bad, grid)
    return indices


def _grown(array: np.ndarray, size: int) -> np.ndarray:
    result = np.empty((size, *array.shape[1:]), array.dtype)
    result[: len(array)] = array
    return result
