# SPDX-License-Identifier: Apache-2.0
"""Dense matrices from definitions and from connected elements, to compare operators with."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import netket as nk


def matrix_on(hilbert: Any, matrix: Any, sites: Any) -> np.ndarray:
    """A matrix on some sites as a matrix on all states: kron with identities, axes permuted."""
    matrix, shape, n = np.asarray(matrix), tuple(hilbert.shape), hilbert.size
    rest = [i for i in range(n) if i not in sites]
    order = [*sites, *rest]
    full = np.kron(matrix, np.eye(int(np.prod([shape[i] for i in rest]))))
    dims = [shape[i] for i in order]
    full = full.reshape(*dims, *dims)
    back = [order.index(i) for i in range(n)]
    full = full.transpose(*back, *(n + i for i in back)).reshape(int(np.prod(shape)), -1)
    if hilbert.constraint is None:
        return full
    # rows and columns of the states of the constrained space, in its order
    indices = np.asarray(hilbert.states_to_local_indices(hilbert.all_states())).astype(int)
    numbers = np.ravel_multi_index(indices.T, shape)
    return full[np.ix_(numbers, numbers)]


def matrix_from_rows(op: Any) -> np.ndarray:
    """The matrix from `get_conn_padded` of all states."""
    states = np.asarray(op.hilbert.all_states())
    xp, mels = map(np.asarray, op.get_conn_padded(states))
    matrix = np.zeros((len(states), len(states)), mels.dtype)
    numbers = op.hilbert.states_to_numbers(np.where((mels != 0)[..., None], xp, states[:, None]))
    np.add.at(matrix, (np.arange(len(states))[:, None], numbers), mels)
    return matrix


def row_table(xp: Any, mels: Any) -> dict[tuple, complex]:
    """{x': sum of matrix elements}, without zeros."""
    table: dict[tuple, complex] = {}
    for row, mel in zip(np.asarray(xp).tolist(), np.asarray(mels).tolist()):
        table[tuple(row)] = table.get(tuple(row), 0) + mel
    return {x: m for x, m in table.items() if abs(m) > 1e-12}


class ThirdPartyJax(nk.operator.DiscreteJaxOperator):
    """c sum_i X_i of a third party: jax code, and the least that a class must define."""

    def __init__(self, hilbert: Any, c: Any):
        super().__init__(hilbert)
        self.c = c

    @property
    def dtype(self) -> Any:
        return np.float64

    @property
    def is_hermitian(self) -> bool:
        return True

    @property
    def max_conn_size(self) -> int:
        return self.hilbert.size

    def tree_flatten(self) -> Any:
        return (self.c,), self.hilbert

    @classmethod
    def tree_unflatten(cls, hilbert: Any, data: Any) -> Any:
        op = object.__new__(cls)
        op._hilbert, (op.c,) = hilbert, data
        return op

    def get_conn_padded(self, x: Any) -> Any:
        import jax.numpy as jnp

        n = self.hilbert.size
        flips = 1 - 2 * jnp.eye(n, dtype=x.dtype)
        mels = jnp.full((*x.shape[:-1], n), 1.0) * self.c
        return x[..., None, :] * flips, mels


class ThirdPartyNumba(nk.operator.DiscreteOperator):
    """c sum_i Y_i of a third party: numpy code, and the least that a class must define."""

    def __init__(self, hilbert: Any, c: float):
        super().__init__(hilbert)
        self.c = c

    @property
    def dtype(self) -> Any:
        return np.complex128

    @property
    def is_hermitian(self) -> bool:
        return True

    @property
    def max_conn_size(self) -> int:
        return self.hilbert.size

    def get_conn_flattened(self, x: Any, sections: Any, pad: bool = False) -> Any:
        n = self.hilbert.size
        sections[:] = n * (1 + np.arange(len(x)))
        xp = x[:, None, :] * (1 - 2 * np.eye(n, dtype=x.dtype))
        return xp.reshape(-1, n), (-1j * self.c * x).reshape(-1)


@pytest.fixture(scope="session")
def matrix_of() -> Callable[..., np.ndarray]:
    """`matrix_on(hilbert, matrix, sites)`."""
    return matrix_on


@pytest.fixture(scope="session")
def from_rows() -> Callable[[Any], np.ndarray]:
    """`matrix_from_rows(op)`."""
    return matrix_from_rows


@pytest.fixture(scope="session")
def table_of() -> Callable[[Any, Any], dict]:
    """`row_table(xp, mels)`."""
    return row_table


@pytest.fixture(scope="session")
def third_parties() -> tuple[type, type]:
    """A class with jax code and one with numpy code."""
    return ThirdPartyJax, ThirdPartyNumba
