# SPDX-License-Identifier: Apache-2.0
"""Products of creators and annihilators as rows of integers, all rows at a time.

A row of codes (L,) is a product from left to right: code ``2 orbital + 1`` is a creator, and
``2 orbital`` an annihilator; -1 fills the end. Operators of different orbitals anticommute, so
that a product is, up to a sign, a product over orbitals in ascending order, of one factor each::

    c,   c c† = 1 - n,   c† c = n,   c†

(`Factors`); it vanishes if an orbital has the same operator twice in a row. From this form follow
normal and other orders, and, with c_i = Z_0 ... Z_(i-1) σ_i, matrix elements.
"""

from typing import NamedTuple

import numpy as np

from .._strings import pack_bits

# Factors of one orbital, 1 + 2 (first is a creator) + (last is a creator); 0 is none.
NONE, DESTROY, EMPTY, FULL, CREATE = range(5)

# Rows that are unpacked to bits at a time.
_BLOCK = 2**15


class Factors(NamedTuple):
    """Products over orbitals in ascending order; F is the largest number of factors."""

    orbital: np.ndarray  # (T, F), -1 where there is no factor
    kind: np.ndarray  # (T, F)
    odd: np.ndarray  # (T,) whether the product has the opposite sign
    zero: np.ndarray  # (T,) whether the product vanishes


def lengths(codes: np.ndarray) -> np.ndarray:
    """Number of operators in each product, (T,)."""
    return (codes >= 0).sum(axis=1)


def aligned(codes: np.ndarray) -> np.ndarray:
    """Codes with -1 anywhere, moved to the left, and no wider than needed."""
    valid = codes >= 0
    if not (valid[:, 1:] <= valid[:, :-1]).all():
        order = np.argsort(~valid, axis=1, kind="stable")
        codes = np.take_along_axis(codes, order, axis=1)
    return np.ascontiguousarray(codes[:, : valid.sum(axis=1).max(initial=0)], np.int32)


def widened(codes: np.ndarray, width: int) -> np.ndarray:
    """Codes of shape (T, width)."""
    missing = width - codes.shape[1]
    return np.pad(codes, [(0, 0), (0, missing)], constant_values=-1) if missing > 0 else codes


def adjoint(codes: np.ndarray) -> np.ndarray:
    """Codes of the adjoint products."""
    return aligned(np.where(codes >= 0, codes ^ 1, -1)[:, ::-1])


def _is_odd(keys: np.ndarray) -> np.ndarray:
    """Whether an odd number of transpositions sorts each row; equal and negative keys commute."""
    odd = np.zeros(len(keys), bool)
    for j in range(1, keys.shape[1]):
        for i in range(j):
            odd ^= (keys[:, i] > keys[:, j]) & (keys[:, j] >= 0)
    return odd


def factors(codes: np.ndarray) -> Factors:
    """The factors of each product (T, L)."""
    n_terms, width = codes.shape
    orbital = codes >> 1
    odd = _is_odd(orbital)
    order = np.argsort(np.where(codes < 0, np.iinfo(np.int32).max, orbital), axis=1, kind="stable")
    codes = np.take_along_axis(codes, order, axis=1)
    valid, orbital = codes >= 0, codes >> 1
    same = np.zeros((n_terms, width + 1), bool)  # whether an operator is on the orbital before
    same[:, 1:-1] = (orbital[:, 1:] == orbital[:, :-1]) & valid[:, 1:]
    zero = (same[:, 1:-1] & (codes[:, 1:] == codes[:, :-1])).any(axis=1)
    first, last = ~same[:, :-1] & valid, ~same[:, 1:] & valid
    place = np.cumsum(first, axis=1)[first] - 1
    n_factors = int(place.max(initial=-1)) + 1
    row = np.nonzero(first)[0]
    result = np.full((n_terms, n_factors), -1, np.int32), np.zeros((n_terms, n_factors), np.int8)
    result[0][row, place] = orbital[first]
    result[1][row, place] = 1 + 2 * (codes[first] & 1) + (codes[last] & 1)
    return Factors(*result, odd, zero)


def without(kind: int, f: Factors) -> tuple[Factors, np.ndarray]:
    """The products with n = 1 - (1 - n), or 1 - n, multiplied out, so that `kind` is gone.

    Args:
        kind: `EMPTY` or `FULL`.
        f: the products; those that vanish are left out.

    Returns:
        The factors, and the row of `f` that each comes from.
    """
    source = np.flatnonzero(~f.zero)
    orbital, kinds, odd = f.orbital[source], f.kind[source], f.odd[source]
    other = FULL if kind == EMPTY else EMPTY
    for j in range(orbital.shape[1]):
        here = np.flatnonzero(kinds[:, j] == kind)
        if not len(here):
            continue
        orbital, kinds, odd, source = (
            np.concatenate([a, a[here]]) for a in (orbital, kinds, odd, source)
        )
        orbital[here, j], kinds[here, j] = -1, NONE  # 1
        kinds[-len(here) :, j] = other
        odd[-len(here) :] ^= True
    order = np.argsort(source, kind="stable")
    odd = odd[order]
    return Factors(orbital[order], kinds[order], odd, np.zeros_like(odd)), source[order]


def ordered(f: Factors, order: str) -> tuple[np.ndarray, np.ndarray]:
    """Products of factors as codes.

    Args:
        f: the factors; none is `EMPTY`, or for ``"A"`` none is `FULL`.
        order: ``"N"``: creators, then annihilators, each with the highest orbital first;
            ``"A"``: annihilators first; ``"P"``: ascending orbitals, creators first on each.

    Returns:
        Codes (T, L), and whether the product has the opposite sign, (T,).
    """
    n_terms, n_factors = f.orbital.shape
    creator = np.where((f.kind == CREATE) | (f.kind == FULL) | (f.kind == EMPTY), 1, 0)
    destroyer = np.where((f.kind == DESTROY) | (f.kind == FULL) | (f.kind == EMPTY), 1, 0)
    pair = [
        np.where(creator, 2 * f.orbital + 1, -1),
        np.where(destroyer, 2 * f.orbital, -1),
    ]
    codes = np.stack(pair[::-1] if order == "A" else pair, axis=2).reshape(n_terms, 2 * n_factors)
    if order == "P":
        return aligned(codes), f.odd
    top = int(codes.max(initial=0)) + 2
    later = (codes & 1) == (1 if order == "A" else 0)
    keys = np.where(codes < 0, -1, top - codes // 2 + top * later)
    odd = f.odd ^ _is_odd(keys)
    place = np.argsort(np.where(keys < 0, 3 * top, keys), axis=1, kind="stable")
    return aligned(np.take_along_axis(codes, place, axis=1)), odd


def strings(
    codes: np.ndarray, n_sites: int, fermionic: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
    """Products as strings on two-state sites, see `StringTerms`.

    At site r the product has Z to the number of c and c† on sites above; it acts before the
    factor of r itself, on x'_r.

    Args:
        codes: the products (T, L).
        n_sites: number of sites N.
        fermionic: the sites that have a Z, booleans (N,).

    Returns:
        The products that do not vanish (S,), whether they have the opposite sign (S,), and the
        words care, want, sign, flip, each (S, W).
    """
    f = factors(codes)
    source = np.flatnonzero(~f.zero)
    odd, words = [], []
    for begin in range(0, max(len(source), 1), _BLOCK):
        rows = source[begin : begin + _BLOCK]
        parity, bits = _string_bits(f.orbital[rows], f.kind[rows], n_sites, fermionic)
        odd.append(f.odd[rows] ^ parity)
        words.append([pack_bits(b) for b in bits])
    return source, np.concatenate(odd), tuple(map(np.concatenate, zip(*words)))


def _string_bits(
    orbital: np.ndarray, kind: np.ndarray, n_sites: int, fermionic: np.ndarray
) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    care, want, flip = (np.zeros((len(orbital), n_sites), bool) for _ in range(3))
    row, place = np.nonzero(kind)
    site, kind = orbital[row, place], kind[row, place]
    care[row, site] = True
    want[row, site] = (kind == FULL) | (kind == CREATE)
    flip[row, site] = (kind == CREATE) | (kind == DESTROY)
    above = np.logical_xor.accumulate(flip[:, ::-1], axis=1)[:, ::-1] ^ flip
    above &= fermionic
    fixed = above & care & (want ^ flip)
    return np.logical_xor.reduce(fixed, axis=1), (care, want, above & ~care, flip)
