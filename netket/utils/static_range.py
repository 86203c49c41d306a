# SPDX-License-Identifier: Apache-2.0
"""`StaticRange`: an affine range of numbers, x_i = start + step i for i = 0 ... length - 1."""

import numbers
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from . import struct
from .types import Array, DType


class StaticRange(struct.Pytree):
    """The numbers start + step i, known by three constants; the local states of a site.

    It is static (no leaves), hashable, and converts between numbers and their indices by
    arithmetic: numpy in gives numpy out, jax in gives jax out, also inside jit.

    Args:
        start: first number.
        step: difference of consecutive numbers, not zero.
        length: how many.
        dtype: their dtype; by default that of ``start + step``, with int8 for small integers.
    """

    start: Any = struct.field(pytree_node=False)
    step: Any = struct.field(pytree_node=False)
    length: int = struct.field(pytree_node=False)
    dtype: np.dtype = struct.field(pytree_node=False)

    def __init__(self, start: float, step: float, length: int, dtype: DType = None):
        if length < 0 or int(length) != length:
            raise ValueError(f"Argument `length` must be a positive integer, but is {length!r}.")
        if step == 0 and length > 1:
            raise ValueError("Argument `step` must not be zero.")
        if dtype is None:
            dtype = _default_dtype(start, step, int(length))
        self.dtype = np.dtype(dtype)
        self.start = _as_number(start, self.dtype)
        self.step = _as_number(step, self.dtype)
        self.length = int(length)

    # -- indices ------------------------------------------------------------------------------

    def states_to_numbers(self, x: Array, dtype: DType = None) -> Array:
        """Indices i of the numbers x = start + step i; numbers outside are not detected.

        Args:
            x: array of any shape.
            dtype: of the result, by default that of the platform's integers.
        """
        xp = _module_of(x)
        dtype = np.dtype(dtype) if dtype is not None else np.dtype(int)
        x = xp.asarray(x)
        if np.issubdtype(x.dtype, np.integer) and isinstance(self.step, int):
            # small integers must not overflow in the difference
            x = x.astype(np.promote_types(x.dtype, np.int32))
            index = x - self.start if self.step == 1 else (x - self.start) // self.step
        else:
            index = xp.rint((x - self.start) / (self.step or 1))
        return index.astype(dtype)

    def numbers_to_states(self, i: Array, dtype: DType = None) -> Array:
        """Numbers start + step i for the indices i, array of any shape."""
        dtype = np.dtype(dtype) if dtype is not None else self.dtype
        i = _module_of(i).asarray(i)
        start, step = _as_number(self.start, dtype), _as_number(self.step, dtype)
        if dtype.kind in "iu" and abs(step) * self.length > np.iinfo(dtype).max:
            # differences of small integers may not be of their type
            return (start + step * i.astype(np.int64)).astype(dtype)
        return start + step * i.astype(dtype)

    def flip_state(self, state: Array) -> Array:
        """The other one of two numbers.

        Raises:
            ValueError: there are not two numbers.
        """
        if self.length != 2:
            raise ValueError(f"Only a range of length 2 can be flipped, but this has {len(self)}.")
        state = _module_of(state).asarray(state)
        return (2 * self.start + self.step - state).astype(state.dtype)

    def all_states(self, dtype: DType = None) -> np.ndarray:
        """All numbers in order."""
        return self.numbers_to_states(np.arange(self.length), dtype)

    @property
    def n_states(self) -> int:
        """How many numbers there are."""
        return self.length

    @property
    def is_indexable(self) -> bool:
        return True

    # -- a sequence ---------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int]:
        return (self.length,)

    @property
    def ndim(self) -> int:
        return 1

    def astype(self, dtype: DType) -> "StaticRange":
        """The same numbers with another dtype."""
        return StaticRange(self.start, self.step, self.length, dtype)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, numbers.Integral):
            if not -self.length <= i < self.length:
                raise IndexError(f"Index {i} is out of range for {self.length} numbers.")
            return self.start + self.step * (int(i) % self.length)
        if isinstance(i, slice):
            return self.all_states()[i]
        return self.numbers_to_states(i)

    def __iter__(self) -> Any:
        # python numbers, which do not overflow where numbers of the small dtype would
        return (self.start + self.step * i for i in range(self.length))

    def __contains__(self, x: Any) -> bool:
        if not isinstance(x, numbers.Number | np.ndarray | jax.Array):
            return False
        x = np.asarray(x)
        i = np.rint((x - self.start) / (self.step or 1))
        return bool(np.any((i >= 0) & (i < self.length) & (self.start + self.step * i == x)))

    def __array__(self, dtype: DType = None, copy: bool | None = None) -> np.ndarray:
        return self.all_states(dtype)

    def __hash__(self) -> int:
        return hash((self.start, self.step, self.length, self.dtype))

    def __eq__(self, other: object) -> Any:
        if isinstance(other, StaticRange):
            return (
                self.start == other.start
                and self.step == other.step
                and self.length == other.length
                and self.dtype == other.dtype
            )
        if isinstance(other, np.ndarray | list | tuple):
            return self.all_states() == np.asarray(other)
        return NotImplemented

    def __repr__(self) -> str:
        return (
            f"StaticRange(start={self.start}, step={self.step}, length={self.length}, "
            f"dtype={self.dtype})"
        )


def _module_of(x: Any) -> Any:
    """jax.numpy for jax arrays and tracers, else numpy."""
    return jnp if isinstance(x, jax.Array) else np


def _as_number(x: Any, dtype: np.dtype) -> Any:
    """`x` as a python number of the kind of `dtype`, so that jax does not promote."""
    return int(x) if np.issubdtype(dtype, np.integer) else float(x)


def _default_dtype(start: Any, step: Any, length: int) -> np.dtype:
    kind = np.result_type(np.asarray(start).dtype, np.asarray(step).dtype)
    if not np.issubdtype(kind, np.integer):
        return kind
    low, high = sorted((int(start), int(start + step * max(length - 1, 0))))
    kinds = (np.int8, np.int16, np.int32, np.int64)
    return next(np.dtype(k) for k in kinds if np.iinfo(k).min <= low and high <= np.iinfo(k).max)
