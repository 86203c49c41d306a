# SPDX-License-Identifier: Apache-2.0
"""Permutations of sites and orbitals, spin flips, and their sums.

Their matrices: permutations move local states; fermions are dense Jordan-Wigner matrices, and
P is fixed by P|vacuum> = |vacuum> and P c†_i P† = c†_g(i).
"""

import numpy as np
from operator_table import Case

import netket as nk
from netket.operator.permutation import (
    PermutationOperator,
    PermutationOperatorFermion,
    PermutationSum,
    SpinFlipOperator,
)

SPINS = nk.hilbert.Spin(0.5, 4)
FIXED = nk.hilbert.Spin(0.5, 4, total_sz=0)
TWINS = nk.hilbert.Fock(2, 1) * nk.hilbert.Spin(0.5, 2) * nk.hilbert.Fock(2, 1)
FERMIONS = nk.hilbert.SpinOrbitalFermions(4, n_fermions=2)
SPINFUL = nk.hilbert.SpinOrbitalFermions(3, s=0.5, n_fermions_per_spin=(1, 1))


def moved(hilbert, images, flip=False):
    """The matrix with P |x> = |y>, y_g(i) = x_i."""
    states = np.asarray(hilbert.all_states())
    indices = np.asarray(hilbert.states_to_local_indices(states))
    images_of_states = np.empty_like(indices)
    images_of_states[:, images] = indices
    if flip:
        images_of_states = np.array(hilbert.shape) - 1 - images_of_states
    rows = hilbert.states_to_numbers(hilbert.local_indices_to_states(images_of_states))
    matrix = np.zeros((len(states), len(states)))
    matrix[np.asarray(rows), np.arange(len(states))] = 1
    return matrix


def moved_fermions(hilbert, images):
    """The matrix with P c†_i c†_j ... |0> = c†_g(i) c†_g(j) ... |0>, by products of matrices."""
    n = hilbert.size
    lower, z, one = np.array([[0, 1], [0, 0]]), np.diag([1, -1]), np.eye(2)
    create = []
    for i in range(n):
        matrix = np.eye(1)
        for factor in [z] * i + [lower.T] + [one] * (n - i - 1):
            matrix = np.kron(matrix, factor)
        create.append(matrix)
    states = np.asarray(hilbert.all_states())
    numbers = states @ 2 ** np.arange(n)[::-1]
    matrix = np.zeros((len(states), len(states)))
    for column, x in enumerate(states):
        vector = np.zeros(2**n)
        vector[0] = 1
        for i in np.flatnonzero(x)[::-1]:
            vector = create[images[i]] @ vector
        matrix[:, column] = vector[numbers]
    return matrix


def permutation(hilbert, images, dtype=float):
    def build(backend):
        return PermutationOperator(hilbert, np.array(images), dtype=dtype, backend=backend)

    return Case(hilbert, build, lambda on: moved(hilbert, images), differentiable=False)


def fermions(hilbert, images):
    def build(backend):
        return PermutationOperatorFermion(hilbert, images, backend=backend)

    return Case(hilbert, build, lambda on: moved_fermions(hilbert, images), differentiable=False)


def spin_flip():
    def build(backend):
        return SpinFlipOperator(FIXED, backend=backend)

    return Case(FIXED, build, lambda on: moved(FIXED, range(4), True), differentiable=False)


def momentum():
    """The projector on momentum pi/2."""
    shifts = [np.roll(np.arange(4), -k) for k in range(4)]
    phases = np.exp(-0.5j * np.pi * np.arange(4)) / 4

    def build(backend):
        return PermutationSum(SPINS, shifts, phases, backend=backend)

    return Case(SPINS, build, lambda on: sum(c * moved(SPINS, g) for c, g in zip(phases, shifts)))


def flips_and_shifts():
    """0.3 + 0.7 F T - 0.2 T, where F flips all spins and T shifts them."""
    shift = [1, 2, 3, 0]

    def build(backend):
        with nk.operator.use_backend(backend):
            t, f = PermutationOperator(FIXED, shift), SpinFlipOperator(FIXED)
            return 0.3 + 0.7 * f @ t - 0.2 * t

    def matrix(on):
        t = moved(FIXED, shift)
        return 0.3 * np.eye(len(t)) + 0.7 * moved(FIXED, range(4), True) @ t - 0.2 * t

    return Case(FIXED, build, matrix)


def antisymmetric_fermions():
    """(1 - P) / 2 of the exchange of two orbitals."""

    def build(backend):
        with nk.operator.use_backend(backend):
            return 0.5 - 0.5 * PermutationOperatorFermion(FERMIONS, [1, 0, 2, 3])

    def matrix(on):
        p = moved_fermions(FERMIONS, [1, 0, 2, 3])
        return (np.eye(len(p)) - p) / 2

    return Case(FERMIONS, build, matrix)


OPERATORS = {
    "permutation": permutation(SPINS, [1, 3, 0, 2]),
    "permutation_fixed_float32": permutation(FIXED, [1, 0, 2, 3], np.float32),
    "permutation_twins": permutation(TWINS, [3, 2, 1, 0]),
    "permutation_fermions": fermions(FERMIONS, [2, 0, 3, 1]),
    "permutation_spinful": fermions(SPINFUL, [4, 5, 3, 2, 0, 1]),
    "spin_flip": spin_flip(),
    "permutation_sum": momentum(),
    "permutation_sum_flips": flips_and_shifts(),
    "permutation_sum_fermions": antisymmetric_fermions(),
}
