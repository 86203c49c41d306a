# SPDX-License-Identifier: Apache-2.0
"""`SpinOrbitalFermions`: occupation numbers 0 or 1 of orbitals, sector by sector of s_z."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from fractions import Fraction
from typing import Any

from netket.utils import StaticRange

from .constraint import (
    DiscreteHilbertConstraint,
    ExtraConstraint,
    SumConstraint,
    SumOnPartitionConstraint,
)
from .homogeneous import HomogeneousHilbert, check_integer


class SpinOrbitalFermions(HomogeneousHilbert):
    """Fermions of spin s in `n_orbitals` orbitals.

    The orbitals with the lowest s_z come first, then those with the next one, and so on: orbital o
    with s_z is entry ``o + n_orbitals * (s_z + s)`` of a sample.

    Args:
        n_orbitals: number of orbitals for each s_z.
        s: spin of the fermions; None for fermions without spin.
        n_fermions: if given, the number of fermions is fixed.
        n_fermions_per_spin: if given, the number of fermions of each s_z is fixed, lowest s_z
            first.
        constraint: another condition, imposed in addition.

    Raises:
        ValueError: the numbers of fermions contradict each other, or do not fit in.

    Example:
        >>> import netket as nk
        >>> nk.hilbert.SpinOrbitalFermions(3, s=0.5, n_fermions_per_spin=(2, 1)).n_states
        9
    """

    def __init__(
        self,
        n_orbitals: int,
        s: float | None = None,
        *,
        n_fermions: int | None = None,
        n_fermions_per_spin: Sequence[int] | None = None,
        constraint: DiscreteHilbertConstraint | None = None,
    ):
        self._n_orbitals = check_integer("n_orbitals", n_orbitals)
        self._s = None if s is None else _check_spin(s)
        sectors = self.n_spin_subsectors
        number: DiscreteHilbertConstraint | None = None
        self._per_spin: tuple[int | None, ...] = (None,) * sectors
        self._n_fermions = n_fermions
        if n_fermions_per_spin is not None:
            self._per_spin = self._check_per_spin(n_fermions_per_spin, n_fermions)
            self._n_fermions = sum(n for n in self._per_spin if n is not None)
            number = SumOnPartitionConstraint(self._per_spin, (self._n_orbitals,) * sectors)
        elif n_fermions is not None:
            self._n_fermions = check_integer("n_fermions", n_fermions)
            if n_fermions > self._n_orbitals * sectors:
                raise ValueError(
                    f"Argument `n_fermions` must be at most {self._n_orbitals * sectors}, the "
                    f"number of orbitals and spin projections, but is {n_fermions}."
                )
            number = SumConstraint(n_fermions)
            if sectors == 1:
                self._per_spin = (self._n_fermions,)
        if number is not None:
            constraint = number if constraint is None else ExtraConstraint(number, constraint)
        super().__init__(StaticRange(0, 1, 2), self._n_orbitals * sectors, constraint=constraint)

    def _check_per_spin(self, per_spin: Sequence[int], n_fermions: int | None) -> tuple[int, ...]:
        if self._s is None:
            raise ValueError(
                "Argument `n_fermions_per_spin` must only be given with a spin `s`; use "
                "`n_fermions` for fermions without spin."
            )
        if len(per_spin) != self.n_spin_subsectors:
            raise ValueError(
                f"Argument `n_fermions_per_spin` must have {self.n_spin_subsectors} entries, one "
                f"for each s_z of spin {Fraction(self._s)}, but has {len(per_spin)}."
            )
        numbers = tuple(check_integer("n_fermions_per_spin", n) for n in per_spin)
        if max(numbers) > self._n_orbitals:
            raise ValueError(
                f"Argument `n_fermions_per_spin` must be at most {self._n_orbitals}, the number of "
                f"orbitals, but is {numbers}."
            )
        if n_fermions is not None and n_fermions != sum(numbers):
            raise ValueError(
                f"Argument `n_fermions` must be the sum of `n_fermions_per_spin`, {sum(numbers)}, "
                f"or left out, but is {n_fermions}."
            )
        return numbers

    @property
    def n_orbitals(self) -> int:
        """Number of orbitals for each s_z."""
        return self._n_orbitals

    @property
    def spin(self) -> float | None:
        """Spin of the fermions; None without."""
        return self._s

    @property
    def n_spin_subsectors(self) -> int:
        """Number of values of s_z."""
        return 1 if self._s is None else round(2 * self._s) + 1

    @property
    def n_fermions(self) -> int | None:
        """Number of fermions; None if it is not fixed."""
        return self._n_fermions

    @property
    def n_fermions_per_spin(self) -> tuple[int | None, ...]:
        """Number of fermions of each s_z, lowest first; None for those that are not fixed."""
        return self._per_spin

    def _spin_index(self, sz: int | None) -> int:
        """Number of the sector with 2 s_z = `sz`."""
        if self._s is None:
            return 0
        if not isinstance(sz, int):
            raise TypeError(f"Argument `sz` must be an integer, twice s_z, but is {sz!r}.")
        twice = round(2 * self._s)
        if abs(sz) > twice or (sz - twice) % 2:
            raise ValueError(
                f"Argument `sz` must be one of {list(range(-twice, twice + 1, 2))}, but is {sz}."
            )
        return (sz + twice) // 2

    def _get_index(self, orb: int, sz: int | None = None) -> int:
        """Place in a sample of orbital `orb` with 2 s_z = `sz`."""
        if not 0 <= orb < self._n_orbitals:
            raise ValueError(
                f"Argument `orb` must be from 0 to {self._n_orbitals - 1}, but is {orb}."
            )
        return orb + self._n_orbitals * self._spin_index(sz)

    @property
    def _attrs(self) -> tuple[Hashable, ...]:
        return (self._n_orbitals, self._s, self._constraint)

    def _merge(self, other: Any) -> None:
        # neighbouring sectors of two spaces are not the sectors of one
        return None

    def ptrace(self, sites: int | Iterable[int]) -> HomogeneousHilbert | None:
        raise TypeError(
            f"{self} has no partial trace: fermionic orbitals anticommute, so that the others do "
            "not form a factor."
        )

    def __repr__(self) -> str:
        text = f"SpinOrbitalFermions(n_orbitals={self._n_orbitals}"
        if self._s is not None:
            text += f", s={Fraction(self._s)}"
        if self._n_fermions is not None:
            text += f", n_fermions={self._n_fermions}"
        if self.n_spin_subsectors > 1 and self._per_spin[0] is not None:
            text += f", n_fermions_per_spin={self._per_spin}"
        return text + ")"


def _check_spin(s: float) -> float:
    twice = round(2 * s)
    if s < 0 or abs(2 * s - twice) > 1e-9:
        raise ValueError(f"Argument `s` must be a multiple of 1/2, or None, but is {s}.")
    return twice / 2
