# SPDX-License-Identifier: Apache-2.0
"""`TranslationRepresentation`: irreps of translations T(r) are wave vectors, χ(r) = exp(-i k·r)."""

from functools import cached_property
from typing import Any

import numpy as np

from netket.graph.space_group import TranslationGroup

from .coset import TranslationCosetFilter
from .labeled import LabeledRepresentation
from .sector import Sector


class TranslationRepresentation(LabeledRepresentation):
    """A representation of translations, with the wave vectors k of its irreps.

    ``P(k) = (1/|G|) Σ_r exp(i k·r) T(r)``, and T(r) P(k) = exp(-i k·r) P(k). Wave vectors, labels
    and dimensions of subspaces are all in the order of the character table of the group.

    Args:
        group: a `TranslationGroup`.
        representation_dict: the operator of each translation.

    Example:
        >>> import netket as nk
        >>> hilbert, graph = nk.hilbert.Spin(0.5, 4), nk.graph.Chain(4)
        >>> rep = nk.symmetry.canonical_representation(hilbert, graph.translation_group())
        >>> rep.irrep_labels
        ['k=0', 'k=-0.5π', 'k=0.5π', 'k=-π']
    """

    group: TranslationGroup

    def __init__(self, group: TranslationGroup, representation_dict: Any):
        if not isinstance(group, TranslationGroup):
            raise TypeError(
                f"Argument `group` must be a `TranslationGroup`, but is a {type(group).__name__}."
            )
        super().__init__(group, representation_dict)

    @property
    def active_axes(self) -> tuple[int, ...]:
        """The directions in which there are translations."""
        shape = self.group.group_shape
        return tuple(int(a) for a in sorted(self.group.axes) if shape[a] > 1)

    @cached_property
    def _wave_vectors(self) -> np.ndarray:
        """(n_irreps, d) wave vectors in Cartesian coordinates, the shortest integers."""
        group = self.group
        shape, lattice = group.group_shape, group.lattice
        m = group._momenta_of_rows
        m = np.where(2 * m >= shape, m - shape, m)
        return 2 * np.pi * (m / lattice.extent) @ np.linalg.inv(lattice.basis_vectors).T

    @property
    def k_points(self) -> np.ndarray:
        """Wave vectors of the irreps, (n_irreps, number of active axes), in the order of the
        character table; components in the other directions are 0."""
        return self._wave_vectors[:, self._shown].copy()

    @property
    def _shown(self) -> list[int]:
        axes = list(self.active_axes) or list(self.group.axes)[:1]
        hidden = np.delete(self._wave_vectors, axes, axis=1)
        # with a skew basis, all components
        return (
            axes
            if not np.abs(hidden).max(initial=0) > 1e-9
            else list(range(hidden.shape[1] + len(axes)))
        )

    @cached_property
    def _labels(self) -> list[str]:
        return [wave_vector_label(k) for k in self.k_points]

    def _find(self, name: str, value: Any) -> int:
        if name == "k":
            return self._row_of_momentum(self._full_momentum(value))
        return super()._find(name, value)

    def _full_momentum(self, k: Any) -> np.ndarray:
        """All d components of a wave vector."""
        given = np.asarray(k, dtype=float).reshape(-1)
        ndim = self.group.lattice.ndim
        if len(given) == ndim:
            return given
        shown = self._shown
        if len(given) != len(shown):
            raise ValueError(
                f"Argument `k` must have {len(shown)} components, as the `k_points` have, or "
                f"{ndim}, but has {len(given)}."
            )
        full = np.zeros(ndim)
        full[shown] = given
        return full

    def _row_of_momentum(self, k: np.ndarray) -> int:
        return int(self.group._row_of_momentum[self.group._index(self.group._integer_momentum(k))])

    def projector(
        self,
        character_index: int | None = None,
        *,
        k: Any = None,
        label: str | None = None,
        atol: float = 1e-15,
    ) -> Any:
        """The projector on the states with a wave vector.

        Args:
            character_index: the irrep, a row of `k_points` and of the character table.
            k: alternatively, the wave vector in Cartesian coordinates.
            label: alternatively, the label of the irrep.
            atol: terms with a smaller factor are left out.

        Raises:
            TypeError: not exactly one of them is given.
            InvalidWaveVectorError: the wave vector does not fit into the periodic box.
        """
        return self._projector(self._selected(character_index, k=k, label=label), atol)

    def sector(
        self,
        character_index: int | None = None,
        *,
        label: str | None = None,
        k: Any = None,
        **kwargs: Any,
    ) -> Sector:
        """The states with a wave vector, for exact diagonalisation; arguments as of `projector`."""
        return super().sector(character_index, label=label, k=k, **kwargs)

    def coset_filter(self, subgroup: Any) -> Any:
        """What makes a state that is symmetric under fewer translations symmetric under all.

        Args:
            subgroup: the representation of the subgroup, for example of translations with strides.
        """
        if isinstance(subgroup, TranslationRepresentation):
            return TranslationCosetFilter(self, subgroup)
        return super().coset_filter(subgroup)


def wave_vector_label(k: np.ndarray) -> str:
    """Like "k=0.5π" or "k=(0, -π)"."""
    parts = [_multiple_of_pi(x / np.pi) for x in k]
    return f"k={parts[0]}" if len(parts) == 1 else f"k=({', '.join(parts)})"


def _multiple_of_pi(x: float) -> str:
    number = f"{x:.4g}"
    return {"0": "0", "-0": "0", "1": "π", "-1": "-π"}.get(number, f"{number}π")
