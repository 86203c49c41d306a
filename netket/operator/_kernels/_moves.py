# SPDX-License-Identifier: Apache-2.0
"""Strings, found by the particles that move: from the occupied sites A to the empty sites B.

All strings with one flip and one A are a move; only moves with A occupied in x and B empty lead
anywhere. Sets of sites have numbers, rank(A) = sum_j C(a_j, j + 1) with a_0 < a_1 < ..., so that
the moves from A are a lookup, and most strings are never looked at.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ._rows import row_jax, without_noise
from ._strings import _words


class MoveData(NamedTuple):
    """Moves for the numba kernel, by the size of A, then by its rank; the diagonal is first."""

    weights: Any  # (T,)
    moduli: Any  # (T,)
    sign: Any  # (T, W) uint64
    care: Any  # (T, W)
    want: Any  # (T, W)
    begins: Any  # (M + 1,) where the strings of a move begin
    empty: Any  # (M, W) the sites B
    site_begins: Any  # (M + 1,) where the sites begin that a move changes
    sites: Any  # (S,) int32
    key_begins: Any  # (R + 1,) where the moves from A begin
    offsets: Any  # (k + 1,) where the ranks of sets of each size begin among the R
    ranks: Any  # (k, N) what site i adds to a rank as the j-th


class MoveLevel(NamedTuple):
    """Moves of k particles, for the jax kernel; number M is that of no move."""

    # pairs: which of the occupied sites A is, (P, k), and which of the empty ones B is, (Q, k)
    choices: tuple[tuple[Any, Any], ...]
    ranks: Any  # (k, N)
    table: Any  # (R, R) int32, the move from A to B
    term: Any  # (M + 1, m) int32, its strings; T where there is none
    sign: Any  # (M + 1, m, W) uint32
    care: Any  # (M + 1, m, W) uint32, or None if A and B are all there is to care about
    want: Any  # the same
    flip: Any  # (M + 1, N) local indices


class MoveLevels(NamedTuple):
    """Moves for the jax kernel, on a space with n particles."""

    weights: Any  # (T,)
    occupied: Any  # (n,) counts the particles
    levels: tuple[MoveLevel, ...]


@row_jax.register(MoveLevels)
def move_row(data: MoveLevels, x: Any) -> tuple[Any, Any]:
    """One slot for every choice of k particles and k holes; the diagonal, k = 0, is first."""
    words, order = _words(x), jnp.argsort(x, stable=True)
    n_empty = x.shape[0] - data.occupied.shape[0]
    empty, occupied = order[:n_empty], order[n_empty:]
    xps, mels = [], []
    for level in data.levels:
        for left, right in level.choices:
            a, b = _rank(level.ranks, occupied, left), _rank(level.ranks, empty, right)
            move = level.table[a[:, None], b].reshape(-1)
            xp, mel = _moved(data.weights, level, move, words, x)
            xps.append(xp)
            mels.append(mel)
    return jnp.concatenate(xps), jnp.concatenate(mels)


def _rank(ranks: Any, sites: Any, choice: Any) -> Any:
    """Ranks of the chosen sets, (P,)."""
    total = jnp.zeros(choice.shape[0], np.int32)
    for j in range(choice.shape[1]):
        total += ranks[j][sites[choice[:, j]]]
    return total


def _moved(weights: Any, level: MoveLevel, move: Any, words: Any, x: Any) -> tuple[Any, Any]:
    term = level.term[move]  # (S, m)
    w = weights.at[term].get(mode="fill", fill_value=0)
    moduli = jnp.abs(jax.lax.stop_gradient(w))
    sign = level.sign[move] & words
    odd = sign[..., 0]
    for k in range(1, words.shape[0]):
        odd ^= sign[..., k]
    w = jnp.where(jax.lax.population_count(odd) & 1, -w, w)
    if level.care is None:
        real = move < level.term.shape[0] - 1
    else:
        differ = (words ^ level.want[move]) & level.care[move]
        holds = jnp.all(differ == 0, axis=-1) & (term < weights.shape[0])
        w, moduli = jnp.where(holds, w, 0), jnp.where(holds, moduli, 0)
        real = jnp.any(holds, axis=-1)
    xp = jnp.where(real[:, None], x ^ level.flip[move], x)
    mels = jnp.sum(w, axis=-1)
    return xp, mels if w.shape[1] == 1 else without_noise(mels, jnp.sum(moduli, axis=-1))
