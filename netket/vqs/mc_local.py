# SPDX-License-Identifier: Apache-2.0
r"""Local estimators of an operator for the samples of a `MCState`, by whichever way fits.

Operators with the numba backend are asked on the host; all others, and all operators inside a
transformation of jax or with samples on several devices, run their kernel in one compiled function.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np

from netket.jax.sharding import alone, extract_replicated, from_own_rows, n_ranks, own_rows
from netket.operator import AbstractOperator, DiscreteJaxOperator, DiscreteOperator
from netket.stats import LocalEstimators
from netket.utils.types import PyTree

from .checks import check_operator, is_traced
from .dispatch import get_local_kernel_arguments, local_estimators
from .kernel_rules import bound_kernel, uses_own_rules
from .local_values import (
    choose_blocks,
    is_small_space,
    local_values_host,
    local_values_small_space,
)
from .mc_state import MCState


def local_values_of(vstate: MCState, operator: Any, chunk_size: int | None) -> jax.Array:
    """Local estimators (n_chains, chain_length) of an operator for the samples of a state.

    Raises:
        ValueError: the operator acts on another Hilbert space.
    """
    check_operator(vstate.hilbert, operator, vstate.samples)
    if _is_for_host(vstate, operator):
        σ = own_rows(vstate.samples)
        x = σ.reshape(-1, σ.shape[-1])
        variables = extract_replicated(vstate.variables)
        with alone():
            values = _host_values(vstate._apply_fun, variables, x, operator, chunk_size)
        values = values.reshape(σ.shape[:-1])
        return values if n_ranks() == 1 else from_own_rows(np.asarray(values))
    σ, arguments = get_local_kernel_arguments(vstate, operator)
    kernel = bound_kernel(vstate, operator, chunk_size)
    return _kernel_values(kernel, vstate._apply_fun, vstate.variables, σ, arguments)


def _is_for_host(vstate: MCState, operator: Any) -> bool:
    if not isinstance(operator, DiscreteOperator) or operator.backend != "numba":
        return False
    if is_traced(operator) or not uses_own_rules(vstate, operator):
        return False
    return n_ranks() == 1 or not isinstance(operator, DiscreteJaxOperator)


def _host_values(
    apply_fun: Callable, variables: PyTree, x: np.ndarray, operator: Any, chunk_size: int | None
) -> jax.Array:
    if is_small_space(operator, len(x)):
        return local_values_small_space(apply_fun, variables, x, operator, chunk_size)
    blocks = choose_blocks(len(x), _max_conn(operator, x), chunk_size, overlap=True)
    return local_values_host(apply_fun, variables, x, operator, blocks)


def _max_conn(operator: DiscreteOperator, x: np.ndarray) -> int:
    """A bound on the connected elements of a sample; it only sets the size of blocks."""
    try:
        return max(1, operator.max_conn_size)
    except (AttributeError, TypeError, NotImplementedError):
        # operators of third parties need not know
        return max(1, int(np.max(operator.n_conn(x[:1]))))


@partial(jax.jit, static_argnums=(0, 1))
def _kernel_values(
    kernel: Callable, apply_fun: Callable, variables: PyTree, σ: jax.Array, arguments: PyTree
) -> jax.Array:
    """Values (n_chains, chain_length) of a kernel for samples (n_chains, chain_length, N)."""
    x = σ.reshape(-1, σ.shape[-1])
    return kernel(apply_fun, variables, x, arguments).reshape(σ.shape[:-1])


@local_estimators.dispatch
def local_estimators_operator(
    vstate: MCState, operator: AbstractOperator, chunk_size: Any
) -> LocalEstimators:
    return LocalEstimators(local_values_of(vstate, operator, chunk_size))
