# SPDX-License-Identifier: Apache-2.0
r"""Changes one site: :math:`\sigma_i \to \sigma_i' \neq \sigma_i` for random i, uniformly."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import AbstractHilbert
from netket.utils.types import Array, PRNGKeyT, PyTree

from .._random import random_integers
from ._local_states import local_states
from .base import DrawnAheadRule

__all__ = ["LocalRule"]


class LocalChange(NamedTuple):
    """Random numbers of :class:`LocalRule`."""

    site: jax.Array  # (..., C)
    shift: jax.Array  # (..., C) difference of the values, before wrapping around


class LocalRule(DrawnAheadRule):
    r"""Proposes another local state of one random site.

    Site and new state are uniform, so that :math:`q(\sigma'|\sigma) = 1/(N(d_i - 1))` is symmetric.
    Proposals outside a constrained space are rejected. Spaces of a conserved total, in which no
    change of a single site is possible, are refused: use :class:`ExchangeRule`.
    """

    def check_space(self, hilbert: AbstractHilbert) -> None:
        local_states(hilbert)
        if not hilbert.is_finite:
            raise ValueError(
                "LocalRule (MetropolisLocal) chooses among the local states of a site, but in "
                f"{hilbert} they are infinitely many. Give the space a maximum, such as `n_max`."
            )
        if hilbert.constraint is not None and not _has_local_moves(hilbert):
            raise ValueError(
                f"LocalRule (MetropolisLocal) changes one site at a time, but in {hilbert} no such "
                "change satisfies the constraint. Use MetropolisExchange, which conserves totals, "
                "or MetropolisHamiltonian."
            )

    def draw(self, sampler: Any, key: PRNGKeyT, shape: tuple[int, ...]) -> LocalChange:
        _, _, step, count = local_states(sampler.hilbert)
        others = np.maximum(count, 2) - 1
        two_states = np.all(others == 1)
        site_key, shift_key = (key, None) if two_states else jax.random.split(key)
        site = random_integers(site_key, shape, sampler.hilbert.size)
        step, steps = _per_site(step, site), jnp.ones(shape, jnp.int32)
        if not two_states:
            steps += random_integers(shift_key, shape, _per_site(others, site))
        # integers wrap around on conversion, floats would not
        wide = jnp.int32 if jnp.issubdtype(sampler.dtype, jnp.integer) else sampler.dtype
        return LocalChange(site, (steps * step).astype(wide).astype(sampler.dtype))

    def propose(
        self,
        sampler: Any,
        machine: Any,
        params: PyTree,
        σ: Array,
        facts: PyTree,
        drawn: LocalChange,
    ) -> tuple[jax.Array, jax.Array | None, PyTree]:
        changed = jnp.arange(σ.shape[-1], dtype=jnp.int32) == drawn.site[:, None]
        σp = jnp.where(changed, _shifted(sampler.hilbert, σ, drawn.shift[:, None]), σ)
        if sampler.hilbert.constraint is None:
            return σp, None, None
        return σp, jnp.where(sampler.hilbert.constraint(σp), 0.0, -jnp.inf), None

    def max_changes(self, hilbert: AbstractHilbert) -> int:
        return 1

    def changed_sites(self, σ: Array, drawn: LocalChange) -> jax.Array:
        """The site of every chain, (C, 1)."""
        return drawn.site[:, None]


def _shifted(hilbert: AbstractHilbert, σ: Array, shift: jax.Array) -> jax.Array:
    """Every value raised by `shift` (C, 1), and wrapped around at the highest local state.

    Integers of a small type may overflow on the way; modular arithmetic makes the result right.
    """
    _, high, step, count = local_states(hilbert)
    high, period = (
        jnp.asarray(np.asarray(x, np.int64 if σ.dtype.kind in "iu" else float).astype(σ.dtype))
        for x in (high, np.multiply(step, count))
    )
    return jnp.where(σ > high - shift, σ + shift - period, σ + shift)


def _per_site(value: Any, site: jax.Array) -> Any:
    """Entries of an array over sites, or the number that is the same for all."""
    return value if np.ndim(value) == 0 else jnp.asarray(value)[site]


def _has_local_moves(hilbert: AbstractHilbert) -> bool:
    """Whether one of some random states has a neighbour in the space that differs at one site."""
    n = hilbert.size
    σ = np.asarray(hilbert.random_state(jax.random.key(0), 4, dtype=float))
    low, _, step, count = (np.broadcast_to(x, (n,)) for x in local_states(hilbert))
    for k in range(int(max(count))):
        moved = np.repeat(σ[:, None], n, axis=1)  # (4, N, N): one changed site for every row
        moved[:, np.arange(n), np.arange(n)] = low + step * np.minimum(k, count - 1)
        changed = np.any(moved != σ[:, None], axis=-1)
        if np.any(changed & np.asarray(hilbert.constraint(moved))):
            return True
    return False
