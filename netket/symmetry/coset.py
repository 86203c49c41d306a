# SPDX-License-Identifier: Apache-2.0
"""Coset filters: symmetrisation in steps, from a subgroup H to a group G = ∪ c H.

For an irrep χ of G of dimension 1, P_G(χ) = R P_H(χ) with R = (|H|/|G|) Σ_c χ(c)* U_c, a sum over
one element c of each coset only.
"""

from typing import Any

import numpy as np

from ._combine import combination
from .representation import apply_to_state


class CosetFilter:
    """Projects states that are symmetric under a subgroup on irreps of the group.

    Args:
        full_rep: the representation of the group, with labels.
        sub_rep: the representation of the subgroup, with labels.

    Raises:
        TypeError: the second is no representation with labels.
        ValueError: it is not of a proper subgroup, or acts on another space.
    """

    def __init__(self, full_rep: Any, sub_rep: Any):
        if not hasattr(sub_rep, "irrep_labels") or not hasattr(sub_rep, "operators"):
            raise TypeError(
                "Argument `subgroup` must be the representation of a subgroup with labels, but is "
                f"a {type(sub_rep).__name__}: see `netket.symmetry.canonical_representation`."
            )
        if sub_rep.hilbert != full_rep.hilbert:
            raise ValueError(
                f"Argument `subgroup` must act on {full_rep.hilbert}, but acts on "
                f"{sub_rep.hilbert}."
            )
        self.full_rep, self.sub_rep = full_rep, sub_rep
        self._cosets = _coset_representatives(full_rep, sub_rep)

    @property
    def n_coset_reps(self) -> int:
        """Number of cosets."""
        return len(self._cosets)

    @property
    def irrep_labels(self) -> list[str]:
        """Labels of the irreps of the group."""
        return self.full_rep.irrep_labels

    def chars(self, label: str) -> np.ndarray:
        """Characters of an irrep for the representatives of the cosets, (n_coset_reps,).

        Args:
            label: label of the irrep of the group.
        """
        return self._chars(self.full_rep._selected(None, label=label))

    def _chars(self, row: int) -> np.ndarray:
        return self.full_rep._characters[row, self._cosets]

    def projector_refinement(self, *, label: str, atol: float = 1e-15) -> Any:
        """The operator R with P_G = R P_H for an irrep.

        Args:
            label: label of the irrep of the group.
            atol: terms with a smaller factor are left out.

        Raises:
            ValueError: the irrep has more than one dimension: it has no such operator.
        """
        return self._refinement(self.full_rep._selected(None, label=label), atol)

    def _refinement(self, row: int, atol: float) -> Any:
        d = self.full_rep._dimensions[row]
        if d != 1:
            raise ValueError(
                f"Argument `label` must be that of a one-dimensional irrep, but the irrep "
                f"{self.irrep_labels[row]} has {d} dimensions: use `projector` of the whole group."
            )
        operators = [self.full_rep.operators[c] for c in self._cosets]
        return combination(operators, self._chars(row).conj() / len(self._cosets), atol)

    def project(self, state: Any, **irrep: Any) -> Any:
        """A variational state that is symmetric under the subgroup, made symmetric under the group.

        Args:
            state: the state, for example of ``sub_rep.project(...)``.
            irrep: arguments of `projector_refinement`.
        """
        return apply_to_state(self.projector_refinement(**irrep), state)

    def coset_filter(self, subgroup: Any) -> Any:
        """The filter of the next step, from a subgroup of the subgroup.

        Args:
            subgroup: its representation.
        """
        return self.sub_rep.coset_filter(subgroup)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({len(self.full_rep)} elements, subgroup of "
            f"{len(self.sub_rep)}, {self.n_coset_reps} cosets)"
        )


class TranslationCosetFilter(CosetFilter):
    """The same for translations, whose irreps are wave vectors."""

    @property
    def lattice(self) -> Any:
        """The lattice."""
        return self.full_rep.group.lattice

    @property
    def k_points(self) -> np.ndarray:
        """Wave vectors of the irreps of the group."""
        return self.full_rep.k_points

    def chars(self, k: Any) -> np.ndarray:
        """Characters of a wave vector for the representatives of the cosets, (n_coset_reps,).

        Args:
            k: the wave vector, or its label.
        """
        by_label = isinstance(k, str)
        return self._chars(
            self.full_rep._selected(None, k=None if by_label else k, label=k if by_label else None)
        )

    def projector_refinement(
        self, k: Any = None, *, label: str | None = None, atol: float = 1e-15
    ) -> Any:
        """The operator R with P_G(k) = R P_H(k).

        Args:
            k: the wave vector.
            label: alternatively, its label.
            atol: terms with a smaller factor are left out.
        """
        return self._refinement(self.full_rep._selected(None, k=k, label=label), atol)


def _coset_representatives(full_rep: Any, sub_rep: Any) -> np.ndarray:
    """The first element of each coset c H, as numbers of elements of the group."""
    full, sub = full_rep.group, sub_rep.group
    places = {full._canonical(g): i for i, g in reversed(list(enumerate(full)))}
    members = [places.get(full._canonical(h), -1) for h in sub] if _same_kind(full, sub) else [-1]
    if -1 in members or len(full) % len(sub) or len(sub) >= len(full):
        raise ValueError(
            "Argument `subgroup` must be the representation of a subgroup with fewer elements: all "
            f"its {len(sub)} elements must be among the {len(full)} of the group."
        )
    products = full.product_table[full.inverse]
    cosets = np.sort(products[:, members], axis=1)
    _, first = np.unique(cosets[:, 0], return_index=True)
    return np.sort(first)


def _same_kind(full: Any, sub: Any) -> bool:
    return getattr(full, "degree", None) == getattr(sub, "degree", None)
