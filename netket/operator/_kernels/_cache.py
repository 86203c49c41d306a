# SPDX-License-Identifier: Apache-2.0
"""Numba's disk cache, made aware of every file that a driver is compiled from.

Numba takes cached machine code as valid while the file of the cached function is unchanged. A
driver contains row kernels from other files, so their newest change is made part of the stamp.
"""

import os
from pathlib import Path
from typing import Any

import netket.hilbert

_FOLDERS = (Path(__file__).parent, Path(netket.hilbert.__file__).parent)


def _newest_source() -> tuple[float, int]:
    """Time of the last change of a kernel file, and how many there are."""
    times = [
        os.stat(entry).st_mtime
        for folder in _FOLDERS
        if folder.is_dir()
        for entry in os.scandir(folder)
        if entry.name.endswith(".py")
    ]
    return max(times, default=0.0), len(times)


def stamped(*drivers: Any) -> None:
    """Make the cached code of `drivers` depend on all kernel files.

    Numba has no public way to do so; where its internals differ, the cache works as usual.
    """
    newest = _newest_source()
    for driver in drivers:
        file: Any = getattr(getattr(driver, "_cache", None), "_cache_file", None)
        if hasattr(file, "_source_stamp"):
            file._source_stamp = (file._source_stamp, newest)
