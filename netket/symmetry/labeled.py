# SPDX-License-Identifier: Apache-2.0
"""`LabeledRepresentation`: irreps are selected by labels made from their characters."""

from functools import cached_property
from typing import Any

import numpy as np

from .coset import CosetFilter
from .representation import Representation
from .sector import Sector


class LabeledRepresentation(Representation):
    """A representation whose irreps have labels: their characters in as few classes as needed.

    Args:
        group: the group.
        representation_dict: the operator of each element.

    Example:
        >>> import netket as nk
        >>> nk.symmetry.spin_flip_representation(nk.hilbert.Spin(0.5, 4)).irrep_labels
        ['+1', '-1']
    """

    @cached_property
    def _labels(self) -> list[str]:
        return character_labels(self.group.character_table_by_class)

    @property
    def irrep_labels(self) -> list[str]:
        """Labels of the irreps, in the order of the character table of the group."""
        return list(self._labels)

    def _selected(self, character_index: int | None, **others: Any) -> int:
        """The number of the irrep that is selected in one of several ways."""
        given = {"character_index": character_index, **others}
        given = {name: value for name, value in given.items() if value is not None}
        if len(given) != 1:
            names = ", ".join(f"`{name}`" for name in ("character_index", *others))
            raise TypeError(f"Exactly one of the arguments {names} must be given.")
        ((name, value),) = given.items()
        return self._row(value) if name == "character_index" else self._find(name, value)

    def _find(self, name: str, value: Any) -> int:
        if value not in self._labels:
            raise ValueError(f"Argument `label` must be one of {self._labels}, but is {value!r}.")
        return self._labels.index(value)

    def projector(
        self,
        character_index: int | None = None,
        *,
        label: str | None = None,
        atol: float = 1e-15,
    ) -> Any:
        """The projector on the states of an irrep.

        Args:
            character_index: the irrep, a row of the character table of the group.
            label: alternatively, the label of the irrep.
            atol: terms with a smaller factor are left out.

        Raises:
            TypeError: not exactly one of them is given.
            ValueError: there is no such label.
        """
        return self._projector(self._selected(character_index, label=label), atol)

    def sector(
        self, character_index: int | None = None, *, label: str | None = None, **kwargs: Any
    ) -> Sector:
        """The states of an irrep, for exact diagonalisation; arguments as of `projector`."""
        return Sector(self, self._selected(character_index, label=label, **kwargs))

    def coset_filter(self, subgroup: Any) -> CosetFilter:
        """What makes a state that is symmetric under a subgroup symmetric under the group.

        Args:
            subgroup: the representation of the subgroup, a `LabeledRepresentation`.

        Raises:
            TypeError: it is no representation with labels.
            ValueError: it is not of a smaller subgroup, or acts on another space.
        """
        return CosetFilter(self, subgroup)


def character_labels(table: np.ndarray) -> list[str]:
    """Distinct labels of the rows of a character table (n_irreps, n_classes).

    Classes are added, that which tells most rows apart first, until all rows differ.
    """
    rounded = np.round(np.asarray(table, dtype=complex), 6) + 0.0
    chosen: list[int] = []
    n_distinct = 1
    while n_distinct < len(table):
        counts = [len(np.unique(rounded[:, [*chosen, c]], axis=0)) for c in range(rounded.shape[1])]
        best = int(np.argmax(counts))
        chosen.append(best)
        n_distinct = counts[best]
    if not chosen:
        return ["+1"] * len(table)
    parts = [[_character(x) for x in row] for row in rounded[:, sorted(chosen)]]
    return [p[0] if len(p) == 1 else f"({', '.join(p)})" for p in parts]


def _character(x: complex) -> str:
    """A character, as a signed number, or with a phase."""
    if abs(x.imag) < 1e-5:
        return f"{x.real + 0.0:+.4g}"
    if abs(x.real) < 1e-5:
        number = "" if abs(abs(x.imag) - 1) < 1e-5 else f"{abs(x.imag):.4g}"
        return f"{'+' if x.imag > 0 else '-'}{number}i"
    modulus = "" if abs(abs(x) - 1) < 1e-5 else f"{abs(x):.4g}"
    return f"{modulus}exp({np.angle(x) / np.pi:+.4g}πi)"
