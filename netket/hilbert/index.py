# SPDX-License-Identifier: Apache-2.0
"""Numbers of configurations, as objects of their own.

Hilbert spaces number their states themselves; the classes here offer the same for given local
states, number of sites and constraint. `index_table` is for code that walks through a space row by
row (see `netket.hilbert._index_table`).
"""

from __future__ import annotations

import abc
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from plum import Dispatcher

from netket.utils import StaticRange, struct
from netket.utils.types import Array

from ._index_table import (
    Block,
    Group,
    IndexTable,
    affine_map,
    build_table,
    index_table,
    is_enumerable,
    is_indexable,
    max_states,
)
from .constraint import (
    DiscreteHilbertConstraint,
    ExtraConstraint,
    FunctionConstraint,
    SumConstraint,
    SumOnPartitionConstraint,
)
from .discrete import DiscreteHilbert
from .homogeneous import HomogeneousHilbert, check_integer
from .tensor import TensorDiscreteHilbert

__all__ = [
    "Block",
    "ConstrainedHilbertIndex",
    "Group",
    "HilbertIndex",
    "IndexTable",
    "LookupTableHilbertIndex",
    "SumConstrainedHilbertIndex",
    "SumOnPartitionConstrainedHilbertIndex",
    "UniformTensorProductHilbertIndex",
    "affine_map",
    "build_table",
    "index_table",
    "is_enumerable",
    "is_indexable",
    "max_states",
    "optimalConstrainedHilbertindex",
]

# Any, as the functions it makes have the attribute `dispatch`
_dispatch: Any = Dispatcher()


class HilbertIndex(struct.Pytree):
    """Numbers 0 ... n_states - 1 of samples; to be subclassed."""

    @property
    @abc.abstractmethod
    def n_states(self) -> int:
        """Number of states."""

    @property
    @abc.abstractmethod
    def is_indexable(self) -> bool:
        """Whether the states can be enumerated: there are at most `max_states`."""

    @abc.abstractmethod
    def states_to_numbers(self, states: Array) -> Array:
        """Numbers (...) of samples (..., N)."""

    @abc.abstractmethod
    def numbers_to_states(self, numbers: Array) -> Array:
        """Samples (..., N) with numbers (...)."""

    @abc.abstractmethod
    def all_states(self) -> Array:
        """All samples in order, (n_states, N)."""


class _SpaceIndex(HilbertIndex):
    """The numbers of a Hilbert space; its fields determine the space, and are static."""

    _hilbert: DiscreteHilbert = struct.field(pytree_node=False)

    @property
    def n_states(self) -> int:
        return self._hilbert.n_states

    @property
    def is_indexable(self) -> bool:
        return self._hilbert.is_indexable

    def states_to_numbers(self, states: Array) -> Array:
        return self._hilbert.states_to_numbers(states)

    def numbers_to_states(self, numbers: Array) -> Array:
        return self._hilbert.numbers_to_states(numbers)

    def all_states(self) -> np.ndarray:
        return self._hilbert.all_states()

    @property
    @abc.abstractmethod
    def _attrs(self) -> tuple[Hashable, ...]: ...

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._attrs))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._attrs == other._attrs

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._attrs))})"


class UniformTensorProductHilbertIndex(_SpaceIndex):
    """All combinations of the same local states on each site.

    Args:
        local_index: the local states.
        size: number of sites.
    """

    local_index: StaticRange = struct.field(pytree_node=False)
    size: int = struct.field(pytree_node=False)

    def __init__(self, local_index: StaticRange, size: int):
        self._hilbert = HomogeneousHilbert(local_index, size)
        self.local_index = local_index
        self.size = int(size)

    @property
    def local_size(self) -> int:
        """Number of local states."""
        return len(self.local_index)

    @property
    def local_states(self) -> np.ndarray:
        """The local states."""
        return np.asarray(self.local_index)

    @property
    def _attrs(self) -> tuple[Hashable, ...]:
        return (self.local_index, self.size)


class SumConstrainedHilbertIndex(_SpaceIndex):
    """Samples with a fixed sum, ranked without listing them.

    Args:
        range: the local states.
        size: number of sites.
        sum_value: the sum.
    """

    range: StaticRange = struct.field(pytree_node=False)
    size: int = struct.field(pytree_node=False)
    sum_value: float = struct.field(pytree_node=False)

    def __init__(self, range: StaticRange, size: int, sum_value: float):
        constraint = SumConstraint(sum_value)
        self._hilbert = HomogeneousHilbert(range, size, constraint=constraint)
        self.range = range
        self.size = int(size)
        self.sum_value = constraint.sum_value

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of local states of each site."""
        return self._hilbert.shape

    @property
    def n_particles(self) -> int:
        """The sum of the local indices."""
        return round((self.sum_value - self.size * self.range.start) / self.range.step)

    @property
    def n_states_bound(self) -> int:
        """A bound on the number of states: here, their number."""
        return self.n_states

    @property
    def _attrs(self) -> tuple[Hashable, ...]:
        return (self.range, self.size, self.sum_value)


class SumOnPartitionConstrainedHilbertIndex(_SpaceIndex):
    """Samples of consecutive parts with a fixed sum each.

    Args:
        sub_indices: the index of each part.
    """

    sub_indices: tuple[SumConstrainedHilbertIndex, ...] = struct.field(pytree_node=False)

    def __init__(self, sub_indices: Sequence[SumConstrainedHilbertIndex]):
        self.sub_indices = tuple(sub_indices)
        for part in self.sub_indices:
            if not isinstance(part, SumConstrainedHilbertIndex):
                raise TypeError(
                    "Argument `sub_indices` must hold SumConstrainedHilbertIndex, but has "
                    f"{part!r}."
                )
        self._hilbert = _joined(self.sub_indices)

    @property
    def size(self) -> int:
        """Number of sites."""
        return self._hilbert.size

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of local states of each site."""
        return self._hilbert.shape

    @property
    def n_states_bound(self) -> int:
        """A bound on the number of states: here, their number."""
        return self.n_states

    @property
    def _attrs(self) -> tuple[Hashable, ...]:
        return (self.sub_indices,)


def _joined(parts: Sequence[SumConstrainedHilbertIndex]) -> DiscreteHilbert:
    ranges = {part.range for part in parts}
    if len(ranges) != 1:
        return TensorDiscreteHilbert(*(part._hilbert for part in parts))
    sizes = [part.size for part in parts]
    constraint = SumOnPartitionConstraint([part.sum_value for part in parts], sizes)
    return HomogeneousHilbert(ranges.pop(), sum(sizes), constraint=constraint)


class ConstrainedHilbertIndex(_SpaceIndex):
    """Those samples of another index that satisfy a constraint, found by trying them all.

    Args:
        unconstrained_index: the other index, over sites with the same local states.
        constraint_fun: takes samples (..., N) and returns booleans (...); traceable by jax.
    """

    _hilbert: HomogeneousHilbert = struct.field(pytree_node=False)
    unconstrained_index: HilbertIndex = struct.field(pytree_node=False)
    constraint_fun: Any = struct.field(pytree_node=False)

    def __init__(self, unconstrained_index: HilbertIndex, constraint_fun: Any):
        self.unconstrained_index = unconstrained_index
        self.constraint_fun = constraint_fun
        base = getattr(unconstrained_index, "_hilbert", None)
        if not isinstance(base, HomogeneousHilbert):
            raise TypeError(
                "Argument `unconstrained_index` must be an index over sites with the same local "
                f"states, but is {unconstrained_index!r}."
            )
        constraint = constraint_fun
        if constraint is not None and not isinstance(constraint, DiscreteHilbertConstraint):
            constraint = FunctionConstraint(constraint_fun)
        if base.constraint is not None and constraint is not None:
            constraint = ExtraConstraint(base.constraint, constraint)
        self._hilbert = HomogeneousHilbert(
            base._local_states, base.size, constraint=constraint or base.constraint
        )

    @property
    def size(self) -> int:
        """Number of sites."""
        return self._hilbert.size

    @property
    def local_size(self) -> int:
        """Number of local states."""
        return self._hilbert.local_size

    @property
    def local_states(self) -> np.ndarray:
        """The local states."""
        return np.asarray(self._hilbert._local_states)

    @property
    def n_states_bound(self) -> int:
        """A bound on the number of states: their number without the constraint."""
        return self.unconstrained_index.n_states

    @property
    def _attrs(self) -> tuple[Hashable, ...]:
        return (self.unconstrained_index, self.constraint_fun)


class LookupTableHilbertIndex(_SpaceIndex):
    """Listed samples of integers, numbered in lexicographic order of their entries.

    Args:
        all_states: the samples, (n_states, N); repeated ones count once.
    """

    def __init__(self, all_states: Array):
        self._hilbert = _ListedHilbert(np.asarray(all_states))

    @property
    def _attrs(self) -> tuple[Hashable, ...]:
        return (self._hilbert,)


class _ListedHilbert(DiscreteHilbert):
    """Listed configurations in the smallest box that holds them."""

    def __init__(self, states: np.ndarray):
        if states.ndim != 2 or states.dtype.kind not in "iu" or states.size == 0:
            raise ValueError(
                "Argument `all_states` must hold integers of shape (n_states, N), at least one, "
                f"but has shape {states.shape} and dtype {states.dtype}."
            )
        self._lowest = states.min(axis=0).astype(np.int64)
        self._dtype = states.dtype
        super().__init__((states.max(axis=0) - self._lowest + 1).tolist())
        box = Group((Block(self.shape),))
        table = build_table([box])
        if table is None:
            raise ValueError(
                "Argument `all_states` must lie in a box of less than 2^63 configurations, but its "
                f"entries take {self.shape} values."
            )
        self._keys = np.unique((states - self._lowest) @ table.strides)

    @property
    def _attrs(self) -> tuple[Hashable, ...]:
        return (self.shape, self._lowest.tobytes(), self._keys.tobytes(), self._dtype)

    @property
    def constrained(self) -> bool:
        return True

    def states_at_index(self, i: int) -> StaticRange:
        return StaticRange(int(self._lowest[i]), 1, self.shape[i], self._dtype)

    @property
    def _affine(self) -> tuple[np.ndarray, np.ndarray]:
        return self._lowest, np.ones_like(self._lowest)

    @property
    def _local_dtype(self) -> np.dtype:
        return self._dtype

    @property
    def is_indexable(self) -> bool:
        return True

    def _make_groups(self) -> tuple[Group, ...]:
        return (Group((Block(self.shape),), listed=self._keys),)

    def __repr__(self) -> str:
        return f"{len(self._keys)} listed states of {self.size} sites"


# -- which index suits a constraint --------------------------------------------------------------


@_dispatch
def optimalConstrainedHilbertindex(local_states: Any, size: Any, constraint: Any) -> HilbertIndex:
    """The fastest index for samples that satisfy a constraint.

    Args:
        local_states: a `StaticRange`.
        size: number of sites.
        constraint: a constraint, a function from samples to booleans, or None.
    """
    return ConstrainedHilbertIndex(UniformTensorProductHilbertIndex(local_states, size), constraint)


@optimalConstrainedHilbertindex.dispatch
def _of_sum(local_states: Any, size: Any, constraint: SumConstraint) -> HilbertIndex:
    return SumConstrainedHilbertIndex(local_states, size, constraint.sum_value)


@optimalConstrainedHilbertindex.dispatch
def _of_parts(local_states: Any, size: Any, constraint: SumOnPartitionConstraint) -> HilbertIndex:
    if sum(constraint.sizes) != check_integer("size", size):
        raise ValueError(
            f"Argument `constraint` must have parts of {size} sites in total, but {constraint} "
            f"has {sum(constraint.sizes)}."
        )
    parts = zip(constraint.sizes, constraint.sum_values)
    return SumOnPartitionConstrainedHilbertIndex(
        tuple(SumConstrainedHilbertIndex(local_states, n, value) for n, value in parts)
    )


@optimalConstrainedHilbertindex.dispatch
def _of_restricted(local_states: Any, size: Any, constraint: ExtraConstraint) -> HilbertIndex:
    base = optimalConstrainedHilbertindex(local_states, size, constraint.base_constraint)
    return ConstrainedHilbertIndex(base, constraint.extra_constraint)
