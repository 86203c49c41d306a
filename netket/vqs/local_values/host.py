# SPDX-License-Identifier: Apache-2.0
r"""Local estimators of operators that compute connected elements on the host.

    append rows σ' ≠ σ of sample after sample to a dense buffer
    whenever it is full:  O_loc[s] += mel ψ(σ')/ψ(σ_s) for all its rows, compiled

The compiled function evaluates `Blocks.dense` rows at a time, as many times as there are rows. Rows
that do not fill a block wait for the next samples, so that only the very last block is padded.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.utils.types import Array, PyTree

from .blocks import Blocks
from .connected import Buffer, Rows
from .ratios import Amplitudes, Memory, weighted_ratios
from .rows import add_at


def local_values_host(
    apply_fun: Callable, variables: PyTree, σ: Array, operator: Any, blocks: Blocks
) -> jax.Array:
    """Local estimators of a concrete operator.

    Args:
        apply_fun: hashable function (variables, (B, N)) -> (B,), the log-amplitude.
        variables: of the model.
        σ: samples (B, N), concrete.
        operator: a discrete operator.
        blocks: sizes of blocks.

    Returns:
        The estimators (B,).

    Raises:
        ValueError: a sample is not in the Hilbert space.
    """
    x = np.ascontiguousarray(σ)
    amplitudes = Amplitudes.of(apply_fun, operator)
    size = amplitudes.group(variables, x, blocks.chunk_size)
    if size is None:
        return _group_values(amplitudes, variables, x, operator, blocks)
    groups = []
    for first in range(0, len(x), size):
        # the last one begins earlier, so that all have the same length
        first = min(first, len(x) - size)
        part = _group_values(amplitudes, variables, x[first : first + size], operator, blocks)
        groups.append(part[sum(map(len, groups)) - first :])
    return jnp.concatenate(groups)


def _group_values(
    amplitudes: Amplitudes, variables: PyTree, x: np.ndarray, operator: Any, blocks: Blocks
) -> jax.Array:
    rows = Rows(operator, x, blocks.samples)
    buffer = Buffer(blocks, x, rows.mels_dtype)
    memory = _remember(amplitudes, variables, x, blocks.chunk_size)
    diagonal = np.zeros(len(x), dtype=np.result_type(rows.mels_dtype, memory.logpsi.dtype))
    total = None
    while not rows.fill(buffer, diagonal):
        total = np.zeros_like(diagonal) if total is None else total
        full = buffer.take_full_blocks()
        total = _add_ratios(amplitudes, blocks.dense, variables, memory, total, *full)
    total = diagonal if total is None else total + diagonal
    return _add_ratios(amplitudes, blocks.dense, variables, memory, total, *buffer.take_all())


@partial(jax.jit, static_argnums=(0, 3))
def _remember(
    amplitudes: Amplitudes, variables: PyTree, x: jax.Array, chunk_size: int | None
) -> Memory:
    return amplitudes.remember(variables, x, chunk_size)


@partial(jax.jit, static_argnums=(0, 1))
def _add_ratios(
    amplitudes: Amplitudes,
    dense: int,
    variables: PyTree,
    memory: Memory,
    total: jax.Array,  # (B,)
    rows: jax.Array,  # (buffer, N)
    mels: jax.Array,  # (buffer,)
    segments: jax.Array,  # (buffer,) sample that each row belongs to
    n: jax.Array,
) -> jax.Array:
    """Adds the first n rows of a buffer to the estimators of their samples."""

    def add_block(i: jax.Array, total: jax.Array) -> jax.Array:
        first = i * dense
        x, m, s = (jax.lax.dynamic_slice_in_dim(a, first, dense) for a in (rows, mels, segments))
        real = first + jnp.arange(dense, dtype=jnp.int32) < n
        terms = weighted_ratios(amplitudes, variables, memory, x, m, s, real)
        return add_at(total, s, terms)

    return jax.lax.fori_loop(0, (n + dense - 1) // dense, add_block, total)
