# SPDX-License-Identifier: Apache-2.0
"""The progress bar of a run: a live line in a terminal or notebook, few plain lines elsewhere.

In a terminal the line looks like this::

     38%|█████▎        | 38/100 [00:07<00:11, 5.31 it/s, Energy=-25.31 ± 0.04 [σ²=..., R̂=...]]
"""

import shutil
import sys
import time
from typing import Any, TextIO

from netket.utils import struct

from .base import AbstractCallback, Driver

_EIGHTHS = " ▏▎▍▌▋▊▉█"

#: Seconds between two updates, of a live line and of plain lines.
_LIVE_INTERVAL = 0.1
_PLAIN_INTERVAL = 30.0


class ProgressBar(AbstractCallback):
    """Shows on the standard error stream how far the run is, and the loss.

    The loss is formatted only when the line is due, so that fast steps stay fast.

    Args:
        total: number of steps of the run.
        stream: where to write; by default the standard error stream at the start of the run.
    """

    total: int = struct.field(pytree_node=False)
    _stream: Any = struct.field(pytree_node=False, default=None)
    _line: Any = struct.field(pytree_node=False, default=None)
    _first_step: int = struct.field(pytree_node=False, default=0)
    _start: float = struct.field(pytree_node=False, default=0.0)
    _after_first: float = struct.field(pytree_node=False, default=0.0)
    _due: float = struct.field(pytree_node=False, default=0.0)

    def __init__(self, total: int, stream: TextIO | None = None):
        self.total = total
        self._stream = stream

    @property
    def callback_order(self) -> int:
        return 20

    def on_run_start(self, step: int, driver: Driver) -> None:
        self._line = _Line(self._stream or sys.stderr)
        self._first_step = step
        self._start = time.monotonic()
        self._due = self._start + (0.0 if self._line.live else _PLAIN_INTERVAL)
        if self._line.live:
            self._line.write(render(0, self.total, 0.0, 0.0, "", self._line.width))

    def on_step_end(self, step: int, log_data: dict[str, Any], driver: Driver) -> None:
        now = time.monotonic()
        if step == self._first_step:
            self._after_first = now
        if now >= self._due:
            self._due = now + (_LIVE_INTERVAL if self._line.live else _PLAIN_INTERVAL)
            self._show(step + 1, driver, now)

    def on_run_end(self, step: int, driver: Driver) -> None:
        self._show(step, driver, time.monotonic())
        self._line.end()

    def on_run_error(self, step: int, error: BaseException, driver: Driver) -> None:
        if self._line is not None:
            self.on_run_end(step, driver)

    def _show(self, steps: int, driver: Driver, now: float) -> None:
        loss = driver._loss_stats
        postfix = "" if loss is None else f"{driver._loss_name}={_one_line(loss)}"
        done, elapsed = steps - self._first_step, now - self._start
        # the first step compiles, and says little about those to come
        timed, seconds = (done - 1, now - self._after_first) if done > 1 else (done, elapsed)
        rate = timed / seconds if seconds > 0 else 0.0
        self._line.write(render(done, self.total, elapsed, rate, postfix, self._line.width))


class _Line:
    """A line of text that is overwritten where this is possible, and repeated where it is not."""

    def __init__(self, stream: TextIO):
        self._stream = stream
        isatty = getattr(stream, "isatty", None)
        terminal = bool(isatty and isatty())
        # the streams of notebooks are no terminals, but understand a carriage return
        self.live = terminal or type(stream).__module__.startswith("ipykernel")
        self.width = shutil.get_terminal_size((120, 24)).columns - 1 if terminal else 120
        self._shown = 0

    def write(self, text: str) -> None:
        try:
            if self.live:
                self._stream.write("\r" + text.ljust(self._shown))
            else:
                self._stream.write(text + "\n")
            self._stream.flush()
        except UnicodeEncodeError:
            self._stream.write(text.encode("ascii", "replace").decode() + "\n")
        self._shown = len(text)

    def end(self) -> None:
        if self.live:
            self._stream.write("\n")
            self._stream.flush()


def _one_line(loss: Any) -> str:
    if isinstance(loss, dict):
        return ", ".join(f"{k}: {_one_line(v)}" for k, v in loss.items())
    return " ".join(str(loss).split())


def render(done: int, total: int, elapsed: float, rate: float, postfix: str, width: int) -> str:
    """One line of the progress bar, at most ``width`` characters wide.

    Args:
        done: steps that are done.
        total: steps to do.
        elapsed: seconds they took.
        rate: steps per second, from which the time that is left is estimated; 0 if unknown.
        postfix: text at the end of the line.
        width: number of characters that fit; the bar takes what the text leaves, and is left out
            where that is too little.
    """
    fraction = done / total if total else 1.0
    left = _clock((total - done) / rate) if rate else "?"
    speed = f"{rate:.2f} it/s" if rate >= 1 or not rate else f"{1 / rate:.2f} s/it"
    head = f"{int(100 * fraction):3d}%|"
    tail = f"| {done}/{total} [{_clock(elapsed)}<{left}, {speed}"
    tail += f", {postfix}]" if postfix else "]"
    size = min(width - len(head) - len(tail), 30)
    bar = _bar(fraction, size) if size >= 4 else ""
    return (head + bar + tail)[:width]


def _bar(fraction: float, size: int) -> str:
    eighths = round(fraction * size * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(size)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"
