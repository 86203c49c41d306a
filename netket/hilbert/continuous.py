# SPDX-License-Identifier: Apache-2.0
"""`ContinuousHilbert`, `Particle`: particles with positions in space.

A sample of N particles in d dimensions holds x_1, y_1, ..., x_2, y_2, ...: all coordinates of a
particle are next to each other, so that ``sample.reshape(-1, N, d)`` are the positions.

Public as `netket.experimental.hilbert`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.utils.types import DType, PRNGKeyT

from . import random
from .abstract import AbstractHilbert
from .geometry import Cell
from .homogeneous import check_integer

__all__ = ["ContinuousHilbert", "Particle"]


class ContinuousHilbert(AbstractHilbert):
    """A space whose basis is labelled by real numbers; subclasses define `size` and `_attrs`.

    Args:
        domain: the largest value of the coordinate in each direction, infinite without a bound.
    """

    def __init__(self, domain: Sequence[float]):
        self._domain = tuple(domain)

    @property
    def domain(self) -> tuple[float, ...]:
        """The largest value of the coordinate in each direction."""
        return self._domain


class Particle(ContinuousHilbert):
    """Particles in a box, or in free space.

    Args:
        N: number of particles, or the number of each spin projection.
        geometry: where they are, a `Cell`.

    Raises:
        TypeError: a number is not an integer; `geometry` is no `Cell`.
        ValueError: there are no particles, or a negative number of them.

    Example:
        >>> import netket as nk
        >>> cell = nk.experimental.geometry.Cell(d=3, L=2.0)
        >>> nk.experimental.hilbert.Particle(N=(2, 1), geometry=cell).size
        9
    """

    def __init__(self, N: int | Sequence[int], *, geometry: Cell):
        if not isinstance(geometry, Cell):
            raise TypeError(
                "Argument `geometry` must be a netket.experimental.geometry.Cell or FreeSpace, but "
                f"is {geometry!r}."
            )
        numbers = [N] if np.ndim(N) == 0 else list(N)  # type: ignore[arg-type]
        self._n_per_spin = tuple(check_integer("N", n) for n in numbers)
        if sum(self._n_per_spin) == 0:
            raise ValueError(f"Argument `N` must be at least one particle, but is {N}.")
        self._geometry = geometry
        super().__init__(geometry.extent)

    @property
    def geometry(self) -> Cell:
        """Where the particles are."""
        return self._geometry

    @property
    def n_particles(self) -> int:
        """Number of particles."""
        return sum(self._n_per_spin)

    @property
    def n_per_spin(self) -> tuple[int, ...]:
        """Number of particles of each spin projection."""
        return self._n_per_spin

    @property
    def size(self) -> int:
        return self.n_particles * self._geometry.dimension

    @property
    def _attrs(self) -> tuple[Hashable, ...]:
        return (self._n_per_spin, self._geometry)

    def ptrace(self, sites: int | Iterable[int]) -> Particle | None:
        raise TypeError(
            f"{self} has no partial trace: a coordinate alone is not a particle. Make the space of "
            "fewer particles instead."
        )

    def __repr__(self) -> str:
        n = self._n_per_spin[0] if len(self._n_per_spin) == 1 else self._n_per_spin
        return f"Particle(N={n}, geometry={self._geometry})"


@random.random_state.dispatch
def random_positions(
    hilb: Particle, key: Any, size: int | np.integer, *, dtype: DType = None
) -> jax.Array:
    """Positions (size, N d): uniform in a box, and normal where there is no bound."""
    dtype = jax.dtypes.canonicalize_dtype(float if dtype is None else dtype)
    if not jnp.issubdtype(dtype, jnp.floating):
        raise TypeError(
            f"Argument `dtype` must be a real floating-point type, as positions are, but is "
            f"{dtype}."
        )
    return _positions(key, hilb.domain, hilb.n_particles, int(size), dtype)


def _positions(
    key: PRNGKeyT, domain: Sequence[float], n: int, size: int, dtype: np.dtype
) -> jax.Array:
    shape = (size, n, len(domain))
    bounded = np.isfinite(domain)
    parts = []
    if bounded.any():
        L = jnp.asarray(np.where(bounded, domain, 1.0), dtype=dtype)
        parts.append(L * jax.random.uniform(key, shape, dtype))
    if not bounded.all():
        parts.append(jax.random.normal(key, shape, dtype))
    drawn = jnp.where(bounded, parts[0], parts[-1])
    return drawn.reshape(size, n * len(domain))


@random.flip_state_scalar.dispatch
def _flip_continuous(hilb: ContinuousHilbert, key: Any, state: Any, index: Any) -> Any:
    raise TypeError(
        f"{hilb} has no local states to flip between. Use a sampler that moves positions, such as "
        "netket.sampler.MetropolisGaussian, instead of MetropolisLocal."
    )


@random.flip_state_batch.dispatch
def _flip_continuous_batch(hilb: ContinuousHilbert, key: Any, state: Any, index: Any) -> Any:
    return _flip_continuous(hilb, key, state, index)
