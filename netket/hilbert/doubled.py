# SPDX-License-Identifier: Apache-2.0
"""`DoubledHilbert`: the space of density matrices, rows and columns side by side."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np

from netket.utils import StaticRange
from netket.utils.types import Array, DType

from ._index_table import Group
from .constraint import ProductConstraint
from .discrete import DiscreteHilbert
from .homogeneous import check_sites


class DoubledHilbert(DiscreteHilbert):
    """Two copies of a space, H ⊗ H: the first N entries of a sample are the row, the others the
    column of an element of a density matrix.

    Args:
        hilb: the space of the pure states.

    Raises:
        TypeError: it is not discrete.
    """

    physical: DiscreteHilbert
    """The space of the pure states."""

    def __init__(self, hilb: DiscreteHilbert):
        if not isinstance(hilb, DiscreteHilbert):
            raise TypeError(f"Argument `hilb` must be a discrete Hilbert space, but is {hilb!r}.")
        self.physical = hilb
        super().__init__(hilb.shape * 2)

    @property
    def size_physical(self) -> int:
        """Number of sites of the physical space."""
        return self.physical.size

    @property
    def _attrs(self) -> tuple[Hashable, ...]:
        return (self.physical,)

    @property
    def is_finite(self) -> bool:
        return self.physical.is_finite

    @property
    def local_states(self) -> Sequence[Any]:
        """The local states of every site, if they are all the same."""
        return self.physical.local_states  # type: ignore[attr-defined]

    @property
    def local_size(self) -> int:
        """Number of local states, if it is the same for every site."""
        return self.physical.local_size  # type: ignore[attr-defined]

    @property
    def constraint(self) -> Any:
        constraint = self.physical.constraint
        if constraint is None:
            return None
        return ProductConstraint([constraint] * 2, [self.physical.size] * 2)

    @property
    def constrained(self) -> bool:
        return self.physical.constrained

    def states_at_index(self, i: int) -> Sequence[Any] | StaticRange:
        return self.physical.states_at_index(range(self.size)[i] % max(self.physical.size, 1))

    def ptrace(self, sites: int | Iterable[int]) -> DoubledHilbert | None:
        """The doubled space that is left when sites of the *physical* space are traced out."""
        left = self.physical.ptrace(check_sites(sites, self.physical.size))
        return None if left is None else DoubledHilbert(left)  # type: ignore[arg-type]

    # -- indices ------------------------------------------------------------------------------

    @property
    def _affine(self) -> tuple[Any, Any] | None:
        physical = self.physical._affine
        if physical is None or not np.ndim(physical[0]):
            return physical
        return np.tile(physical[0], 2), np.tile(physical[1], 2)

    @property
    def _local_dtype(self) -> np.dtype:
        return self.physical._local_dtype

    def states_to_local_indices(self, x: Array) -> Array:
        pairs = x.reshape(*x.shape[:-1], 2, self.physical.size)
        return self.physical.states_to_local_indices(pairs).reshape(x.shape)

    def local_indices_to_states(self, x: Array, dtype: DType = None) -> Array:
        pairs = x.reshape(*x.shape[:-1], 2, self.physical.size)
        return self.physical.local_indices_to_states(pairs, dtype).reshape(x.shape)

    def _make_groups(self) -> tuple[Group, ...]:
        return self.physical._groups * 2

    def __repr__(self) -> str:
        return f"DoubledHilbert({self.physical})"
