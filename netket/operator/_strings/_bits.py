# SPDX-License-Identifier: Apache-2.0
"""Rows of bits, packed into 64-bit words: site i is bit i % 64 of word i // 64."""

from collections.abc import Sequence

import numpy as np

from netket.utils.types import ArrayLike

_BITS = 64


def n_words(n_sites: int) -> int:
    """Number of words for `n_sites` bits, at least 1."""
    return max(-(-n_sites // _BITS), 1)


def pack_bits(bits: ArrayLike) -> np.ndarray:
    """Rows of bits (T, N), anything that is not zero being 1, as words (T, W) of uint64."""
    bits = np.asarray(bits)
    packed = np.packbits(bits.astype(bool), axis=-1, bitorder="little")
    words = np.zeros((len(bits), 8 * n_words(bits.shape[1])), np.uint8)
    words[:, : packed.shape[1]] = packed
    return words.view("<u8").astype(np.uint64, copy=False)


def unpack_bits(words: np.ndarray, n_sites: int) -> np.ndarray:
    """The inverse of `pack_bits`: int8 array (T, N)."""
    flat = np.ascontiguousarray(words.astype("<u8", copy=False)).view(np.uint8)
    return np.unpackbits(flat, axis=-1, count=n_sites, bitorder="little").astype(np.int8)


def count_bits(words: np.ndarray) -> np.ndarray:
    """Number of bits that are set in each row of words (T, W): int64 (T,)."""
    x = words.astype(np.uint64)
    ones, pairs, nibbles = (
        np.uint64(m) for m in (0x5555555555555555, 0x3333333333333333, 0x0F0F0F0F0F0F0F0F)
    )
    x -= (x >> np.uint64(1)) & ones
    x = (x & pairs) + ((x >> np.uint64(2)) & pairs)
    x = (x + (x >> np.uint64(4))) & nibbles
    return ((x * np.uint64(0x0101010101010101)) >> np.uint64(56)).astype(np.int64).sum(-1)


def set_bits(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the bits of rows of words (G, W) are set.

    Returns:
        The sites of all rows, one row after the other and increasing, (S,); and where the
        sites of each row begin, with the end of the last, (G + 1,).
    """
    rows, sites = np.nonzero(unpack_bits(words, _BITS * words.shape[1]))
    counts = np.bincount(rows, minlength=len(words))
    return sites, np.concatenate([[0], np.cumsum(counts)])


def sorted_rows(columns: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Sort rows that are given as columns of words, the first column being most significant.

    Args:
        columns: arrays (T,).

    Returns:
        The order (T,), stable, and whether each row in this order differs from the one before.
    """
    varying = [c for c in columns if len(c) and (c != c[0]).any()]
    size = len(columns[0])
    differs = np.zeros(size, bool)
    differs[:1] = True
    if not varying:
        return np.arange(size), differs
    order = np.lexsort(varying[::-1])
    for column in varying:
        column = column[order]
        differs[1:] |= column[1:] != column[:-1]
    return order, differs
