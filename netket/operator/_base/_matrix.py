# SPDX-License-Identifier: Apache-2.0
"""Matrices of operators: sparse, dense, and applied to vectors without being stored.

Operators with a numba kernel are walked through row by row by `_matrix_numba`, whatever their
flag; others, and traced ones, go through their connected elements.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert.index import index_table
from netket.utils import optional

from .._kernels._numbering import make_numbering
from ._host import is_traced

# Rows that are worked on at a time where configurations are listed.
_BLOCK = 4096
# Elements of the rows that are walked through at a time, which should stay in the cache.
_BLOCK_ELEMENTS = 2**15
# CSR arrays for all slots of all rows are reserved up to this size; larger ones grow.
_RESERVED = 2**24


# -- sparse -----------------------------------------------------------------------------------


def to_sparse(op: Any, jax_: bool) -> Any:
    """See `DiscreteOperator.to_sparse`."""
    n = _n_states(op)
    if _traced(op):
        if not jax_:
            raise TypeError(
                "The coefficients of the operator are traced by jax, so that its matrix cannot be "
                "a scipy matrix: call to_sparse(jax_=True)."
            )
        return _traced_sparse(op, n)
    indptr, indices, values = _csr_arrays(op, n)
    if jax_:
        from jax.experimental.sparse import BCSR

        arrays = (jnp.asarray(values), jnp.asarray(indices), jnp.asarray(indptr))
        return BCSR(arrays, shape=(n, n))
    from scipy.sparse import csr_matrix

    matrix = csr_matrix((values, indices, indptr), shape=(n, n))
    matrix.has_canonical_format = True  # sorted, no duplicates
    return matrix


def _csr_arrays(op: Any, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    data = op._numba_data()
    return _listed_csr(op, n) if data is None else _walked_csr(op, data, n)


def _walked_csr(op: Any, data: Any, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    walkers, slots = _walkers(), op._slots
    capacity = n * slots if n * slots <= _RESERVED else max(_RESERVED, slots)
    indices = np.empty(capacity, np.int32)
    values = np.empty(capacity, op.dtype)
    indptr = np.zeros(n + 1, np.int64)

    def write(first: int, columns: np.ndarray, mels: np.ndarray, sizes: np.ndarray) -> Any:
        nonlocal indices, values
        row, last = first, first + len(sizes)
        while True:
            row, slot = walkers.csr_rows(
                first, row, columns, mels, sizes, op._merges, indptr, indices, values
            )
            if slot >= 0 or row == last:
                return row, slot
            size = _next_capacity(indptr, row, n, slots, len(indices))
            indices, values = _grown(indices, size), _grown(values, size)

    _walk(op, data, n, write)
    if indptr[-1] <= np.iinfo(np.int32).max:
        indptr = indptr.astype(np.int32)
    else:
        indices = indices.astype(np.int64)
    return indptr, _trimmed(indices, indptr[-1]), _trimmed(values, indptr[-1])


def _next_capacity(indptr: np.ndarray, row: int, n: int, slots: int, capacity: int) -> int:
    """Size of the arrays from what the rows so far let us expect, with room for one row."""
    expected = int(1.02 * indptr[row] / max(row, 1) * n)
    return min(max(expected, capacity * 5 // 4, int(indptr[row]) + slots), n * slots)


def _grown(array: np.ndarray, size: int) -> np.ndarray:
    result = np.empty(size, array.dtype)
    result[: len(array)] = array
    return result


def _trimmed(array: np.ndarray, size: int) -> np.ndarray:
    """The first `size` elements; memory that was reserved and not used is given back."""
    return array[:size] if size >= 0.9 * len(array) else array[:size].copy()


def _listed_csr(op: Any, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """CSR arrays from blocks of connected elements."""
    parts, counts = [], [np.zeros(1, np.int64)]
    for _, states in _blocks(op.hilbert, n):
        sections = np.zeros(len(states), np.int64)
        xp, mels = op.get_conn_flattened(states, sections)
        columns = _numbers(op, xp)
        owner = np.repeat(np.arange(len(states)), np.diff(sections, prepend=0))
        order = np.lexsort((columns, owner))
        parts.append((columns[order], np.asarray(mels)[order]))
        counts.append(np.bincount(owner, minlength=len(states)))
    indptr = np.cumsum(np.concatenate(counts))
    kind = np.int32 if indptr[-1] <= np.iinfo(np.int32).max else np.int64
    columns, values = map(np.concatenate, zip(*parts))
    return indptr.astype(kind), columns.astype(kind), values


def _traced_sparse(op: Any, n: int) -> Any:
    """A jax matrix with all slots of all rows, as zeros are not known."""
    from jax.experimental.sparse import BCSR

    columns, mels = _traced_rows(op, op.hilbert.all_states())
    indptr = np.arange(n + 1, dtype=np.int32) * mels.shape[1]
    arrays = (mels.ravel(), columns.ravel().astype(np.int32), jnp.asarray(indptr))
    return BCSR(arrays, shape=(n, n))


# -- dense ------------------------------------------------------------------------------------


def to_dense(op: Any) -> Any:
    """See `DiscreteOperator.to_dense`."""
    n = _n_states(op)
    if _traced(op):
        columns, mels = _traced_rows(op, op.hilbert.all_states())
        return jnp.zeros((n, n), mels.dtype).at[np.arange(n)[:, None], columns].add(mels)
    data = op._numba_data()
    if data is None:
        matrix = to_sparse(op, False).toarray()
    else:
        matrix = np.zeros((n, n), op.dtype)
        _walk(op, data, n, lambda *rows: _walkers().dense_rows(*rows, matrix))
    return jnp.asarray(matrix) if op.backend == "jax" else matrix


# -- applied to vectors -----------------------------------------------------------------------


def apply(op: Any, v: Any) -> Any:
    """See `DiscreteOperator.apply`; numpy in, numpy out, and jax in, jax out."""
    n = _n_states(op)
    if np.ndim(v) == 0 or np.shape(v)[0] != n:
        raise ValueError(
            f"Argument `v` must have shape ({n}, ...), with one entry for each state of the "
            f"Hilbert space, but has shape {np.shape(v)}."
        )
    if _traced(op) or is_traced(v):
        return _traced_apply(op, jnp.asarray(v))
    result = _host_apply(op, np.asarray(v))
    return jnp.asarray(result) if isinstance(v, jax.Array) else result


def _host_apply(op: Any, v: np.ndarray) -> np.ndarray:
    dtype = np.result_type(op.dtype, v.dtype)
    columns = np.array(v.reshape(len(v), -1), dtype, order="C")
    out = np.zeros_like(columns)
    data = op._numba_data()
    if data is not None:
        _walk(op, data, len(v), lambda *rows: _walkers().apply_rows(*rows, columns, out))
    else:
        for first, states in _blocks(op.hilbert, len(v)):
            sections = np.zeros(len(states), np.int64)
            xp, mels = op.get_conn_flattened(states, sections)
            owner = first + np.repeat(np.arange(len(states)), np.diff(sections, prepend=0))
            np.add.at(out, owner, np.asarray(mels)[:, None] * columns[_numbers(op, xp)])
    return out.reshape(v.shape)


def _traced_apply(op: Any, v: Any) -> Any:
    """Block by block, so that memory is not that of the whole matrix."""
    states = jnp.asarray(op.hilbert.all_states())

    def row(x: Any) -> Any:
        columns, mels = _traced_rows(op, x)
        return jnp.tensordot(mels, v[columns], 1)

    return jax.lax.map(row, states, batch_size=min(_BLOCK, len(states)))


def to_linear_operator(op: Any) -> Any:
    """See `DiscreteOperator.to_linear_operator`."""
    from scipy.sparse.linalg import LinearOperator

    n = _n_states(op)
    adjoint: list[Any] = []  # built when it is needed

    def rmatvec(v: np.ndarray) -> np.ndarray:
        if not adjoint:
            adjoint.append(op.H)
        return apply(adjoint[0], np.asarray(v))

    def matvec(v: np.ndarray) -> np.ndarray:
        return apply(op, np.asarray(v))

    return LinearOperator(
        (n, n), matvec=matvec, matmat=matvec, rmatvec=rmatvec, rmatmat=rmatvec, dtype=op.dtype
    )


def to_qobj(op: Any) -> Any:
    """See `DiscreteOperator.to_qobj`."""
    qutip: Any = optional.require("qutip", "to make `Qobj`s of operators", extra="extra")
    hilbert, matrix = op.hilbert, to_sparse(op, False)
    dims = list(map(int, hilbert.shape)) if hilbert.constraint is None else [matrix.shape[0]]
    return qutip.Qobj(matrix, dims=[dims, dims])


# -- helpers ----------------------------------------------------------------------------------


def _traced(op: Any) -> bool:
    return bool(getattr(op, "_is_traced", False))


def _n_states(op: Any) -> int:
    if not op.hilbert.is_indexable:
        raise ValueError(
            f"The matrix of an operator on {op.hilbert} cannot be built, as the space has too "
            "many states: use `get_conn_padded`, or a smaller or constrained space."
        )
    return op.hilbert.n_states


def _walkers() -> Any:
    from .._kernels import _batch_numba, _matrix_numba  # noqa: F401  (the first has the kernels)

    return _matrix_numba


@lru_cache(maxsize=32)
def _numbering(hilbert: Any) -> tuple[Any, Any]:
    """Index table and numbering of a space, for numba."""
    table = index_table(hilbert)
    # writable copies: numba compiles another version for read-only arrays
    copies: Any = (np.array(a) if isinstance(a, np.ndarray) else a for a in table)
    return type(table)(*copies), make_numbering(table)


def _walk(op: Any, data: Any, n: int, use: Callable[..., tuple[int, int]]) -> None:
    """Compute all rows in blocks, and give each to `use(first, columns, mels, sizes)`.

    `use` returns a row and a slot, which is that of an x' outside of the space unless negative.
    """
    walkers, (table, numbering), conn = _walkers(), _numbering(op.hilbert), op._new_conn(op._slots)
    block = max(1, min(n, _BLOCK_ELEMENTS // len(conn.mels)))
    columns = np.empty((block, len(conn.mels)), np.int64)
    mels = np.empty(columns.shape, op.dtype)
    sizes = np.empty(block, np.int64)
    for first in range(0, n, block):
        rows = tuple(a[: n - first] for a in (columns, mels, sizes))
        walkers.walk(data, table, numbering, conn, first, *rows)
        row, slot = use(first, *rows)
        if slot >= 0:
            raise _leaves_space(op, data, table, conn, row, slot)


def _leaves_space(op: Any, data: Any, table: Any, conn: Any, row: int, slot: int) -> ValueError:
    indices = np.zeros((2, op.hilbert.size), conn.values.dtype)
    _walkers().state_of_slot(data, table, conn, row, slot, *indices)
    x, xp = op.hilbert.local_indices_to_states(indices)
    return _outside(op, x, xp)


def _outside(op: Any, x: Any, xp: Any) -> ValueError:
    return ValueError(
        f"{type(op).__name__} leaves the Hilbert space {op.hilbert}: it connects the state "
        f"{np.asarray(x).tolist()} to {np.asarray(xp).tolist()}, which is not in the space. Use an "
        "operator that respects the constraint, or a space without it."
    )


def _blocks(hilbert: Any, n: int) -> Any:
    """First number and states of consecutive blocks of the space."""
    for first in range(0, n, _BLOCK):
        yield first, hilbert.numbers_to_states(np.arange(first, min(first + _BLOCK, n)))


def _numbers(op: Any, xp: np.ndarray) -> np.ndarray:
    try:
        return np.asarray(op.hilbert.states_to_numbers(np.asarray(xp)))
    except ValueError as error:
        raise ValueError(f"{type(op).__name__} leaves the Hilbert space: {error}") from None


def _traced_rows(op: Any, x: Any) -> tuple[Any, Any]:
    """Columns and matrix elements (..., K) of the rows of samples, in jax."""
    xp, mels = op.get_conn_padded(jnp.asarray(x))
    columns = op.hilbert.states_to_numbers(xp)
    # an element that is 0 may have a derivative: only what is no state at all is padding
    own = op.hilbert.states_to_numbers(jnp.asarray(x))[..., None]
    return jnp.where(columns < 0, own, columns), mels
