# SPDX-License-Identifier: Apache-2.0
r"""`Renyi2EntanglementEntropy`: S_2 = -log_2 Tr ρ_A² of a part A of the sites."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from netket.hilbert import DiscreteHilbert
from netket.operator._base import AbstractObservable
from netket.utils.types import Array


class Renyi2EntanglementEntropy(AbstractObservable):
    r"""The second Rényi entropy -log_2 Tr ρ_A² of some sites A of a pure state, in bits.

    It is 1 for one half of a Bell pair. Configurations of fermions count as those of qubits, in the
    order of the orbitals.

    Args:
        hilbert: a space of discrete configurations.
        partition: numbers of the sites of A.

    Raises:
        TypeError: `hilbert` is not discrete, or `partition` has other numbers than integers.
        ValueError: `partition` has numbers that are no sites.

    Example:
        >>> import netket as nk
        >>> hi = nk.hilbert.Spin(0.5, 4)
        >>> nk.observable.Renyi2EntanglementEntropy(hi, [1, 0]).partition
        array([0, 1])
    """

    def __init__(self, hilbert: DiscreteHilbert, partition: Sequence[int] | Array):
        super().__init__(hilbert)
        if not isinstance(hilbert, DiscreteHilbert):
            raise TypeError(
                f"Argument `hilbert` must be a space of discrete configurations, but is {hilbert}."
            )
        sites = np.asarray(partition).ravel()
        if sites.size == 0:
            sites = sites.astype(int)
        if sites.dtype.kind not in "iu":
            raise TypeError(
                "Argument `partition` must have integers, the numbers of sites, but is "
                f"{partition}."
            )
        wrong = sites[(sites < 0) | (sites >= hilbert.size)]
        if wrong.size:
            raise ValueError(
                f"Argument `partition` must have numbers of sites, from 0 to {hilbert.size - 1}, "
                f"but has {wrong[0]}."
            )
        self._partition = np.unique(sites)

    @property
    def partition(self) -> np.ndarray:
        """The sites of A, sorted."""
        return self._partition

    @cached_property
    def _mask(self) -> np.ndarray:
        """Which sites (N,) are in A."""
        mask = np.zeros(self.hilbert.size, dtype=bool)
        mask[self._partition] = True
        return mask

    @cached_property
    def _rows_and_columns(self) -> tuple[np.ndarray, np.ndarray]:
        """The numbers (n_states,) of the parts in A, and of those in the rest."""
        states = self.hilbert.all_states()
        return _numbered(states[:, self._mask]), _numbered(states[:, ~self._mask])

    @cached_property
    def _shape(self) -> tuple[int, int]:
        """How many configurations both parts have."""
        rows, columns = self._rows_and_columns
        return int(rows.max()) + 1, int(columns.max()) + 1

    def __repr__(self) -> str:
        return f"Renyi2EntanglementEntropy(hilbert={self.hilbert}, partition={self.partition})"


def _numbered(parts: np.ndarray) -> np.ndarray:
    """The number of each of the configurations (n_states, n) of a part."""
    if parts.shape[1] == 0:
        return np.zeros(len(parts), dtype=int)
    return np.unique(parts, axis=0, return_inverse=True)[1].ravel()
