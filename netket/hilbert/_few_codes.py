# SPDX-License-Identifier: Apache-2.0
"""Spaces of few configurations, whose numbers are looked up: k(x) = list[Σ_i q_i Π_{j>i} d_j].

The sum over the digits q_i is the code of a sample; without a constraint it is the number.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from netket.utils.types import Array

from ._enumerate import can_enumerate, enumerate_states
from ._index_table import Header, IndexTable, place_values

#: Codes that are listed, and those that are numbers themselves: exact in single precision.
_MAX_LISTED, _MAX_FREE = 2**16, 2**24

#: With more sites, sums of what marks a sample as not in the space might overflow.
_MAX_SITES = 64


def numbers_of_codes(table: IndexTable) -> np.ndarray | None:
    """The number of the state with each code, or -1; nothing where codes are numbers.

    Args:
        table: the space.

    Returns:
        int32 of shape (n_codes,), or (0,); None if there are too many codes.
    """
    n_sites, n_codes = len(table.dims), np.prod(table.dims.astype(float))
    is_free = table.flat[Header.KIND] == Header.FREE
    if not 0 < n_sites <= _MAX_SITES or not 0 < n_codes <= (_MAX_FREE if is_free else _MAX_LISTED):
        return None
    if is_free:
        return np.zeros(0, dtype=np.int32)
    if table.n_states == 0 or not can_enumerate(table):
        return None
    digits = np.arange(table.dims.max(), dtype=np.float32)[:, None] * np.ones(n_sites, np.float32)
    codes = enumerate_states(table, digits) @ place_values(table.dims).astype(np.float32)
    numbers = np.full(int(n_codes), -1, dtype=np.int32)
    numbers[codes.astype(np.intp)] = np.arange(table.n_states)
    return numbers


def rank(table: IndexTable, listed: np.ndarray, rows: jax.Array, to_indices: Callable) -> jax.Array:
    """Numbers of samples in jax.

    Args:
        table: the space.
        listed: its `numbers_of_codes`.
        rows: (B, N) samples.
        to_indices: makes local indices of samples, with -1 for numbers that are no local states.

    Returns:
        (B,) int32; -1 for samples outside the space.
    """
    if rows.dtype in (np.int8, np.uint8):
        # looked up, as jax hands work to another thread where it counts 1000 operations
        every = np.arange(256, dtype=np.uint8).view(rows.dtype)[:, None]
        parts = _parts(table, to_indices(np.broadcast_to(every, (256, len(table.dims)))))
        bits = jax.lax.bitcast_convert_type(rows, jnp.uint8)
        parts = jax.vmap(_look_up, in_axes=1, out_axes=1)(jnp.asarray(parts), bits)
    else:
        parts = _parts(table, to_indices(rows))
    code = parts.sum(axis=1, dtype=np.int32)
    if len(listed):
        return jnp.where(code < 0, -1, _look_up(jnp.asarray(listed), jnp.maximum(code, 0)))
    return jnp.maximum(code, -1)


def _parts(table: IndexTable, indices: Array) -> Array:
    """What each site adds to the code; for what is no local state, so little that the sum tells."""
    xp = jnp if isinstance(indices, jax.Array) else np
    start, step, dims, places = (
        a.astype(np.int32)
        for a in (table.digit_start, table.digit_step, table.dims, place_values(table.dims))
    )
    digits = start + step * indices.astype(np.int32)
    inside = (indices >= 0) & (digits >= 0) & (digits < dims)
    return xp.where(inside, digits * places, np.int32(-_MAX_FREE))


def _look_up(values: jax.Array, places: jax.Array) -> jax.Array:
    return values.at[places].get(mode="promise_in_bounds")
