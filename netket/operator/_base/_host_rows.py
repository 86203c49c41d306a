# SPDX-License-Identifier: Apache-2.0
"""Connected elements of batches of samples on the host: the drivers of `_batch_numba`.

Rows are computed and kept, so that their number is known; then they are written out. Batches that
take long are split among threads.
"""

import time
from functools import lru_cache, partial
from typing import Any

import numpy as np

from ._grid import Grid
from ._host import as_given, host_array, outside_error
from ._threads import in_threads, most_threads, ranges

# Elements for which there is room at first; as many as needed later.
_STORED = 2**18
# Elements that are worked on at a time, which should stay in the cache.
_BLOCK = 2**14
# Matrix elements of operators that flip the same bits everywhere: up to here all slots are kept.
_MOST_FLIPS = 2**22
# Work, in seconds, that is worth a thread.
_THREAD_SECONDS = 2.5e-4
# Rows up to this size do not wait for memory when they are computed again.
_KEPT_BYTES = 2**24
# Samples whose time tells that of others: with fewer, the call itself is what takes long.
_TRUSTED = 64


class Pace:
    """How long samples take, and how many threads that is worth."""

    __slots__ = ("seconds",)

    def __init__(self) -> None:
        self.seconds = np.inf  # for one sample, the least that was seen

    def threads(self, n: int) -> int:
        expected = self.seconds * n
        if expected < 2 * _THREAD_SECONDS or self.seconds == np.inf or n < 2:
            return 1
        return min(most_threads(), int(expected / _THREAD_SECONDS), n)

    def saw(self, n: int, seconds: float) -> None:
        if n >= _TRUSTED:
            self.seconds = min(self.seconds, seconds / n)


class Plan:
    """What the numba drivers need to know of an operator.

    Args:
        data: of the numba kernel.
        grid: of the space.
        slots: elements that the kernel may write for one sample.
        width: largest number of sites that change.
        dtype: of the matrix elements.
        merges: whether several elements may lead to the same x'.
        flips: which sites each slot flips, as `flipped_sites` says it, if the data have a
            `flip_kernel`.
    """

    __slots__ = (
        "data", "grid", "slots", "width", "dtype", "merges", "flips", "kernels", "rows", "counts"
    )  # fmt: skip

    def __init__(
        self,
        data: Any,
        grid: Grid,
        slots: int,
        width: int,
        dtype: np.dtype,
        merges: bool,
        flips: tuple[np.ndarray, ...] | None,
    ):
        self.data, self.grid, self.slots, self.width = data, grid, slots, width
        self.dtype, self.merges, self.flips = dtype, merges, flips
        self.kernels = numba_kernels()
        self.rows, self.counts = Pace(), Pace()

    def new_conn(self, slots: int) -> Any:
        return self.kernels.new_conn(slots, self.width, self.dtype, self.grid.dtype)


@lru_cache
def numba_kernels() -> Any:
    """The compiled drivers. Numba is imported when the first of them is needed."""
    from .._kernels import _batch_numba

    # The C library of Linux gives freed memory back, and gets it again page by page, which takes
    # longer than to fill it. It keeps what is smaller than the largest block that was freed.
    np.empty(_KEPT_BYTES, np.uint8)
    return _batch_numba


def host_padded(plan: Plan, x: Any) -> tuple[np.ndarray, np.ndarray]:
    """`get_conn_padded` for concrete samples (..., N)."""
    samples, (*batch, n_sites) = host_array(x), np.shape(x)
    flat = samples if len(batch) == 1 else samples.reshape(-1, n_sites)
    xp, mels, width = host_rows(plan, flat, True)
    xp = xp.reshape(*batch, width, n_sites)
    return as_given(xp, x), mels.reshape(*batch, width)


def host_rows(
    plan: Plan, samples: np.ndarray, pad: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray | int]:
    """Connected elements of samples (B, N).

    Returns:
        Distinct x' (M N,), matrix elements (M,), and how many there are for each sample: the same
        number for all of them with `pad`, else (B,).

    Raises:
        ValueError: a sample has a value that is no local state.
    """
    n, n_sites = samples.shape
    threads, start = plan.rows.threads(n), time.perf_counter()
    parts = _computed(plan, samples, threads)
    lengths: np.ndarray | int
    if pad:
        width = lengths = max(1, *(part.most for part in parts))
        ends = [part.last * width for part in parts]
    else:
        width, lengths = 0, _counts(parts)
        ends = np.cumsum([part.counts.sum() for part in parts]).tolist()
    xp = np.empty(ends[-1] * n_sites, samples.dtype)
    mels = parts[0].new_mels(ends[-1])
    if len(parts) == 1:
        parts[0].write(width, xp, mels)
    else:
        pieces = [
            (part, xp[first * n_sites : last * n_sites], mels[first:last])
            for part, first, last in zip(parts, [0, *ends], ends)
        ]
        in_threads(lambda part, xp, mels: part.write(width, xp, mels), pieces)
    plan.rows.saw(n, (time.perf_counter() - start) * threads)
    return xp, mels, lengths


def host_counts(plan: Plan, samples: np.ndarray) -> np.ndarray:
    """Numbers of connected elements, (B,)."""
    n = len(samples)
    threads, start = plan.counts.threads(n), time.perf_counter()
    counts = _counts(_computed(plan, samples, threads, store=False))
    plan.counts.saw(n, (time.perf_counter() - start) * threads)
    return counts


def _counts(parts: list[Any]) -> np.ndarray:
    return parts[0].counts if len(parts) == 1 else np.concatenate([p.counts for p in parts])


def _computed(plan: Plan, samples: np.ndarray, threads: int, store: bool = True) -> list[Any]:
    """The rows of all samples, in as many parts as there are threads."""
    n = len(samples)
    make: Any
    arguments: tuple[Any, ...]
    if plan.flips is None or n * plan.slots > _MOST_FLIPS:
        make, arguments = _Rows, (plan, samples, store)
    else:
        make, arguments = _FlipRows, (plan, samples, np.empty((n, plan.slots), plan.dtype))
    if threads == 1:
        return [make(*arguments, 0, n)]
    return in_threads(partial(make, *arguments), ranges(n, threads))


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
        scratch = kernels.new_scratch(slots, plan.grid.n_sites) if plan.merges else ()
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
                kernels.merge(indices, row, end_row, begin, self.lengths, rows, scratch)
            longest = kernels.count(row, end_row, begin, self.lengths, rows.mels, self.counts)
            self.most = max(self.most, longest)
            row, begin = end_row, end if store else 0
        self.rows = rows

    def new_mels(self, size: int) -> np.ndarray:
        """Where the matrix elements of all parts are to be written."""
        return np.empty(size, self.plan.dtype)

    def write(self, width: int, xp: np.ndarray, mels: np.ndarray) -> None:
        """Write rows of `width` elements, or as long as they are if it is 0."""
        start, step = self.plan.grid.numbers(self.samples.dtype)
        self.plan.kernels.write(
            self.samples, start, step, width, self.lengths, self.counts, self.rows, xp, mels
        )


class _FlipRows:
    """`_Rows` of operators that flip the same bits everywhere: only matrix elements are stored.

    Those of all parts are in `row_mels`, (B, K).
    """

    def __init__(
        self, plan: Plan, samples: np.ndarray, row_mels: np.ndarray, first: int, last: int
    ):
        self.plan, self.samples, self.first, self.last = plan, samples[first:last], first, last
        self.all_mels, self.mels = row_mels, row_mels[first:last]
        self.levels = plan.grid.two_levels(samples.dtype)
        self.counts = np.empty(last - first, np.int64)
        bad, self.most = plan.kernels.flip_rows(
            plan.data, self.samples, self.levels, self.mels, self.counts
        )
        if bad >= 0:
            raise outside_error(self.samples[bad], first + bad, plan.grid)

    def new_mels(self, size: int) -> np.ndarray:
        """Those that are stored, if all of them are needed."""
        same = size == self.all_mels.size
        return self.all_mels.reshape(-1) if same else np.empty(size, self.plan.dtype)

    def write(self, width: int, xp: np.ndarray, mels: np.ndarray) -> None:
        flips: Any = self.plan.flips
        self.plan.kernels.write_flips(
            self.samples, self.levels, *flips, width, self.counts, self.mels, xp, mels
        )


def _indices(plan: Plan, samples: np.ndarray, first: int) -> np.ndarray:
    """Local indices of samples, the first of which has number `first`."""
    grid = plan.grid
    indices = np.empty(samples.shape, grid.dtype)
    if grid.two_level:
        bad = plan.kernels.read_two(samples, grid.two_levels(samples.dtype), indices)
    else:
        start, step = grid.numbers(samples.dtype)
        bad = plan.kernels.read(samples, start, step, grid.shape, indices)
    if bad >= 0:
        raise outside_error(samples[bad], first + bad, grid)
    return indices


def _grown(array: np.ndarray, size: int) -> np.ndarray:
    result = np.empty((size, *array.shape[1:]), array.dtype)
    result[: len(array)] = array
    return result
