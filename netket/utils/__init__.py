# SPDX-License-Identifier: Apache-2.0
"""Tools that know nothing of physics: pytree classes, hashable arrays, ranges, histories."""

from netket.config import config

from . import numbers, optional, struct, types
from .hashable_array import HashableArray
from .holomorphic import is_probably_holomorphic
from .numbers import random_seed
from .partial import HashablePartial
from .static_range import StaticRange

__all__ = [
    "HashableArray",
    "HashablePartial",
    "StaticRange",
    "config",
    "is_probably_holomorphic",
    "numbers",
    "optional",
    "random_seed",
    "struct",
    "types",
]
