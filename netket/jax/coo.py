# SPDX-License-Identifier: Apache-2.0
"""`COOArray`: an array of any number of axes that stores the elements that differ from a value."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.utils import struct
from netket.utils.types import Array, DType


@struct.dataclass
class COOArray:
    """A sparse array, by coordinates.

    Attributes:
        _coords: indices of the stored elements, (nnz, ndim), without repetitions.
        data: the stored elements, (nnz,).
        shape: shape of the array.
        fill_value: the value of all other elements.
    """

    _coords: Array
    data: Array
    shape: tuple[int, ...] = struct.field(pytree_node=False, default=())
    fill_value: Any = struct.field(pytree_node=False, default=0)

    @classmethod
    def fromdense(cls, A: Array) -> "COOArray":
        """The elements of a concrete array that are not 0."""
        A = jnp.asarray(A)
        coords = np.argwhere(np.asarray(A))
        return cls(jnp.asarray(coords), A[tuple(coords.T)], A.shape)

    @property
    def coords(self) -> jax.Array:
        """Indices of the stored elements, (ndim, nnz)."""
        return self._coords.T

    @property
    def dtype(self) -> DType:
        return self.data.dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def nnz(self) -> int:
        """Number of stored elements."""
        return len(self.data)

    def todense(self) -> jax.Array:
        """The whole array."""
        full = jnp.full(self.shape, self.fill_value, self.dtype)
        return full.at[tuple(self.coords)].set(self.data)

    def __getitem__(self, index: Any) -> jax.Array:
        """Elements by integers or integer arrays, one for each axis.

        Raises:
            IndexError: there are slices, or indices for some of the axes only.
        """
        index = index if isinstance(index, tuple) else (index,)
        if len(index) != self.ndim or any(isinstance(i, slice) or i is Ellipsis for i in index):
            raise IndexError(
                f"A COOArray of shape {self.shape} is indexed by {self.ndim} integers or integer "
                f"arrays, but the index is {index}: use `todense()` for slices."
            )
        shape = jnp.asarray(self.shape)
        wanted = jnp.stack(jnp.broadcast_arrays(*map(jnp.asarray, index)), axis=-1)
        wanted = jnp.where(wanted < 0, wanted + shape, wanted)
        same = jnp.all(wanted[..., None, :] == self._coords, axis=-1)
        stored = jnp.sum(jnp.where(same, self.data, 0), axis=-1)
        missing = jnp.asarray(self.fill_value, self.dtype)
        return jnp.where(jnp.any(same, axis=-1), stored.astype(self.dtype), missing)
