# SPDX-License-Identifier: Apache-2.0
"""Sparse matrices by QuSpin, for comparison with the cases `to_sparse_*`; needs `quspin`.

python -m venv ../quspin && ../quspin/bin/pip install quspin
../quspin/bin/python benchmarks/quspin_matrices.py
"""

import time

import numpy as np
from quspin.basis import spin_basis_1d
from quspin.operators import hamiltonian

UNCHECKED = {"check_symm": False, "check_herm": False, "check_pcon": False, "dtype": np.float64}


def milliseconds(function, n: int = 10) -> float:
    times = []
    for _ in range(n):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def bonds(n: int, weight: float) -> list:
    return [[weight, i, (i + 1) % n] for i in range(n)]


def main() -> None:
    basis = spin_basis_1d(16, pauli=True)
    terms = [["zz", bonds(16, 1.0)], ["x", [[-1.0, i] for i in range(16)]]]
    ising = milliseconds(lambda: hamiltonian(terms, [], basis=basis, **UNCHECKED).tocsr())
    sector = spin_basis_1d(18, Nup=9, pauli=True)
    exchange = [["zz", bonds(18, 1.0)], ["+-", bonds(18, 2.0)], ["-+", bonds(18, 2.0)]]
    ring = milliseconds(lambda: hamiltonian(exchange, [], basis=sector, **UNCHECKED).tocsr())
    print(f"Ising, 16 sites: {ising:.1f} ms; Heisenberg, 18 sites, Sz = 0: {ring:.1f} ms")


if __name__ == "__main__":
    main()
