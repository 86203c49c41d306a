# SPDX-License-Identifier: Apache-2.0
"""Numbers that are equal up to rounding: as integers that can be compared and hashed."""

import numpy as np

from .types import Array


def comparable(
    x: Array, *, bin_density: int = 3326400, offset: float = 0.34634333610595686
) -> np.ndarray:
    """Integers that are equal for numbers that are equal up to rounding.

    Args:
        x: numbers, of any shape.
        bin_density: number of bins per unit; 3326400 has many divisors, so that simple fractions
            lie on the same place of a bin,
        offset: which is this far from its lower end, in units of a bin.
    """
    return np.asarray(np.floor(np.asarray(x) * bin_density + offset), dtype=int)


def comparable_periodic(
    x: Array,
    where: bool | Array = True,
    *,
    bin_density: int = 3326400,
    offset: float = 0.34634333610595686,
) -> np.ndarray:
    """`comparable`, with numbers that differ by integers taken as equal.

    Args:
        x: numbers, of any shape.
        where: which of them are periodic, broadcast with `x`.
        bin_density: number of bins per unit.
        offset: where bins begin, in units of a bin.
    """
    bins = comparable(x, bin_density=bin_density, offset=offset)
    return np.where(where, bins % bin_density, bins)


def is_approx_int(x: Array, atol: float = 1e-08) -> np.ndarray:
    """Whether numbers are integers up to `atol`."""
    return np.isclose(x, np.rint(x), rtol=0.0, atol=atol)


def prune_zeros(x: Array, atol: float = 1e-08) -> np.ndarray:
    """Real and imaginary parts below `atol` set to zero; real if all is real then."""
    x = np.asarray(x)
    real = np.where(np.abs(x.real) < atol, 0.0, x.real)
    imag = np.where(np.abs(x.imag) < atol, 0.0, x.imag)
    return real + 1j * imag if np.any(imag) else real
