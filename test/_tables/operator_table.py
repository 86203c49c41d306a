# SPDX-License-Identifier: Apache-2.0
"""The table of operators that the shared tests run over.

Every module `operators_*` beside this one has a dictionary `OPERATORS` of `Case`s; a new kind of
operator is one more module, or one more entry.
"""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np


class Case(NamedTuple):
    """An operator, how to build it, and its matrix from the definition.

    The flags say what is known not to hold, by the nature of the operator.
    """

    hilbert: Any
    build: Callable[[str], Any]  # backend -> operator
    # on(hilbert, matrix, sites) -> the matrix on all states; -> matrix of the operator
    matrix: Callable[[Callable[..., np.ndarray]], np.ndarray]
    # has coefficients in double precision that may all be moved without leaving the space
    differentiable: bool = True
    # is_hermitian is exact; else it may be False for an operator that happens to be hermitian
    hermiticity_known: bool = True
    # op @ op is small enough to be compiled
    squares: bool = True


def terms_case(
    hilbert: Any, build: Callable[[str], Any], terms: Any, constant: Any = 0.0, **flags: bool
) -> Case:
    """A `Case` whose matrix is a sum of matrices on sites."""

    def matrix(on: Callable[..., np.ndarray]) -> np.ndarray:
        total = constant * np.eye(hilbert.n_states)
        return total + sum(on(hilbert, m, sites) for m, sites in terms)

    return Case(hilbert, build, matrix, **flags)


def random_matrix(d: int, seed: int, dtype: Any = float, hermitian: bool = False) -> np.ndarray:
    """A matrix (d, d) of normal numbers."""
    rng = np.random.default_rng(seed)
    m = rng.normal(size=(d, d))
    if np.dtype(dtype).kind == "c":
        m = m + 1j * rng.normal(size=(d, d))
    return ((m + m.conj().T) / 2 if hermitian else m).astype(dtype)


def load_table() -> dict[str, Case]:
    """name -> `Case`, of all modules."""
    table: dict[str, Case] = {}
    for file in sorted(Path(__file__).parent.glob("operators_*.py")):
        entries = importlib.import_module(file.stem).OPERATORS
        twice = table.keys() & entries.keys()
        assert not twice, f"{file.name} repeats {twice}"
        table |= entries
    return table
