# SPDX-License-Identifier: Apache-2.0
"""Neural-network quantum states, optimised by variational Monte Carlo.

Sub-packages are imported when they are first used (PEP 562), so that ``import netket`` costs
little more than ``import jax``. It enables 64-bit numbers in JAX and starts no JAX backend.
"""

import importlib
from typing import Any

from . import _inner_paths
from ._version import __version__
from .config import config

_inner_paths.install()

_SUBMODULES = (
    "callbacks",
    "driver",
    "errors",
    "exact",
    "experimental",
    "graph",
    "hilbert",
    "jax",
    "logging",
    "models",
    "nn",
    "observable",
    "operator",
    "optimizer",
    "sampler",
    "stats",
    "symmetry",
    "utils",
    "vqs",
)

# names of the top level, and where they live
_ALIASES = {"VMC": "driver"}

__all__ = ["__version__", "config", *_SUBMODULES, *_ALIASES]


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _ALIASES:
        value = getattr(importlib.import_module(f"{__name__}.{_ALIASES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
