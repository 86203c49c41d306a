# SPDX-License-Identifier: Apache-2.0
"""`Element`: something that acts on arrays and can be composed, (g h) x = g (h x)."""

import abc
from typing import Any

import jax
import numpy as np

from ..types import Array


class Element(abc.ABC):
    """An element of a group. ``g @ h`` is a product, ``g @ x`` and ``g(x)`` act on an array."""

    @abc.abstractmethod
    def __call__(self, ket: Array) -> Array:
        """Acts on the last axis of an array."""

    def _compose(self, other: "Element") -> "Element | None":
        """The product self other; None if it is not known for this kind of element."""
        return None

    def __matmul__(self, other: Any) -> Any:
        if isinstance(other, Element):
            product = _compose(self, other)
            return NotImplemented if product is None else product
        if isinstance(other, np.ndarray | jax.Array):
            return self(other)
        return NotImplemented


class Identity(Element):
    """The element that changes nothing."""

    def __call__(self, ket: Array) -> Array:
        return ket

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity)

    def __hash__(self) -> int:
        return hash(Identity)

    def __repr__(self) -> str:
        return "Id()"


def _compose(left: Element, right: Element) -> Element | None:
    if isinstance(left, Identity):
        return right
    if isinstance(right, Identity):
        return left
    return left._compose(right)
