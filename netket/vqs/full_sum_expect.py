# SPDX-License-Identifier: Apache-2.0
r"""Exact expectation values, forces and gradients of operators for `FullSumState`.

With normalised ψ, E = ⟨ψ|O|ψ⟩ and log-derivatives D_k = ∂_k log ψ:

    variance    ‖(O - E) ψ‖²
    forces      F_k = Σ_s D_k(s)^* ψ_s^* ((O - E) ψ)_s
    gradient    2 Re F_k for real parameters, 2 F_k for complex ones      (hermitian O)
                F_k + Σ_s D_k(s) ψ_s ((O^† - E^*) ψ)_s^*                  (any O)

Nothing is divided by ψ, so that amplitudes may vanish.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.jax import vjp
from netket.jax.sharding import gather, n_ranks, sharding_decorator
from netket.operator import DiscreteJaxOperator, DiscreteOperator
from netket.stats import Stats
from netket.utils.types import Array, ModelStateT, PyTree

from .checks import check_hilbert, is_traced
from .dispatch import expect, expect_and_forces, expect_and_grad
from .full_sum_state import FullSumState
from .weighted import covariance_gradient, weighted_sum

# matrices of up to this many elements are kept with the state
_LARGEST_MATRIX = 20_000_000
_KEPT = 4
# rows of a matrix that a device computes at once
_ROWS = 4096


def apply_to_amplitudes(vstate: FullSumState, operator: DiscreteOperator) -> jax.Array:
    """O ψ for the normalised amplitudes (n_states,)."""
    return apply_to_vector(vstate, operator, vstate.to_array())


def apply_to_vector(vstate: FullSumState, operator: DiscreteOperator, vector: Array) -> jax.Array:
    """O v for a vector (n_states,); the matrix of O, if it is small, is kept with the state."""
    check_hilbert(vstate.hilbert, operator)
    if operator.backend == "numba" and not is_traced((operator, vector)):
        matrix = _matrix(vstate, operator)
        if matrix is not None:
            return matrix @ np.asarray(vector)
    if n_ranks() > 1 and isinstance(operator, DiscreteJaxOperator):
        return _apply_in_parts(operator, vstate._states_in_parts, vector)
    return operator.apply(vector)


@jax.jit
def _apply_in_parts(operator: DiscreteJaxOperator, x: jax.Array, vector: Array) -> jax.Array:
    """O v (n_states,), of which every device computes the part of its configurations (M, N)."""

    def rows(operator: DiscreteJaxOperator, x: jax.Array, vector: jax.Array) -> jax.Array:
        def row(x: jax.Array) -> jax.Array:
            xp, mels = operator.get_conn_padded(x)
            # what is no state has matrix element 0
            columns = jnp.maximum(operator.hilbert.states_to_numbers(xp), 0)
            return jnp.tensordot(mels, vector[columns], 1)

        return jax.lax.map(row, x, batch_size=min(_ROWS, len(x)))

    image = sharding_decorator(rows, (False, True, False))(operator, x, vector)
    return gather(image[: len(vector)])


def _matrix(vstate: FullSumState, operator: DiscreteOperator) -> Any:
    """The sparse matrix of an operator, kept with the state; None if it is too large."""
    kept = vstate.__dict__.setdefault("_matrices", [])
    for known, matrix in kept:
        if known is operator:
            return matrix
    if vstate.hilbert.n_states * operator.max_conn_size > _LARGEST_MATRIX:
        return None
    kept.append((operator, operator.to_sparse()))
    del kept[:-_KEPT]
    return kept[-1][1]


@expect.dispatch
def expect_full_sum(vstate: FullSumState, operator: DiscreteOperator, *args: Any) -> Stats:
    return _statistics(vstate.to_array(), apply_to_amplitudes(vstate, operator))


@expect_and_forces.dispatch
def expect_and_forces_full_sum(
    vstate: FullSumState, operator: DiscreteOperator, *args: Any, mutable: Any = False
) -> tuple[Stats, PyTree]:
    return _after_step(_forces, vstate, mutable, apply_to_amplitudes(vstate, operator))


@expect_and_grad.dispatch
def expect_and_grad_full_sum(
    vstate: FullSumState,
    operator: DiscreteOperator,
    *args: Any,
    mutable: Any = False,
    use_covariance: bool | None = None,
) -> tuple[Stats, PyTree]:
    images = (apply_to_amplitudes(vstate, operator),)
    if use_covariance is None:
        use_covariance = operator.is_hermitian
    if use_covariance:
        return _after_step(_covariance, vstate, mutable, *images)
    images = (*images, apply_to_amplitudes(vstate, operator.H))
    return _after_step(_derivative, vstate, mutable, *images)


def gradient_of_images(
    vstate: FullSumState,
    mutable: Any,
    image: jax.Array,
    adjoint_image: jax.Array | None = None,
) -> PyTree:
    """The gradient of ⟨ψ|O|ψ⟩.

    Args:
        vstate: the state.
        mutable: collections of the model state to update.
        image: O ψ (n_states,), for the normalised amplitudes ψ.
        adjoint_image: O^† ψ, if O is not hermitian.
    """
    if adjoint_image is None:
        return _after_step(_covariance, vstate, mutable, image)[1]
    return _after_step(_derivative, vstate, mutable, image, adjoint_image)[1]


def forces_of_image(vstate: FullSumState, mutable: Any, image: jax.Array) -> PyTree:
    """The forces for O ψ (n_states,); arguments as for `gradient_of_images`."""
    return _after_step(_forces, vstate, mutable, image)[1]


def _after_step(
    step: Callable, vstate: FullSumState, mutable: Any, *images: jax.Array
) -> tuple[Stats, PyTree]:
    """Runs a compiled step, and stores the model state if it changed."""
    mutable = tuple(mutable) if isinstance(mutable, list) else mutable
    stats, tree, model_state = step(
        vstate._training_fun,
        mutable,
        vstate.chunk_size,
        vstate.parameters,
        vstate.model_state,
        vstate._states_in_parts,
        *map(vstate._in_parts, (vstate.to_array(), *images)),
    )
    if model_state is not None:
        vstate.model_state = {**vstate.model_state, **model_state}
    return stats, tree


@jax.jit
def _statistics(psi: jax.Array, image: jax.Array) -> Stats:
    """Mean and variance from ψ and O ψ."""
    mean = jnp.vdot(psi, image)
    variance = jnp.sum(jnp.abs(image - mean * psi) ** 2)
    return Stats(mean=mean, error_of_mean=jnp.zeros_like(variance), variance=variance)


@partial(jax.jit, static_argnums=(0, 1, 2))
def _covariance(
    apply_fun: Callable,
    mutable: Any,
    chunk_size: int | None,
    parameters: PyTree,
    model_state: ModelStateT,
    x: jax.Array,  # (n_states, N)
    psi: jax.Array,  # (n_states,)
    image: jax.Array,  # (n_states,) O ψ
) -> tuple[Stats, PyTree, ModelStateT | None]:
    """Statistics and gradient of a hermitian operator."""
    stats, weights = _statistics(psi, image), _weights(psi, image)
    gradient, state = covariance_gradient(
        apply_fun, mutable, chunk_size, parameters, model_state, x, weights
    )
    return stats, gradient, state


@partial(jax.jit, static_argnums=(0, 1, 2))
def _forces(
    apply_fun: Callable,
    mutable: Any,
    chunk_size: int | None,
    parameters: PyTree,
    model_state: ModelStateT,
    x: jax.Array,
    psi: jax.Array,
    image: jax.Array,
) -> tuple[Stats, PyTree, ModelStateT | None]:
    """Statistics and forces."""
    weights = _weights(psi, image)
    total, pull, state = vjp(
        lambda p: weighted_sum(apply_fun, mutable, chunk_size, p, model_state, x, weights),
        parameters,
        conjugate=True,
        has_aux=True,
    )
    return _statistics(psi, image), pull(jnp.ones((), total.dtype))[0], state


@partial(jax.jit, static_argnums=(0, 1, 2))
def _derivative(
    apply_fun: Callable,
    mutable: Any,
    chunk_size: int | None,
    parameters: PyTree,
    model_state: ModelStateT,
    x: jax.Array,
    psi: jax.Array,
    image: jax.Array,
    adjoint_image: jax.Array,  # (n_states,) O^† ψ
) -> tuple[Stats, PyTree, ModelStateT | None]:
    """Statistics and gradient of any operator."""

    def total(parameters: PyTree) -> tuple[jax.Array, Any]:
        def sum_of(weights: jax.Array) -> tuple[jax.Array, Any]:
            return weighted_sum(apply_fun, mutable, chunk_size, parameters, model_state, x, weights)

        bra, state = sum_of(_weights(psi, image))
        ket, _ = sum_of(_weights(psi, adjoint_image))
        return bra.conj() + ket, state

    out, pull, state = vjp(total, parameters, conjugate=True, has_aux=True)
    return _statistics(psi, image), pull(jnp.ones((), out.dtype))[0], state


def _weights(psi: jax.Array, image: jax.Array) -> jax.Array:
    """ψ_s ((O - E) ψ)_s^*."""
    return psi * (image - jnp.vdot(psi, image) * psi).conj()
