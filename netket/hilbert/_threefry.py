# SPDX-License-Identifier: Apache-2.0
"""Random numbers of jax in numpy: the same ones for the same keys, and nothing is compiled.

The default generator of jax encrypts a counter with the key, in 20 rounds of additions, rotations
and exclusive or of two words (Threefry-2x32, Salmon et al., SC11, doi:10.1145/2063384.2063405). The
functions here take a `Key` and are else those of `jax.random`, as far as samples need them.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import numpy as np

from ._on_host import is_on_host

#: Counters that are encrypted at a time, to stay within the cache.
_CHUNK = 2**13

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA


class Key(NamedTuple):
    """A key of the default generator of jax, that is known."""

    first: int
    second: int


def known_key(key: Any) -> Key | None:
    """The words of a key of jax; None if it is traced, elsewhere, or of another generator."""
    if not isinstance(key, jax.Array) or isinstance(key, jax.core.Tracer):
        return None
    config = jax.config
    if not (config.jax_enable_x64 and config.jax_threefry_partitionable):  # type: ignore[attr-defined]
        return None
    if jax.random.key_impl(key) != "threefry2x32":
        return None
    words = jax.random.key_data(key)
    if words.shape != (2,) or not is_on_host(words):
        return None
    return Key(*np.asarray(words).tolist())


def split(key: Key, num: int = 2) -> list[Key]:
    """As `jax.random.split`."""
    first, second = _encrypt(key, num)
    return [Key(*words) for words in zip(first.tolist(), second.tolist())]


def bits(key: Key, shape: tuple[int, ...], dtype: Any = np.uint32) -> np.ndarray:
    """As `jax.random.bits`, of 32 or 64 bits."""
    first, second = _encrypt(key, math.prod(shape))
    if np.dtype(dtype) == np.uint32:
        return (first ^ second).reshape(shape)
    return (first.astype(np.uint64) << np.uint64(32) | second).reshape(shape)


def uniform(key: Key, shape: tuple[int, ...]) -> np.ndarray:
    """As `jax.random.uniform`: of [0, 1), in double precision."""
    # a mantissa at random, of numbers from 1 to 2
    mantissa = bits(key, shape, np.uint64) >> np.uint64(12)
    return (mantissa | np.float64(1).view(np.uint64)).view(np.float64) - 1


def randint(key: Key, shape: tuple[int, ...], minval: int, maxval: Any, dtype: Any) -> np.ndarray:
    """As `jax.random.randint`, of int32 or int64, from `minval` to below `maxval`, its limit.

    A remainder of twice as many random bits.
    """
    n_bits = 8 * np.dtype(dtype).itemsize
    unsigned = np.dtype(f"u{n_bits // 8}")
    span = np.atleast_1d(maxval - minval).astype(unsigned)
    high, low = (bits(k, shape, unsigned) % span for k in split(key))
    factor = unsigned.type(2 ** (n_bits // 2)) % span
    offset = high * (factor * factor % span) + low
    return minval + (offset % span).astype(dtype)


def _encrypt(key: Key, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Two words for each of the counters 0 ... n - 1."""
    words = np.empty((2, n), dtype=np.uint32)
    for counters in _parts(n):
        _encrypt_part(key, counters.start, words[:, counters])
    return words[0], words[1]


def _parts(n: int) -> Iterator[slice]:
    return (slice(first, min(first + _CHUNK, n)) for first in range(0, n, _CHUNK))


def _encrypt_part(key: Key, start: int, words: np.ndarray) -> None:
    """Writes the words (2, n) of the counters that begin at `start`."""
    keys = (*key, key.first ^ key.second ^ _PARITY)
    x, y = words
    x[:] = key.first
    y[:] = np.arange(start, start + len(y), dtype=np.uint32)
    y += np.uint32(key.second)
    rotated = np.empty_like(y)
    for k in range(5):
        for places in _ROTATIONS[k % 2]:
            x += y
            np.left_shift(y, np.uint32(places), out=rotated)
            y >>= np.uint32(32 - places)
            y |= rotated
            y ^= x
        x += np.uint32(keys[(k + 1) % 3])
        y += np.uint32((keys[(k + 2) % 3] + k + 1) % 2**32)
