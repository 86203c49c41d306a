# SPDX-License-Identifier: Apache-2.0
"""`Fock`: N bosonic modes, with occupation numbers 0, 1, ..., n_max."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from netket.utils import StaticRange

from .constraint import DiscreteHilbertConstraint, SumConstraint
from .homogeneous import HomogeneousHilbert, check_integer

#: Largest occupation number of a space without a bound.
FOCK_MAX = int(np.iinfo(np.int64).max) - 1


class Fock(HomogeneousHilbert):
    """N bosonic modes.

    Args:
        n_max: largest occupation number of a mode. Without it, and without `n_particles`, there is
            no bound, and the space is not finite.
        N: number of modes.
        n_particles: if given, the total number of bosons is fixed to it.
        constraint: another condition on the samples.

    Raises:
        TypeError: a number is not an integer.
        ValueError: the particles do not fit in; `n_particles` and `constraint` are both given.

    Example:
        >>> import netket as nk
        >>> nk.hilbert.Fock(n_max=2, N=2, n_particles=2).all_states().tolist()
        [[0, 2], [1, 1], [2, 0]]
    """

    def __init__(
        self,
        n_max: int | None = None,
        N: int = 1,
        n_particles: int | None = None,
        constraint: DiscreteHilbertConstraint | None = None,
    ):
        n_sites = check_integer("N", N)
        if n_max is not None:
            n_max = check_integer("n_max", n_max)
        if n_particles is not None:
            n_particles = check_integer("n_particles", n_particles)
            if constraint is not None:
                raise ValueError(
                    "Arguments `n_particles` and `constraint` must not be given together: use "
                    "constraint=ExtraConstraint(SumConstraint(n_particles), constraint)."
                )
            if n_max is None:
                n_max = n_particles
            if n_particles > n_max * n_sites:
                raise ValueError(
                    f"Argument `n_particles` must be at most {n_max * n_sites}, as {n_sites} modes "
                    f"hold {n_max} each, but is {n_particles}."
                )
            constraint = SumConstraint(n_particles)
        self._n_max = FOCK_MAX if n_max is None else min(n_max, FOCK_MAX)
        self._n_particles = n_particles
        super().__init__(StaticRange(0, 1, self._n_max + 1), n_sites, constraint=constraint)

    @property
    def n_max(self) -> int:
        """Largest occupation number of a mode."""
        return self._n_max

    @property
    def n_particles(self) -> int | None:
        """Total number of bosons; None if it is not fixed."""
        return self._n_particles

    @property
    def _attrs(self) -> tuple[Hashable, ...]:
        return (self.size, self._n_max, self._constraint)

    def _with_size(self, n: int) -> Fock:
        return Fock(self._n_max, n)

    def __repr__(self) -> str:
        n_max = "FOCK_MAX" if self._n_max == FOCK_MAX else self._n_max
        text = f"Fock(n_max={n_max}"
        if self._n_particles is not None:
            text += f", n_particles={self._n_particles}"
        elif self._constraint is not None:
            text += f", {self._constraint}"
        return f"{text}, N={self.size})"
