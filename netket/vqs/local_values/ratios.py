# SPDX-License-Identifier: Apache-2.0
r"""What host and traced estimators share: mel ψ(σ')/ψ(σ) for one dense block of rows σ'."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from netket.jax import apply_chunked
from netket.utils.types import PyTree


def log_amplitudes(
    apply_fun: Callable, variables: PyTree, x: jax.Array, chunk_size: int | None
) -> jax.Array:
    """log ψ of samples x (B, N), evaluated `chunk_size` at a time."""
    if chunk_size is None or chunk_size >= x.shape[0]:
        return apply_fun(variables, x)
    return apply_chunked(lambda x: apply_fun(variables, x), chunk_size=chunk_size)(x)


def weighted_ratios(
    apply_fun: Callable,
    variables: PyTree,
    rows: jax.Array,  # (c, N)
    mels: jax.Array,  # (c,)
    logpsi: jax.Array,  # (c,) of the samples they belong to
    real: jax.Array,  # (c,)
) -> jax.Array:
    """mel exp(log ψ(σ') - log ψ(σ)) for one dense block; 0 where the row only pads the block."""
    ratios = jnp.exp(apply_fun(variables, rows) - logpsi)
    # padding is removed before it is multiplied: not even an infinity can leave it
    return mels * jnp.where(real, ratios, 0)
