# SPDX-License-Identifier: Apache-2.0
"""`TensorBoardLog`: shows a run, while it goes on, in TensorBoard."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from netket.callbacks import AbstractCallback
from netket.callbacks.base import Driver
from netket.utils import struct
from netket.utils.optional import require


class TensorBoardLog(AbstractCallback):
    """Writes every number that is logged as a scalar of TensorBoard.

    The scalars are named by their path, such as ``Energy/Mean``; complex ones have ``/re`` and
    ``/im``, arrays the index of their elements. Needs the package ``tensorboardX``.

    Args:
        args: passed on to ``tensorboardX.SummaryWriter``; the first is the folder.
        metadata: facts about the run, shown as a text.
        kwargs: passed on to ``tensorboardX.SummaryWriter``.

    Raises:
        MissingDependencyError: ``tensorboardX`` is not installed.
    """

    _writer: Any = struct.field(pytree_node=False)

    def __init__(self, *args: Any, metadata: Mapping[str, Any] | None = None, **kwargs: Any):
        tensorboard = require("tensorboardX", "to write logs for TensorBoard", extra="extra")
        self._writer = tensorboard.SummaryWriter(*args, **kwargs)
        if metadata:
            lines = (f"- {name}: {value}" for name, value in metadata.items())
            self._writer.add_text("metadata", "\n".join(lines))

    @property
    def callback_order(self) -> int:
        return 10

    def __call__(
        self, step: int, item: dict[str, Any] | None, variational_state: Any | None = None
    ) -> None:
        """Writes the data of one step.

        Args:
            step: number of the step.
            item: data by name: numbers, arrays, `Stats`, or nested dictionaries of these.
            variational_state: without effect.
        """
        for name, value in scalars(item or {}):
            self._writer.add_scalar(name, value, step)

    def flush(self, variational_state: Any | None = None) -> None:
        """Makes sure that all data is on disk.

        Args:
            variational_state: without effect.
        """
        self._writer.flush()

    def on_step_end(self, step: int, log_data: dict[str, Any], driver: Driver) -> None:
        self(step, log_data)

    def on_run_end(self, step: int, driver: Driver) -> None:
        self.flush()

    def on_run_error(self, step: int, error: BaseException, driver: Driver) -> None:
        self.flush()


def scalars(item: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """All numbers in nested dictionaries, statistics and arrays, with their path as name."""
    if hasattr(item, "to_dict"):
        item = item.to_dict()
    if isinstance(item, Mapping):
        for key, value in item.items():
            yield from scalars(value, f"{name}/{key}" if name else str(key))
        return
    values = np.asarray(item)
    if values.dtype.kind not in "biufc":
        return
    for index, value in np.ndenumerate(values):
        path = "/".join((name, *map(str, index)))
        if values.dtype.kind == "c":
            yield f"{path}/re", float(value.real)
            yield f"{path}/im", float(value.imag)
        else:
            yield path, float(value)
