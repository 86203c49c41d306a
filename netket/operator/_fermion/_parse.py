# SPDX-License-Identifier: Apache-2.0
"""Products of creators and annihilators from what users write: text, or pairs of integers."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

_OPERATOR = re.compile(r"(\d+)(\^?)")


def codes_of(terms: Any, n_sites: int) -> np.ndarray:
    """Codes (T, L) of products, see `_words`.

    Args:
        terms: a list of products, each as text such as ``"0^ 1"`` or as a list of pairs
            ``(orbital, 1 for a creator or 0)``; one text is one product.
        n_sites: number of orbitals.

    Raises:
        ValueError: a product cannot be read, or has an orbital that does not exist.
        TypeError: `terms` is no list.
    """
    if not (terms is None or isinstance(terms, Iterable)):
        raise TypeError(f"Argument `terms` must be a list of products, but is {terms!r}.")
    terms = [terms] if isinstance(terms, str) else list(() if terms is None else terms)
    pairs = _as_array(terms)
    if pairs is None:
        products = [_product(term) for term in terms]
        width = max(map(len, products), default=0)
        rows = [p + [(-1, 1)] * (width - len(p)) for p in products]
        pairs = np.array(rows, np.int64).reshape(len(rows), width, 2)
        free = np.arange(width) >= np.array([len(p) for p in products], np.int64)[:, None]
    else:
        free = np.zeros(pairs.shape[:2], bool)
    orbital, creator = pairs[..., 0], pairs[..., 1]
    if np.any((creator != 0) & (creator != 1)):
        raise ValueError(
            "Argument `terms` must have pairs (orbital, 1) for creators and (orbital, 0) for "
            f"annihilators, but has a second entry {creator[(creator != 0) & (creator != 1)][0]}."
        )
    bad = ~free & ((orbital < 0) | (orbital >= n_sites))
    if bad.any():
        raise ValueError(
            f"Argument `terms` must have orbitals from 0 to {n_sites - 1}, as the Hilbert space "
            f"does, but has the orbital {orbital[bad][0]}."
        )
    return np.where(free, -1, 2 * orbital + creator).astype(np.int32)


def _as_array(terms: list[Any]) -> np.ndarray | None:
    """Pairs (T, L, 2) if all products are of the same length, and of integers."""
    if not terms or any(isinstance(t, str) or len(t) != len(terms[0]) for t in terms):
        return None
    try:
        array = np.array(terms)
    except ValueError:
        return None
    good = array.ndim == 3 and array.shape[2] == 2 and array.dtype.kind in "iu"
    return array.astype(np.int64) if good else None


def _product(term: Any) -> list[tuple[int, int]]:
    """One product as pairs."""
    if isinstance(term, str):
        matches = [_OPERATOR.fullmatch(word) for word in term.split()]
        if not all(matches):
            raise ValueError(
                'Argument `terms` must have products such as "0^ 1" (a number for each operator, '
                f"followed by ^ if it is a creator), but has {term!r}."
            )
        return [(int(m[1]), int(m[2] == "^")) for m in matches if m]
    pairs = list(term) if isinstance(term, Iterable) else None
    if pairs is None or any(np.shape(pair) != (2,) for pair in pairs):
        raise ValueError(
            "Argument `terms` must be a list of products, each of which is text or a list of pairs "
            f"(orbital, 1 for a creator or 0), but has the product {term!r}."
        )
    if any(not float(i).is_integer() for pair in pairs for i in pair):
        raise ValueError(f"Argument `terms` must have pairs of integers, but has {term!r}.")
    return [(int(i), int(d)) for i, d in pairs]
