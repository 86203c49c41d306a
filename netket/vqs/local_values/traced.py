# SPDX-License-Identifier: Apache-2.0
r"""Local estimators inside a compiled function, differentiable by parameters and coefficients.

    scan over blocks of samples: get_conn_padded -> flags of real elements -> their positions
        while there are full blocks: O_loc[s] += mel ψ(σ')/ψ(σ_s) for `Blocks.dense` real rows
        rows that do not fill a block wait for the next samples

The number of blocks depends on the data, as jax allows in a loop that is not differentiated; the
derivative is therefore a rule of its own (`pullback`), which evaluates dense blocks as well.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from netket.utils.types import PyTree

from .blocks import Blocks
from .pullback import Wanted, pull_back
from .ratios import Amplitudes, weighted_ratios
from .rows import add_at, connected, positions, real_rows, sample_blocks, take


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def local_values(
    apply_fun: Callable, blocks: Blocks, variables: PyTree, σ: jax.Array, operator: Any
) -> jax.Array:
    """Local estimators of an operator with a jax kernel.

    Reverse-mode derivatives exist by `variables` and by the coefficients of `operator`.

    Args:
        apply_fun: function (variables, (B, N)) -> (B,), the log-amplitude.
        blocks: sizes of blocks.
        variables: of the model.
        σ: samples (B, N).
        operator: a pytree with ``get_conn_padded``.

    Returns:
        The estimators (B,).
    """
    amplitudes = Amplitudes.of(apply_fun, operator)
    size = amplitudes.group(variables, σ, blocks.chunk_size)
    if size is None:
        return _group_values(amplitudes, blocks, variables, operator, σ)
    groups, n = sample_blocks(σ, size)
    values = jax.lax.map(
        lambda x: _group_values(amplitudes, blocks, variables, operator, x), groups
    )
    return values.reshape(-1)[:n]


def _group_values(
    amplitudes: Amplitudes, blocks: Blocks, variables: PyTree, operator: Any, σ: jax.Array
) -> jax.Array:
    memory = amplitudes.remember(variables, σ, blocks.chunk_size)
    mels = jax.eval_shape(lambda op, x: op.get_conn_padded(x)[1], operator, σ[:1])
    dtype = jnp.result_type(mels.dtype, memory.logpsi.dtype)
    x, n_valid = sample_blocks(σ, blocks.samples)  # (n_blocks, b, N)
    n_blocks, b, n_sites = x.shape
    dense = blocks.dense

    def add_rows(carry: tuple[jax.Array, _Waiting], step: tuple[jax.Array, ...]) -> tuple:
        total, waiting = carry
        x, first = step
        xp, mels = connected(operator, x)
        real = real_rows(x, xp, mels)
        if n_valid != n_blocks * b:
            real &= (first + jnp.arange(b, dtype=jnp.int32) < n_valid)[:, None]
        # elements with σ' = σ and padding: the ratio is 1, or the matrix element 0
        diagonal = jnp.sum(jnp.where(real, 0, mels), axis=-1)
        segments = first + jnp.broadcast_to(jnp.arange(b, dtype=jnp.int32)[:, None], mels.shape)
        rows = waiting.join(xp.reshape(-1, n_sites), mels.ravel(), segments.ravel())
        flags = real.ravel()
        if n_blocks > 1:
            flags = jnp.concatenate([jnp.arange(dense) < waiting.n, flags])
        order, n = positions(flags, padding=dense)
        last = first + b >= n_valid
        n_dense = jnp.where(last, (n + dense - 1) // dense, n // dense)

        def add_block(i: jax.Array, total: jax.Array) -> jax.Array:
            j = jax.lax.dynamic_slice_in_dim(order, i * dense, dense)
            s = take(rows.segments, j)
            valid = i * dense + jnp.arange(dense, dtype=jnp.int32) < n
            terms = weighted_ratios(
                amplitudes, variables, memory, take(rows.x, j), take(rows.mels, j), s, valid
            )
            return add_at(total, s, terms)

        total = jax.lax.fori_loop(0, n_dense, add_block, total)
        if n_blocks > 1:
            j = jax.lax.dynamic_slice_in_dim(order, n_dense * dense, dense)
            left = jnp.maximum(n - n_dense * dense, 0)
            waiting = _Waiting(*(take(a, j) for a in rows[:3]), left)
        return (total, waiting), diagonal

    waiting = _Waiting.empty(dense if n_blocks > 1 else 0, n_sites, σ.dtype, mels.dtype)
    carry = jnp.zeros(σ.shape[0], dtype), waiting
    first = b * jnp.arange(n_blocks, dtype=jnp.int32)
    if n_blocks == 1:
        (total, _), diagonal = add_rows(carry, (x[0], first[0]))
    else:
        (total, _), diagonal = jax.lax.scan(add_rows, carry, (x, first))
    return total + diagonal.reshape(-1)[: σ.shape[0]].astype(dtype)


class _Waiting(NamedTuple):
    """Rows in front of those of the next block of samples; the first n are real."""

    x: jax.Array  # (c, N)
    mels: jax.Array  # (c,)
    segments: jax.Array  # (c,)
    n: jax.Array

    @classmethod
    def empty(cls, size: int, n_sites: int, dtype: Any, mels_dtype: Any) -> "_Waiting":
        return cls(
            jnp.zeros((size, n_sites), dtype),
            jnp.zeros(size, mels_dtype),
            jnp.zeros(size, jnp.int32),
            jnp.int32(0),
        )

    def join(self, x: jax.Array, mels: jax.Array, segments: jax.Array) -> "_Waiting":
        if len(self.mels) == 0:
            return _Waiting(x, mels, segments, self.n)
        pairs = zip(self[:3], (x, mels, segments))
        return _Waiting(*(jnp.concatenate([a, b.astype(a.dtype)]) for a, b in pairs), self.n)


def _forward(
    apply_fun: Callable, blocks: Blocks, variables: PyTree, σ: Any, operator: Any
) -> tuple[jax.Array, tuple]:
    """The estimators, and what their derivative needs: nothing that grows with the rows."""

    def is_wanted(tree: PyTree) -> bool:
        return any(leaf.perturbed for leaf in jax.tree.leaves(tree, is_leaf=_is_primal))

    def values(tree: PyTree) -> PyTree:
        return jax.tree.map(lambda leaf: leaf.value, tree, is_leaf=_is_primal)

    wanted = Wanted(is_wanted(variables), is_wanted(operator))
    variables, σ, operator = values(variables), values(σ), values(operator)
    out = local_values(apply_fun, blocks, variables, σ, operator)
    return out, (wanted, variables, σ, operator)


def _is_primal(leaf: Any) -> bool:
    return hasattr(leaf, "perturbed")


def _backward(apply_fun: Callable, blocks: Blocks, residuals: tuple, cotangent: Any) -> tuple:
    wanted, variables, σ, operator = residuals
    for_variables, for_operator = pull_back(
        apply_fun, blocks, wanted, variables, σ, operator, cotangent
    )
    return for_variables, None, for_operator


local_values.defvjp(_forward, _backward, symbolic_zeros=True)
