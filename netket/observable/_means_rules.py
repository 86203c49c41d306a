# SPDX-License-Identifier: Apache-2.0
r"""Rules for functions of expectation values, f(⟨O_1⟩, ..., ⟨O_K⟩).

With the slopes g_k = ∂f/∂⟨O_k⟩ at the means, the gradient is that of Σ_k g_k O_k at fixed g: one
covariance with the local estimators Σ_k g_k O_k,loc if all O_k are hermitian, else the derivative
of these. Mixed states answer as they do for the operators.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from netket.operator import DiscreteOperator
from netket.stats import LocalEstimatorsBatch, Stats
from netket.utils import HashablePartial
from netket.utils.types import PyTree
from netket.vqs import (
    FullSumState,
    MCMixedState,
    MCState,
    expect,
    expect_and_forces,
    expect_and_grad,
    get_local_kernel_arguments,
    local_estimators,
)
from netket.vqs.full_sum_expect import apply_to_vector, forces_of_image, gradient_of_images
from netket.vqs.kernel_rules import bound_kernel
from netket.vqs.mc_expect import forces_of_values, gradient_of_values, with_derivative
from netket.vqs.mixed_state import check_super, is_physical

from ._means import FunctionOfMeans, one_per_operator


def slopes(f: Callable, means: jax.Array) -> jax.Array:
    """g (K,) with df = Re Σ g_k d⟨O_k⟩ for a real f, and without the real part else."""
    if jnp.iscomplexobj(jax.eval_shape(f, means)):
        return jax.grad(f, holomorphic=True)(means.astype(jnp.result_type(means, jnp.complex64)))
    return jax.grad(f)(means)


# -- sampled ----------------------------------------------------------------------------------


@local_estimators.dispatch
def local_estimators_of_means(
    vstate: MCState, observable: FunctionOfMeans, chunk_size: Any
) -> LocalEstimatorsBatch:
    operators, channels = observable._operators, observable._channels
    if isinstance(vstate, MCMixedState) and is_physical(vstate, operators[0]):
        # on the diagonal of a density matrix |O_loc|² does not stand for O^dagger O
        operators, channels = observable._products, one_per_operator
    values = tuple(local_estimators(vstate, o, chunk_size).data for o in operators)
    return LocalEstimatorsBatch(_stacked(channels, values), observable._function)


@partial(jax.jit, static_argnums=0)
def _stacked(channels: Callable, values: tuple[jax.Array, ...]) -> jax.Array:
    return channels(values)


@expect.dispatch
def expect_of_means(vstate: MCState, observable: FunctionOfMeans, chunk_size: Any) -> Stats:
    return local_estimators(vstate, observable, chunk_size).to_stats()


@expect_and_forces.dispatch
def expect_and_forces_of_means(
    vstate: MCState, observable: FunctionOfMeans, chunk_size: Any, *, mutable: Any = False
) -> tuple[Stats, PyTree]:
    _check_gradient(vstate, observable)
    if observable._channels is not one_per_operator:
        raise TypeError(
            f"{observable!r} has no forces, as it is sampled by the squared local estimators. "
            "Build it with use_Oloc_squared=False, or ask for `expect_and_grad`."
        )
    estimators = local_estimators(vstate, observable, chunk_size)
    values = _linear_values(observable._function, estimators.data)
    return estimators.to_stats(), forces_of_values(vstate, values, chunk_size, mutable)


@expect_and_grad.dispatch
def expect_and_grad_of_means(
    vstate: MCState, observable: FunctionOfMeans, chunk_size: Any, *, mutable: Any = False
) -> tuple[Stats, PyTree]:
    _check_gradient(vstate, observable)
    estimators = local_estimators(vstate, observable, chunk_size)
    stats, f = estimators.to_stats(), observable._function
    if observable._is_hermitian and observable._channels is one_per_operator:
        values = _linear_values(f, estimators.data)
        return stats, gradient_of_values(vstate, values, chunk_size, mutable)
    kernels, arguments = [], []
    for operator in observable._operators:
        kernels.append(bound_kernel(vstate, operator, chunk_size))
        arguments.append(get_local_kernel_arguments(vstate, operator)[1])
    kernel = HashablePartial(_combined_kernel, observable._channels, tuple(kernels))
    g = _slopes_at_mean(f, estimators.data)
    _, gradient = with_derivative(kernel, vstate, (g, tuple(arguments)), chunk_size, mutable)
    return stats, _as_real_as(f, estimators.data, gradient, vstate.parameters)


def _combined_kernel(
    channels: Callable,
    kernels: tuple[Callable, ...],
    logpsi: Callable,
    variables: PyTree,
    σ: jax.Array,
    arguments: tuple[jax.Array, tuple],
) -> jax.Array:
    """Σ_k g_k O_k,loc (B,)."""
    g, args = arguments
    return channels(tuple(k(logpsi, variables, σ, a) for k, a in zip(kernels, args))) @ g


@partial(jax.jit, static_argnums=0)
def _slopes_at_mean(f: Callable, data: jax.Array) -> jax.Array:
    return slopes(f, data.mean(axis=(0, 1)))


@partial(jax.jit, static_argnums=0)
def _linear_values(f: Callable, data: jax.Array) -> jax.Array:
    """Σ_k g_k O_k,loc (n_chains, chain_length)."""
    return data @ slopes(f, data.mean(axis=(0, 1)))


def _as_real_as(f: Callable, data: Any, gradient: PyTree, parameters: PyTree) -> PyTree:
    """The gradient of a real function by real parameters is real."""
    if jnp.iscomplexobj(jax.eval_shape(f, jax.ShapeDtypeStruct(data.shape[-1:], data.dtype))):
        return gradient
    return jax.tree.map(
        lambda g, p: g if jnp.iscomplexobj(p) else jnp.real(g), gradient, parameters
    )


def _check_gradient(vstate: MCState, observable: FunctionOfMeans) -> None:
    if isinstance(vstate, MCMixedState):
        for operator in observable._operators:
            check_super(vstate, operator)


# -- exact ------------------------------------------------------------------------------------


@expect.dispatch
def expect_of_means_full_sum(
    vstate: FullSumState, observable: FunctionOfMeans, *args: Any
) -> Stats:
    return _exact(vstate, observable)[0]


@expect_and_grad.dispatch
def expect_and_grad_of_means_full_sum(
    vstate: FullSumState, observable: FunctionOfMeans, *args: Any, mutable: Any = False
) -> tuple[Stats, PyTree]:
    stats, images, g = _exact(vstate, observable)
    if observable._is_hermitian:
        return stats, gradient_of_images(vstate, mutable, images @ g)
    adjoint = tuple(tuple(o.H for o in reversed(product)) for product in observable._factors)
    adjoint_image = _images(vstate, adjoint) @ g.conj()
    gradient = gradient_of_images(vstate, mutable, images @ g, adjoint_image)
    return stats, _as_real_as(observable._function, images, gradient, vstate.parameters)


@expect_and_forces.dispatch
def expect_and_forces_of_means_full_sum(
    vstate: FullSumState, observable: FunctionOfMeans, *args: Any, mutable: Any = False
) -> tuple[Stats, PyTree]:
    stats, images, g = _exact(vstate, observable)
    return stats, forces_of_image(vstate, mutable, images @ g)


def _exact(vstate: FullSumState, observable: FunctionOfMeans) -> tuple[Stats, jax.Array, Any]:
    """f with no error, the images O_k ψ as columns (n_states, K), and the slopes g (K,)."""
    images = _images(vstate, observable._factors)
    value, g = _value_and_slopes(observable._function, vstate.to_array(), images)
    zero = jnp.zeros_like(value.real)
    return Stats(mean=value, error_of_mean=zero, variance=zero), images, g


@partial(jax.jit, static_argnums=0)
def _value_and_slopes(
    f: Callable, psi: jax.Array, images: jax.Array
) -> tuple[jax.Array, jax.Array]:
    means = psi.conj() @ images
    return f(means), slopes(f, means)


def _images(vstate: FullSumState, products: tuple[tuple[DiscreteOperator, ...], ...]) -> jax.Array:
    """Products of operators applied to ψ, as columns (n_states, K)."""
    known: dict[tuple[int, ...], Any] = {(): vstate.to_array()}

    def image(product: tuple[DiscreteOperator, ...]) -> Any:
        key = tuple(map(id, product))
        if key not in known:
            known[key] = apply_to_vector(vstate, product[0], image(product[1:]))
        return known[key]

    return jnp.stack([image(product) for product in products], axis=-1)
