# SPDX-License-Identifier: Apache-2.0
"""`HistoryDict`: nested dictionaries of histories, as loggers keep them and files store them."""

import json
import os
import pathlib
from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any

import numpy as np

from .accum import accum_histories_in_tree
from .history import History


class HistoryDict:
    """Histories by name, nested; ``data["a"]["b"]`` is ``data["a/b"]``.

    Args:
        data: a nested dictionary of histories, which is not copied.
    """

    def __init__(self, data: "dict[str, Any] | HistoryDict | None" = None):
        if isinstance(data, HistoryDict):
            data = data._data
        self._data: dict[str, Any] = {} if data is None else data

    def push(self, value: Any, step: int | None = None) -> None:
        """Appends a nested dictionary of values to the histories of the same names."""
        self._data = accum_histories_in_tree(self._data, value, step=step)

    @classmethod
    def from_file(cls, fname: str | os.PathLike) -> "HistoryDict":
        """Reads the JSON file of a logger.

        Args:
            fname: path of the file; the suffix ``.log`` or ``.json`` may be left out.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is not JSON.
        """
        path = pathlib.Path(fname)
        for candidate in (path, path.with_name(path.name + ".log"), path.with_suffix(".json")):
            if candidate.is_file():
                return cls(_from_json(json.loads(candidate.read_text(encoding="utf-8"))))
        raise FileNotFoundError(f"Argument `fname`: there is no file {path} or {path}.log.")

    def to_dict(self) -> dict[str, Any]:
        """The nested dictionary of histories."""
        return self._data

    # -- a dictionary -------------------------------------------------------------------------

    def __getitem__(self, key: str) -> Any:
        value: Any = self._data
        if key in value:
            return _view(value[key])
        for part in key.split("/"):
            if not isinstance(value, Mapping) or part not in value:
                raise KeyError(f"{key!r}: the names are {list(_flat(self._data))}.")
            value = value[part]
        return _view(value)

    def __setitem__(self, key: str, value: Any) -> None:
        self._data[key] = value._data if isinstance(value, HistoryDict) else value

    def __delitem__(self, key: str) -> None:
        del self._data[key]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.get(key, None) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def get(self, key: str, default: Any = None) -> Any:
        """The history of a name, or `default`."""
        try:
            return self[key]
        except KeyError:
            return default

    def keys(self) -> KeysView[str]:
        return self._data.keys()

    def values(self) -> ValuesView[Any]:
        return {k: _view(v) for k, v in self._data.items()}.values()

    def items(self) -> ItemsView[str, Any]:
        return {k: _view(v) for k, v in self._data.items()}.items()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HistoryDict | dict):
            return NotImplemented
        return self._data == (other._data if isinstance(other, HistoryDict) else other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        flat = _flat(self._data)
        lines = "".join(f"\n\t'{name}' -> {value!r}" for name, value in flat.items())
        return f"HistoryDict with {len(flat)} elements:{lines}"


def _view(value: Any) -> Any:
    return HistoryDict(value) if isinstance(value, dict) else value


def _flat(data: Any, prefix: str = "") -> dict[str, Any]:
    """Leaves by their paths."""
    out: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, dict):
            out |= _flat(value, f"{prefix}{name}/")
        else:
            out[f"{prefix}{name}"] = value
    return out


# -- files -------------------------------------------------------------------------------------


def _from_json(data: Any) -> Any:
    if isinstance(data, list):
        return [_from_json(x) for x in data]
    if not isinstance(data, dict):
        return data
    if "iters" not in data:
        return {name: _from_json(value) for name, value in data.items()}
    columns = {name: _column(value) for name, value in data.items() if name != "iters"}
    main = next((name for name in ("value", "Mean") if name in columns), None)
    return History(columns, np.asarray(data["iters"]), main_value_name=main)


def _column(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"real", "imag"}:
        return _column(value["real"]) + 1j * _column(value["imag"])
    array = np.array(value)
    if array.dtype == object:  # null is what is not a number
        try:
            return np.array(value, dtype=float)
        except (TypeError, ValueError):
            return value
    return array
