# SPDX-License-Identifier: Apache-2.0
"""Where the time goes: nested timers, which cost next to nothing while none is running.

::

    with timed_scope(force=True) as timer:      # or driver.run(..., timeit=True)
        ...                                     # every `timed_scope("name")` inside is recorded
    print(timer)
"""

import functools
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, TypeVar

import jax

F = TypeVar("F", bound=Callable)

CURRENT_TIMER_STACK: list["Timer"] = []


class Timer:
    """A running total, and timers for parts of it; a context manager.

    Attributes:
        total: seconds.
        sub_timers: timers of the parts, by name.
    """

    def __init__(self) -> None:
        self.total = 0.0
        self.sub_timers: dict[str, Timer] = {}
        self._started = 0.0

    def __enter__(self) -> "Timer":
        CURRENT_TIMER_STACK.append(self)
        self._started = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.total += time.perf_counter() - self._started
        CURRENT_TIMER_STACK.remove(self)

    def __iadd__(self, other: "Timer") -> "Timer":
        self.total += other.total
        for name, timer in other.sub_timers.items():
            mine = self.get_subtimer(name)
            mine += timer
        return self

    def get_subtimer(self, name: str) -> "Timer":
        """The timer of a part, which is made if there is none."""
        return self.sub_timers.setdefault(name, Timer())

    def block_until_ready(self, args: Any) -> Any:
        """Waits for arrays that jax is still computing, so that their time is counted here."""
        return jax.block_until_ready(args)

    def _rows(self, indent: str = "") -> Iterator[str]:
        parts = sorted(self.sub_timers.items(), key=lambda item: -item[1].total)
        for k, (name, timer) in enumerate(parts):
            is_last = k == len(parts) - 1
            share = timer.total / self.total if self.total else 0.0
            branch = "└──" if is_last else "├──"
            yield f"{indent}{branch} ({share:.1%}) | {name} : {timer.total:.3f} s"
            yield from timer._rows(indent + ("    " if is_last else "│   "))

    def __repr__(self) -> str:
        rows = [f"Total: {self.total:.3f}", *self._rows()]
        width = max(76, *map(len, rows))
        title = f"{' Timing Information ':─^{width + 2}}"
        body = "".join(f"│ {row:<{width}} │\n" for row in rows)
        return f"╭{title}╮\n{body}╰{'─' * (width + 2)}╯"


class NullTimer:
    """Stands for a timer where nothing is timed."""

    def __enter__(self) -> "NullTimer":
        return self

    def __exit__(self, *_: Any) -> None:
        pass

    def get_subtimer(self, name: str) -> "NullTimer":
        """Itself."""
        return self

    def block_until_ready(self, args: Any) -> Any:
        """Does not wait."""
        return args


_NULL = NullTimer()


def clear_timers() -> None:
    """Forgets all running timers, for example after an interrupt."""
    CURRENT_TIMER_STACK.clear()


def timed_scope(name: str | None = None, force: bool = False) -> Timer | NullTimer:
    """A context whose time is recorded, if a timer is running around it.

    Args:
        name: of the part.
        force: record it also where no timer is running, as the outermost one.
    """
    if CURRENT_TIMER_STACK:
        return CURRENT_TIMER_STACK[-1].get_subtimer(name or "scope")
    return Timer() if force else _NULL


def timed(fun: F | None = None, name: str | None = None, block_until_ready: bool = True) -> Any:
    """Decorator: calls are recorded, if a timer is running around them.

    Args:
        fun: the function.
        name: of the part, by default that of the function.
        block_until_ready: while timing, wait until jax has computed the result.
    """
    if fun is None:
        return functools.partial(timed, name=name, block_until_ready=block_until_ready)
    label = name or fun.__name__

    @functools.wraps(fun)
    def timed_fun(*args: Any, **kwargs: Any) -> Any:
        if not CURRENT_TIMER_STACK:
            return fun(*args, **kwargs)
        with timed_scope(label) as timer:
            out = fun(*args, **kwargs)
            return timer.block_until_ready(out) if block_until_ready else out

    return timed_fun
