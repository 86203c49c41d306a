# SPDX-License-Identifier: Apache-2.0
"""Files that are there completely or not at all: written aside, then renamed."""

import os
import pathlib
from collections.abc import Iterable

import jax


def is_writer() -> bool:
    """Whether this process is the one that writes files, of several that run together."""
    return jax.process_index() == 0


def write_atomically(
    path: str | os.PathLike, chunks: Iterable[bytes | bytearray], *, durable: bool = False
) -> None:
    """Replaces the contents of a file in one step.

    A reader sees the old contents or the new ones, and an error leaves the old ones as they are.

    Args:
        path: the file; if it is a symbolic link the file it points to is replaced.
        chunks: the new contents, in pieces.
        durable: whether to wait until they are on the disk, so that they survive a power cut.

    Raises:
        OSError: the file cannot be written.
    """
    target = os.path.realpath(path)
    aside = _aside(target)
    try:
        with open(aside, "wb") as file:
            file.writelines(chunks)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(aside, target)
    except BaseException:
        pathlib.Path(aside).unlink(missing_ok=True)
        raise


def require_writable(path: str | os.PathLike, argument: str) -> None:
    """Creates the folder of a file and checks that the file can be written there.

    Args:
        path: the file.
        argument: name of the argument that the user has given.

    Raises:
        OSError: of the kind that the system has reported, naming the path and the argument.
    """
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    try:
        os.makedirs(folder, exist_ok=True)
        if os.path.isdir(target):
            raise IsADirectoryError("it is a folder")
        if os.path.exists(target) and not os.access(target, os.W_OK):
            raise PermissionError("it exists and is read-only")
        with open(_aside(target), "wb"):
            pass
        os.unlink(_aside(target))
    except OSError as error:
        reason = error.strerror or str(error)
        raise type(error)(
            f"Argument `{argument}` must name a file that can be written, but {str(path)!r} "
            f"cannot: {reason}. Choose another folder, or make this one writable."
        ) from error


def _aside(target: str) -> str:
    # the process id keeps two runs with the same prefix apart
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{name}.{os.getpid()}.tmp")
