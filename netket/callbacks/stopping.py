# SPDX-License-Identifier: Apache-2.0
"""Base of the callbacks that watch the loss after every step and may end the run."""

import numpy as np

from .base import AbstractCallback, Driver


class StoppingCallback(AbstractCallback):
    """A callback that decides after the loggers, so that the last step is logged."""

    @property
    def callback_order(self) -> int:
        return 100


def monitored(driver: Driver, monitor: str) -> float:
    """The number to watch in the loss of a step.

    Args:
        driver: the driver, after it has computed the loss.
        monitor: attribute of the loss, ``"mean"``, ``"variance"`` or ``"error_of_mean"``. A loss
            that is a plain number is taken as it is.

    Returns:
        Its real part.

    Raises:
        AttributeError: the loss has no such attribute.
    """
    loss = driver._loss_stats
    if not isinstance(loss, int | float | complex | np.ndarray | np.generic):
        try:
            # "Mean" is the name of the column in the log
            loss = getattr(loss, monitor if hasattr(loss, monitor) else monitor.lower())
        except AttributeError as error:
            raise AttributeError(
                f"Argument `monitor` must be an attribute of the loss, such as 'mean' or "
                f"'variance', but is {monitor!r}; the loss is a {type(loss).__name__}."
            ) from error
    return float(np.real(loss))
