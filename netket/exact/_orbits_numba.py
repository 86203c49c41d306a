# SPDX-License-Identifier: Apache-2.0
"""Orbits of configurations under permutations of sites, walked through in the order of states."""

from typing import Any

import numpy as np
from numba import njit

from netket.hilbert._index_kernels import rank, unrank
from netket.operator._kernels._cache import stamped

#: In `code`: the state has not been met yet.
UNSEEN = -(2**31)


@njit(cache=True)
def _move(row: Any, images: Any, flip: bool, top: Any, signs: bool, moved: Any) -> bool:
    """Writes the image of a row of local indices; returns whether its sign is -1."""
    n_sites = len(row)
    for i in range(n_sites):
        value = row[images[i]]
        moved[i] = top[i] - value if flip else value
    odd = False
    if signs:
        for j in range(n_sites):
            if row[images[j]] != 0:
                for i in range(j):
                    if images[i] > images[j] and row[images[i]] != 0:
                        odd = not odd
    return odd


@njit(cache=True)
def mark_orbits(
    table: Any,
    n_states: int,
    images: Any,
    flips: Any,
    top: Any,
    signs: bool,
    weights: Any,
    orbit: Any,
    code: Any,
    first: Any,
    norms: Any,
) -> int:
    """Finds the orbits that have a state in the range of P = Σ_t w_t P_t.

    Each orbit is walked through once, from its first state r on.

    Args:
        table: numbers of the configurations.
        n_states: how many there are.
        images: (T, N) the permutations.
        flips: (T,) whether local states are reversed.
        top: (N,) largest local indices.
        signs: whether sites are fermionic orbitals.
        weights: (T,) the factors w.
        orbit: (n_states,) filled with the number of the orbit, -1 for those that have no state.
        code: (n_states,) `UNSEEN`; filled with a t such that P_t takes r to the state, with the
            sign -1 it is -1 - t.
        first: (n_states,) filled with r for each orbit.
        norms: (n_states,) filled with <r|P|r> for each orbit.

    Returns:
        The number of orbits; -1 - n if a permutation takes state n out of the space.
    """
    n_terms, n_sites = images.shape
    row, moved = np.empty(n_sites, np.int64), np.empty(n_sites, np.int64)
    numbers = np.empty(n_terms, np.int64)
    count = 0
    for n in range(n_states):
        if code[n] != UNSEEN:
            continue
        unrank(table, n, row)
        norm = 0.0 * weights[0]
        for t in range(n_terms):
            odd = _move(row, images[t], flips[t], top, signs, moved)
            m = rank(table, moved)
            if m < 0:
                return -1 - n
            numbers[t] = m
            if code[m] == UNSEEN:
                code[m] = -1 - t if odd else t
            if m == n:
                norm += -weights[t] if odd else weights[t]
        if abs(norm) > 0.5 / n_terms:
            for t in range(n_terms):
                orbit[numbers[t]] = count
            first[count], norms[count] = n, norm.real
            count += 1
    return count


stamped(mark_orbits)
