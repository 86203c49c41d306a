# SPDX-License-Identifier: Apache-2.0
"""Operators that would lead out of a constrained space, projected on it."""

import numpy as np
from operator_table import Case, random_matrix, terms_case

import netket as nk
from netket.operator import LocalOperator
from netket.utils import struct


class NoNeighbours(nk.hilbert.constraint.DiscreteHilbertConstraint):
    """No two neighbours of a row are 1: a constraint that only jax can evaluate."""

    n: int = struct.field(pytree_node=False)

    def __init__(self, n):
        self.n = n

    def __call__(self, x):
        import jax.numpy as jnp

        x = jnp.asarray(x)
        return ~jnp.any((x[..., 1:] == 1) & (x[..., :-1] == 1), axis=-1)

    def __hash__(self):
        return hash(("NoNeighbours", self.n))

    def __eq__(self, other):
        return isinstance(other, NoNeighbours) and self.n == other.n


BOSONS = nk.hilbert.Fock(2, 3, n_particles=3)
BLOCKADE = nk.hilbert.Spin(0.5, 5, constraint=NoNeighbours(5))
PARTS = nk.hilbert.Spin(0.5, 2, total_sz=0) * nk.hilbert.Fock(2, 2, n_particles=2)
X, Z = np.array([[0, 1], [1, 0]]), np.diag([1.0, -1.0])


def projected(hilbert, terms, constant=0.0):
    def build(backend):
        matrices, sites = zip(*terms)
        op = LocalOperator(hilbert, matrices, sites, constant, backend=backend)
        return op.project_to_space()

    # matrices on constrained spaces are restricted to their states, which is the projection
    return terms_case(hilbert, build, terms, constant)


def rydberg():
    """Spins that cannot be up next to each other, in a field: the PXP model."""
    edges = [(i, i + 1) for i in range(4)]

    def build(backend):
        return nk.operator.Ising(BLOCKADE, edges, h=0.7, J=0.3, backend=backend).project_to_space()

    def matrix(on):
        flips = sum(on(BLOCKADE, -0.7 * X, [i]) for i in range(5))
        return flips + sum(on(BLOCKADE, 0.3 * np.kron(Z, Z), e) for e in edges)

    return Case(BLOCKADE, build, matrix)


OPERATORS = {
    "projected_bosons": projected(BOSONS, [(random_matrix(9, 1), [0, 1]), (np.eye(3), [2])], 0.5),
    "projected_parts": projected(PARTS, [(random_matrix(6, 2, complex), [1, 2])]),
    "projected_blockade": rydberg(),
}
