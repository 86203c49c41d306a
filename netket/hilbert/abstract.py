# SPDX-License-Identifier: Apache-2.0
"""`AbstractHilbert`: what every Hilbert space offers, discrete or not."""

from __future__ import annotations

import abc
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from netket.utils.types import DType, PRNGKeyT

if TYPE_CHECKING:
    import jax


class AbstractHilbert(abc.ABC):
    """A Hilbert space with a basis labelled by `size` numbers.

    Spaces are immutable, and hashable and comparable by content: they can be static arguments of
    compiled functions. Subclasses define `size` and `_attrs`.
    """

    @property
    @abc.abstractmethod
    def size(self) -> int:
        """Number of degrees of freedom, N: the length of a sample."""

    @property
    @abc.abstractmethod
    def _attrs(self) -> tuple[Hashable, ...]:
        """What, with the class, determines the space: two of them are equal if this is."""

    @property
    def is_indexable(self) -> bool:
        """Whether the states of the basis can be enumerated."""
        return False

    def random_state(
        self,
        key: PRNGKeyT = None,
        size: int | tuple[int, ...] | None = None,
        dtype: DType = None,
    ) -> jax.Array:
        """Samples drawn uniformly from the basis.

        Args:
            key: random key of jax.
            size: how many: None for one, an integer, or a shape.
            dtype: of the samples, by default that of the local states (int8 for few of them).

        Returns:
            Array of shape ``(N,)``, ``(size, N)`` or ``(*size, N)``.

        Raises:
            ValueError: `size` is negative.

        Example:
            >>> import jax, netket as nk
            >>> hilbert = nk.hilbert.Qubit(2)
            >>> hilbert.random_state(jax.random.key(0), (3, 4)).shape
            (3, 4, 2)
        """
        from . import random

        if size is not None and np.min(size, initial=0) < 0:
            raise ValueError(f"Argument `size` must not be negative, but is {size}.")
        return random.random_state(self, key, size, dtype=dtype)

    def ptrace(self, sites: int | Iterable[int]) -> AbstractHilbert | None:
        """The space that is left when some sites are traced out.

        Args:
            sites: the site, or sites, to remove.

        Returns:
            The space of the other sites in order; None if no site is left.

        Raises:
            TypeError: the space is constrained, so that it is not a product of sites.
            ValueError: a site does not exist.
        """
        raise TypeError(
            f"{type(self).__name__} has no partial trace: its class must define "
            "`ptrace(sites)` and return the space of the remaining sites."
        )

    def __mul__(self, other: AbstractHilbert) -> AbstractHilbert:
        from .tensor import tensor_product

        if not isinstance(other, AbstractHilbert):
            return NotImplemented
        return tensor_product(self, other)

    def __rmul__(self, other: AbstractHilbert) -> AbstractHilbert:
        from .tensor import tensor_product

        if not isinstance(other, AbstractHilbert):
            return NotImplemented
        return tensor_product(other, self)

    def _merge(self, other: AbstractHilbert) -> AbstractHilbert | None:
        """The product with a neighbour as a space of the same kind; None if there is none."""
        return None

    @property
    def _key(self) -> tuple[int, tuple[Hashable, ...]]:
        # computed once: spaces are hashed at every call of a compiled function
        key = self.__dict__.get("_cached_key")
        if key is None:
            attrs = (type(self), *self._attrs)
            key = self.__dict__["_cached_key"] = (hash(attrs), attrs)
        return key

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, AbstractHilbert) and self._key == other._key

    def __hash__(self) -> int:
        return self._key[0]

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled and copied: not the values derived from it."""
        return {k: v for k, v in self.__dict__.items() if not k.startswith("_cached")}
