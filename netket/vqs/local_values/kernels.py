# SPDX-License-Identifier: Apache-2.0
r"""The kernels that `get_local_kernel` returns for discrete operators.

They can be called by third parties, are traceable, and differentiable in reverse mode.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from netket.jax import apply_chunked
from netket.utils.types import PyTree

from .blocks import choose_blocks
from .traced import local_values


def local_value_kernel_jax(
    logpsi: Callable,
    variables: PyTree,
    σ: jax.Array,
    operator: Any,
    *,
    chunk_size: int | None = None,
) -> jax.Array:
    """Local estimators of an operator with a jax kernel.

    Args:
        logpsi: function (variables, (B, N)) -> (B,).
        variables: of the model.
        σ: samples (..., N).
        operator: the operator.
        chunk_size: the most rows that the network gets at once.

    Returns:
        The estimators (...).
    """
    x = σ.reshape(-1, σ.shape[-1])
    blocks = choose_blocks(len(x), operator.max_conn_size, chunk_size)
    return local_values(logpsi, blocks, variables, x, operator).reshape(σ.shape[:-1])


def local_value_kernel(
    logpsi: Callable,
    variables: PyTree,
    σ: jax.Array,
    connected: tuple[jax.Array, jax.Array],
    *,
    chunk_size: int | None = None,
) -> jax.Array:
    """Local estimators from padded connected elements, for operators without a jax kernel.

    Args:
        logpsi: function (variables, (B, N)) -> (B,).
        variables: of the model.
        σ: samples (..., N).
        connected: σ' (..., K, N) and their matrix elements (..., K).
        chunk_size: the most rows that the network gets at once.

    Returns:
        The estimators (...).
    """
    xp, mels = connected
    n_sites, k = xp.shape[-1], xp.shape[-2]
    x, xp, mels = σ.reshape(-1, n_sites), xp.reshape(-1, k, n_sites), mels.reshape(-1, k)

    def values(x: jax.Array, xp: jax.Array, mels: jax.Array) -> jax.Array:
        log_xp = logpsi(variables, xp.reshape(-1, n_sites)).reshape(mels.shape)
        real = mels != 0
        # masked before and after: padding has no part in values or derivatives
        logs = jnp.where(real, log_xp - logpsi(variables, x)[:, None], 0)
        return jnp.sum(jnp.where(real, mels, 0) * jnp.exp(logs), axis=-1)

    if chunk_size is not None and chunk_size < mels.size:
        block = max(1, chunk_size // k)
        values = apply_chunked(values, in_axes=(0, 0, 0), chunk_size=block)
    return values(x, xp, mels).reshape(σ.shape[:-1])
