# SPDX-License-Identifier: Apache-2.0
"""`DiscreteHilbert`: spaces whose basis states are lists of N local states.

A sample x is a row of N local states; its local indices i_n number the local states of each site,
and its number k(x) numbers the states of the space (see `netket.hilbert.index`).

Numpy arrays and python numbers are answered by numpy arrays, without starting jax; jax arrays and
tracers by jax arrays, for which nothing is compiled if they are in the memory of the CPU.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.utils import StaticRange
from netket.utils.types import Array, DType

from . import _affine, _few_codes, _index_jax, _index_numpy
from ._enumerate import can_enumerate, enumerate_states
from ._index_table import Block, Group, IndexTable, build_table, is_enumerable
from ._on_host import numpy_is_faster, to_jax
from ._quick_rank import Ranker, number_dtype, quick_ranker
from ._quick_unrank import Unranker, quick_unranker
from .abstract import AbstractHilbert

#: The states of spaces with at most so many entries in total are kept.
_SMALL = 2**20

#: Up to so many numbers, python finds the smallest one faster than numpy.
_SHORT = 64


class DiscreteHilbert(AbstractHilbert):
    """A Hilbert space of N sites with a finite or countable number of local states each.

    Subclasses define `states_at_index`, `_affine` (or `states_to_local_indices` and
    `local_indices_to_states`) and, if not all combinations are allowed, `_make_groups` and
    `constraint`.

    Args:
        shape: number of local states of each site.
    """

    def __init__(self, shape: Sequence[int]):
        self._shape = tuple(int(n) for n in shape)

    # -- sites --------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of local states of each site."""
        return self._shape

    @property
    def size(self) -> int:
        return len(self.shape)

    @property
    def is_finite(self) -> bool:
        """Whether every site has finitely many local states."""
        return all(n < np.iinfo(np.int64).max for n in set(self.shape))

    def size_at_index(self, i: int) -> int:
        """Number of local states of site i."""
        return self.shape[i]

    @abc.abstractmethod
    def states_at_index(self, i: int) -> Sequence[Any] | StaticRange:
        """The local states of site i, in the order of their local indices."""

    # -- constraints --------------------------------------------------------------------------

    @property
    def constraint(self) -> Any:
        """A function from samples (..., N) to booleans (...); None if all are allowed."""
        return None

    @property
    def constrained(self) -> bool:
        """Whether not all combinations of local states are allowed."""
        return self.constraint is not None

    # -- local indices ------------------------------------------------------------------------

    @property
    def _affine(self) -> tuple[Any, Any] | None:
        """Start and step, numbers or arrays (N,), of the local states; None if not equidistant."""
        return None

    @property
    def _local_dtype(self) -> np.dtype:
        """The dtype of samples."""
        return np.dtype(np.int8)

    @property
    def _index_dtype(self) -> np.dtype:
        """The smallest dtype for local indices."""
        return np.min_scalar_type(-max(self.shape, default=1))

    def states_to_local_indices(self, x: Array) -> Array:
        """Local indices of samples.

        Args:
            x: samples of shape (..., N).

        Returns:
            Integers of shape (..., N), between 0 and the number of local states. Numbers that are
            no local states are not detected.
        """
        return _affine.to_indices(x, *self._require_affine(), self._index_dtype)

    def local_indices_to_states(self, x: Array, dtype: DType = None) -> Array:
        """Samples with given local indices.

        Args:
            x: local indices of shape (..., N).
            dtype: of the samples, by default that of the local states.
        """
        dtype = self._local_dtype if dtype is None else np.dtype(dtype)
        return _affine.to_states(x, *self._require_affine(), dtype)

    def _require_affine(self) -> tuple[Any, Any]:
        if self._affine is None:
            raise TypeError(
                f"{type(self).__name__} must define either the property `_affine`, or the methods "
                "`states_to_local_indices` and `local_indices_to_states`."
            )
        return self._affine

    # -- numbers ------------------------------------------------------------------------------

    def _make_groups(self) -> tuple[Group, ...]:
        """The groups of sites from which states are numbered."""
        return (Group((Block(self.shape),)),)

    @property
    def _groups(self) -> tuple[Group, ...]:
        if "_cached_groups" not in self.__dict__:
            self.__dict__["_cached_groups"] = self._make_groups()
        return self.__dict__["_cached_groups"]

    @property
    def _index_table(self) -> IndexTable:
        table = self.__dict__.get("_cached_table")
        if table is None:
            twin = self._twin
            table = twin._index_table if twin is not self else self._make_table()
            self.__dict__["_cached_table"] = table
        return table

    def _make_table(self) -> IndexTable:
        table = build_table(self._groups)
        if table is None:
            raise RuntimeError(
                f"{self} has more than 2^63 states, too many to be numbered. Use samples "
                "(`random_state`, netket.sampler), or a constraint that leaves fewer states."
            )
        return table

    @property
    def _twin(self) -> DiscreteHilbert:
        """An equal space made earlier, whose tables can be used, if they are small; or this one."""
        groups = self._groups
        known = all(g.constraint is None or g.is_tried_at_once for g in groups)
        is_small = self.size <= 64 and known
        return _first_of_equals(self) if is_small else self

    @property
    def is_indexable(self) -> bool:
        """Whether the states can be enumerated: there are at most 2^31 - 1.

        A constraint that is not known to the library counts as if it left all states.
        """
        if "_cached_indexable" not in self.__dict__:
            self.__dict__["_cached_indexable"] = is_enumerable(self._groups)
        return self.__dict__["_cached_indexable"]

    @property
    def n_states(self) -> int:
        """Dimension of the space.

        Raises:
            RuntimeError: it exceeds 2^63 - 1.
        """
        return int(self._index_table.n_states)

    def states_to_numbers(self, states: Array) -> Array:
        """Numbers of samples, the inverse of `numbers_to_states`.

        Args:
            states: samples of shape (..., N).

        Returns:
            Integers of shape (...). In traced code, -1 stands for samples outside the space.

        Raises:
            ValueError: a sample, not traced, is not in the space; or the shape is wrong.
            RuntimeError: the space has too many states.
        """
        is_jax = isinstance(states, jax.Array)
        states = states if is_jax else np.asarray(states)
        shape, n_sites = states.shape, self.size
        if not shape or shape[-1] != n_sites:
            raise ValueError(
                f"Argument `states` must have shape (..., {n_sites}), one entry for each site of "
                f"{self}, but has shape {shape}."
            )
        quick_rank = self._quick_rank
        if isinstance(states, jax.Array) and not (
            quick_rank is not None and numpy_is_faster(self, states, states.size)
        ):
            return self._numbers_in_jax(states)
        rows = np.asarray(states)
        if len(shape) != 2:
            rows = rows.reshape(math.prod(shape[:-1]), n_sites)
        numbers = None if quick_rank is None else quick_rank(rows)
        if numbers is None:
            numbers = _index_numpy.rank(self._index_table, rows, self._checked_indices)
            self._check_members(numbers, rows)
            numbers = numbers.astype(number_dtype(self.n_states))
        if len(shape) != 2:
            numbers = numbers.reshape(shape[:-1])[()]
        return to_jax(numbers) if is_jax else numbers

    def _numbers_in_jax(self, states: Any) -> jax.Array:
        rank = self.__dict__.get("_cached_rank")
        if rank is None:
            rank = self.__dict__["_cached_rank"] = _compiled_rank(self._twin)
        numbers = rank(states)
        if not isinstance(numbers, jax.core.Tracer):
            known = np.asarray(numbers).reshape(-1)
            least = known.min() if known.size > _SHORT else min(known.tolist(), default=0)
            if least < 0:
                self._check_members(known, states)
        return numbers

    @property
    def _quick_rank(self) -> Ranker | None:
        if "_cached_quick_rank" not in self.__dict__:
            twin, affine = self._twin, self._affine
            if twin is not self:
                ranker = twin._quick_rank
            else:
                ranker = None if affine is None else quick_ranker(self._index_table, *affine)
            self.__dict__["_cached_quick_rank"] = ranker
        return self.__dict__["_cached_quick_rank"]

    def _checked_indices(self, rows: Array) -> Array:
        """Local indices, with -1 for numbers that are no local states."""
        with np.errstate(invalid="ignore"):  # nan has no index, and is found below
            indices = self.states_to_local_indices(rows)
        xp = jnp if isinstance(rows, jax.Array) else np
        # of a type that holds both: as unsigned integers or booleans, local states may be others
        wide = xp.promote_types(rows.dtype, self._local_dtype)
        exact = self.local_indices_to_states(indices, dtype=wide) == rows.astype(wide)
        return xp.where(exact, indices, xp.asarray(-1, dtype=indices.dtype))

    def _check_members(self, numbers: np.ndarray, states: Array) -> None:
        if len(numbers) == 0 or numbers.min() >= 0:
            return
        bad = np.flatnonzero(numbers < 0)
        row = np.asarray(states).reshape(len(numbers), self.size)[bad[0]]
        for site, value in enumerate(row.tolist()):
            if value not in _values(self.states_at_index(site)):
                reason = f"{value} is not a local state of site {site}"
                break
        else:
            constraint = self.constraint
            reason = f"it does not satisfy {constraint}" if constraint else "it is not one of them"
        raise ValueError(
            f"Argument `states` must hold configurations of {self}, but row {bad[0]} is "
            f"{row.tolist()}: {reason}."
        )

    def numbers_to_states(self, numbers: Array) -> Array:
        """Samples with given numbers.

        Args:
            numbers: integers of shape (...), from 0 to `n_states` - 1.

        Returns:
            Samples of shape (..., N).

        Raises:
            ValueError: a number, not traced, is out of range.
            RuntimeError: the space has too many states.
        """
        _ = self._index_table  # an error if there are too many states
        if not isinstance(numbers, jax.core.Tracer):
            self._check_numbers(np.asarray(numbers))
        is_jax = isinstance(numbers, jax.Array)
        if isinstance(numbers, jax.Array) and not (
            self._quick_unrank is not None
            and numpy_is_faster(self, numbers, numbers.size * self.size)
        ):
            return _unrank_jax(self, numbers)
        numbers = np.asarray(numbers)
        states = self._unrank(numbers.reshape(-1)).reshape(*numbers.shape, self.size)
        return to_jax(states) if is_jax else states

    def _unrank(self, numbers: np.ndarray) -> np.ndarray:
        """Samples (B, N) with numbers (B,)."""
        if self._is_listed(len(numbers)):
            return _few_states(self).take(numbers, axis=0)
        if self._quick_unrank is None:
            table, to_states = self._index_table, self.local_indices_to_states
            return _index_numpy.unrank(table, numbers, to_states, self._local_dtype)
        rows = np.empty((len(numbers), self.size), dtype=self._local_dtype)
        self._quick_unrank(numbers.astype(np.int64), rows)
        return rows

    def _is_listed(self, n_more: int) -> bool:
        """Whether samples are looked up in a list of all, after as many have been asked for."""
        if self.n_states * self.size > _SMALL or not can_enumerate(self._index_table):
            return False
        n_asked = self.__dict__["_cached_asked"] = self.__dict__.get("_cached_asked", 0) + n_more
        return 16 * n_asked >= self.n_states

    @property
    def _quick_unrank(self) -> Unranker | None:
        if "_cached_quick_unrank" not in self.__dict__:
            twin = self._twin
            if twin is not self:
                unranker = twin._quick_unrank
            else:
                unranker = quick_unranker(self._index_table, self._values_of_digits)
            self.__dict__["_cached_quick_unrank"] = unranker
        return self.__dict__["_cached_quick_unrank"]

    def _check_numbers(self, numbers: np.ndarray) -> None:
        if not np.issubdtype(numbers.dtype, np.integer) and numbers.size:
            raise TypeError(f"Argument `numbers` must be integers, but is of {numbers.dtype}.")
        if numbers.size and not (numbers.min() >= 0 and numbers.max() < self.n_states):
            outside = (numbers < 0) | (numbers >= self.n_states)
            raise ValueError(
                f"Argument `numbers` must be between 0 and {self.n_states - 1}, as {self} has "
                f"{self.n_states} states, but contains {numbers[outside].flat[0]}."
            )

    def all_states(self) -> np.ndarray:
        """All states of the space, in the order of their numbers.

        Returns:
            Samples of shape (n_states, N), in numpy.

        Raises:
            RuntimeError: the space is not indexable.
        """
        if not self.is_indexable:
            raise RuntimeError(
                f"{self} has too many states to list them all. Use `random_state` or a sampler, or "
                "`numbers_to_states` for some of them."
            )
        if self.n_states * self.size <= _SMALL:
            return _few_states(self).copy()
        return self._enumerate()

    def _enumerate(self) -> np.ndarray:
        table = self._index_table
        if not can_enumerate(table):
            return np.asarray(self.numbers_to_states(np.arange(self.n_states)))
        return enumerate_states(table, self._values_of_digits)

    @property
    def _values_of_digits(self) -> np.ndarray:
        """(largest dimension, N) the local states of each site by their digits."""
        table = self._index_table
        digits = np.arange(max(self.shape, default=1))[:, None]
        indices = table.digit_start + table.digit_step * digits
        inside = (indices >= 0) & (indices < table.dims)
        return np.asarray(self.local_indices_to_states(np.where(inside, indices, 0)))

    def states(self) -> Iterator[np.ndarray]:
        """Iterates over the states, samples of shape (N,)."""
        yield from self.all_states()

    # -- products -----------------------------------------------------------------------------

    def __pow__(self, n: int) -> AbstractHilbert:
        if not isinstance(n, int | np.integer):
            return NotImplemented
        if n < 1:
            raise ValueError(f"Argument `n` of hilbert**n must be positive, but is {n}.")
        result: AbstractHilbert = self
        for _ in range(int(n) - 1):
            result = result * self
        return result


@lru_cache(maxsize=64)
def _first_of_equals(hilbert: DiscreteHilbert) -> DiscreteHilbert:
    return hilbert


@lru_cache(maxsize=64)
def _few_states(hilbert: DiscreteHilbert) -> np.ndarray:
    """The states of a small space, kept, as equal spaces are made many times."""
    return hilbert._enumerate()


def _values(states: Sequence[Any] | StaticRange) -> Any:
    # a membership test that does not list the states of unbounded sites
    return states if len(states) > 10**6 else np.asarray(states)


@lru_cache(maxsize=64)
def _compiled_rank(hilbert: DiscreteHilbert) -> Callable[[jax.Array], jax.Array]:
    """Numbers of samples in jax, -1 for samples outside the space."""

    @jax.jit
    def rank(states: jax.Array) -> jax.Array:
        rows = states.reshape(math.prod(states.shape[:-1]), hilbert.size)
        table, to_indices = hilbert._index_table, hilbert._checked_indices
        listed = _few_codes.numbers_of_codes(table)
        if listed is None:
            numbers = _index_jax.rank(table, jnp.asarray(to_indices(rows)))
        else:
            numbers = _few_codes.rank(table, listed, rows, to_indices)
        return numbers.reshape(states.shape[:-1]).astype(number_dtype(hilbert.n_states))

    return rank


@partial(jax.jit, static_argnums=0)
def _unrank_jax(hilbert: DiscreteHilbert, numbers: jax.Array) -> jax.Array:
    rows = _index_jax.unrank(hilbert._index_table, numbers.reshape(-1))
    states = jnp.asarray(hilbert.local_indices_to_states(rows))
    return states.reshape(*numbers.shape, hilbert.size)
