# SPDX-License-Identifier: Apache-2.0
"""Fermions: matrices of their terms by the definition of Jordan and Wigner."""

import numpy as np
from operator_table import Case

import netket as nk
from netket.operator import FermionOperator2nd

FREE = nk.hilbert.SpinOrbitalFermions(4)
FIXED = nk.hilbert.SpinOrbitalFermions(5, n_fermions=2)
SPINFUL = nk.hilbert.SpinOrbitalFermions(3, s=0.5, n_fermions_per_spin=(2, 1))


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
    "fermions_float32": fermions(
        FIXED, ["0^ 3^ 1 4", "4^ 1^ 3 0", "2 2^"], [0.5, 0.5, 0.25], dtype=np.float32
    ),
}
