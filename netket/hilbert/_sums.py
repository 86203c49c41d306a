# SPDX-License-Identifier: Apache-2.0
"""Which constraints fix sums over consecutive sites, and what they say together.

A conjunction of constraints is split into a partition of the sites with a fixed sum for each part,
which is numbered and drawn without a list, and the constraints that must be tried out.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import Any, NamedTuple

from .constraint import ExtraConstraint, SumConstraint, SumOnPartitionConstraint


class PartSums(NamedTuple):
    """Consecutive parts of the sites, each with a fixed sum of the local states.

    Attributes:
        sizes: number of sites of each part.
        values: the sums.
        source: the constraint that asks for them.
    """

    sizes: tuple[int, ...]
    values: tuple[float, ...]
    source: Any


def split_constraint(constraint: Any, n_sites: int) -> tuple[PartSums | None, Any]:
    """The finest fixed sums that a constraint asks for, and what it asks for beyond them.

    Args:
        constraint: a constraint, or None.
        n_sites: number of sites.

    Returns:
        Sums, None if there are none; the constraint that remains, None if there is none.

    Raises:
        ValueError: parts do not cover the sites; two constraints contradict each other.
    """
    sums, rest = [], []
    for condition in _conjuncts(constraint):
        known = _part_sums(condition, n_sites)
        if known is None:
            rest.append(condition)
        else:
            sums.append(known)
    if not sums:
        return None, _joined(rest)
    finest = max(sums, key=lambda s: len(s.sizes))
    for coarse in sums:
        if not _is_implied(coarse, finest):
            rest.append(coarse.source)
    return finest, _joined(rest)


def _conjuncts(constraint: Any) -> Iterator[Any]:
    if type(constraint) is ExtraConstraint:
        yield from _conjuncts(constraint.base_constraint)
        yield from _conjuncts(constraint.extra_constraint)
    elif constraint is not None:
        yield constraint


def _joined(constraints: list[Any]) -> Any:
    if not constraints:
        return None
    joined = constraints[0]
    for constraint in constraints[1:]:
        joined = ExtraConstraint(joined, constraint)
    return joined


def _part_sums(constraint: Any, n_sites: int) -> PartSums | None:
    if type(constraint) is SumConstraint:
        return PartSums((n_sites,), (constraint.sum_value,), constraint)
    if type(constraint) is not SumOnPartitionConstraint:
        return None
    if sum(constraint.sizes) != n_sites:
        raise ValueError(
            f"Argument `constraint` must have parts of {n_sites} sites in total, as many as the "
            f"Hilbert space, but the sizes {constraint.sizes} add up to {sum(constraint.sizes)}."
        )
    return PartSums(constraint.sizes, constraint.sum_values, constraint)


def _is_implied(coarse: PartSums, fine: PartSums) -> bool:
    """Whether the finer sums add up to the coarser ones; False if the parts do not match.

    Raises:
        ValueError: they add up to something else.
    """
    ends = list(accumulate(fine.sizes))
    if not {*accumulate(coarse.sizes)} <= {0, *ends}:
        return False
    start = 0
    for size, value in zip(coarse.sizes, coarse.values):
        inside = [v for v, e, n in zip(fine.values, ends, fine.sizes) if start < e <= start + size]
        if size and abs(sum(inside) - value) > 1e-9:
            raise ValueError(
                f"Argument `constraint` contradicts itself: {coarse.source} asks for the sum "
                f"{value} on sites {start} to {start + size - 1}, but {fine.source} for "
                f"{sum(inside)}."
            )
        start += size
    return True
