# SPDX-License-Identifier: Apache-2.0
"""Immutable classes that jax can transform: `Pytree`, `dataclass` and their fields."""

from .fields import ShardedFieldSpec, Uninitialized, field, property_cached, static_field
from .frozen import dataclass
from .pytree import Pytree

__all__ = [
    "Pytree",
    "ShardedFieldSpec",
    "Uninitialized",
    "dataclass",
    "field",
    "property_cached",
    "static_field",
]
