# SPDX-License-Identifier: Apache-2.0
"""`HashableArray`: a constant array that is hashed and compared by content."""

from typing import Any

import numpy as np

from .types import Array, DType


class HashableArray:
    """A read-only numpy array with a hash, for static fields of pytrees.

    The hash is computed once. Two are equal if dtype, shape and all elements are.

    Args:
        wrapped: an array of numpy or jax, a nested sequence, or another HashableArray. The data
            is copied unless it is a read-only array that owns its memory.
    """

    __slots__ = ("_hash", "_wrapped")

    def __init__(self, wrapped: "Array | HashableArray | Any"):
        if isinstance(wrapped, HashableArray):
            self._wrapped, self._hash = wrapped._wrapped, wrapped._hash
            return
        array = np.asarray(wrapped)
        if array.dtype == object:
            raise TypeError(
                f"Argument `wrapped` must hold numbers, but has dtype object: {wrapped!r}."
            )
        if array.flags.writeable or array.base is not None:
            array = array.copy()
            array.flags.writeable = False
        self._wrapped = array
        self._hash: int | None = None

    @property
    def wrapped(self) -> np.ndarray:
        """The array, read-only."""
        return self._wrapped

    @property
    def dtype(self) -> np.dtype:
        return self._wrapped.dtype

    @property
    def ndim(self) -> int:
        return self._wrapped.ndim

    @property
    def shape(self) -> tuple[int, ...]:
        return self._wrapped.shape

    @property
    def size(self) -> int:
        return self._wrapped.size

    def __len__(self) -> int:
        return len(self._wrapped)

    def __getitem__(self, index: Any) -> Any:
        return self._wrapped[index]

    def __iter__(self) -> Any:
        return iter(self._wrapped)

    def __hash__(self) -> int:
        if self._hash is None:
            array = self._wrapped
            # + 0 removes signs of zeros: -0.0 == 0.0 must have the same hash
            data = array + 0 if array.dtype.kind in "fc" else array
            self._hash = hash((array.shape, array.dtype.str, data.tobytes()))
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, HashableArray):
            return False
        a, b = self._wrapped, other._wrapped
        if a is b:
            return True
        if a.shape != b.shape or a.dtype != b.dtype or hash(self) != hash(other):
            return False
        return np.array_equal(a, b)

    def __array__(self, dtype: DType = None, copy: bool | None = None) -> np.ndarray:
        if dtype is None or np.dtype(dtype) == self._wrapped.dtype:
            return self._wrapped.copy() if copy else self._wrapped
        return self._wrapped.astype(dtype)

    def __getstate__(self) -> np.ndarray:
        return self._wrapped

    def __setstate__(self, wrapped: np.ndarray) -> None:
        self._wrapped = wrapped
        self._wrapped.flags.writeable = False
        self._hash = None  # hashes of bytes differ between processes

    def __repr__(self) -> str:
        return f"HashableArray({np.array2string(self._wrapped, separator=', ', threshold=8)})"
