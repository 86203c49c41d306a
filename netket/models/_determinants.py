# SPDX-License-Identifier: Apache-2.0
r"""Determinants of occupied rows, and how they change when a few particles hop.

.. math::

    \det A' = \det A \cdot \det C, \qquad C_{jl} = (u_{a_j} A^{-1})_{e_l}, \qquad
    A'^{-1} = A^{-1} - A^{-1}_{:, e} C^{-1} (u_a A^{-1} - 1_e),

where rows e of A are replaced by rows a of the orbitals u. Determinants are stored as a phase (a
sign, if real) and the logarithm of the modulus.

Source: determinant lemma and Woodbury identity; for their use in Monte Carlo, D. Ceperley,
G. V. Chester and M. H. Kalos, Phys. Rev. B 16, 3081 (1977).
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from netket.utils.types import Array

__all__ = ["LogDet", "hop", "log_det_of_rows", "sector"]


class LogDet(NamedTuple):
    """A determinant as phase times exponential; zero has the modulus -inf."""

    phase: jax.Array
    """1 or -1, or a complex number of modulus one; 1 where the determinant vanishes"""
    modulus: jax.Array
    """logarithm of the modulus"""


def occupied(n: Array, n_particles: int) -> jax.Array:
    """Occupied orbitals in ascending order.

    Args:
        n: Occupation numbers (..., N), of any dtype.
        n_particles: How many are not zero.

    Returns:
        Orbitals (..., n_particles); N where there are too few particles.
    """

    def of_row(row: Array) -> jax.Array:
        return jnp.nonzero(row, size=n_particles, fill_value=len(row))[0]

    n = jnp.asarray(n)
    flat = jax.vmap(of_row)(n.reshape(-1, n.shape[-1]))
    return flat.reshape(*n.shape[:-1], n_particles)


def rows_of(orbitals: Array, n: Array) -> jax.Array:
    """The square matrices of the occupied rows; zero for other numbers of particles.

    Args:
        orbitals: Matrix (N, n_particles).
        n: Occupation numbers (..., N).

    Returns:
        Matrices (..., n_particles, n_particles), which vanish where no determinant exists.
    """
    n_particles = orbitals.shape[-1]
    rows = jnp.asarray(orbitals).at[occupied(n, n_particles)].get(mode="fill", fill_value=0)
    fits = jnp.count_nonzero(n, axis=-1) == n_particles
    return jnp.where(fits[..., None, None], rows, 0)


@jax.jit
def log_det_of_rows(orbitals: Array, n: Array) -> LogDet:
    """The determinants of the occupied rows, see `rows_of`; one program also outside of `jit`."""
    return log_det(rows_of(orbitals, n))


@jax.custom_jvp
def log_det(A: Array) -> LogDet:
    """The determinant of square matrices (..., n, n), one factorisation for each.

    The derivative needs no other one, and is zero where the determinant vanishes: such
    configurations have no weight, and NaN must not spread from them.
    """
    return _from_factors(*_factors(A))


@log_det.defjvp
def _log_det_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[LogDet, LogDet]:
    (A,), (dA,) = primals, tangents
    value, inverse = with_inverse(A)
    trace = jnp.einsum("...ij,...ji->...", inverse, dA)
    if jnp.iscomplexobj(A):
        return value, LogDet(1j * trace.imag * value.phase, trace.real)
    return value, LogDet(jnp.zeros_like(trace), trace)


def with_inverse(A: Array) -> tuple[LogDet, jax.Array]:
    """The determinant and the inverse, which is zero for singular matrices."""
    factors, pivots = _factors(A)
    singular = jnp.any(_diagonal(factors) == 0, axis=-1)[..., None, None]
    identity = jnp.eye(A.shape[-1], dtype=A.dtype)
    solvable = jnp.where(singular, identity, factors)
    right = jnp.broadcast_to(identity, A.shape)
    inverse = jnp.where(singular, 0, jax.scipy.linalg.lu_solve((solvable, pivots), right))
    return _from_factors(factors, pivots), inverse


def _factors(A: Array) -> tuple[jax.Array, jax.Array]:
    factors, pivots, _ = jax.lax.linalg.lu(A)
    return factors, pivots


def _diagonal(A: Array) -> jax.Array:
    return jnp.diagonal(A, axis1=-2, axis2=-1)


def _from_factors(factors: Array, pivots: Array) -> LogDet:
    """The determinant from the factors P A = L U, where L has a unit diagonal."""
    u = _diagonal(factors)
    swaps = jnp.count_nonzero(pivots != jnp.arange(u.shape[-1], dtype=pivots.dtype), axis=-1)
    parity = jnp.where(swaps % 2 == 1, -1, 1).astype(u.dtype)
    zero = jnp.any(u == 0, axis=-1)
    phases = jnp.where(zero[..., None], 1, _phase(u))
    modulus = jnp.sum(jnp.log(jnp.abs(u)), axis=-1)
    return LogDet(
        jnp.where(zero, 1, parity * jnp.prod(phases, axis=-1)), jnp.where(zero, -jnp.inf, modulus)
    )


def _phase(z: Array) -> jax.Array:
    """z / |z|, and 1 for zero."""
    if not jnp.iscomplexobj(z):
        return jnp.where(z < 0, -1, 1).astype(z.dtype)
    modulus = jnp.abs(z)
    return jnp.where(modulus == 0, 1, z / jnp.where(modulus == 0, 1, modulus))


# -- few particles hop ---------------------------------------------------------------------------


class Sector(NamedTuple):
    """What is remembered of the particles of one determinant."""

    n: jax.Array
    """occupation numbers (N,), boolean"""
    row: jax.Array
    """row (N,) of the matrix that belongs to an orbital; arbitrary for empty ones"""
    inverse: jax.Array
    """inverse (n, n) of the matrix of the occupied rows, in the order of `row`"""
    det: LogDet
    """determinant for the rows in ascending order"""
    is_fresh: jax.Array
    """False if the inverse does not exist or is not accurate: next time it is computed anew"""


class Hopping(NamedTuple):
    """Which orbitals are emptied and filled; at most `k // 2` particles hop if k sites change."""

    empty: jax.Array
    """orbitals (r,) that are left"""
    fill: jax.Array
    """orbitals (r,) that are entered"""
    is_hop: jax.Array
    """whether the slot is used (r,)"""
    conserves: jax.Array
    """whether as many are left as are entered"""


# hops whose ratio of determinants is smaller are rarely accepted; the inverse would lose digits, as
# much as the way back has lost already
_SMALLEST_RATIO = 1e-3


def sector(orbitals: jax.Array, n: jax.Array) -> Sector:
    """The determinant of one configuration (N,), and what is needed to change it."""
    n = n != 0
    row = jnp.cumsum(n, dtype=jnp.int32) - 1
    A = rows_of(orbitals, n)
    det, inverse = with_inverse(A)
    # also of determinants that vanish up to rounding, the inverse tells nothing
    is_fresh = jnp.isfinite(det.modulus) & (_norm(A) * _norm(inverse) < _largest_condition(A.dtype))
    return Sector(n, row, inverse, det, is_fresh)


def _norm(A: jax.Array) -> jax.Array:
    return jnp.max(jnp.sum(jnp.abs(A), axis=-1), initial=0)


def _largest_condition(dtype: Any) -> float:
    """Up to which condition number half of the digits are left."""
    return float(jnp.finfo(dtype).eps ** -0.5)


def hop(
    orbitals: jax.Array, old: Sector, sites: jax.Array, new: jax.Array, here: jax.Array
) -> Sector:
    """The determinant after a change of k sites.

    Args:
        orbitals: Matrix (N, n).
        old: What is remembered of the configuration.
        sites: Orbitals (k,), all different.
        new: Their new occupation numbers (k,).
        here: Whether they belong to this sector (k,); others are ignored.
    """
    n_sites = len(old.n)
    index = jnp.where(here, sites, n_sites)
    n = old.n.at[index].set(new != 0, mode="drop")
    if not orbitals.shape[-1]:  # without particles there is nothing to update
        return sector(orbitals, n)
    moves = _hopping(old.n, index, new != 0, here)
    if not len(moves.is_hop):
        # less than two sites: the number of particles changes if anything does
        det = LogDet(old.det.phase, jnp.where(moves.conserves, old.det.modulus, -jnp.inf))
        return Sector(n, old.row, old.inverse, det, old.is_fresh & moves.conserves)
    moved, is_accurate = _moved(orbitals, old, n, moves)
    return _repaired(orbitals, moved, old.is_fresh & is_accurate)


def _hopping(n: jax.Array, index: jax.Array, new: jax.Array, here: jax.Array) -> Hopping:
    before = n.at[index].get(mode="fill", fill_value=False)
    leave, enter = here & before & ~new, here & ~before & new
    conserves = jnp.count_nonzero(leave) == jnp.count_nonzero(enter)
    slots = []
    for _ in range(len(index) // 2):
        i, j = jnp.argmax(leave), jnp.argmax(enter)
        slots.append((index[i], index[j], leave[i] & enter[j]))
        leave, enter = leave.at[i].set(False), enter.at[j].set(False)
    if not slots:
        none = jnp.zeros((0,), jnp.int32)
        return Hopping(none, none, none != 0, conserves)
    empty, fill, is_hop = (jnp.stack(part) for part in zip(*slots))
    return Hopping(empty, fill, is_hop, conserves)


def _moved(
    orbitals: jax.Array, old: Sector, n: jax.Array, moves: Hopping
) -> tuple[Sector, jax.Array]:
    """The sector after the hops, by the determinant lemma, and whether it is accurate."""
    sign, row = _reordered(old, moves)
    empty = jnp.where(moves.is_hop, moves.empty, 0)
    fill = jnp.where(moves.is_hop, moves.fill, 0)
    e = old.row[empty]  # rows of A that are replaced
    new_rows = orbitals[fill] @ old.inverse  # (r, n)
    both = moves.is_hop[:, None] & moves.is_hop
    identity = jnp.eye(len(e), dtype=new_rows.dtype)
    C = jnp.where(both, new_rows[:, e], identity)
    ratio = jnp.where(moves.conserves, jnp.linalg.det(C), 0)
    size = jnp.abs(ratio)
    unit = jax.nn.one_hot(e, new_rows.shape[-1], dtype=new_rows.dtype)
    change = jnp.where(moves.is_hop[:, None], new_rows - unit, 0)
    columns = jnp.where(moves.is_hop, old.inverse[:, e], 0)  # (n, r)
    inverse = old.inverse - columns @ (_inverse(C, ratio) @ change)
    det = LogDet(
        jnp.where(size == 0, 1, old.det.phase * sign * _phase(ratio)),
        old.det.modulus + jnp.log(size),
    )
    moved = Sector(n, row, inverse, det, old.is_fresh & (size > _SMALLEST_RATIO))
    return moved, size < 1 / _SMALLEST_RATIO


def _reordered(old: Sector, moves: Hopping) -> tuple[jax.Array, jax.Array]:
    """Sign of the permutation that sorts the rows again, and the rows of the orbitals."""
    n, row = jnp.asarray(old.n), jnp.asarray(old.row)
    sign = jnp.ones((), old.inverse.dtype)
    orbitals = jnp.arange(len(n), dtype=jnp.int32)
    for empty, fill, is_hop in zip(moves.empty, moves.fill, moves.is_hop):
        low, high = jnp.minimum(empty, fill), jnp.maximum(empty, fill)
        passed = jnp.count_nonzero(n & (orbitals > low) & (orbitals < high))
        sign = jnp.where(is_hop & (passed % 2 == 1), -sign, sign)
        here, there = (jnp.where(is_hop, site, len(n)) for site in (empty, fill))
        row = row.at[there].set(row[jnp.where(is_hop, empty, 0)], mode="drop")
        n = n.at[here].set(False, mode="drop").at[there].set(True, mode="drop")
    return sign, row


def _inverse(C: jax.Array, det: jax.Array) -> jax.Array:
    """The inverse of a matrix (r, r) whose determinant is known; anything if that is zero."""
    det = jnp.where(det == 0, 1, det)
    if len(C) == 1:
        return (1 / det).reshape(1, 1)
    if len(C) == 2:
        return jnp.array([[C[1, 1], -C[0, 1]], [-C[1, 0], C[0, 0]]]) / det
    return with_inverse(C)[1]


@jax.custom_batching.custom_vmap
def _repaired(orbitals: jax.Array, moved: Sector, is_right: jax.Array) -> Sector:
    """The sector after a hop, computed anew if the inverse before it was of no use."""
    return jax.lax.cond(is_right, lambda: moved, lambda: sector(orbitals, moved.n))


@_repaired.def_vmap
def _repaired_batch(
    axis_size: int, batched: tuple, orbitals: jax.Array, moved: Sector, is_right: jax.Array
) -> tuple[Sector, Sector]:
    """A branch for the whole batch: as a rule, no inverse needs to be computed."""
    orbitals_axis, moved_axes, right_axis = batched
    axes = jax.tree.map(lambda b: 0 if b else None, (orbitals_axis, moved_axes))

    def anew() -> Sector:
        return jax.vmap(
            lambda u, part, keep: jax.tree.map(
                lambda a, b: jnp.where(keep, a, b), part, sector(u, part.n)
            ),
            (*axes, 0 if right_axis else None),
            axis_size=axis_size,
        )(orbitals, moved, is_right)

    def as_it_is() -> Sector:
        return jax.vmap(lambda part: part, (axes[1],), axis_size=axis_size)(moved)

    out = jax.lax.cond(jnp.all(is_right), as_it_is, anew)
    return out, jax.tree.map(lambda _: True, out)
