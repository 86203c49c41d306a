# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C during a run: the first waits for the end of the step, the second does not."""

import contextlib
import signal
import sys
import threading
from types import FrameType
from typing import Any

from netket.jax.sharding import any_process


class InterruptAtStepEnd:
    """Context in which Ctrl-C (SIGINT) takes effect when `check` is called.

    So an interrupt cannot separate parameters, optimiser and log from one another. A second Ctrl-C
    raises at once. Nothing changes outside the main thread, or where someone else has installed a
    signal handler.

    Args:
        enabled: False leaves Ctrl-C as it is.
    """

    def __init__(self, enabled: bool = True):
        self._enabled = enabled
        self._installed = False
        self._pending = False

    def __enter__(self) -> "InterruptAtStepEnd":
        if (
            self._enabled
            and threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        ):
            signal.signal(signal.SIGINT, self._handle)
            self._installed = True
        return self

    def __exit__(self, *exc_info: Any) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        if self._pending:
            raise KeyboardInterrupt
        self._pending = True
        # the signal may have come in the middle of a write to the same stream
        with contextlib.suppress(RuntimeError):
            sys.stderr.write(
                "\nCtrl-C: the run ends after this step; press again to stop at once.\n"
            )
            sys.stderr.flush()

    def check(self) -> None:
        """Raises the interrupt that came since the last call to any process, if any.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed.
        """
        if any_process(self._pending):
            raise KeyboardInterrupt
