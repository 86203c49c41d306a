# SPDX-License-Identifier: Apache-2.0
"""`Qubit`: N qubits, with local states 0 and 1."""

from __future__ import annotations

from collections.abc import Hashable

from netket.utils import StaticRange

from .homogeneous import HomogeneousHilbert


class Qubit(HomogeneousHilbert):
    """N qubits.

    Args:
        N: number of qubits.

    Example:
        >>> import netket as nk
        >>> nk.hilbert.Qubit(2).all_states().tolist()
        [[0, 0], [0, 1], [1, 0], [1, 1]]
    """

    def __init__(self, N: int = 1):
        super().__init__(StaticRange(0, 1, 2), N)

    @property
    def _attrs(self) -> tuple[Hashable, ...]:
        return (self.size,)

    def _with_size(self, n: int) -> Qubit:
        return Qubit(n)

    def __repr__(self) -> str:
        return f"Qubit(N={self.size})"
