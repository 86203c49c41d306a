# SPDX-License-Identifier: Apache-2.0
"""`RuntimeLog`: keeps what is logged in memory, as histories by name."""

import os
import pathlib
from typing import Any

from netket.utils.files import is_writer, write_atomically
from netket.utils.history import HistoryDict, accum_histories_in_tree

from .abstract_log import AbstractLog
from .json_format import JsonColumns


class RuntimeLog(AbstractLog):
    """Keeps what is logged in memory: ``log.data["Energy"]["Mean"]`` is an array.

    >>> import netket as nk
    >>> log = nk.logging.RuntimeLog()
    >>> log(0, {"magnetisation": 0.5})
    >>> log.data["magnetisation"]["value"].tolist()
    [0.5]
    """

    def __init__(self) -> None:
        self._data = HistoryDict()

    @property
    def data(self) -> HistoryDict:
        """The histories of all that was logged."""
        return self._data

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    def __call__(
        self, step: int, item: dict[str, Any] | None, variational_state: Any | None = None
    ) -> None:
        if item is not None:
            self._data = accum_histories_in_tree(self._data, item, step=step)

    def flush(self, variational_state: Any | None = None) -> None:
        """Does nothing: all is in memory."""

    def serialize(self, path: str | os.PathLike) -> None:
        """Writes the histories to a JSON file.

        Args:
            path: the file; a name without a suffix gets ``.json``.
        """
        if is_writer():
            write_atomically(_with_suffix(path), JsonColumns().encode(self._data))

    @classmethod
    def deserialize(cls, path: str | os.PathLike) -> "RuntimeLog":
        """Reads a file that `serialize`, or a `JsonLog`, has written.

        Args:
            path: the file; a name without a suffix gets ``.json``.
        """
        log = RuntimeLog()
        log._data = HistoryDict.from_file(_with_suffix(path))
        return log

    def __repr__(self) -> str:
        return f"{type(self).__name__}():\n keys = {list(self._data.keys())}"


def _with_suffix(path: str | os.PathLike) -> pathlib.Path:
    path = pathlib.Path(path)
    return path if path.suffix else path.with_suffix(".json")
