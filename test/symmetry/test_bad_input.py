# SPDX-License-Identifier: Apache-2.0
"""What cannot be meant is an error when it is made, which names the argument."""

import pytest

import netket as nk
from netket.hilbert import Fock, Spin, SpinOrbitalFermions
from netket.hilbert.constraint import (
    DiscreteHilbertConstraint,
    ExtraConstraint,
    SumConstraint,
    SumOnPartitionConstraint,
)
from netket.symmetry import canonical_representation, spin_flip_representation
from netket.utils.group import Identity, Permutation, PermutationGroup, planar


class Never(DiscreteHilbertConstraint):
    def __call__(self, x):
        return (x > 100).all(axis=-1)

    def __hash__(self):
        return hash("Never")

    def __eq__(self, other):
        return isinstance(other, Never)


def translations(n):
    return nk.graph.Chain(n).translation_group()


def contradiction():
    parts = SumOnPartitionConstraint((2, 0), (4, 4))
    return Spin(0.5, 8, constraint=ExtraConstraint(parts, SumConstraint(0)))


def parts_that_move():
    parts = SumOnPartitionConstraint((2, 0), (2, 2))
    return canonical_representation(Spin(0.5, 4, constraint=parts), translations(4))


def no_group():
    elems = [Identity(), Permutation(permutation_array=[1, 2, 0])]
    return canonical_representation(Spin(0.5, 3), PermutationGroup(elems, degree=3), warn=False)


def sector_of_another_space():
    operator = nk.operator.Ising(Spin(0.5, 4), nk.graph.Chain(4), h=1.0)
    other = canonical_representation(Spin(0.5, 5), translations(5))
    return nk.exact.lanczos_ed(operator, sector=other.sector(0))


WRONG = {
    "no state": (lambda: Spin(0.5, 6, constraint=Never()), "none of the 64"),
    "no such sum": (lambda: Spin(0.5, 4, constraint=SumConstraint(7)), "asks for the sum 7"),
    "magnetisation": (lambda: Spin(0.5, 4, total_sz=3), "total_sz"),
    "half a magnetisation": (lambda: Spin(0.5, 4, total_sz=0.5), "total_sz"),
    "two sums": (
        lambda: Spin(0.5, 4, constraint=ExtraConstraint(SumConstraint(0), SumConstraint(2))),
        "contradicts itself",
    ),
    "sums of parts": (contradiction, "contradicts itself"),
    "parts": (
        lambda: Spin(0.5, 8, constraint=SumOnPartitionConstraint((0, 0), (4, 5))),
        "add up to 9",
    ),
    "too many bosons": (lambda: Fock(2, 3, n_particles=7), "at most 6"),
    "less than no boson": (lambda: Fock(2, 3, n_particles=-1), "at least 0"),
    "too many fermions": (lambda: SpinOrbitalFermions(3, n_fermions=4), "at most 3"),
    "too many of a spin": (
        lambda: SpinOrbitalFermions(3, s=0.5, n_fermions_per_spin=(4, 1)),
        "at most 3",
    ),
    "numbers of fermions": (
        lambda: SpinOrbitalFermions(3, s=0.5, n_fermions=3, n_fermions_per_spin=(1, 1)),
        "must be the sum",
    ),
    "edge": (lambda: nk.graph.Graph([(0, 5)], n_nodes=3), r"has the edge \(0, 5\)"),
    "double edges": (lambda: nk.graph.Grid((4, 2), color_edges=True), "two edges of colour 1"),
    "point group": (lambda: nk.graph.Square(4).point_group(planar.D(6)), "Rot"),
    "point group of a box": (lambda: nk.graph.Grid((4, 3)).space_group(planar.D(4)), "Rot"),
    "no group": (no_group, "is no group"),
    "sites": (lambda: canonical_representation(Spin(0.5, 5), translations(4)), "permute 5 sites"),
    "parts that move": (parts_that_move, "leaves the Hilbert space"),
    "unlike sites": (
        lambda: canonical_representation(Spin(0.5, 2) * Fock(2, 2), translations(4)),
        "same local states",
    ),
    "flip": (lambda: spin_flip_representation(Spin(0.5, 4, total_sz=1)), "leaves the Hilbert"),
    "sector of another space": (sector_of_another_space, "must belong to a representation on"),
    "too many states": (lambda: Spin(0.5, 64).n_states, r"more than 2\^63 states"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_an_error_when_it_is_made(name):
    make, message = WRONG[name]
    with pytest.raises((ValueError, RuntimeError), match=message):
        make()
