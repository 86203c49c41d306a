# SPDX-License-Identifier: Apache-2.0
r"""Rules for `Squared`: <A^dagger A> = <|A_loc|²>, whose variance vanishes where A ψ = 0.

The rows of A suffice; those of A^dagger A are the square of their number. The gradient is that of
the local estimators and of the distribution, see `mc_expect`.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from netket.operator import Squared
from netket.stats import LocalEstimators, Stats, statistics
from netket.utils import HashablePartial
from netket.utils.types import PyTree

from .dispatch import expect, expect_and_grad, get_local_kernel_arguments, local_estimators
from .kernel_rules import bound_kernel
from .mc_expect import with_derivative
from .mc_local import local_values_of
from .mc_state import MCState


def _squared_values(vstate: MCState, operator: Squared, chunk_size: Any) -> jax.Array:
    return _modulus_squared(local_values_of(vstate, operator.parent, chunk_size))


@jax.jit
def _modulus_squared(x: jax.Array) -> jax.Array:
    # other than abs(x)**2 it has a derivative at 0
    return jnp.real(x * jnp.conj(x))


def _squared_kernel(
    kernel: Callable, logpsi: Callable, variables: PyTree, σ: jax.Array, arguments: PyTree
) -> jax.Array:
    return _modulus_squared(kernel(logpsi, variables, σ, arguments))


@local_estimators.dispatch
def local_estimators_squared(
    vstate: MCState, operator: Squared, chunk_size: Any
) -> LocalEstimators:
    return LocalEstimators(_squared_values(vstate, operator, chunk_size))


@expect.dispatch
def expect_squared(vstate: MCState, operator: Squared, chunk_size: Any) -> Stats:
    return statistics(_squared_values(vstate, operator, chunk_size))


@expect_and_grad.dispatch
def expect_and_grad_squared(
    vstate: MCState,
    operator: Squared,
    chunk_size: Any,
    *,
    mutable: Any = False,
    use_covariance: bool | None = None,
) -> tuple[Stats, PyTree]:
    _, arguments = get_local_kernel_arguments(vstate, operator.parent)
    kernel = HashablePartial(_squared_kernel, bound_kernel(vstate, operator.parent, chunk_size))
    return with_derivative(kernel, vstate, arguments, chunk_size, mutable)
