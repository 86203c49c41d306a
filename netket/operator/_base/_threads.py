# SPDX-License-Identifier: Apache-2.0
"""Threads for numba code that does not hold the interpreter's lock."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any


def most_threads() -> int:
    """As many as numba would use: `NUMBA_NUM_THREADS`, or the number of cores."""
    import numba

    settings: Any = numba.config
    return int(settings.NUMBA_NUM_THREADS)


def ranges(n: int, threads: int) -> list[tuple[int, int]]:
    """Consecutive parts first ... last - 1 of 0 ... n - 1, of about the same size."""
    bounds = [n * k // threads for k in range(threads + 1)]
    return list(zip(bounds, bounds[1:]))


def in_threads(part: Callable[..., Any], arguments: list[tuple]) -> list[Any]:
    """The results of `part(*a)` for all `arguments`, in as many threads as there are, or fewer.

    `part` must not call this function itself.
    """
    others = [_pool().submit(part, *a) for a in arguments[1:]]
    return [part(*arguments[0]), *(other.result() for other in others)]


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    """Kept, because to start a thread takes longer than many a batch."""
    return ThreadPoolExecutor(max(1, most_threads() - 1), thread_name_prefix="netket")


# threads do not follow into a process that was forked
os.register_at_fork(after_in_child=_pool.cache_clear)
