# SPDX-License-Identifier: Apache-2.0
"""Models of flax.linen, flax.nnx and equinox, or pairs of functions, as one kind of object."""

# in the order in which they are asked
from . import linen, nnx, equinox, functions  # noqa: F401, I001
from .base import (
    ModuleFramework,
    UnknownFramework,
    framework,
    identify_framework,
    maybe_wrap_module,
    registered_frameworks,
)

__all__ = [
    "ModuleFramework",
    "UnknownFramework",
    "framework",
    "identify_framework",
    "maybe_wrap_module",
    "registered_frameworks",
]
