# SPDX-License-Identifier: Apache-2.0
"""`AbstractLog`: an object that receives what a driver wants to keep from every step."""

import abc
from typing import Any


class AbstractLog(abc.ABC):
    """Base of loggers: the driver calls the logger in every step, and flushes it at the end."""

    @abc.abstractmethod
    def __call__(
        self, step: int, item: dict[str, Any] | None, variational_state: Any | None = None
    ) -> None:
        """Takes over the data of one step.

        Args:
            step: number of the step.
            item: data by name: numbers, arrays, `Stats`, or nested dictionaries of these.
            variational_state: the state, after the step.
        """

    @abc.abstractmethod
    def flush(self, variational_state: Any | None = None) -> None:
        """Stores all that was not stored yet.

        Args:
            variational_state: the state as it is now.
        """
