# SPDX-License-Identifier: Apache-2.0
"""Places of rows of integers in a table, by 64-bit hashes: h(row) = Σ_i w_i row_i mod 2^64."""

import numpy as np


def hash_weights(n: int) -> np.ndarray:
    """Random odd weights (n,), the same in every process."""
    bits = np.random.Generator(np.random.PCG64(20)).integers(0, 2**63, size=n, dtype=np.uint64)
    return bits * np.uint64(2) + np.uint64(1)


def hash_rows(rows: np.ndarray) -> np.ndarray:
    """Hashes (...,) of rows of integers (..., n)."""
    rows = np.asarray(rows).astype(np.int64).view(np.uint64)
    return rows @ hash_weights(rows.shape[-1])


def find_hashes(table: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The place of every wanted hash in `table`; -1 where it is not there."""
    order = np.argsort(table, kind="stable")
    table = table[order]
    place = np.searchsorted(table, wanted)
    place[place == len(table)] = 0
    return np.where(table[place] == wanted, order[place], -1) if len(table) else place - 1
