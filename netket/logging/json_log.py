# SPDX-License-Identifier: Apache-2.0
"""`JsonLog`: keeps a log, and the variables of the state, in two files.

``prefix.log`` is a JSON file of histories (see `json_format`), ``prefix.mpack`` has the variables
in the msgpack format of flax.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from typing import Any

from netket.utils.files import is_writer, require_writable, write_atomically
from netket.utils.history import HistoryDict

from .json_format import JsonColumns
from .modes import parse_mode
from .runtime_log import RuntimeLog
from .variables import variables_to_bytes


class JsonLog(RuntimeLog):
    """Writes the log to ``output_prefix.log`` and the variables to ``output_prefix.mpack``.

    Files are replaced as a whole: whatever happens, they are complete up to some step. They are
    written at the end of a run (also of one that fails), and meanwhile every so many steps, or
    more often where this takes a small part of the time only.

    Args:
        output_prefix: path of the files without suffix; missing folders are created.
        mode: ``"write"`` replaces existing files, ``"append"`` goes on after the steps in them,
            ``"fail"`` refuses to touch them.
        save_params_every: number of steps after which the variables are saved at the latest.
        write_every: number of steps after which the log is written at the latest.
        save_params: whether to save the variables at all.
        autoflush_cost: files are written earlier than that while this takes no more than this
            fraction of the time.

    Raises:
        ValueError: the mode is unknown, or it is ``"fail"`` and there is a file.
        OSError: the files cannot be written.
    """

    def __init__(
        self,
        output_prefix: str | os.PathLike,
        mode: str = "write",
        save_params_every: int = 50,
        write_every: int = 50,
        save_params: bool = True,
        autoflush_cost: float = 0.005,
    ):
        super().__init__()
        self._prefix = os.fspath(output_prefix)
        self._mode = parse_mode(mode)
        self._save_params = save_params
        self._columns = JsonColumns()
        self._log_schedule = _Schedule(write_every, autoflush_cost)
        self._params_schedule = _Schedule(save_params_every, autoflush_cost)
        exists = os.path.exists(self._log_path)
        if self._mode == "fail" and exists:
            raise ValueError(
                f"Argument `output_prefix`: {self._log_path!r} exists, and `mode` is 'fail'. "
                "Delete it, choose another prefix, or `mode='write'` or `'append'`."
            )
        if is_writer():
            require_writable(self._log_path, "output_prefix")
            if save_params:
                require_writable(self._params_path, "output_prefix")
        if self._mode == "append" and exists:
            self._data = HistoryDict.from_file(self._log_path)

    @property
    def _log_path(self) -> str:
        return self._prefix + ".log"

    @property
    def _params_path(self) -> str:
        return self._prefix + ".mpack"

    def __call__(
        self, step: int, item: dict[str, Any] | None, variational_state: Any | None = None
    ) -> None:
        super().__call__(step, item, variational_state)
        if self._log_schedule.step():
            self._write_log()
        if variational_state is not None and self._save_params and self._params_schedule.step():
            self._write_params(variational_state)

    def flush(self, variational_state: Any | None = None) -> None:
        """Writes the log, and the variables if a state is given.

        Args:
            variational_state: the state as it is now.
        """
        self._write_log()
        if variational_state is not None and self._save_params:
            self._write_params(variational_state)

    def _write_log(self) -> None:
        with self._log_schedule.writing():
            if is_writer():
                write_atomically(self._log_path, self._columns.encode(self._data))

    def _write_params(self, variational_state: Any) -> None:
        with self._params_schedule.writing():
            data = variables_to_bytes(variational_state)
            if is_writer():
                write_atomically(self._params_path, [data])

    def __repr__(self) -> str:
        return (
            f"JsonLog({self._prefix!r}, mode={self._mode!r}, "
            f"seconds spent on log = {self._log_schedule.total:.3f}, "
            f"on variables = {self._params_schedule.total:.3f})"
        )


class _Schedule:
    """Says when to write: every so many steps, or earlier while that is cheap."""

    def __init__(self, every: int, cost: float):
        self._every = every
        self._cost = cost
        self._steps = 0
        self._last = 0.0  # when the last writing ended; long ago: the first step is written
        self._seconds = 0.0  # how long it took
        self.total = 0.0

    def step(self) -> bool:
        """Counts a step, and says whether to write now."""
        self._steps += 1
        cheap = self._seconds < self._cost * (time.perf_counter() - self._last)
        return cheap or self._steps >= self._every

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Context in which the file is written."""
        start = time.perf_counter()
        yield
        self._last = time.perf_counter()
        self._seconds = self._last - start
        self.total += self._seconds
        self._steps = 0
