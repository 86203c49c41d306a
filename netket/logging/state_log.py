# SPDX-License-Identifier: Apache-2.0
"""`StateLog`: the variables of the state after every so many steps, a file for each."""

import io
import os
import pathlib
import re
import tarfile
from typing import Any

from netket.utils.files import is_writer, require_writable, write_atomically

from .abstract_log import AbstractLog
from .modes import parse_mode
from .variables import variables_to_bytes

_SAVED = re.compile(r"(\d+)\.mpack")


class StateLog(AbstractLog):
    """Saves the variables of the state as ``prefix/0.mpack``, ``prefix/1.mpack``, ...

    A file is read by `flax.serialization.from_bytes(state.variables, data)`.

    Args:
        output_prefix: the folder; with ``tar``, the name of the archive without ``.tar``.
        mode: ``"write"`` replaces what an earlier log has saved there, ``"append"`` counts on from
            it, ``"fail"`` refuses to touch it.
        save_every: number of steps from one file to the next; the first step is saved.
        tar: collect the files in one archive.

    Raises:
        ValueError: the mode is unknown, or it is ``"fail"`` and something is already there.
        OSError: nothing can be written there.
    """

    def __init__(
        self,
        output_prefix: str | os.PathLike,
        mode: str = "write",
        save_every: int = 1,
        tar: bool = False,
    ):
        prefix = os.fspath(output_prefix).rstrip("/")
        self._path = pathlib.Path(prefix + ".tar" if tar else prefix)
        self._mode = parse_mode(mode)
        self._save_every = save_every
        self._tar: tarfile.TarFile | None = None
        self._is_tar = tar
        self._n_calls = 0
        self._n_saved: int | None = None  # known when the first file is written
        if self._mode == "fail" and self._path.exists():
            raise ValueError(
                f"Argument `output_prefix`: {str(self._path)!r} exists, and `mode` is 'fail'. "
                "Delete it, choose another prefix, or `mode='write'` or `'append'`."
            )
        if is_writer():
            require_writable(self._path if tar else self._path / "0.mpack", "output_prefix")

    def __call__(
        self, step: int, item: dict[str, Any] | None, variational_state: Any | None = None
    ) -> None:
        if self._n_calls % self._save_every == 0 and variational_state is not None:
            self._save(variational_state)
        self._n_calls += 1

    def flush(self, variational_state: Any | None = None) -> None:
        self.close()

    def close(self) -> None:
        """Completes the archive; more may be added to it later."""
        if self._tar is not None:
            self._tar.close()
            self._tar = None

    def _save(self, variational_state: Any) -> None:
        data = variables_to_bytes(variational_state)
        if not is_writer():
            return
        if self._n_saved is None:
            self._n_saved = self._start()
        name = f"{self._n_saved}.mpack"
        if self._is_tar:
            if self._tar is None:
                self._tar = tarfile.open(self._path, "a")
            info = tarfile.TarInfo(name)
            info.size = len(data)
            self._tar.addfile(info, io.BytesIO(data))
        else:
            write_atomically(self._path / name, [data])
        self._n_saved += 1

    def _start(self) -> int:
        """Makes room for the first file, and returns its number."""
        if self._mode == "append":
            return 1 + max((int(n) for n in self._saved_numbers()), default=-1)
        if self._is_tar:
            self._path.unlink(missing_ok=True)
        else:
            for number in self._saved_numbers():
                (self._path / f"{number}.mpack").unlink()
        return 0

    def _saved_numbers(self) -> list[str]:
        if not self._path.exists():
            return []
        if self._is_tar:
            with tarfile.open(self._path) as archive:
                names = archive.getnames()
        else:
            names = [p.name for p in self._path.iterdir()]
        return [match[1] for name in names if (match := _SAVED.fullmatch(name))]

    def __repr__(self) -> str:
        return f"StateLog({str(self._path)!r}, mode={self._mode!r}, save_every={self._save_every})"
