# SPDX-License-Identifier: Apache-2.0
"""Wrappers of operators, and operators on factors of a product of spaces."""

import numpy as np
from operator_table import Case, random_matrix, terms_case

import netket as nk
from netket.operator import (
    Adjoint,
    EmbedOperator,
    LocalOperator,
    Squared,
    TensorOperator,
    Transpose,
)
from netket.operator.permutation import PermutationOperatorFermion

SPINS = nk.hilbert.Spin(0.5, 3)
PAIR, MODE = nk.hilbert.Spin(0.5, 2), nk.hilbert.Fock(2, 1)
FERMIONS = nk.hilbert.SpinOrbitalFermions(3, n_fermions=2)
BOSONS = nk.hilbert.Fock(3, 2, n_particles=3)
MIXED = nk.hilbert.TensorHilbert(PAIR, MODE)
CONSTRAINED = nk.hilbert.TensorHilbert(FERMIONS, nk.hilbert.Qubit(1), BOSONS)
BOND = nk.graph.Chain(2, pbc=False)

X, Z = np.array([[0.0, 1.0], [1.0, 0.0]]), np.diag([1.0, -1.0])
LADDER = np.diag(np.sqrt([1.0, 2.0]), 1)
PAIR_MATRIX = random_matrix(4, 1, complex)
TRIPLE = random_matrix(8, 2, complex)


def wrapper(cls, function):
    """A wrapper of a local operator that is not hermitian."""

    def build(backend):
        return cls(LocalOperator(SPINS, TRIPLE, [2, 0, 1], 0.3, backend=backend))

    def matrix(on):
        return function(on(SPINS, TRIPLE, [2, 0, 1]) + 0.3 * np.eye(8))

    return Case(SPINS, build, matrix)


def embedded():
    def build(backend):
        inner = LocalOperator(PAIR, PAIR_MATRIX, [1, 0], backend=backend)
        return EmbedOperator(MIXED, inner, 0)

    return terms_case(MIXED, build, [(PAIR_MATRIX, [1, 0])])


def embedded_ising_float32():
    """-0.5 sum X + 2 Z Z on the second factor."""
    space = nk.hilbert.TensorHilbert(MODE, PAIR)
    numbers = np.float32(0.5), np.float32(2)

    def build(backend):
        ising = nk.operator.Ising(PAIR, BOND, *numbers, dtype=np.float32, backend=backend)
        return EmbedOperator(space, ising, subspace=-1)

    terms = [(-0.5 * X, [1]), (-0.5 * X, [2]), (2 * np.kron(Z, Z), [1, 2])]
    return terms_case(space, build, terms, differentiable=False)


def tensor():
    """0.5j (Ising) (x) b."""

    def build(backend):
        ising = nk.operator.Ising(PAIR, BOND, h=0.7, J=-0.4, backend=backend)
        return 0.5j * ising.tensor(LocalOperator(MODE, LADDER, [0], backend=backend))

    def matrix(on):
        ising = -0.7 * (on(PAIR, X, [0]) + on(PAIR, X, [1])) - 0.4 * on(PAIR, np.kron(Z, Z), [0, 1])
        return 0.5j * np.kron(ising, LADDER)

    return Case(MIXED, build, matrix, hermiticity_known=False)


def tensor_of_three_kinds():
    """(permutation of fermions) (x) 1 (x) (hopping of bosons), on constrained spaces."""
    images = [2, 0, 1]

    def build(backend):
        with nk.operator.use_backend(backend):
            fermions = PermutationOperatorFermion(FERMIONS, images)
            create, destroy = nk.operator.boson.create, nk.operator.boson.destroy
            hop = create(BOSONS, 0) @ destroy(BOSONS, 1) + 0.2
            return TensorOperator(fermions, hop, hilbert=CONSTRAINED, subspaces=[0, 2])

    def matrix(on):
        # c†_i c†_j with (i, j) = (1, 2), (0, 2), (0, 1) become c†_0 c†_1, c†_2 c†_1, c†_2 c†_0
        fermions = np.array([[0.0, -1, 0], [0, 0, -1], [1, 0, 0]])
        b = np.diag(np.sqrt([1.0, 2.0, 3.0]), 1)
        hop = on(BOSONS, np.kron(b.T, b), [0, 1]) + 0.2 * np.eye(4)
        return np.kron(np.kron(fermions, np.eye(2)), hop)

    return Case(CONSTRAINED, build, matrix, differentiable=False, hermiticity_known=False)


def coupled():
    """Jaynes-Cummings: sigma^+ b + sigma^- b^dagger, a sum of tensor products, + embedded terms."""
    lower = np.array([[0.0, 0.0], [1.0, 0.0]])
    space = nk.hilbert.TensorHilbert(nk.hilbert.Spin(0.5, 1), MODE, nk.hilbert.Qubit(1))
    at = {"hilbert": space, "subspaces": [0, 1]}

    def build(backend):
        with nk.operator.use_backend(backend):
            spin, mode, _ = space.subspaces
            minus, b = LocalOperator(spin, lower, [0]), LocalOperator(mode, LADDER, [0])
            coupling = TensorOperator(minus.H, b, **at) + TensorOperator(minus, b.H, **at)
            number = EmbedOperator(space, b.H @ b, 1)
            return 0.3 * coupling + 0.9 * EmbedOperator(space, minus.H @ minus, 0) + number

    coupling = np.kron(lower.T, LADDER) + np.kron(lower, LADDER.T)
    terms = [(0.3 * coupling, [0, 1]), (0.9 * lower.T @ lower, [0]), (LADDER.T @ LADDER, [1])]
    return terms_case(space, build, terms)


OPERATORS = {
    "composite_adjoint": wrapper(Adjoint, lambda m: m.conj().T),
    "composite_transpose": wrapper(Transpose, lambda m: m.T),
    "composite_squared": wrapper(Squared, lambda m: m.conj().T @ m),
    "composite_embedded": embedded(),
    "composite_embedded_float32": embedded_ising_float32(),
    "composite_tensor": tensor(),
    "composite_tensor_constrained": tensor_of_three_kinds(),
    "composite_coupled": coupled(),
}
