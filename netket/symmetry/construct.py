# SPDX-License-Identifier: Apache-2.0
"""Representations of groups of permutations of sites, and of the reversal of all spins."""

import warnings
from typing import Any

import numpy as np

from netket.graph.space_group import TranslationGroup
from netket.hilbert import DiscreteHilbert, Spin, SpinOrbitalFermions
from netket.operator.permutation import (
    PermutationOperatorFermion,
    SpinFlipOperator,
    construct_permutation_operator,
)
from netket.operator.permutation._terms import stays
from netket.utils.group import Identity, Permutation, PermutationGroup, PointGroup, cyclic_group

from .labeled import LabeledRepresentation
from .translation import TranslationRepresentation


def canonical_representation(
    hilbert: DiscreteHilbert, group: PermutationGroup, warn: bool = True
) -> LabeledRepresentation:
    """Permutations of sites as operators: what is on site i moves to site g(i).

    On fermions they permute the orbitals of each spin, with the sign of the order of creation
    operators.

    Args:
        hilbert: the space.
        group: permutations of its sites; of the orbitals, for fermions.
        warn: warn if the group is not known to be of permutations of the sites of a lattice.

    Returns:
        A `TranslationRepresentation` for a group of translations, else a `LabeledRepresentation`.

    Raises:
        TypeError: `hilbert` is no discrete space, or `group` no group of permutations.
        ValueError: the group does not permute as many sites as the space has, or leaves the space.

    Example:
        >>> import netket as nk
        >>> hilbert, graph = nk.hilbert.Spin(0.5, 6), nk.graph.Chain(6)
        >>> rep = nk.symmetry.canonical_representation(hilbert, graph.space_group())
        >>> rep.irrep_subspace_dims()
        array([13,  7,  1,  3, 18, 22])
    """
    if not isinstance(hilbert, DiscreteHilbert):
        raise TypeError(
            "Argument `hilbert` must be a discrete Hilbert space, but is a "
            f"{type(hilbert).__name__}."
        )
    if not isinstance(group, PermutationGroup):
        hint = (
            ": `lattice.point_group(group)` permutes sites" if isinstance(group, PointGroup) else ""
        )
        raise TypeError(
            "Argument `group` must be a group of permutations of sites, but is a "
            f"{type(group).__name__}{hint}."
        )
    sizes = {hilbert.size}
    if isinstance(hilbert, SpinOrbitalFermions):
        sizes.add(hilbert.n_orbitals)
    if group.degree not in sizes:
        raise ValueError(
            f"Argument `group` must permute {' or '.join(map(str, sorted(sizes)))} sites, as many "
            f"as {hilbert} has, but permutes {group.degree}."
        )
    if warn and type(group) is PermutationGroup and not group.__dict__.get("_of_a_lattice"):
        warnings.warn(
            "The elements of `group` are taken as permutations of the sites of the Hilbert space. "
            "If that is what you want, pass `warn=False`.",
            stacklevel=2,
        )
    operators = {g: construct_permutation_operator(hilbert, g) for g in group}
    kind = (
        TranslationRepresentation if isinstance(group, TranslationGroup) else LabeledRepresentation
    )
    return kind(group, operators)  # type: ignore[arg-type]


def spin_flip_representation(hilbert: DiscreteHilbert) -> LabeledRepresentation:
    """The identity and the reversal of all spins, with the irreps "+1" and "-1".

    On fermions with spin, the orbitals of opposite spin are exchanged.

    Args:
        hilbert: a space of spins, or of fermions with spin.

    Raises:
        TypeError: the space is of another kind.
        ValueError: the reversal leaves the space, for example if the magnetisation is not 0.
    """
    flip: Any
    if isinstance(hilbert, SpinOrbitalFermions):
        if hilbert.n_spin_subsectors == 1:
            raise TypeError(
                f"Argument `hilbert` must have spins that can be reversed, but is {hilbert}: give "
                "fermions a spin `s`."
            )
        orbitals = np.arange(hilbert.size).reshape(hilbert.n_spin_subsectors, -1)
        images = orbitals[::-1].ravel()
        flip = PermutationOperatorFermion(hilbert, Permutation(permutation_array=images))
    elif isinstance(hilbert, Spin):
        flip = SpinFlipOperator(hilbert)
    else:
        raise TypeError(
            "Argument `hilbert` must be a space of spins, or of fermions with spin, but is a "
            f"{type(hilbert).__name__}."
        )
    if all(g.constraint is None for g in hilbert._groups) and not stays(hilbert, flip._terms):
        raise ValueError(
            f"Argument `hilbert` must contain the states with all spins reversed, but {hilbert} "
            "does not: its magnetisation must be 0, or free."
        )
    group = cyclic_group(2)
    identity = construct_permutation_operator(hilbert, Identity())
    return LabeledRepresentation(group, dict(zip(group.elems, (identity, flip))))
