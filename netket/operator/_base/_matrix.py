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
from netket.jax.tracing import computed_now
from netket.utils import optional

from .._kernels._flips import make_flips
from .._kernels._numbering import FREE, make_numbering
from ._host import is_traced
from ._threads import in_threads, most_threads, ranges

# Rows that are worked on at a time where configurations are listed.
_BLOCK = 4096
# Elements of the rows that are walked through at a time, which should stay in the cache.
_BLOCK_ELEMENTS = 2**15
# CSR arrays for all slots of all rows are reserved up to this size; larger ones grow.
_RESERVED = 2**27
# More bits than the columns of a matrix that can be stored.
_MOST_BITS = 30
# Slots of rows that are worth a thread.
_THREAD_ELEMENTS = 2**16


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
    if data is None:
        return _listed_csr(op, n)
    slots = op._slots
    indptr, indices, values = (_reserved_csr if n * slots <= _RESERVED else _growing_csr)(
        op, data, n, slots
    )
    if indptr[-1] <= np.iinfo(np.int32).max:
        indptr = indptr.astype(np.int32)
    else:
        indices = indices.astype(np.int64)
    return indptr, indices, values


def _reserved_csr(op: Any, data: Any, n: int, slots: int) -> tuple[np.ndarray, ...]:
    """CSR arrays, with room for all slots of all rows: every thread has its own part.

    Memory that is never written to is none: only the address space is used up.
    """
    indptr = np.zeros(n + 1, np.int64)
    indices, values = np.empty(n * slots, np.int32), np.empty(n * slots, op.dtype)

    def write(first: int, last: int) -> int:
        walker = _new_walker(op, data)
        _, end = walker.rows(
            first, last, indices, values, indptr[first + 1 :], place=first * slots, ordered=True
        )
        return end

    end = 0
    for first, last, stop in _in_threads(write, n, n * slots):
        begin, size = first * slots, stop - first * slots
        if begin != end:  # close the gap behind the part of the thread before
            indices[end : end + size] = indices[begin:stop]
            values[end : end + size] = values[begin:stop]
            indptr[first + 1 : last + 1] += end - begin
        end += size
    return indptr, _shrunk(indices, end), _shrunk(values, end)


def _growing_csr(op: Any, data: Any, n: int, slots: int) -> tuple[np.ndarray, ...]:
    """CSR arrays that grow, as far as the rows so far let us expect."""
    indptr = np.zeros(n + 1, np.int64)
    indices = np.empty(max(_RESERVED, slots), np.int32)
    values = np.empty(len(indices), op.dtype)
    walker, row, end = _new_walker(op, data), 0, 0
    while True:
        row, end = walker.rows(row, n, indices, values, indptr[row + 1 :], place=end, ordered=True)
        if row == n:
            return indptr, _shrunk(indices, end), _shrunk(values, end)
        expected = int(1.02 * end / max(row, 1) * n)
        size = min(max(expected, len(indices) * 5 // 4, end + slots), n * slots)
        indices, values = _grown(indices, size), _grown(values, size)


def _grown(array: np.ndarray, size: int) -> np.ndarray:
    result = np.empty(size, array.dtype)
    result[: len(array)] = array
    return result


def _shrunk(array: np.ndarray, size: int) -> np.ndarray:
    """The first `size` elements, in place: memory behind them is given back."""
    array.resize(size, refcheck=False)
    return array


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


def _new_walker(op: Any, data: Any) -> Any:
    """Buffers with which one thread walks through rows."""
    flips = _flips(op, data)
    return _Walker(op, data) if flips is None else _FlipWalker(op, data, flips)


def _flips(op: Any, data: Any) -> Any:
    """Tables of the flips of an operator, if it flips the same bits in every configuration."""
    if not _walkers().has_flips(data):
        return None
    grid = op._grid
    if not grid.two_level or grid.n_sites > _MOST_BITS or _numbering(op.hilbert)[1].kind != FREE:
        return None
    return op._remember("flips", lambda: make_flips(op._flips))


class _FlipWalker:
    """Walks through the rows of an operator that flips the same bits in every configuration.

    Args:
        op, data: the operator, and its data for numba.
        flips: the tables of its flips.
    """

    def __init__(self, op: Any, data: Any, flips: Any):
        walkers = _walkers()
        self._data, self._flips, self._walk = data, flips, walkers.walk_flips
        self._scratch = walkers.new_flip_scratch(flips, op.dtype)

    def rows(
        self,
        first: int,
        last: int,
        indices: np.ndarray,
        values: np.ndarray,
        ends: np.ndarray,
        place: int = 0,
        ordered: bool = False,
    ) -> tuple[int, int]:
        """See `_flips_numba.walk_flips`: the row that is reached, and where it begins."""
        return self._walk(
            self._data, self._flips, self._scratch, first, last, place, ends, indices, values
        )


class _Walker:
    """Walks through the rows of any operator.

    Args:
        op, data: the operator, and its data for numba.
    """

    def __init__(self, op: Any, data: Any):
        self._op, self._data, self._walkers = op, data, _walkers()
        self._table, self._space = _numbering(op.hilbert)
        self._conn = op._new_conn(op._slots)
        self._scratch = self._walkers.new_scratch(op.hilbert.size, self._conn)

    def rows(
        self,
        first: int,
        last: int,
        indices: np.ndarray,
        values: np.ndarray,
        ends: np.ndarray,
        place: int = 0,
        ordered: bool = False,
    ) -> tuple[int, int]:
        """See `_matrix_numba.walk`: the row that is reached, and where it begins.

        Raises:
            ValueError: the operator leaves the space.
        """
        merging = ordered and self._op._merges
        row, end, slot = self._walkers.walk(
            self._data,
            self._table,
            self._space,
            self._conn,
            self._scratch,
            first,
            last,
            ordered,
            merging,
            place,
            ends,
            indices,
            values,
        )
        if slot >= 0:
            raise _leaves_space(self._op, self._data, self._table, self._conn, row, slot)
        return row, end


def _walk(op: Any, data: Any, n: int, use: Callable[..., None]) -> None:
    """Compute all rows in blocks, and give each to `use(first, ends, columns, mels)`.

    Several threads do so, each with rows of its own.
    """
    slots = op._slots

    def part(first: int, last: int) -> None:
        walker = _new_walker(op, data)
        block = max(1, min(last - first, _BLOCK_ELEMENTS // slots))
        indices, values = np.empty(block * slots, np.int32), np.empty(block * slots, op.dtype)
        for row in range(first, last, block):
            ends = np.empty(min(block, last - row), np.int64)
            walker.rows(row, row + len(ends), indices, values, ends)
            use(row, ends, indices, values)

    _in_threads(part, n, n * slots)


def _in_threads(part: Callable[[int, int], Any], n: int, work: int) -> list[tuple[int, int, Any]]:
    """`part(first, last)` of consecutive rows, with results; one part if that is little."""
    parts = ranges(n, max(1, min(most_threads(), work // _THREAD_ELEMENTS, n)))
    return [(*ends, result) for ends, result in zip(parts, in_threads(part, parts))]


def _leaves_space(op: Any, data: Any, table: Any, conn: Any, row: int, slot: int) -> ValueError:
    indices = np.zeros((2, op.hilbert.size), conn.values.dtype)
    _walkers().state_of_slot(data, table, conn, row, slot, *indices)
    x, xp = op.hilbert.local_indices_to_states(indices)
    return _outside(op, x, xp)


def check_inside(op: Any, samples: np.ndarray, ends: np.ndarray, xp: np.ndarray) -> None:
    """Raises a ValueError if one of the x' (M, N) of samples (B, N) breaks the constraint.

    `ends` (B,) says where in `xp` the row of each sample ends.
    """
    constraint = getattr(op.hilbert, "constraint", None)
    if constraint is None or len(xp) == 0:
        return
    with computed_now():
        inside = np.asarray(constraint(xp))
    if not inside.all():
        bad = int(np.flatnonzero(~inside)[0])
        raise _outside(op, samples[np.searchsorted(ends, bad, side="right")], xp[bad])


def check_rows_inside(op: Any, samples: Any) -> None:
    """`check_inside` of the rows of samples (..., N), unless the terms show that they stay."""
    if getattr(op.hilbert, "constraint", None) is None or getattr(op, "_is_conserving", False):
        return
    samples = np.asarray(samples).reshape(-1, op.hilbert.size)
    ends = np.zeros(len(samples), np.int64)
    op = op.to_numba() if "numba" in op.backends else op
    xp, _ = op.get_conn_flattened(samples, ends)
    check_inside(op, samples, ends, xp)


def _outside(op: Any, x: Any, xp: Any) -> ValueError:
    part = op._part_between(x, xp) or "it"
    return ValueError(
        f"{type(op).__name__} leaves the Hilbert space {op.hilbert}: {part} connects the state "
        f"{np.asarray(x).tolist()} to {np.asarray(xp).tolist()}, which is not in the space. Use an "
        "operator that respects the constraint, a space without it, or the part of the operator "
        "that stays inside: op.project_to_space()."
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
