# SPDX-License-Identifier: Apache-2.0
"""Tools that know nothing of physics: pytree classes, hashable arrays, ranges, histories."""

import importlib
from typing import Any

from netket.config import config

from . import (
    api_utils,
    float,  # noqa: F401 (not in __all__: a star import must not hide the builtin)
    history,
    model_frameworks,
    numbers,
    optional,
    struct,
    timing,
    types,
)
from .apply_functions import get_afun_if_module, wrap_afun
from .arrays import array_in, module_version, wrap_to_support_scalar
from .deprecation import deprecated, deprecated_new_name, rename_class, warn_deprecation
from .hashable_array import HashableArray
from .history import History, accum_histories_in_tree, accum_in_tree
from .holomorphic import is_probably_holomorphic
from .kahan import KahanSum
from .model_frameworks import maybe_wrap_module
from .numbers import random_seed
from .partial import HashablePartial
from .static_range import StaticRange
from .walk import walk_tree_with_path

# imported when they are first used: they need plum, scipy or numba
_LAZY = ("dispatch", "group")

__all__ = [
    "HashableArray",
    "HashablePartial",
    "History",
    "KahanSum",
    "StaticRange",
    "accum_histories_in_tree",
    "accum_in_tree",
    "api_utils",
    "array_in",
    "config",
    "deprecated",
    "deprecated_new_name",
    "dispatch",
    "get_afun_if_module",
    "group",
    "history",
    "is_probably_holomorphic",
    "maybe_wrap_module",
    "model_frameworks",
    "module_version",
    "numbers",
    "optional",
    "random_seed",
    "rename_class",
    "struct",
    "timing",
    "types",
    "walk_tree_with_path",
    "warn_deprecation",
    "wrap_afun",
    "wrap_to_support_scalar",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
