# SPDX-License-Identifier: Apache-2.0
"""Fermions: matrices of their terms by the definition of Jordan and Wigner."""

import numpy as np
from operator_table import Case, random_matrix

import netket as nk
from netket.experimental.operator import (
    ParticleNumberAndSpinConservingFermioperator2nd,
    ParticleNumberConservingFermioperator2nd,
)
from netket.operator import TJ, FermiHubbard, FermionOperator2nd

FREE = nk.hilbert.SpinOrbitalFermions(4)
FIXED = nk.hilbert.SpinOrbitalFermions(5, n_fermions=2)
SPINFUL = nk.hilbert.SpinOrbitalFermions(3, s=0.5, n_fermions_per_spin=(2, 1))
SINGLE = nk.hilbert.SpinOrbitalFermions(
    4,
    s=0.5,
    n_fermions_per_spin=(1, 2),
    constraint=nk.operator.fermion.NoDoubleOccupancyConstraint(4),
)
CHAIN, RING = nk.graph.Chain(3, pbc=False), nk.graph.Chain(4)


def annihilators(n_sites):
    """Matrices of c_i = Z_0 ... Z_(i-1) σ_i on all states; index 0 is empty."""
    z, lower, one = np.diag([1.0, -1.0]), np.array([[0.0, 1.0], [0.0, 0.0]]), np.eye(2)
    matrices = []
    for i in range(n_sites):
        total = np.eye(1)
        for j in range(n_sites):
            total = np.kron(total, z if j < i else lower if j == i else one)
        matrices.append(total)
    return matrices


def fermions(hilbert, terms, weights, constant=0.0, dtype=None, make=None, **flags):
    """A case whose operator has products of ladder operators, as text."""

    def build(backend):
        if make is not None:
            with nk.operator.use_backend(backend):
                return make()
        return FermionOperator2nd(hilbert, terms, weights, constant, dtype=dtype, backend=backend)

    def matrix(on):
        c = annihilators(hilbert.size)
        total = constant * np.eye(len(c[0]))
        for term, weight in zip(terms, weights):
            product = np.eye(len(c[0]))
            for word in term.split():
                product = product @ (c[int(word[:-1])].T if word[-1] == "^" else c[int(word)])
            total = total + weight * product
        return on(hilbert, total, list(range(hilbert.size)))

    return Case(hilbert, build, matrix, differentiable=dtype is None, **flags)


def hubbard(t, U, **kwargs):
    """Down and up on three sites, 0 1 2 and 3 4 5."""
    edges = [e for i, j in CHAIN.edges() for e in ((i, j), (i + 3, j + 3))]
    terms = [f"{i}^ {j}" for i, j in edges] + [f"{j}^ {i}" for i, j in edges]
    terms += [f"{i}^ {i} {i + 3}^ {i + 3}" for i in range(3)]
    weights = [-t] * 4 + [-np.conj(t)] * 4 + [U] * 3

    def make():
        return FermiHubbard(SPINFUL, CHAIN, t=t, U=U, **kwargs)

    return fermions(SPINFUL, terms, weights, make=make, **kwargs)


def tj(t, J):
    """From spin operators, on the states without double occupancy."""

    def build(backend):
        return TJ(SINGLE, RING, t=t, J=J, backend=backend)

    def matrix(on):
        c = annihilators(8)
        n = [m.T @ m for m in c]
        plus = [c[i + 4].T @ c[i] for i in range(4)]
        z = [(n[i + 4] - n[i]) / 2 for i in range(4)]
        total = 0
        for i, j in RING.edges():
            for s in (0, 4):
                hop = -t * c[i + s].T @ c[j + s]
                total = total + hop + hop.T
            spins = z[i] @ z[j] + (plus[i] @ plus[j].T + plus[i].T @ plus[j]) / 2
            density = (n[i] + n[i + 4]) @ (n[j] + n[j + 4])
            total = total + J * (spins - density / 4)
        states = np.asarray(SINGLE.all_states()).astype(int)
        numbers = states @ 2 ** np.arange(7, -1, -1)
        return total[np.ix_(numbers, numbers)]

    return Case(SINGLE, build, matrix)


def all_of_two_particles(hilbert, dtype):
    """c†_i c_j and c†_i c†_j c_k c_l with random weights: by moves of particles."""
    n = hilbert.size
    pairs = [f"{i}^ {j}^" for i in range(n) for j in range(i)]
    terms = [f"{p} {q.replace('^', '')}" for p in pairs for q in pairs]
    terms += [f"{i}^ {j}" for i in range(n) for j in range(n)]
    weights = random_matrix(len(terms), 0, dtype)[0]
    return fermions(hilbert, terms, weights.tolist(), 0.5, squares=False)


def conserving(kind, hilbert, terms, weights):
    def make():
        return kind(hilbert, terms, weights, constant=0.5)

    return fermions(hilbert, terms, weights, 0.5, make=make)


HOPPING = [f"{i}^ {(i + 1) % 5}" for i in range(5)] + [f"{(i + 1) % 5}^ {i}" for i in range(5)]
REPULSION = [f"{i}^ {i} {(i + 1) % 5}^ {(i + 1) % 5}" for i in range(5)]

OPERATORS = {
    "fermions_any_number": fermions(
        FREE, ["0^ 2", "3^", "1 2", "0 0^ 3^ 1", "2^ 1 2 3^"], [0.7, -0.3, 1.1, 0.4, 0.9], 0.25
    ),
    "fermions_complex": fermions(
        FREE, ["0^ 1", "1^ 0", "2 3 1^ 2^", "3 3^ 3"], [0.5 + 1j, 0.5 - 1j, 0.3j, -0.2]
    ),
    "fermions_fixed_number": fermions(
        FIXED, [*HOPPING, *REPULSION], [-1.0] * 5 + [-1.0] * 5 + [1.5] * 5
    ),
    "fermions_two_body": all_of_two_particles(FIXED, complex),
    "fermions_two_body_spins": all_of_two_particles(
        nk.hilbert.SpinOrbitalFermions(3, s=0.5, n_fermions=2), float
    ),
    "fermions_float32": fermions(
        FIXED, ["0^ 3^ 1 4", "4^ 1^ 3 0", "2 2^"], [0.5, 0.5, 0.25], dtype=np.float32
    ),
    "fermions_number_conserving": conserving(
        ParticleNumberConservingFermioperator2nd,
        FIXED,
        ["0^ 1", "3 2^", "3^ 0^ 2 1", "1 2^ 0 3^", "4^ 1^ 4 3"],
        [1.0, 0.3, 0.2, -0.4, 0.8],
    ),
    "fermions_spin_conserving": conserving(
        ParticleNumberAndSpinConservingFermioperator2nd,
        SPINFUL,
        ["0^ 1", "1^ 0", "5^ 3 1^ 2", "2^ 1 3^ 5", "4^ 4 0^ 0"],
        [1j, -1j, 0.2, 0.2, -0.7],
    ),
    "hubbard": hubbard(0.8, 3.0),
    "hubbard_complex": hubbard(0.5 + 0.7j, 2.0),
    "tj": tj(1.0, 0.4),
}
