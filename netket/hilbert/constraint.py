# SPDX-License-Identifier: Apache-2.0
"""Constraints: functions from samples to booleans that restrict a Hilbert space.

The library numbers, and draws, states with a fixed sum Σ_i x_i = T, or with fixed sums over
consecutive parts, without listing them; for constraints that it does not know, it lists the states.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Hashable, Sequence
from itertools import accumulate
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.errors import InvalidConstraintInterface, UnhashableConstraintError
from netket.utils import struct
from netket.utils.types import Array

__all__ = [
    "DiscreteHilbertConstraint",
    "ExtraConstraint",
    "SumConstraint",
    "SumOnPartitionConstraint",
]


class DiscreteHilbertConstraint(struct.Pytree):
    """Base of constraints, to be subclassed.

    A subclass defines ``__call__``, which must be traceable by jax, and ``__hash__`` and ``__eq__``
    such that constraints that allow the same states are equal. Its fields must be static::

        class AtMost(DiscreteHilbertConstraint):
            n_max: int = struct.field(pytree_node=False)

            def __init__(self, n_max):
                self.n_max = n_max

            def __call__(self, x):
                return x.sum(axis=-1) <= self.n_max

            def __hash__(self):
                return hash(("AtMost", self.n_max))

            def __eq__(self, other):
                return isinstance(other, AtMost) and self.n_max == other.n_max
    """

    @abc.abstractmethod
    def __call__(self, x: Array) -> Array:
        """Whether samples satisfy the constraint.

        Args:
            x: samples of shape (..., N).

        Returns:
            Booleans of shape (...).
        """


class _KnownConstraint(DiscreteHilbertConstraint):
    """A constraint that is compared by its parameters."""

    @property
    @abc.abstractmethod
    def _attrs(self) -> tuple[Hashable, ...]: ...

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._attrs))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._attrs == other._attrs


class SumConstraint(_KnownConstraint):
    """The entries of a sample have the sum `sum_value`: Σ_i x_i = T.

    Args:
        sum_value: the sum T.
    """

    sum_value: float = struct.field(pytree_node=False)

    def __init__(self, sum_value: float):
        self.sum_value = _plain(sum_value)

    def __call__(self, x: Array) -> Array:
        return _sum(x) == self.sum_value

    @property
    def _attrs(self) -> tuple[Hashable, ...]:
        return (self.sum_value,)

    def __repr__(self) -> str:
        return f"SumConstraint({self.sum_value})"


class SumOnPartitionConstraint(_KnownConstraint):
    """The entries of each of several consecutive parts of a sample have a given sum.

    Args:
        sum_values: the sum of each part.
        sizes: the number of sites of each part.
    """

    sum_values: tuple[float, ...] = struct.field(pytree_node=False)
    sizes: tuple[int, ...] = struct.field(pytree_node=False, default=None)

    def __init__(self, sum_values: Sequence[float], sizes: Sequence[int]):
        if len(sum_values) != len(sizes):
            raise ValueError(
                f"Arguments `sum_values` and `sizes` must have one entry for each part, but have "
                f"{len(sum_values)} and {len(sizes)}."
            )
        self.sum_values = tuple(map(_plain, sum_values))
        self.sizes = tuple(int(n) for n in sizes)

    def __call__(self, x: Array) -> Array:
        if x.shape[-1] != sum(self.sizes):
            raise ValueError(
                f"Argument `x` must have {sum(self.sizes)} sites, as many as the parts of "
                f"{self} together, but has {x.shape[-1]}."
            )
        ends = list(accumulate(self.sizes))
        satisfied = [
            _sum(x[..., end - n : end]) == value
            for n, end, value in zip(self.sizes, ends, self.sum_values)
        ]
        xp = jnp if isinstance(x, jax.Array) else np
        return xp.stack(satisfied, axis=-1).all(axis=-1)

    @property
    def _attrs(self) -> tuple[Hashable, ...]:
        return (self.sum_values, self.sizes)

    def __repr__(self) -> str:
        return f"SumOnPartitionConstraint(sum_values={self.sum_values}, sizes={self.sizes})"


class ExtraConstraint(_KnownConstraint):
    """Both of two constraints; the states of the first are listed, and filtered by the second.

    Args:
        base_constraint: the constraint that is satisfied by few states, usually a sum.
        extra_constraint: any other constraint.
    """

    base_constraint: DiscreteHilbertConstraint = struct.field(pytree_node=False)
    extra_constraint: DiscreteHilbertConstraint = struct.field(pytree_node=False)

    def __init__(
        self,
        base_constraint: DiscreteHilbertConstraint,
        extra_constraint: DiscreteHilbertConstraint,
    ):
        self.base_constraint = check_constraint(base_constraint)
        self.extra_constraint = check_constraint(extra_constraint)

    def __call__(self, x: Array) -> Array:
        return self.base_constraint(x) & self.extra_constraint(x)

    @property
    def _attrs(self) -> tuple[Hashable, ...]:
        return (self.base_constraint, self.extra_constraint)

    def __repr__(self) -> str:
        return f"ExtraConstraint({self.base_constraint}, {self.extra_constraint})"


class ProductConstraint(_KnownConstraint):
    """Consecutive parts of a sample satisfy a constraint each (None: any configuration)."""

    constraints: tuple[Any, ...] = struct.field(pytree_node=False)
    sizes: tuple[int, ...] = struct.field(pytree_node=False)

    def __init__(self, constraints: Sequence[Any], sizes: Sequence[int]):
        self.constraints = tuple(constraints)
        self.sizes = tuple(sizes)

    def __call__(self, x: Array) -> Array:
        xp = jnp if isinstance(x, jax.Array) else np
        satisfied = xp.ones(x.shape[:-1], dtype=bool)
        for constraint, n, end in zip(self.constraints, self.sizes, accumulate(self.sizes)):
            if constraint is not None:
                satisfied = satisfied & constraint(x[..., end - n : end])
        return satisfied

    @property
    def _attrs(self) -> tuple[Hashable, ...]:
        return (self.constraints, self.sizes)


class FunctionConstraint(_KnownConstraint):
    """A function from samples (..., N) to booleans (...) as a constraint, compared by identity."""

    function: Callable[[Array], Array] = struct.field(pytree_node=False)

    def __init__(self, function: Callable[[Array], Array]):
        if not callable(function):
            raise TypeError(f"Argument `constraint_fun` must be a function, but is {function!r}.")
        self.function = function

    def __call__(self, x: Array) -> Array:
        return self.function(x)

    @property
    def _attrs(self) -> tuple[Hashable, ...]:
        return (self.function,)


def check_constraint(constraint: Any) -> Any:
    """Returns a constraint, or None, as it is.

    Raises:
        InvalidConstraintInterface: it is no `DiscreteHilbertConstraint`.
        UnhashableConstraintError: it cannot be hashed.
    """
    if constraint is None:
        return None
    if not isinstance(constraint, DiscreteHilbertConstraint):
        raise InvalidConstraintInterface()
    try:
        hash(constraint)
    except TypeError:
        raise UnhashableConstraintError(constraint) from None
    return constraint


def _sum(x: Array) -> Array:
    x = x if isinstance(x, jax.Array) else np.asarray(x)
    # sums of small integers may not be of their type
    return x.sum(axis=-1, dtype=int if x.dtype.kind in "iub" else None)


def _plain(value: Any) -> Any:
    """A python integer where possible, so that equal sums are equal constraints."""
    value = float(value) if not float(value).is_integer() else int(value)
    return value
