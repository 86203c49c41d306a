# SPDX-License-Identifier: Apache-2.0
"""The cyclic group of n elements, as rotations of a ring of n sites."""

import numpy as np

from .element import Element
from .permutation import Permutation, PermutationGroup


def cyclic_group(n: int) -> PermutationGroup:
    """The cyclic group Z_n of order n, acting on n sites: C_n takes what is on site i to i - 1.

    Args:
        n: its order.

    Raises:
        ValueError: n is not a positive integer.

    Example:
        >>> from netket.utils.group import cyclic_group
        >>> cyclic_group(3).elems
        [E, C3, C3^2]
    """
    if not isinstance(n, int | np.integer) or n < 1:
        raise ValueError(f"Argument `n` must be a positive integer, but is {n!r}.")
    sites = np.arange(int(n))
    names = ["E", f"C{n}", *(f"C{n}^{i}" for i in range(2, n))][:n]
    elems: list[Element] = [
        Permutation(permutation_array=(sites - i) % n, name=name) for i, name in enumerate(names)
    ]
    return PermutationGroup(elems, degree=int(n))
