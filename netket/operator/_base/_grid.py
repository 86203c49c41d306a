# SPDX-License-Identifier: Apache-2.0
"""`Grid`: samples and local indices, x_i = start_i + step_i n_i with n_i = 0 ... d_i - 1.

Row kernels only know local indices; here is the way to them and back, for all sites at once.
"""

from functools import cached_property, lru_cache
from typing import Any

import jax.numpy as jnp
import numpy as np

from netket.hilbert import DiscreteHilbert
from netket.hilbert.index import affine_map


class Grid:
    """The local states of every site of a Hilbert space. Hashable, static under jit.

    Args:
        start: first local state of every site, shape (N,).
        step: difference of consecutive local states, shape (N,).
        shape: number of local states, shape (N,).
    """

    def __init__(self, start: np.ndarray, step: np.ndarray, shape: np.ndarray):
        self.start = np.array(start, np.float64)
        self.step = np.array(step, np.float64)
        self.shape = np.array(shape, np.int64)
        largest = self.shape.max(initial=1)
        #: dtype of local indices
        self.dtype = next(
            np.dtype(t)
            for t in (np.int8, np.int16, np.int32, np.int64)
            if largest <= np.iinfo(t).max
        )
        self._key = (self.start.tobytes(), self.step.tobytes(), self.shape.tobytes())
        self._hash = hash(self._key)

    @property
    def n_sites(self) -> int:
        return len(self.shape)

    @cached_property
    def homogeneous(self) -> bool:
        """Whether all sites have the same local states."""
        parts = (self.start, self.step, self.shape)
        return self.n_sites > 0 and all(np.all(part == part[0]) for part in parts)

    @cached_property
    def levels(self) -> tuple[float, ...] | None:
        """The local states if there are few, and the same on all sites; as integers if they are."""
        if not self.homogeneous or self.shape[0] > 4:
            return None
        levels = (float(self.start[0] + k * self.step[0]) for k in range(int(self.shape[0])))
        # numpy compares integers with integers faster
        return tuple(int(v) if v.is_integer() else v for v in levels)

    def levels_as(self, dtype: np.dtype) -> tuple[Any, ...] | None:
        """`levels` to be compared with samples of `dtype`: arrays of that dtype if it has them."""
        if dtype not in self._levels_as:
            levels: tuple[Any, ...] | None = self.levels
            if levels is not None:
                with np.errstate(invalid="ignore"):
                    arrays = tuple(np.array(levels).astype(dtype))
                same = all(float(a) == v for a, v in zip(arrays, levels, strict=True))
                # arrays without axes are compared faster than numbers
                levels = tuple(np.asarray(a) for a in arrays) if same else levels
            self._levels_as[dtype] = levels
        return self._levels_as[dtype]

    def level_bytes(self, dtype: np.dtype) -> bytes:
        """The bytes that are local states, for samples of a dtype of one byte; none if unknown."""
        if dtype not in self._level_bytes:
            levels = self.levels_as(dtype) or ()
            known = all(isinstance(v, np.ndarray) for v in levels)
            self._level_bytes[dtype] = b"".join(v.tobytes() for v in levels) if known else b""
        return self._level_bytes[dtype]

    @cached_property
    def _level_bytes(self) -> dict[np.dtype, bytes]:
        return {}

    @cached_property
    def _levels_as(self) -> dict[np.dtype, tuple[Any, ...] | None]:
        return {}

    @cached_property
    def two_level(self) -> bool:
        """Whether all sites have two local states."""
        return bool(np.all(self.shape == 2))

    def numbers(self, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
        """start and step, as integers if samples of `dtype` and the local states are."""
        return self._integers if dtype.kind in "iu" else (self.start, self.step)

    def two_levels(self, dtype: np.dtype) -> np.ndarray:
        """The local states (2, N) of sites that have two, to be compared with samples of `dtype`.

        Of that dtype if it has them.
        """
        if dtype not in self._two_levels:
            start, step = self.numbers(dtype)
            levels = np.stack([start, start + step])
            with np.errstate(all="ignore"):
                same = levels.astype(dtype)
            self._two_levels[dtype] = same if np.array_equal(same, levels) else levels
        return self._two_levels[dtype]

    @cached_property
    def _two_levels(self) -> dict[np.dtype, np.ndarray]:
        return {}

    @cached_property
    def _integers(self) -> tuple[np.ndarray, np.ndarray]:
        parts = self.start, self.step
        if not all(np.all(part == part.round()) for part in parts):
            return parts
        return self.start.astype(np.int64), self.step.astype(np.int64)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Grid) and self._key == other._key)

    # -- jax ----------------------------------------------------------------------------------

    def to_indices(self, x: Any) -> Any:
        """Local indices of samples, jax arrays of shape (..., N); samples are not checked."""
        x = jnp.asarray(x)
        work = self._work_dtype(x.dtype)
        start, step = self._constants(work)
        if self.two_level:  # integer divisions are slow
            return (x.astype(work) != start).astype(self.dtype)
        x = x.astype(work) - start
        if jnp.issubdtype(work, jnp.integer):
            return (x // step).astype(self.dtype)
        return jnp.round(x / step).astype(self.dtype)

    def to_states(self, indices: Any, dtype: Any) -> Any:
        """Samples of the given dtype for local indices, jax arrays of shape (..., N)."""
        work = self._work_dtype(dtype)
        start, step = self._constants(work)
        return (start + step * indices.astype(work)).astype(dtype)

    def _work_dtype(self, dtype: Any) -> np.dtype:
        """dtype in which conversions from and to samples of `dtype` are exact."""
        if jnp.issubdtype(dtype, jnp.floating):
            return np.dtype(dtype)
        if not (
            np.all(self.start == self.start.round()) and np.all(self.step == self.step.round())
        ):
            return np.dtype(np.float32)
        span = np.abs(self.step) * (self.shape - 1) + np.abs(self.start)
        small = np.all(span <= np.iinfo(np.int8).max) and self.dtype == np.int8
        return np.dtype(np.int8 if small else np.int32)

    def _constants(self, dtype: np.dtype) -> tuple[Any, Any]:
        """start and step, as single numbers if all sites are alike."""
        start, step = self.start.astype(dtype), self.step.astype(dtype)
        return (start[0], step[0]) if self.homogeneous else (start, step)

    # -- words --------------------------------------------------------------------------------

    def to_words(self, indices: Any) -> list[Any]:
        """Local indices (..., N) packed into few int32 words (...): equal iff all indices are."""
        bits = max(int(self.shape.max(initial=1) - 1).bit_length(), 1)
        if bits > 31:  # unbounded local spaces
            low, high = indices & (2**31 - 1), indices >> 31
            return [p[..., i].astype(jnp.int32) for p in (low, high) for i in range(self.n_sites)]
        per_word = 31 // bits
        n_words = -(-self.n_sites // per_word)
        pad = n_words * per_word - self.n_sites
        digits = jnp.pad(indices, [(0, 0)] * (indices.ndim - 1) + [(0, pad)]).astype(jnp.int32)
        digits = digits.reshape(*indices.shape[:-1], n_words, per_word)
        words = jnp.sum(digits << (bits * np.arange(per_word, dtype=np.int32)), -1, jnp.int32)
        return [words[..., i] for i in range(n_words)]


@lru_cache(maxsize=256)
def grid_of(hilbert: DiscreteHilbert) -> Grid:
    """The grid of the local states of a discrete Hilbert space.

    Raises:
        TypeError: its local states are not equidistant.
    """
    start, step = affine_map(hilbert)
    n = hilbert.size
    return Grid(np.broadcast_to(start, n), np.broadcast_to(step, n), np.array(hilbert.shape))
