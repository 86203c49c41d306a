# SPDX-License-Identifier: Apache-2.0
"""Sums and products of Pauli strings, by bits: structure first, weights by sums over segments.

With P = (-i)^|x & z| Z^z X^x, from X^x Z^z = (-1)^|x & z| Z^z X^x: P_1 P_2 = i^p P_3 where
x_3 = x_1 xor x_2, z_3 = z_1 xor z_2, p = 3 (n_1 + n_2 - n_3) + 2 |x_1 & z_2|, n = |x & z|.
"""

from typing import Any

import jax
import numpy as np

from .._base import is_traced, promoted
from .._strings import StringTerms, count_bits
from ._symbols import n_y, powers_of_i

# Products with more strings are summed block by block,
_BLOCK = 2**21
# and those with still more stay lazy; with traced weights there are no blocks.
_MAX_PRODUCT, _MAX_TRACED_PRODUCT = 2**27, 2**24


def merged(n_sites: int, x: np.ndarray, z: np.ndarray, weights: Any) -> tuple[StringTerms, Any]:
    """Strings of words (T, W) with weights (T,), equal ones summed."""
    none = np.zeros_like(x)
    terms, place = StringTerms.merge(n_sites, none, none, z, x)
    return terms, segment_sums(weights, place, len(terms))


def segment_sums(values: Any, place: np.ndarray, size: int) -> Any:
    """Array (size,) with values[t] added at place[t]; traced if the values are."""
    if is_traced(values):
        return jax.ops.segment_sum(values, place, size)
    if values.dtype.kind == "c":
        total = np.bincount(place, values.real, size) + 1j * np.bincount(place, values.imag, size)
    else:
        total = np.bincount(place, values, size)
    return total.astype(values.dtype)


def is_too_large(a: StringTerms, weights_a: Any, b: StringTerms, weights_b: Any) -> bool:
    """Whether the product of two sums is better not written out."""
    limit = _MAX_TRACED_PRODUCT if is_traced(weights_a, weights_b) else _MAX_PRODUCT
    return len(a) * len(b) > limit


def multiply(
    a: StringTerms, weights_a: Any, b: StringTerms, weights_b: Any
) -> tuple[StringTerms, Any]:
    """The product of two sums of Pauli strings."""
    dtype = promoted(weights_a.dtype, weights_b.dtype)
    if not len(a) or not len(b):
        return StringTerms.empty(a.n_sites), np.zeros(0, dtype)
    if is_traced(weights_a, weights_b):
        return merged(a.n_sites, *_all_products(a, weights_a, b, weights_b))
    rows = max(_BLOCK // len(b), 1)
    blocks = [
        merged(a.n_sites, *_all_products(a[i : i + rows], weights_a[i : i + rows], b, weights_b))
        for i in range(0, len(a), rows)
    ]
    if len(blocks) == 1:
        return blocks[0]
    x, z = (np.concatenate([getattr(t, n) for t, _ in blocks]) for n in ("flip", "sign"))
    return merged(a.n_sites, x, z, np.concatenate([w for _, w in blocks]))


def _all_products(
    a: StringTerms, weights_a: Any, b: StringTerms, weights_b: Any
) -> tuple[np.ndarray, np.ndarray, Any]:
    """Words of x and z, and weights, of the product of every string of a with every one of b."""
    x = (a.flip[:, None] ^ b.flip).reshape(-1, a.flip.shape[1])
    z = (a.sign[:, None] ^ b.sign).reshape(-1, a.flip.shape[1])
    swaps = count_bits(a.flip[:, None] & b.sign)
    n = n_y(a.flip, a.sign)[:, None] + n_y(b.flip, b.sign)
    powers = 3 * (n.ravel() - n_y(x, z)) + 2 * swaps.ravel()
    dtype = promoted(weights_a.dtype, weights_b.dtype)
    if (powers % 2).any():
        dtype = promoted(dtype, 1j)
    weights = (weights_a[:, None] * weights_b).ravel().astype(dtype)
    return x, z, weights * powers_of_i(powers, dtype)
