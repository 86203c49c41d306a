# SPDX-License-Identifier: Apache-2.0
"""Histories as JSON text, where a column that has grown is encoded only from where it has.

A history is ``{"iters": [...], "Mean": [...], ...}``, complex columns are
``{"real": [...], "imag": [...]}``, and what is not finite is ``null``. Nested dictionaries of
histories stay nested.
"""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from netket.utils.history import History


class JsonColumns:
    """Encodes a growing tree of histories, over and over, in time linear in what is new.

    The text of every column is kept, so what remains to be done for the old part is to copy it to
    the file.
    """

    def __init__(self) -> None:
        self._columns: dict[tuple[str, ...], dict[str, _Column]] = {}

    def encode(self, tree: Any, path: tuple[str, ...] = ()) -> Iterator[bytes | bytearray]:
        """The JSON text of a tree, in pieces.

        Args:
            tree: a history, or nested dictionaries of histories.
            path: keys under which it is found.
        """
        if isinstance(tree, History):
            pieces = {name: column.pieces() for name, column in self._update(tree, path).items()}
        elif hasattr(tree, "items"):
            pieces = {str(k): self.encode(x, (*path, str(k))) for k, x in tree.items()}
        else:
            yield _encode(tree)
            return
        yield b"{"
        for i, (name, text) in enumerate(pieces.items()):
            yield f"{',' if i else ''}{json.dumps(name)}:".encode()
            yield from text
        yield b"}"

    def _update(self, history: History, path: tuple[str, ...]) -> dict[str, "_Column"]:
        """The columns of a history, after encoding the rows that are new."""
        columns = self._columns.setdefault(path, {})
        n_known = columns["iters"].n if columns else 0
        new = history[n_known:]
        for name in ("iters", *history.keys()):
            column = columns.get(name)
            if column is None or not column.holds(new[name]):
                column = columns[name] = _Column()
                column.append(history[name])
            else:
                column.append(new[name])
        return columns


class _Column:
    """Text of the first ``n`` elements of a column, without the brackets around them."""

    def __init__(self) -> None:
        self.n = 0
        self._is_complex = False
        self._real, self._imag = bytearray(), bytearray()

    def holds(self, values: np.ndarray) -> bool:
        """Whether values can be appended: a column of real numbers does not become complex."""
        return self._is_complex or values.dtype.kind != "c"

    def append(self, values: np.ndarray) -> None:
        """Adds the text of some values."""
        if not len(values):
            return
        self._is_complex = self._is_complex or values.dtype.kind == "c"
        separator = b"," if self.n else b""
        if self._is_complex:
            self._imag += separator + _encode(np.imag(values))[1:-1]
            values = np.real(values)
        self._real += separator + _encode(values)[1:-1]
        self.n += len(values)

    def pieces(self) -> Iterator[bytes | bytearray]:
        if self._is_complex:
            yield from (b'{"real":[', self._real, b'],"imag":[', self._imag, b"]}")
        else:
            yield from (b"[", self._real, b"]")


def _encode(values: Any) -> bytes:
    values = np.asarray(values)
    if values.dtype.kind == "f" and not np.all(np.isfinite(values)):
        values = np.where(np.isfinite(values), values, None)
    return json.dumps(values.tolist(), separators=(",", ":"), default=str).encode()
