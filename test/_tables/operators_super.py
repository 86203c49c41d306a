# SPDX-License-Identifier: Apache-2.0
"""Liouvillians, with the superoperators of textbooks: vec(A rho B) = (A (x) B^T) vec(rho)."""

import numpy as np
from operator_table import Case, random_matrix

import netket as nk
from netket.operator import Ising, LocalLiouvillian, LocalOperator
from netket.operator.permutation import PermutationOperatorFermion

QUBITS = nk.hilbert.Qubit(2)
CAVITY = nk.hilbert.TensorHilbert(nk.hilbert.Fock(2, 1), nk.hilbert.Qubit(1))
PARTICLES = nk.hilbert.Fock(2, 2, n_particles=2)
FERMIONS = nk.hilbert.SpinOrbitalFermions(3, n_fermions=1)
LINE = nk.graph.Chain(2, pbc=False)

X, Z = np.array([[0.0, 1.0], [1.0, 0.0]]), np.diag([1.0, -1.0])
LOWER = np.array([[0.0, 0.7], [0.0, 0.0]])
ONE_SITE, TWO_SITES = random_matrix(2, 1, complex), random_matrix(4, 2)


def generator(hamiltonian, jumps):
    """-i (H (x) 1 - 1 (x) H^T) + sum L (x) L* - (L†L (x) 1 + 1 (x) (L†L)^T) / 2"""
    one = np.eye(len(hamiltonian))
    total = -1j * (np.kron(hamiltonian, one) - np.kron(one, hamiltonian.T))
    for jump in jumps:
        square = jump.conj().T @ jump
        total = total + np.kron(jump, jump.conj())
        total = total - (np.kron(square, one) + np.kron(one, square.T)) / 2
    return total


def case(space, build, matrices, **flags):
    """`build() -> H, [L_1, ...]`; `matrices(on) -> the same, dense`."""

    def with_backend(backend):
        with nk.operator.use_backend(backend):
            return LocalLiouvillian(*build())

    def matrix(on):
        return generator(*matrices(on))

    return Case(nk.hilbert.DoubledHilbert(space), with_backend, matrix, squares=False, **flags)


def local():
    """Any matrix on one site, and a collective decay."""
    hamiltonian = random_matrix(4, 3, complex, hermitian=True)

    def build():
        collective = LocalOperator(QUBITS, [LOWER, LOWER], [[0], [1]])
        return LocalOperator(QUBITS, hamiltonian, [1, 0]), [
            LocalOperator(QUBITS, ONE_SITE, [1]),
            collective,
        ]

    def matrices(on):
        collective = on(QUBITS, LOWER, [0]) + on(QUBITS, LOWER, [1])
        return on(QUBITS, hamiltonian, [1, 0]), [on(QUBITS, ONE_SITE, [1]), collective]

    return case(QUBITS, build, matrices)


def ising_and_float32():
    def build():
        return Ising(QUBITS, LINE, np.float32(0.5), np.float32(2.0), dtype=np.float32), [
            LocalOperator(QUBITS, TWO_SITES.astype(np.float32), [0, 1])
        ]

    def matrices(on):
        ising = -0.5 * (on(QUBITS, X, [0]) + on(QUBITS, X, [1])) + 2 * on(
            QUBITS, np.kron(Z, Z), [0, 1]
        )
        return ising, [on(QUBITS, TWO_SITES, [0, 1])]

    return case(QUBITS, build, matrices, differentiable=False)


def cavity():
    """A qubit that is coupled to a mode, which decays."""
    b = np.diag(np.sqrt([1.0, 2.0]), 1)
    coupling = np.kron(b.T, LOWER) + np.kron(b, LOWER.T)

    def build():
        return LocalOperator(CAVITY, coupling, [0, 1]), [0.8 * LocalOperator(CAVITY, b, [0])]

    return case(
        CAVITY, build, lambda on: (on(CAVITY, coupling, [0, 1]), [0.8 * on(CAVITY, b, [0])])
    )


def dephasing():
    """Hopping and dephasing on a constrained space."""
    hop = np.kron(np.diag(np.sqrt([1.0, 2.0]), -1), np.diag(np.sqrt([1.0, 2.0]), 1))
    number = np.diag([0.0, 1.0, 2.0])

    def build():
        return LocalOperator(PARTICLES, hop + hop.T, [0, 1]), [
            LocalOperator(PARTICLES, number, [1])
        ]

    def matrices(on):
        return on(PARTICLES, hop + hop.T, [0, 1]), [on(PARTICLES, number, [1])]

    return case(PARTICLES, build, matrices)


def fermions():
    """Jumps that are no local operators: the orbitals are permuted at random times."""

    def build():
        number = LocalOperator(FERMIONS, np.diag([0.0, 1.0]), [0])
        return number, [PermutationOperatorFermion(FERMIONS, [1, 2, 0])]

    def matrices(on):
        states = np.asarray(FERMIONS.all_states())
        number = np.diag(states[:, 0].astype(float))
        shift = np.array([[np.array_equal(np.roll(y, 1), x) for y in states] for x in states])
        return number, [shift.astype(float)]

    return case(FERMIONS, build, matrices, hermiticity_known=False)


OPERATORS = {
    "super_local": local(),
    "super_float32": ising_and_float32(),
    "super_cavity": cavity(),
    "super_dephasing": dephasing(),
    "super_fermions": fermions(),
}
