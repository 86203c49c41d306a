# SPDX-License-Identifier: Apache-2.0
"""Ising and local terms, their sums and products."""

import numpy as np
from operator_table import Case, random_matrix, terms_case

import netket as nk
from netket.operator import LocalOperator, ProductOperator, SumOperator, boson

X, Y, Z = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1.0, -1.0])

SPINS = nk.hilbert.Spin(0.5, 4)
FIXED = nk.hilbert.Spin(0.5, 4, total_sz=0)
BOSONS = nk.hilbert.Fock(2, 3, n_particles=3)
MIXED = nk.hilbert.Spin(0.5, 1) * nk.hilbert.Fock(2, 1) * nk.hilbert.Qubit(1)
RING = nk.graph.Chain(4)


def ising(h, J, hilbert=SPINS, dtype=None):
    def build(backend):
        return nk.operator.Ising(hilbert, RING, h=h, J=J, dtype=dtype, backend=backend)

    terms = [(-h * X, [i]) for i in range(4)] + [(J * np.kron(Z, Z), e) for e in RING.edges()]
    return terms_case(hilbert, build, terms, differentiable=dtype is None)


def local(hilbert, terms, constant=0.0, dtype=None):
    def build(backend):
        matrices, sites = zip(*terms) if terms else ((), ())
        return LocalOperator(hilbert, matrices, sites, constant, dtype, backend=backend)

    return terms_case(hilbert, build, terms, constant, differentiable=dtype is None)


def heisenberg(hilbert, graph, sign=1, **kwargs):
    def build(backend):
        return nk.operator.Heisenberg(hilbert, graph, backend=backend, **kwargs)

    bond = (np.kron(Z, Z) + sign * (np.kron(X, X) + np.kron(Y, Y))).real
    return terms_case(hilbert, build, [(bond, e) for e in graph.edges()])


def hopping():
    """Bosons: sum_i b^dagger_i b_(i+1), made of operators that leave the space one by one."""

    def build(backend):
        with nk.operator.use_backend(backend):
            return sum(
                boson.create(BOSONS, i) @ boson.destroy(BOSONS, (i + 1) % 3) for i in range(3)
            )

    a = np.diag(np.sqrt([1.0, 2.0]), 1)
    terms = [(np.kron(a.T, a), [i, (i + 1) % 3]) for i in range(3)]
    return terms_case(BOSONS, build, terms)


def sum_of_kinds():
    """Ising terms and local terms with the same x'; some cancel."""
    a, b = ising(0.7, 0.4), local(SPINS, [(0.7 * X, [0]), (random_matrix(4, 3), [2, 1])], 0.2)

    def build(backend):
        return SumOperator(a.build(backend), b.build(backend), coefficients=[1.0, 1.0])

    def matrix(on):
        return a.matrix(on) + b.matrix(on)

    return Case(SPINS, build, matrix, hermiticity_known=False)


def product_of_kinds():
    """(Ising) (local), lazily."""
    a = ising(0.7, 0.4)
    b = local(SPINS, [(random_matrix(4, 5, complex), [3, 0]), (Z, [1])], 0.3)

    def build(backend):
        return ProductOperator(a.build(backend), b.build(backend), coefficient=0.5j)

    def matrix(on):
        return 0.5j * a.matrix(on) @ b.matrix(on)

    return Case(SPINS, build, matrix, hermiticity_known=False, squares=False)


def lazy_hopping():
    """b^dagger_0 b_2 as a lazy product: the factors leave the space, the product does not."""

    def build(backend):
        with nk.operator.use_backend(backend):
            return ProductOperator(boson.create(BOSONS, 0), boson.destroy(BOSONS, 2))

    a = np.diag(np.sqrt([1.0, 2.0]), 1)
    terms = [(np.kron(a.T, a), [0, 2])]
    # coefficients that are zero would lead out of the space if they were not
    return terms_case(BOSONS, build, terms, differentiable=False, hermiticity_known=False)


COMPLEX = [(random_matrix(4, i, complex, True), [i, i + 1]) for i in (0, 2)]
SPIN_ONE = [(random_matrix(9, 2), [2, 0]), (np.eye(3), [1])]
MIXED_TERMS = [(random_matrix(6, 1), [1, 0]), (random_matrix(6, 2), [1, 2])]
SINGLE = [(random_matrix(4, 1, np.complex64), [0, 3])]

OPERATORS = {
    "ising": ising(0.7, 1.3),
    "ising_qubits_complex": ising(0.7 + 0.2j, -0.4, nk.hilbert.Qubit(4)),
    "ising_without_field": ising(0.0, 1.0),
    "ising_float32": ising(np.float32(0.5), np.float32(2.0), dtype=np.float32),
    "local_distant": local(SPINS, [(random_matrix(8, 1, complex), [3, 0, 2])], 0.5),
    "local_colliding": local(SPINS, [(np.kron(X, np.diag([1, 2])), [1, i]) for i in (0, 2, 3)]),
    "local_hermitian": local(SPINS, COMPLEX),
    "local_spin_one": local(nk.hilbert.Spin(1, 3), SPIN_ONE),
    "local_mixed_spaces": local(MIXED, MIXED_TERMS),
    "local_complex64": local(SPINS, SINGLE, dtype=np.complex64),
    "local_identity": local(SPINS, [], 1.5),
    "heisenberg": heisenberg(FIXED, RING, -1),
    "heisenberg_signs": heisenberg(FIXED, RING, sign_rule=False),
    "hopping": hopping(),
    "sum": sum_of_kinds(),
    "product": product_of_kinds(),
    "lazy_hopping": lazy_hopping(),
}
