# SPDX-License-Identifier: Apache-2.0
"""`HomogeneousHilbert`: N sites with the same, equidistant local states."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np

from netket.utils import StaticRange

from ._index_table import Block, Group
from ._sums import split_constraint
from .constraint import (
    DiscreteHilbertConstraint,
    ExtraConstraint,
    SumConstraint,
    SumOnPartitionConstraint,
    check_constraint,
)
from .discrete import DiscreteHilbert

# the most local states that make a list
_LISTED = 2**20


class HomogeneousHilbert(DiscreteHilbert):
    """A space of N sites with the same local states, possibly constrained.

    Args:
        local_states: the local states, x_i = start + step i.
        N: number of sites.
        constraint: the condition that samples satisfy.

    Raises:
        TypeError: `local_states` is not a `StaticRange`.
        InvalidConstraintInterface, UnhashableConstraintError: the constraint cannot be used.
        ValueError: no state satisfies the constraint (noticed later if it is not known to the
            library, and the space is large); it does not return a boolean for each sample.
    """

    def __init__(
        self,
        local_states: StaticRange,
        N: int = 1,
        *,
        constraint: DiscreteHilbertConstraint | None = None,
    ):
        if not isinstance(local_states, StaticRange):
            raise TypeError(
                "Argument `local_states` must be a netket.utils.StaticRange(start, step, length), "
                f"but is {local_states!r}."
            )
        n_sites = check_integer("N", N)
        self._local_states = local_states
        self._constraint = check_constraint(constraint)
        super().__init__((len(local_states),) * n_sites)
        # a constraint that cannot be satisfied is an error now, not when states are drawn
        for group in self._groups:
            group.check()

    @property
    def local_states(self) -> Sequence[Any] | StaticRange:
        """The local states of every site, in the order of their local indices: a list.

        It is a `netket.utils.StaticRange` if there are too many to be listed.
        """
        return list(self._local_states) if self.local_size <= _LISTED else self._local_states

    @property
    def local_size(self) -> int:
        """Number of local states."""
        return len(self._local_states)

    @property
    def constraint(self) -> DiscreteHilbertConstraint | None:
        return self._constraint

    def states_at_index(self, i: int) -> Sequence[Any] | StaticRange:
        return self.local_states

    @property
    def _affine(self) -> tuple[Any, Any]:
        return self._local_states.start, self._local_states.step

    @property
    def _local_dtype(self) -> np.dtype:
        return self._local_states.dtype

    @property
    def _attrs(self) -> tuple[Hashable, ...]:
        return (self.size, self._local_states, self._constraint)

    def __repr__(self) -> str:
        constraint = "" if self._constraint is None else f", {self._constraint}"
        return f"{type(self).__name__}(local_size={self.local_size}, N={self.size}{constraint})"

    # -- sites that are traced out, products --------------------------------------------------

    def _with_size(self, n: int) -> HomogeneousHilbert:
        """The unconstrained space of `n` sites of this kind."""
        return HomogeneousHilbert(self._local_states, n)

    def _merge(self, other: Any) -> HomogeneousHilbert | None:
        if type(self) is not type(other) or self._constraint is not None:
            return None
        empty = self._with_size(0)
        if other._constraint is not None or empty != other._with_size(0):
            return None
        if type(empty) is not type(self):
            # a class of a third party that does not say how to make its spaces larger
            return None
        return self._with_size(self.size + other.size)

    def ptrace(self, sites: int | Iterable[int]) -> HomogeneousHilbert | None:
        removed = check_sites(sites, self.size)
        if self._constraint is not None:
            raise TypeError(
                f"The sites of {self} cannot be traced out, as its constraint ties them to the "
                "others. Use the space without the constraint."
            )
        left = self.size - len(removed)
        return self._with_size(left) if left else None

    # -- numbers ------------------------------------------------------------------------------

    def _make_groups(self) -> tuple[Group, ...]:
        blocks, extra = self._blocks(self._constraint)
        return (Group(blocks, extra, *self._affine, self._local_dtype),)

    def _blocks(self, constraint: Any) -> tuple[tuple[Block, ...], Any]:
        """The blocks of sites with fixed sums, and the constraint that remains."""
        sums, rest = split_constraint(constraint, self.size)
        if sums is None:
            return (Block(self.shape),), rest
        down = self._local_states.step < 0 and self._is_numbered_down(constraint)
        return tuple(self._sum_block(*part, down) for part in zip(sums.sizes, sums.values)), rest

    def _is_numbered_down(self, constraint: Any) -> bool:
        """Whether states with the last local states come first, for local states that fall.

        This is the order of 3.23, which counts down where a bound on the number of states, C(N (d -
        1), n) for n particles in N (d - 1) places, shows that not all d^N have to be tried.
        """
        while type(constraint) is ExtraConstraint:
            constraint = constraint.base_constraint
        if type(constraint) is not SumConstraint:
            return type(constraint) is SumOnPartitionConstraint
        n, d = self.size, self.local_size
        start, step = self._local_states.start, self._local_states.step
        n_particles = max(round((n * start - constraint.sum_value) / -step), 0)
        return math.comb(n * (d - 1), n_particles) <= d**n

    def _sum_block(self, n: int, value: float, down: bool) -> Block:
        start, step, d = self._local_states.start, self._local_states.step, self.local_size
        lowest = min(start, start + step * (d - 1))
        total = (value - n * lowest) / abs(step)
        if not (abs(total - round(total)) < 1e-9 and 0 <= round(total) <= n * (d - 1)):
            largest = max(start, start + step * (d - 1))
            raise ValueError(
                f"Argument `constraint` asks for the sum {value} on {n} sites, but the sums of "
                f"local states go from {n * lowest} to {n * largest} in steps of {abs(step)}."
            )
        digits = n * (d - 1) - round(total) if step < 0 and not down else round(total)
        return Block((d,) * n, digits, down)


def check_integer(name: str, value: Any, minimum: int = 0) -> int:
    """`value` as an integer, or an error that names the argument."""
    if not isinstance(value, int | np.integer):
        raise TypeError(f"Argument `{name}` must be an integer, but is {value!r}.")
    if value < minimum:
        raise ValueError(f"Argument `{name}` must be at least {minimum}, but is {value}.")
    return int(value)


def check_sites(sites: int | Iterable[int], size: int) -> list[int]:
    """Distinct sites in order, or an error that names the first one that does not exist."""
    if isinstance(sites, int | np.integer):
        sites = (int(sites),)
    distinct = sorted({int(i) for i in sites})
    for i in distinct:
        if not 0 <= i < size:
            raise ValueError(
                f"Argument `sites` must hold sites from 0 to {size - 1}, but contains {i}."
            )
    return distinct
