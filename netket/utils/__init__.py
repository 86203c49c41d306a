# SPDX-License-Identifier: Apache-2.0
"""Tools that know nothing of physics: pytree classes, hashable arrays, ranges, histories."""

from . import optional, struct, types
from .hashable_array import HashableArray
from .partial import HashablePartial
from .static_range import StaticRange

__all__ = [
    "HashableArray",
    "HashablePartial",
    "StaticRange",
    "optional",
    "struct",
    "types",
]
