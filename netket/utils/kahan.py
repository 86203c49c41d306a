# SPDX-License-Identifier: Apache-2.0
"""`KahanSum`: a sum whose rounding error does not grow with the number of terms."""

from typing import Any

import jax
import jax.numpy as jnp

from . import struct
from .types import Array


class KahanSum(struct.Pytree):
    """A compensated sum (W. Kahan, Commun. ACM 8, 40 (1965)); immutable, ``s = s + x``.

    Args:
        value: start.
        compensator: what was lost by rounding so far, zero by default.
    """

    value: jax.Array
    compensator: jax.Array

    def __init__(self, value: Array, compensator: Array | None = None):
        self.value = jnp.asarray(value)
        self.compensator = jnp.zeros_like(self.value) if compensator is None else compensator

    def __add__(self, other: Any) -> "KahanSum":
        if isinstance(other, KahanSum):
            other = other.value - other.compensator
        term = other - self.compensator
        total = self.value + term
        return KahanSum(total, (total - self.value) - term)

    def __jax_array__(self) -> jax.Array:
        return self.value
