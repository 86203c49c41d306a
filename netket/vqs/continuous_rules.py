# SPDX-License-Identifier: Apache-2.0
r"""Rules of `get_local_kernel` and `get_local_kernel_arguments` for continuous operators.

O_loc(x) = (O ψ)(x) / ψ(x), which the operator computes from log ψ and its derivatives.
"""

from collections.abc import Callable
from typing import Any

import jax

from netket.jax import apply_chunked
from netket.operator import ContinuousOperator
from netket.utils.types import PyTree

from .dispatch import get_local_kernel, get_local_kernel_arguments
from .mc_state import MCState


def continuous_kernel(
    logpsi: Callable,
    variables: PyTree,
    x: jax.Array,
    operator: ContinuousOperator,
    *,
    chunk_size: int | None = None,
) -> jax.Array:
    """Local estimators of a continuous operator.

    Args:
        logpsi: function (variables, (B, N)) -> (B,).
        variables: of the model.
        x: positions (B, N).
        operator: the operator.
        chunk_size: the most samples to work on at once.

    Returns:
        The estimators (B,).
    """
    return apply_chunked(
        lambda x: operator._expect_kernel(logpsi, variables, x), chunk_size=chunk_size
    )(x)


@get_local_kernel_arguments.dispatch
def arguments_continuous_operator(vstate: MCState, operator: ContinuousOperator) -> Any:
    return vstate.samples, operator


@get_local_kernel.dispatch
def kernel_continuous_operator(vstate: MCState, operator: ContinuousOperator) -> Any:
    return continuous_kernel


@get_local_kernel.dispatch
def kernel_continuous_operator_chunked(
    vstate: MCState, operator: ContinuousOperator, chunk_size: int
) -> Any:
    return continuous_kernel
