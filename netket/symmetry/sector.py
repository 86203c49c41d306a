# SPDX-License-Identifier: Apache-2.0
"""`Sector`: the states that transform like one irrep of a representation."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Sector:
    """The states that transform like one irrep, as an argument of exact diagonalisation.

    Attributes:
        representation: the representation.
        character_index: the irrep, a row of the character table of its group.
    """

    representation: Any
    character_index: int

    @property
    def label(self) -> str:
        """The label of the irrep; its number if the representation has no labels."""
        labels = getattr(self.representation, "irrep_labels", None)
        return str(self.character_index) if labels is None else labels[self.character_index]

    @property
    def irrep_dimension(self) -> int:
        """Dimension of the irrep: how often each energy occurs."""
        return int(self.representation._dimensions[self.character_index])

    @property
    def n_states(self) -> int:
        """Number of states, all states of each multiplet counted."""
        return int(self.representation.irrep_subspace_dims()[self.character_index])

    @property
    def projector(self) -> Any:
        """The projector on one state of each multiplet."""
        return self.representation._row_projector(self.character_index)

    def __repr__(self) -> str:
        name = type(self.representation).__name__
        return f"Sector({name}, label={self.label!r}, n_states={self.n_states})"
