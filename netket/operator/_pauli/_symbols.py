# SPDX-License-Identifier: Apache-2.0
"""Pauli strings as text and as bits: P = (-i)^|x & z| Z^z X^x, site by site.

(x, z) is (0, 0) for I, (1, 0) for X, (1, 1) for Y, and (0, 1) for Z.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from .._strings import count_bits, pack_bits

_LETTERS = np.frombuffer(b"IXZY", np.uint8)  # by x + 2 z
_CODES = np.full(256, 255, np.uint8)
_CODES[_LETTERS] = np.arange(4)
_POWERS = np.array([1, 1j, -1, -1j])


def parse_strings(strings: Iterable[str], n_sites: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Words of x and of z, each (T, W), of strings such as ``"XIZ"``.

    Args:
        strings: the strings, T of them.
        n_sites: how long they must be; None if any one length will do.

    Raises:
        ValueError: a string has another length, or another letter than I, X, Y, Z.
    """
    strings = [str(s) for s in strings]
    n_sites = (len(strings[0]) if strings else 0) if n_sites is None else n_sites
    for s in strings:
        if len(s) != n_sites:
            raise ValueError(
                f"Argument `operators` must have strings of {n_sites} letters, one for each site, "
                f"but has {s!r} with {len(s)}."
            )
    text = "".join(strings).encode("ascii", "replace")
    codes = _CODES[np.frombuffer(text, np.uint8)].reshape(len(strings), n_sites)
    if (codes > 3).any():
        t, i = np.argwhere(codes > 3)[0]
        raise ValueError(
            "Argument `operators` must have strings of the letters I, X, Y, Z, but "
            f"{strings[t]!r} has {strings[t][i]!r} at position {i}."
        )
    return pack_bits(codes & 1), pack_bits(codes & 2)


def format_strings(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Strings of bits (T, N) of x and of z, as an array of str (T,)."""
    letters = np.ascontiguousarray(_LETTERS[x + 2 * z])
    if not letters.size:
        return np.full(len(letters), "", dtype="<U1")
    return letters.view(f"S{letters.shape[1]}").reshape(-1).astype(str)


def n_y(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Number of Y in each string of words (T, W)."""
    return count_bits(x & z)


def powers_of_i(powers: np.ndarray, dtype: Any) -> np.ndarray:
    """i^p, of a real dtype only if all powers are even."""
    values = _POWERS[powers % 4]
    return (values if np.dtype(dtype).kind == "c" else values.real).astype(dtype)
