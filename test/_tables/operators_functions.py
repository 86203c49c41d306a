# SPDX-License-Identifier: Apache-2.0
"""Local operators that are built by functions: `GraphOperator` and `spin.*`."""

import numpy as np
from operator_table import terms_case

import netket as nk
from netket.operator import spin

X, Y, Z = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1.0, -1.0])
RAISE = np.array([[0.0, 1.0], [0.0, 0.0]])  # to the first local state, which is spin up

SPINS = nk.hilbert.Spin(0.5, 3)
TRIANGLE = nk.graph.Graph(edges=[(0, 1, 0), (1, 2, 0), (0, 2, 1)])


def graph_operator():
    """A field, and bonds of two colours that differ."""
    bonds = {0: np.kron(X, Z) + np.kron(Z, X), 1: 0.5 * np.kron(Y, Y)}

    def build(backend):
        return nk.operator.GraphOperator(
            SPINS, TRIANGLE, [0.3 * X], list(bonds.values()), list(bonds), backend=backend
        )

    terms = [(0.3 * X, [i]) for i in range(3)]
    for edge, color in zip(TRIANGLE.edges(), TRIANGLE.edge_colors):
        terms.append((bonds[color], list(edge)))
    return terms_case(SPINS, build, terms)


def ladder():
    """S+_0 S-_2 and its adjoint, and fields in two directions."""

    def build(backend):
        with nk.operator.use_backend(backend):
            hop = spin.sigmap(SPINS, 0) @ spin.sigmam(SPINS, 2)
            return hop + hop.H + 0.4 * spin.sigmay(SPINS, 1) - 0.2 * spin.sigmaz(SPINS, 2)

    hop = np.kron(RAISE, RAISE.T)
    return terms_case(SPINS, build, [(hop + hop.T, [0, 2]), (0.4 * Y, [1]), (-0.2 * Z, [2])])


OPERATORS = {"graph_operator": graph_operator(), "spin_ladder": ladder()}
