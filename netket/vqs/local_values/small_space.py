# SPDX-License-Identifier: Apache-2.0
r"""Local estimators where samples and their σ' meet the same states again and again.

With few states per sample, as in small molecules, the network evaluates every state that occurs
once, and every distinct sample has one row of the matrix of the operator:

    O_loc(σ) = Σ_σ' <σ|O|σ'> exp(log ψ(σ') - log ψ(σ))

The matrix is kept with the operator. It has at most `_STATES` rows for each sample, and at most
`_MOST_ELEMENTS` elements.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.utils.types import PyTree

from .rows import add_at, take

# states for each sample, up to which the matrix is worth it
_STATES = 4
# connected elements of all samples, below which there is little to gain
_LEAST_ELEMENTS = 2**15
# matrix elements that may be kept
_MOST_ELEMENTS = 2**22
# states that the network gets at once, and elements in a block
_DENSE, _BLOCK = 1024, 2**13


def is_small_space(operator: Any, n_samples: int) -> bool:
    """Whether this way is open, and likely the shortest, for an operator asked on the host."""
    hilbert = operator.hilbert
    if not hilbert.is_indexable or hilbert.n_states > _STATES * n_samples:
        return False
    if getattr(operator, "_numba_data", lambda: None)() is None:
        return False
    size = operator.max_conn_size
    return n_samples * size >= _LEAST_ELEMENTS and hilbert.n_states * size <= _MOST_ELEMENTS


def local_values_small_space(
    apply_fun: Callable, variables: PyTree, x: np.ndarray, operator: Any, chunk_size: int | None
) -> jax.Array:
    """Local estimators of a concrete operator on a space with few states.

    Args:
        apply_fun: hashable function (variables, (B, N)) -> (B,), the log-amplitude.
        variables: of the model.
        x: samples (B, N).
        operator: a discrete operator with a numba kernel.
        chunk_size: the most states that the network may get at once.

    Returns:
        The estimators (B,).

    Raises:
        ValueError: a sample is not in the Hilbert space, or the operator leaves it.
    """
    from ._small_space_numba import collect_rows

    indptr, indices, values, states = _matrix(operator, x.dtype)
    n_states, n_samples = len(states), len(x)
    numbers = np.asarray(operator.hilbert.states_to_numbers(x))
    place, row_of, needed = np.empty((3, n_states), np.int32)
    samples, owner = np.zeros((2, n_samples), np.int32)
    n_elements = min(len(values), int(np.diff(indptr)[numbers].sum()))
    room = -(-n_elements // _BLOCK) * _BLOCK
    columns, rows = np.empty((2, room), np.int32)
    mels = np.empty(room, values.dtype)
    n_needed, n = collect_rows(
        numbers,
        indptr,
        indices,
        values,
        place,
        row_of,
        needed,
        samples,
        owner,
        columns,
        mels,
        rows,
    )
    size = -(-n // _BLOCK) * _BLOCK  # the last block is padded
    columns, rows, mels = columns[:size], rows[:size], mels[:size]
    columns[n:] = rows[n:] = mels[n:] = 0
    dense = min(_DENSE, chunk_size or _DENSE)
    needed[n_needed:] = needed[0]
    evaluated = states[needed[np.arange(-(-n_states // dense) * dense) % n_states]]
    logpsi = _log_amplitudes(apply_fun, dense, variables, evaluated, np.int32(n_needed))
    total = np.zeros(n_samples, np.result_type(values.dtype, logpsi.dtype))
    for first in range(0, size, _BLOCK):
        block = slice(first, first + _BLOCK)
        total = _add(total, logpsi, samples, columns[block], mels[block], rows[block])
    return _of_owners(total, owner)


def _matrix(operator: Any, dtype: Any) -> tuple[np.ndarray, ...]:
    """Its CSR arrays, and all states."""

    def make() -> tuple[np.ndarray, ...]:
        matrix = operator.to_sparse()
        values = matrix.data
        if not np.issubdtype(values.dtype, np.inexact):
            values = values.astype(float)
        return matrix.indptr, matrix.indices, values, operator.hilbert.all_states()

    *arrays, states = operator._remember("small space", make)
    return *arrays, states.astype(dtype, copy=False)


@partial(jax.jit, static_argnums=(0, 1))
def _log_amplitudes(
    apply_fun: Callable, dense: int, variables: PyTree, states: jax.Array, n: jax.Array
) -> jax.Array:
    """log ψ of the first n states (M, N), evaluated `dense` at a time; 0 for the others."""
    shape = jax.eval_shape(apply_fun, variables, states[:dense])

    def evaluate(i: jax.Array, logpsi: jax.Array) -> jax.Array:
        x = jax.lax.dynamic_slice_in_dim(states, i * dense, dense)
        return jax.lax.dynamic_update_slice_in_dim(
            logpsi, apply_fun(variables, x), i * dense, axis=0
        )

    empty = jnp.zeros(len(states), shape.dtype)
    return jax.lax.fori_loop(0, (n + dense - 1) // dense, evaluate, empty)


_of_owners = jax.jit(take)


@jax.jit
def _add(
    total: jax.Array,  # (B,)
    logpsi: jax.Array,  # (M,)
    samples: jax.Array,  # (B,) places of the samples in logpsi
    columns: jax.Array,  # (m,) places of σ'
    mels: jax.Array,  # (m,)
    rows: jax.Array,  # (m,) sample that each element belongs to
) -> jax.Array:
    ratios = jnp.exp(take(logpsi, columns) - take(logpsi, take(samples, rows)))
    # padding is removed before it is multiplied: not even an infinity can leave it
    return add_at(total, rows, mels * jnp.where(mels == 0, 0, ratios))
