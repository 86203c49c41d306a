# SPDX-License-Identifier: Apache-2.0
r"""Expectation values, forces and gradients of operators for `MCState`.

With Δ(σ) = O_loc(σ) - <O> and log-derivatives D_k = ∂_k log ψ:

    forces      F_k = <D_k^* Δ>
    gradient    2 Re F_k for real parameters, 2 F_k for complex ones      (hermitian O)
                ∂_k <O_loc> + <Δ ∂_k log |ψ|²>                            (any O)
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from netket.jax import vjp
from netket.operator import AbstractOperator
from netket.stats import Stats, statistics
from netket.utils.types import ModelStateT, PyTree

from .checks import check_operator
from .dispatch import expect, expect_and_forces, expect_and_grad, get_local_kernel_arguments
from .kernel_rules import bound_kernel
from .mc_local import local_values_of
from .mc_state import MCState
from .weighted import covariance_gradient, weighted_sum


@expect.dispatch
def expect_operator(vstate: MCState, operator: AbstractOperator, chunk_size: Any) -> Stats:
    return statistics(local_values_of(vstate, operator, chunk_size))


@expect_and_forces.dispatch
def expect_and_forces_operator(
    vstate: MCState, operator: AbstractOperator, chunk_size: Any, *, mutable: Any = False
) -> tuple[Stats, PyTree]:
    values = local_values_of(vstate, operator, chunk_size)
    return statistics(values), _after_step(_forces, vstate, mutable, chunk_size, values)


@expect_and_grad.dispatch
def expect_and_grad_operator(
    vstate: MCState,
    operator: AbstractOperator,
    chunk_size: Any,
    *,
    mutable: Any = False,
    use_covariance: bool | None = None,
) -> tuple[Stats, PyTree]:
    if use_covariance is None:
        use_covariance = operator.is_hermitian
    if use_covariance:
        values = local_values_of(vstate, operator, chunk_size)
        return statistics(values), _after_step(_covariance, vstate, mutable, chunk_size, values)
    check_operator(vstate.hilbert, operator, vstate.samples)
    _, arguments = get_local_kernel_arguments(vstate, operator)
    kernel = bound_kernel(vstate, operator, chunk_size)
    return with_derivative(kernel, vstate, arguments, chunk_size, mutable)


def with_derivative(
    kernel: Callable, vstate: MCState, arguments: PyTree, chunk_size: Any, mutable: Any
) -> tuple[Stats, PyTree]:
    """Mean and gradient of any local estimators.

    Args:
        kernel: function (logpsi, variables, σ (B, N), arguments) -> (B,).
        vstate: the state.
        arguments: of the kernel.
        chunk_size: the most configurations that the model gets at once.
        mutable: collections of the model state to update.
    """
    step = partial(_derivative, kernel, vstate._apply_fun, vstate.sampler.machine_pow)
    values, gradient = _after_step(step, vstate, mutable, chunk_size, arguments)
    return statistics(values), gradient


def gradient_of_values(
    vstate: MCState,
    values: jax.Array,
    chunk_size: int | None,
    mutable: Any,
    σ: jax.Array | None = None,
) -> PyTree:
    """2 Re <D_k^* Δ>, without the real part for complex parameters.

    Args:
        vstate: the state.
        values: local estimators (n_chains, chain_length) of a hermitian operator.
        chunk_size: the most configurations that the model gets at once.
        mutable: collections of the model state to update.
        σ: the samples (n_chains, chain_length, N); by default those of the state.
    """
    return _after_step(_covariance, vstate, mutable, chunk_size, values, σ)


def forces_of_values(
    vstate: MCState,
    values: jax.Array,
    chunk_size: int | None,
    mutable: Any,
    σ: jax.Array | None = None,
) -> PyTree:
    """Forces <D_k^* Δ> for local estimators; arguments as for `gradient_of_values`."""
    return _after_step(_forces, vstate, mutable, chunk_size, values, σ)


def _after_step(
    step: Callable,
    vstate: MCState,
    mutable: Any,
    chunk_size: int | None,
    data: PyTree,
    σ: jax.Array | None = None,
) -> PyTree:
    """Runs a compiled step, and stores the model state if it changed.

    Statistics are no part of it: they are one program for all states, operators and models.
    """
    σ = vstate.samples if σ is None else σ
    mutable = tuple(mutable) if isinstance(mutable, list) else mutable
    tree, model_state = step(
        vstate._training_fun,
        mutable,
        chunk_size,
        vstate.parameters,
        vstate.model_state,
        σ,
        data,
    )
    if model_state is not None:
        vstate.model_state = {**vstate.model_state, **model_state}
    return tree


@partial(jax.jit, static_argnums=(0, 1, 2))
def _covariance(
    apply_fun: Callable,
    mutable: Any,
    chunk_size: int | None,
    parameters: PyTree,
    model_state: ModelStateT,
    σ: jax.Array,  # (n_chains, chain_length, N)
    values: jax.Array,  # (n_chains, chain_length)
) -> tuple[PyTree, ModelStateT | None]:
    """Gradient of a hermitian operator."""
    x, weights = _weights(σ, values)
    return covariance_gradient(apply_fun, mutable, chunk_size, parameters, model_state, x, weights)


@partial(jax.jit, static_argnums=(0, 1, 2))
def _forces(
    apply_fun: Callable,
    mutable: Any,
    chunk_size: int | None,
    parameters: PyTree,
    model_state: ModelStateT,
    σ: jax.Array,
    values: jax.Array,
) -> tuple[PyTree, ModelStateT | None]:
    """Forces."""
    x, weights = _weights(σ, values)
    _, pull, state = vjp(
        lambda p: weighted_sum(apply_fun, mutable, chunk_size, p, model_state, x, weights),
        parameters,
        conjugate=True,
        has_aux=True,
    )
    return pull(jnp.ones((), weights.dtype))[0], state


def _weights(σ: jax.Array, values: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Samples (B, N) and Δ^*/B (B,)."""
    return σ.reshape(-1, σ.shape[-1]), (values - values.mean()).conj().ravel() / values.size


@partial(jax.jit, static_argnums=(0, 1, 2, 3, 4, 5))
def _derivative(
    kernel: Callable,
    amplitudes: Callable,
    machine_pow: int,
    apply_fun: Callable,
    mutable: Any,
    chunk_size: int | None,
    parameters: PyTree,
    model_state: ModelStateT,
    σ: jax.Array,
    arguments: PyTree,
) -> tuple[tuple[jax.Array, PyTree], ModelStateT | None]:
    """Local estimators (n_chains, chain_length) of any operator, and the gradient by theirs."""
    x = σ.reshape(-1, σ.shape[-1])

    def mean(parameters: PyTree) -> tuple[jax.Array, tuple]:
        values = kernel(amplitudes, {"params": parameters, **model_state}, x, arguments)
        mean = values.mean()
        Δ = jax.lax.stop_gradient(values - mean) / values.size
        # its derivative is that of the distribution of the samples, |ψ|^machine_pow
        log_p, state = weighted_sum(
            apply_fun, mutable, chunk_size, parameters, model_state, x, Δ, real=True
        )
        return mean + machine_pow * log_p, (values, state)

    out, pull, (values, state) = vjp(mean, parameters, conjugate=True, has_aux=True)
    gradient = pull(jnp.ones((), out.dtype))[0]
    return (values.reshape(σ.shape[:-1]), gradient), state
