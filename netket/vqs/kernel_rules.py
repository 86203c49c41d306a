# SPDX-License-Identifier: Apache-2.0
"""Rules of `get_local_kernel` and `get_local_kernel_arguments` for discrete operators."""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np
from plum import NotFoundLookupError

from netket.jax.sharding import (
    from_own_rows,
    largest,
    n_parts,
    n_ranks,
    own_rows,
    sharding_decorator,
)
from netket.operator import DiscreteJaxOperator, DiscreteOperator
from netket.utils import HashablePartial
from netket.utils.types import PyTree

from .dispatch import get_local_kernel, get_local_kernel_arguments
from .local_values import local_value_kernel, local_value_kernel_jax
from .mc_state import MCState

_OURS = (local_value_kernel, local_value_kernel_jax)


@get_local_kernel_arguments.dispatch
def arguments_jax_operator(vstate: MCState, operator: DiscreteJaxOperator) -> Any:
    return vstate.samples, operator


@get_local_kernel_arguments.dispatch
def arguments_discrete_operator(vstate: MCState, operator: DiscreteOperator) -> Any:
    σ = own_rows(vstate.samples)
    xp, mels = (np.asarray(x) for x in operator.get_conn_padded(σ))
    if n_ranks() == 1:
        return vstate.samples, (xp, mels)
    # processes may have found different largest numbers of connected elements
    more = largest(mels.shape[-1]) - mels.shape[-1]
    xp = np.concatenate([xp, np.repeat(σ[..., None, :], more, axis=-2)], axis=-2)
    mels = np.pad(mels, [(0, 0)] * (mels.ndim - 1) + [(0, more)])
    return vstate.samples, (from_own_rows(xp), from_own_rows(mels))


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
    """The kernel for an operator with its chunk size bound: f(logpsi, variables, σ, arguments).

    Each device evaluates as many blocks of connected elements as its own samples need.
    """
    kernel = _bound_kernel(vstate, operator, chunk_size)
    return HashablePartial(_in_parts, kernel) if kernel.func is local_value_kernel_jax else kernel


def _in_parts(
    kernel: Callable, logpsi: Callable, variables: PyTree, σ: jax.Array, arguments: PyTree
) -> jax.Array:
    if n_parts(len(σ)) == 1:
        return kernel(logpsi, variables, σ, arguments)
    of_part = sharding_decorator(partial(kernel, logpsi), (False, True, False))
    return of_part(variables, σ, arguments)


def _bound_kernel(vstate: Any, operator: Any, chunk_size: int | None) -> HashablePartial:
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
