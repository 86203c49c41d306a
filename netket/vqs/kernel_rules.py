# SPDX-License-Identifier: Apache-2.0
"""Rules of `get_local_kernel` and `get_local_kernel_arguments` for discrete operators."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from plum import NotFoundLookupError

from netket.operator import DiscreteJaxOperator, DiscreteOperator
from netket.utils import HashablePartial

from .dispatch import get_local_kernel, get_local_kernel_arguments
from .local_values import local_value_kernel, local_value_kernel_jax
from .mc_state import MCState

_OURS = (local_value_kernel, local_value_kernel_jax)


@get_local_kernel_arguments.dispatch
def arguments_jax_operator(vstate: MCState, operator: DiscreteJaxOperator) -> Any:
    return vstate.samples, operator


@get_local_kernel_arguments.dispatch
def arguments_discrete_operator(vstate: MCState, operator: DiscreteOperator) -> Any:
    σ = vstate.samples
    return σ, operator.get_conn_padded(np.asarray(σ))


@get_local_kernel.dispatch
def kernel_without_chunks(vstate: Any, operator: Any, chunk_size: None) -> Any:
    return get_local_kernel(vstate, operator)


@get_local_kernel.dispatch
def kernel_jax_operator(vstate: MCState, operator: DiscreteJaxOperator) -> Any:
    return local_value_kernel_jax


@get_local_kernel.dispatch
def kernel_jax_operator_chunked(
    vstate: MCState, operator: DiscreteJaxOperator, chunk_size: int
) -> Any:
    return local_value_kernel_jax


@get_local_kernel.dispatch
def kernel_discrete_operator(vstate: MCState, operator: DiscreteOperator) -> Any:
    return local_value_kernel


@get_local_kernel.dispatch
def kernel_discrete_operator_chunked(
    vstate: MCState, operator: DiscreteOperator, chunk_size: int
) -> Any:
    return local_value_kernel


def bound_kernel(vstate: Any, operator: Any, chunk_size: int | None) -> Callable:
    """The kernel for an operator with its chunk size bound: f(logpsi, variables, σ, arguments)."""
    kernel = get_local_kernel(vstate, operator, None)
    if chunk_size is None:
        return HashablePartial(kernel)
    try:
        chunked = get_local_kernel(vstate, operator, chunk_size)
    except NotFoundLookupError:
        chunked = None
    if chunked is None or (chunked in _OURS and kernel not in _OURS):
        warn_ignored(chunk_size, "get_local_kernel", vstate, operator)
        return HashablePartial(kernel)
    return HashablePartial(chunked, chunk_size=chunk_size)


def uses_own_rules(vstate: Any, operator: Any) -> bool:
    """Whether nobody replaced the local estimators of a discrete operator."""
    if get_local_kernel(vstate, operator, None) not in _OURS:
        return False
    rule, _ = get_local_kernel_arguments.resolve_method((vstate, operator))
    return rule.__module__ == __name__


def warn_ignored(chunk_size: Any, function: str, vstate: Any, operator: Any) -> None:
    """Warns that a rule knows no chunks."""
    warnings.warn(
        f"chunk_size={chunk_size} is ignored: there is no rule {function}(vstate: "
        f"{type(vstate).__name__}, operator: {type(operator).__name__}, chunk_size: int).",
        UserWarning,
        stacklevel=4,
    )
