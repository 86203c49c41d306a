# SPDX-License-Identifier: Apache-2.0
r"""Σ_s w_s log ψ(σ_s), of which all forces and gradients are derivatives, in bounded memory."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from netket.jax import tree_conj
from netket.jax.chunking import Chunks
from netket.utils.types import ModelStateT, PyTree


def weighted_sum(
    apply_fun: Callable,
    mutable: Any,
    chunk_size: int | None,
    parameters: PyTree,
    model_state: ModelStateT,
    x: jax.Array,
    weights: jax.Array,
    *,
    real: bool = False,
) -> tuple[jax.Array, ModelStateT | None]:
    """Σ_s w_s log ψ(x_s), or Σ_s w_s Re log ψ(x_s).

    Args:
        apply_fun: the log-amplitude.
        mutable: collections of the model state to update, False for none.
        chunk_size: samples of each device whose derivatives are computed at once. Models with a
            state to update always see all samples.
        parameters, model_state: of the model.
        x: samples (B, N).
        weights: w (B,).
        real: sum the real parts.

    Returns:
        The sum, and the updated model state, None if there is none.
    """

    def total(x: jax.Array, weights: jax.Array, **kwargs: Any) -> tuple[jax.Array, Any]:
        out = apply_fun({"params": parameters, **model_state}, x, **kwargs)
        log, state = out if kwargs else (out, None)
        return jnp.sum(weights * (log.real if real else log)), state

    if mutable is not False:
        return total(x, weights, mutable=mutable)
    chunks = Chunks.of(len(x), len(x) if chunk_size is None else chunk_size)
    if chunks.count == 1:
        return total(x, weights)
    steps = chunks.split(x), chunks.split(weights, zeros=True)

    # only the inputs of a chunk are kept for the backward pass
    @jax.checkpoint
    def add(sum: jax.Array, step: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        return sum + total(*step)[0], None

    dtype = jax.eval_shape(total, steps[0][0], steps[1][0])[0].dtype
    return jax.lax.scan(add, jnp.zeros((), dtype), steps)[0], None


def covariance_gradient(
    apply_fun: Callable,
    mutable: Any,
    chunk_size: int | None,
    parameters: PyTree,
    model_state: ModelStateT,
    x: jax.Array,
    weights: jax.Array,
) -> tuple[PyTree, ModelStateT | None]:
    """2 Re(Σ_s w_s^* D_k(x_s)^*) for real parameters, without the real part for complex ones.

    Args:
        weights: w (B,); others as for `weighted_sum`.

    Returns:
        The gradient, of the dtypes of the parameters, and the updated model state.
    """

    def loss(parameters: PyTree) -> tuple[jax.Array, Any]:
        total, state = weighted_sum(
            apply_fun, mutable, chunk_size, parameters, model_state, x, weights
        )
        return 2 * total.real, state

    # the convention of jax is ∂/∂Re p - i ∂/∂Im p
    gradient, state = jax.grad(loss, has_aux=True)(parameters)
    return tree_conj(gradient), state
