# SPDX-License-Identifier: Apache-2.0
"""Bosons on graphs."""

import numpy as np
from operator_table import terms_case

import netket as nk

FREE = nk.hilbert.Fock(2, 3)
FIXED = nk.hilbert.Fock(3, 4, n_particles=3)
MIXED = nk.hilbert.Fock(1, 1) * nk.hilbert.Fock(3, 1) * nk.hilbert.Fock(2, 1)
RING = nk.graph.Chain(3)
TWICE = np.array([[0, 1], [1, 2], [1, 0]])  # one edge is there twice


def bose_hubbard(hilbert, edges, U, V=0.0, J=1.0, mu=0.0, dtype=None):
    def build(backend):
        return nk.operator.BoseHubbard(hilbert, edges, U, V, J, mu, dtype, backend=backend)

    pairs = edges.edges() if hasattr(edges, "edges") else edges
    terms = []
    for i, d in enumerate(hilbert.shape):
        n = np.arange(d)
        terms.append((np.diag(U / 2 * n * (n - 1) - mu * n), [i]))
    for i, j in pairs:
        b1, b2 = (np.diag(np.sqrt(np.arange(1, hilbert.shape[k])), 1) for k in (i, j))
        hop = np.kron(b1.T, b2) + np.kron(b1, b2.T)
        terms.append((V * np.kron(b1.T @ b1, b2.T @ b2) - J * hop, [i, j]))
    return terms_case(hilbert, build, terms, differentiable=dtype is None)


OPERATORS = {
    "bose_hubbard": bose_hubbard(FREE, RING, 1.5, 0.3, 0.7, 0.2),
    "bose_hubbard_particles": bose_hubbard(FIXED, nk.graph.Chain(4), 4.0, 0.5),
    "bose_hubbard_mixed_complex": bose_hubbard(MIXED, TWICE, 0.5, 0.25, 0.7 + 0.2j, 0.1),
    "bose_hubbard_float32": bose_hubbard(FREE, RING, 1.5, J=0.0, dtype=np.float32),
}
