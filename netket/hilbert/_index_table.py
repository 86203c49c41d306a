# SPDX-License-Identifier: Apache-2.0
"""Numbers of the configurations of a discrete Hilbert space, without a table of all of them.

A space is a product of groups, a group is a product of blocks of consecutive sites, and a block is
either unconstrained or has a fixed sum of its digits. The digit of a site is its local index, or
the local index counted from the end, so that blocks with a fixed sum are ordered by ascending
local *values*. Numbers are lexicographic in the digits, the first site being the most significant:

    unconstrained:  k = Σ_i q_i Π_{j>i} d_j
    fixed sum T:    k = Σ_i Σ_{q<q_i} W(n-1-i, T - q_0 - ... - q_{i-1} - q),

where W(r, t) counts the ways in which r sites add up to t. A group whose states must also satisfy
a constraint written by the user keeps the sorted list of the numbers that do.

`IndexTable` holds all this as flat arrays, for numba (`_index_kernels`), numpy (`_index_numpy`)
and jax (`_index_jax`).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from .discrete import DiscreteHilbert

__all__ = [
    "Block",
    "Group",
    "Header",
    "IndexTable",
    "affine_map",
    "build_table",
    "index_table",
    "is_enumerable",
    "is_indexable",
    "max_states",
]

#: Spaces with more states than this are not enumerated (`is_indexable` is False).
max_states = int(np.iinfo(np.int32).max)

#: Up to this many configurations, constraints by the user are tried when a space is made.
_TRIED_AT_ONCE = 2**14

#: Largest number of states; a site with one more stands for one without a bound.
_MAX_NUMBER = int(np.iinfo(np.int64).max) - 1


class IndexTable(NamedTuple):
    """How the configurations of a space are numbered; all arrays are of int64.

    Few fields, as numba counts references to each of them whenever a table is passed on.

    Attributes:
        dims: (N,) local dimensions.
        strides: (N,) if nothing is constrained, the number is ``sum(strides * index)``; else empty.
        flat: everything, one part after the other: the `Header`, and the arrays below.
        n_states: number of states.
    """

    dims: np.ndarray
    strides: np.ndarray
    flat: np.ndarray
    n_states: int

    def _part(self, place: int, *shape: int) -> np.ndarray:
        start = int(self.flat[place])
        return self.flat[start : start + math.prod(shape)].reshape(shape)

    @property
    def digit_start(self) -> np.ndarray:
        """(N,) the digit of a site is ``digit_start + digit_step * index``."""
        return self._part(Header.DIGIT_START, len(self.dims))

    @property
    def digit_step(self) -> np.ndarray:
        """(N,) see `digit_start`."""
        return self._part(Header.DIGIT_STEP, len(self.dims))

    @property
    def blocks(self) -> np.ndarray:
        """(n_blocks, 5) first site, last site + 1, sum of digits (-1: any), place of its counts in
        `flat`, number of states."""
        return self._part(Header.BLOCKS, int(self.flat[Header.N_BLOCKS]), 5)

    @property
    def groups(self) -> np.ndarray:
        """(n_groups, 5) first block, last block + 1, place of its keys in `flat`, number of keys
        (-1: no list), number of states."""
        return self._part(Header.GROUPS, int(self.flat[Header.N_GROUPS]), 5)

    @property
    def counts(self) -> np.ndarray:
        """Where `blocks` say that counts are: `flat` itself."""
        return self.flat

    def counts_of(self, block: Sequence[int]) -> np.ndarray:
        """Cumulative counts of a block of n sites with sum T, one of the rows of `blocks`.

        (n, T + 2), where row r and column t hold Σ_{t' < t} W(r, t').
        """
        first, last, total, place, _ = block
        n, width = last - first, total + 2
        return self.flat[place : place + n * width].reshape(n, width)

    def keys_of(self, group: Sequence[int]) -> np.ndarray:
        """Sorted numbers, in the product of the blocks, of the states of a group with a list."""
        place, n_keys = group[2:4]
        return self.flat[place : place + n_keys]


class Header:
    """Places in `IndexTable.flat`: of numbers, and of the places where parts begin."""

    #: `FREE`, `ONE_SUM` or `GENERAL`
    KIND = 0
    N_SITES = 1
    N_BLOCKS = 2
    N_GROUPS = 3
    #: sum of the digits, if there is only one block
    TOTAL = 4
    DIMS = 5
    STRIDES = 6
    DIGIT_START = 7
    DIGIT_STEP = 8
    BLOCKS = 9
    GROUPS = 10
    COUNTS = 11
    SIZE = 12

    # kinds of tables: nothing is constrained, there is one block with a fixed sum, others
    FREE = 0
    ONE_SUM = 1
    GENERAL = 2


@dataclass(frozen=True)
class Block:
    """Consecutive sites: any configuration, or those with a fixed sum of digits.

    Attributes:
        dims: local dimensions.
        total: sum of the digits; None if it is free.
        descending: the digit of local index i is d - 1 - i.
    """

    dims: tuple[int, ...]
    total: int | None = None
    descending: bool = False

    @property
    def n_sites(self) -> int:
        return len(self.dims)

    @cached_property
    def n_states(self) -> int | None:
        """Number of states; None if it exceeds 2^63 - 1."""
        return _count(self.dims, self.total)


@dataclass(frozen=True)
class Group:
    """A product of blocks, restricted by a constraint.

    Attributes:
        blocks: the blocks.
        constraint: takes samples (B, n) and returns booleans (B,); None for all configurations.
        start, step, dtype: the samples are ``start + step * index``; needed with a constraint only.
        listed: instead of a constraint, the sorted numbers of the states, in the product.
    """

    blocks: tuple[Block, ...]
    constraint: Any = None
    start: Any = 0
    step: Any = 1
    dtype: Any = np.int8
    listed: np.ndarray | None = None

    @cached_property
    def n_product_states(self) -> int | None:
        """Number of states of the product of the blocks; None if it exceeds 2^63 - 1."""
        return _product(b.n_states for b in self.blocks)

    @cached_property
    def keys(self) -> np.ndarray | None:
        """Sorted numbers, in the product, of the states that satisfy the constraint.

        None without a constraint.

        Raises:
            RuntimeError: there are too many configurations to try.
            ValueError: none satisfies the constraint.
        """
        if self.constraint is None:
            return self.listed
        return _tried(self) if self.is_tried_at_once else _satisfying_numbers(self)

    @property
    def is_tried_at_once(self) -> bool:
        """Whether there are so few configurations that a constraint is tried on all of them."""
        n_states = self.n_product_states
        return n_states is not None and n_states <= _TRIED_AT_ONCE

    def check(self) -> None:
        """Raises an error if the constraint cannot be used; if states are few, if it allows none.

        Raises:
            ValueError: the constraint does not return one boolean for each sample, or allows no
                state.
        """
        if self.constraint is None:
            return
        _check_result(self)
        if self.is_tried_at_once:
            _ = self.keys


# -- counting ----------------------------------------------------------------------------------


def _product(counts: Iterable[int | None]) -> int | None:
    counts = list(counts)
    if 0 in counts:
        return 0
    known = [n for n in counts if n is not None]
    if len(known) < len(counts):
        return None
    result = math.prod(known)
    return result if result <= _MAX_NUMBER else None


def _count(dims: Sequence[int], total: int | None) -> int | None:
    """Number of configurations of sites with the given dimensions and sum of digits."""
    if total is None:
        return _product(dims)
    if not 0 <= total <= sum(d - 1 for d in dims):
        return 0
    if len(set(dims)) > 1:
        result = _count_by_addition(dims, total)
        return result if result <= _MAX_NUMBER else None
    n, d = len(dims), (dims[0] if dims else 1)
    # the count grows towards the middle, where it is at least that of choosing sites with digit 1
    few = min(total, n * (d - 1) - total)
    if n >= 2 and math.comb(n, min(few, n // 2)) > _MAX_NUMBER:
        return None
    if n == 0:
        return 1
    # inclusion and exclusion of the sites whose digit is too large
    result = sum(
        (-1) ** j * math.comb(n, j) * math.comb(n + few - j * d - 1, n - 1)
        for j in range(few // d + 1)
    )
    return result if result <= _MAX_NUMBER else None


def _count_by_addition(dims: Sequence[int], total: int) -> int:
    ways = [1] + [0] * total
    for d in dims:
        ways = [sum(ways[max(0, t - d + 1) : t + 1]) for t in range(total + 1)]
    return ways[total]


def cumulative_counts(dims: Sequence[int], total: int) -> np.ndarray:
    """Σ_{t' < t} W(r, t') for r = 0 ... n - 1 remaining sites and t = 0 ... total + 1.

    Counts of configurations that are part of no state may overflow: arithmetic modulo 2^64 keeps
    the others exact.

    Args:
        dims: (n,) local dimensions; the r remaining sites are the last r.
        total: sum of the digits.

    Returns:
        int64 of shape (n, total + 2).
    """
    n = len(dims)
    cumulative = np.zeros((n, total + 2), dtype=np.int64)
    ways = np.zeros(total + 1, dtype=np.int64)
    ways[0] = 1
    for r in range(n):
        np.cumsum(ways, out=cumulative[r, 1:])
        d = min(dims[n - 1 - r], total + 1)
        upper = cumulative[r, 1:]
        ways = upper.copy()
        ways[d:] -= upper[: total + 1 - d]
    return cumulative


# -- building ----------------------------------------------------------------------------------


def build_table(groups: Sequence[Group]) -> IndexTable | None:
    """The table of a product of groups; None if the states have no number below 2^63."""
    groups = _merged(groups)
    states = [g.keys for g in groups]
    sizes = [g.n_product_states if k is None else len(k) for g, k in zip(groups, states)]
    n_states = _product(sizes)
    if n_states is None:
        return None
    blocks = [b for g in groups for b in g.blocks]
    dims = np.array([d for b in blocks for d in b.dims], dtype=np.int64)
    flip = np.array([b.descending for b in blocks for _ in b.dims], dtype=bool)
    lists = [k for k in states if k is not None]
    kind = _kind(blocks, lists, flip)
    strides = place_values(dims) if kind == Header.FREE else dims[:0]
    counts = [_counts(b) for b in blocks]

    header = np.zeros(Header.SIZE, dtype=np.int64)
    header[Header.KIND] = kind
    header[Header.N_SITES] = len(dims)
    header[Header.N_BLOCKS], header[Header.N_GROUPS] = len(blocks), len(groups)
    header[Header.TOTAL] = -1 if len(blocks) != 1 or blocks[0].total is None else blocks[0].total
    sizes_of_parts = [
        *(Header.SIZE, len(dims), len(strides), len(dims), len(dims)),
        *(5 * len(blocks), 5 * len(groups), sum(map(len, counts))),
    ]
    places = np.cumsum(sizes_of_parts)
    header[Header.DIMS : Header.SIZE] = places[:-1]
    parts = [
        *(header, dims, strides, np.where(flip, dims - 1, 0), np.where(flip, -1, 1)),
        _block_rows(blocks, counts, int(header[Header.COUNTS])),
        _group_rows(groups, states, sizes, int(places[-1])),
        *counts,
        *lists,
    ]
    return IndexTable(dims, strides, np.concatenate(parts).astype(np.int64), n_states)


def _merged(groups: Sequence[Group]) -> Sequence[Group]:
    """One group of one block, if nothing is constrained; else the groups."""
    blocks = [b for g in groups for b in g.blocks]
    is_free = all(b.total is None and not b.descending for b in blocks)
    if len(blocks) < 2 or not is_free or any(g.constraint or g.listed is not None for g in groups):
        return groups
    return [Group((Block(sum((b.dims for b in blocks), ())),))]


def _kind(blocks: Sequence[Block], lists: list, flip: np.ndarray) -> int:
    if len(blocks) == 1 and not lists and blocks[0].total is not None:
        return Header.ONE_SUM
    if lists or flip.any() or any(b.total is not None for b in blocks):
        return Header.GENERAL
    return Header.FREE


def place_values(dims: np.ndarray) -> np.ndarray:
    """(N,) the products of the dimensions of all later sites."""
    return np.append(np.cumprod(dims[:0:-1])[::-1], 1)[: len(dims)].astype(np.int64)


def is_enumerable(groups: Sequence[Group]) -> bool:
    """Whether there are at most `max_states` configurations, before constraints by the user."""
    n_states = _product(g.n_product_states for g in groups)
    return n_states is not None and n_states <= max_states


def _counts(block: Block) -> np.ndarray:
    if block.total is None or not block.n_states:
        return np.zeros(0, dtype=np.int64)
    return cumulative_counts(block.dims, block.total).ravel()


def _block_rows(blocks: Sequence[Block], counts: Sequence[np.ndarray], place: int) -> np.ndarray:
    rows, site = [], 0
    for b, c in zip(blocks, counts):
        total = -1 if b.total is None else b.total
        rows.append((site, site + b.n_sites, total, place, b.n_states or 0))
        site += b.n_sites
        place += len(c)
    return np.array(rows, dtype=np.int64).ravel()


def _group_rows(
    groups: Sequence[Group], keys: Sequence[Any], sizes: Sequence[Any], place: int
) -> np.ndarray:
    rows, block = [], 0
    for g, k, size in zip(groups, keys, sizes):
        n_keys = -1 if k is None else len(k)
        rows.append((block, block + len(g.blocks), place, n_keys, size))
        block += len(g.blocks)
        place += max(n_keys, 0)
    return np.array(rows, dtype=np.int64).ravel()


# -- constraints that are not known --------------------------------------------------------------


def _satisfying_numbers(group: Group, chunk: int = 2**17) -> np.ndarray:
    import jax

    from ._index_numpy import unrank

    n_states = group.n_product_states
    if n_states is None or n_states > max_states:
        n = "more than 2^63" if n_states is None else n_states
        raise RuntimeError(
            f"This Hilbert space cannot be indexed: its constraint {group.constraint} would have "
            f"to be evaluated on {n} configurations. Use `SumConstraint` or "
            "`SumOnPartitionConstraint` where possible, restricted further by "
            "`ExtraConstraint(base_constraint, extra_constraint)`; or a smaller space."
        )
    table = build_table([Group(group.blocks)])
    assert table is not None

    def to_states(indices: np.ndarray) -> np.ndarray:
        return group.start + group.step * indices.astype(np.int64)

    if n_states <= _TRIED_AT_ONCE:
        # wide, as numpy takes quotients of small integers in half precision
        wide = np.promote_types(group.dtype, np.int64)
        states = unrank(table, np.arange(n_states), to_states, wide)
        kept = _satisfied_in_numpy(group.constraint, states)
        if kept is not None:
            return _some_states(np.flatnonzero(kept), group)
    width = min(chunk, max(n_states, 1))
    from netket.jax.tracing import computed_now

    satisfied = jax.jit(lambda x: group.constraint(x))
    found = []
    for first in range(0, n_states, width):
        numbers = np.arange(first, first + width)
        # a constant shape, so that the constraint is compiled once
        states = unrank(table, np.minimum(numbers, n_states - 1), to_states, group.dtype)
        with computed_now():
            kept = np.asarray(satisfied(states)).reshape(width)
        found.append(numbers[kept & (numbers < n_states)])
    return _some_states(np.concatenate([np.zeros(0, dtype=np.int64), *found]), group)


def _some_states(numbers: np.ndarray, group: Group) -> np.ndarray:
    if len(numbers):
        return numbers
    raise ValueError(
        f"Argument `constraint` must allow at least one state, but none of the "
        f"{group.n_product_states} configurations satisfies {group.constraint}."
    )


def _satisfied_in_numpy(constraint: Any, states: np.ndarray) -> np.ndarray | None:
    """What a constraint that consists of methods of arrays says about states, in numpy.

    Compiling takes much longer than that for few states. Functions of jax are traced here, and not
    evaluated: then, and if there is an error that only numpy gives, the result is None.
    """
    import jax

    results = []

    def evaluate() -> None:
        result = constraint(states)
        if isinstance(result, np.ndarray):
            results.append(result)

    try:
        jax.eval_shape(evaluate)
    except Exception:
        return None
    valid = results and results[0].shape == states.shape[:1] and results[0].dtype == bool
    return results[0] if valid else None


#: The short lists, kept, as equal spaces are made many times.
_tried = lru_cache(maxsize=256)(_satisfying_numbers)


@lru_cache(maxsize=256)
def _check_result(group: Group) -> None:
    """The constraint must return one boolean for each sample."""
    import jax

    n_sites = sum(b.n_sites for b in group.blocks)
    samples = jax.ShapeDtypeStruct((3, n_sites), np.dtype(group.dtype))
    result = jax.eval_shape(lambda x: group.constraint(x), samples)
    if getattr(result, "shape", None) != (3,) or result.dtype != bool:
        raise ValueError(
            f"Argument `constraint` must return booleans of shape (...) for samples of shape "
            f"(..., N), but for samples of shape {samples.shape}, {group.constraint} returns "
            f"{result}."
        )


# -- public ------------------------------------------------------------------------------------


def is_indexable(shape: Sequence[int]) -> bool:
    """Whether the unconstrained space of these local dimensions has at most `max_states` states."""
    n_states = _product(shape)
    return n_states is not None and n_states <= max_states


def index_table(hilbert: "DiscreteHilbert") -> IndexTable:
    """The table from which configurations of `hilbert` are numbered.

    Args:
        hilbert: a discrete Hilbert space with less than 2^63 states.

    Raises:
        RuntimeError: the space is too large.
    """
    return hilbert._index_table


def affine_map(hilbert: "DiscreteHilbert") -> tuple[Any, Any]:
    """Numbers, or arrays (N,), with which samples are ``start + step * local_index``.

    Raises:
        TypeError: the local states of the space are not equidistant.
    """
    if hilbert._affine is None:
        raise TypeError(
            f"The local states of {hilbert} are not known to be equidistant. Define the property "
            "`_affine` of its class, or use `states_to_local_indices`."
        )
    return hilbert._affine
