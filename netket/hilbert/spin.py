# SPDX-License-Identifier: Apache-2.0
"""`Spin`: N spins of length s, with local states x = 2 s_z = 2s, 2s - 2, ..., -2s."""

from __future__ import annotations

from collections.abc import Hashable
from fractions import Fraction

from netket.utils import StaticRange

from .constraint import DiscreteHilbertConstraint, SumConstraint
from .homogeneous import HomogeneousHilbert, check_integer


class Spin(HomogeneousHilbert):
    """N spins of length s.

    Samples hold twice the spin projections; the first local state is the largest, so that the
    matrix of S_z has its usual form: for s = 1/2, the local states are [1, -1].

    Args:
        s: length of the spins, a multiple of 1/2.
        N: number of spins.
        total_sz: if given, Σ_i s_z,i is fixed to it (in units in which a spin 1/2 has ±1/2).
        constraint: another condition on the samples.
        inverted_ordering: order the local states -2s, ..., 2s instead.

    Raises:
        TypeError: `N` is not an integer.
        ValueError: `s` is not a multiple of 1/2; the total cannot be reached; `total_sz` and
            `constraint` are both given.

    Example:
        >>> import netket as nk
        >>> nk.hilbert.Spin(0.5, 4, total_sz=0).n_states
        6
    """

    def __init__(
        self,
        s: float,
        N: int = 1,
        *,
        total_sz: float | None = None,
        constraint: DiscreteHilbertConstraint | None = None,
        inverted_ordering: bool = False,
    ):
        n_sites = check_integer("N", N)
        twice = round(2 * s)
        if s <= 0 or abs(2 * s - twice) > 1e-9:
            raise ValueError(f"Argument `s` must be a positive multiple of 1/2, but is {s}.")
        if total_sz is not None:
            if constraint is not None:
                raise ValueError(
                    "Arguments `total_sz` and `constraint` must not be given together: use "
                    "constraint=ExtraConstraint(SumConstraint(2 * total_sz), constraint)."
                )
            constraint = _total_sz_constraint(twice, n_sites, total_sz)
        self._s = twice / 2
        self._total_sz = total_sz
        self._inverted_ordering = bool(inverted_ordering)
        sign = 1 if inverted_ordering else -1
        local_states = StaticRange(-sign * twice, sign * 2, twice + 1)
        super().__init__(local_states, n_sites, constraint=constraint)

    @property
    def _attrs(self) -> tuple[Hashable, ...]:
        return (self.size, self._s, self._inverted_ordering, self._constraint)

    def _with_size(self, n: int) -> Spin:
        return Spin(self._s, n, inverted_ordering=self._inverted_ordering)

    def __repr__(self) -> str:
        ordering = "inverted" if self._inverted_ordering else "new"
        text = f"Spin(s={Fraction(self._s)}, N={self.size}, ordering={ordering}"
        if self._total_sz is not None:
            text += f", total_sz={self._total_sz}"
        elif self._constraint is not None:
            text += f", {self._constraint}"
        return text + ")"


def _total_sz_constraint(twice_s: int, n: int, total_sz: float) -> SumConstraint:
    total = round(2 * total_sz)
    largest = twice_s * n
    if abs(2 * total_sz - total) > 1e-9 or (total - largest) % 2 or abs(total) > largest:
        kind = "an integer" if largest % 2 == 0 else "a half-integer"
        raise ValueError(
            f"Argument `total_sz` must be {kind} between {-largest / 2} and "
            f"{largest / 2}, as the sum of {n} spins of length {Fraction(twice_s, 2)}, but is "
            f"{total_sz}."
        )
    return SumConstraint(total)
