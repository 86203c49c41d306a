# SPDX-License-Identifier: Apache-2.0
"""What may still change: operators, spaces and methods that are new or rarely used.

Sub-packages are imported when they are first used.
"""

import importlib
from typing import Any

_SUBMODULES: tuple[str, ...] = ("geometry", "hilbert", "observable", "operator")

__all__ = [*_SUBMODULES]


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
