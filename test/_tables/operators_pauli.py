# SPDX-License-Identifier: Apache-2.0
"""Pauli strings."""

from functools import reduce

import numpy as np
from operator_table import Case, terms_case

import netket as nk

PAULI = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1.0, -1.0]),
}


def pauli(hilbert, strings, weights, dtype=None, differentiable=True):
    def build(backend):
        return nk.operator.PauliStrings(hilbert, strings, weights, dtype=dtype, backend=backend)

    sites = list(range(hilbert.size))
    terms = [(w * reduce(np.kron, [PAULI[s] for s in p]), sites) for p, w in zip(strings, weights)]
    differentiable = differentiable and dtype is None
    return terms_case(hilbert, build, terms, differentiable=differentiable)


SPINS, QUBITS = nk.hilbert.Spin(0.5, 4), nk.hilbert.Qubit(4)
FIXED = nk.hilbert.Spin(0.5, 4, total_sz=0)

# XX + YY leaves the magnetization alone only if both have the same weight
EXCHANGE = ["XXII", "YYII", "ZZII", "IXXI", "IYYI", "IIXX", "IIYY", "IIZZ", "ZIII"]

OPERATORS: dict[str, Case] = {
    "pauli": pauli(
        SPINS, ["XXIZ", "YYIZ", "ZIIZ", "IZII", "XXII", "IIII"], [0.7, 0.4, -1.1, 0.3, 0.7, 0.5]
    ),
    "pauli_complex": pauli(
        QUBITS, ["XYZI", "YYYI", "ZZZZ", "IIXI", "IIYI"], [0.3, 1 + 0.5j, 1j, 0.8, -0.8j]
    ),
    "pauli_odd": pauli(SPINS, ["YIII", "XZII", "IYXI", "ZZII"], [0.9, -0.4, 0.7, 1.3]),
    # moving one weight leads out of the space
    "pauli_exchange": pauli(
        FIXED, EXCHANGE, [1.0, 1.0, 0.5, -0.3, -0.3, 2.0, 2.0, 0.1, 0.4], differentiable=False
    ),
    "pauli_float32": pauli(SPINS, ["XXII", "ZIZI"], np.float32([0.5, 1.5]), np.float32),
}
