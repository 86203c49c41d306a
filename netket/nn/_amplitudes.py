# SPDX-License-Identifier: Apache-2.0
"""All amplitudes of a wave function, or all elements of a density matrix, as arrays."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np

from netket.jax import apply_chunked
from netket.utils.types import Array, PyTree

__all__ = ["to_array", "to_matrix"]


def to_array(
    hilbert: Any,
    apply_fun: Any,
    variables: PyTree,
    *,
    normalize: bool = True,
    allgather: bool = True,
    chunk_size: int | None = None,
) -> np.ndarray:
    """Amplitudes of all configurations of a space.

    Args:
        hilbert: An indexable Hilbert space.
        apply_fun: A function (variables, configurations (B, N)) of log-amplitudes, or a module.
        variables: Its variables.
        normalize: Whether the sum of the squares is 1.
        allgather: Not needed: every process has all amplitudes.
        chunk_size: How many configurations to evaluate at once; None for all.

    Returns:
        Amplitudes (n_states,).

    Raises:
        ValueError: The space cannot be indexed.
    """
    del allgather
    log = _all_values(hilbert, apply_fun, variables, chunk_size)
    if not normalize:
        return np.exp(log)
    psi = np.exp(log - log.real.max())
    return psi / np.linalg.norm(psi)


def to_matrix(
    hilbert: Any,
    machine: Any,
    params: PyTree,
    *,
    normalize: bool = True,
    chunk_size: int | None = None,
) -> np.ndarray:
    """All elements of a density matrix.

    Args:
        hilbert: The doubled space of rows and columns.
        machine: A function (variables, configurations (B, 2 N)) of log-elements, or a module.
        params: Its variables.
        normalize: Whether the trace is 1.
        chunk_size: How many elements to evaluate at once; None for all.

    Returns:
        The matrix (n, n).
    """
    log = _all_values(hilbert, machine, params, chunk_size)
    n = round(np.sqrt(len(log)))
    if not normalize:
        return np.exp(log).reshape(n, n)
    rho = np.exp(log - log.real.max()).reshape(n, n)
    return rho / np.trace(rho)


def _all_values(hilbert: Any, machine: Any, variables: PyTree, chunk: int | None) -> np.ndarray:
    if not hilbert.is_indexable:
        raise ValueError(
            f"Argument `hilbert` must have few enough states to list all of them, but {hilbert} "
            "cannot be indexed."
        )
    apply_fun = getattr(machine, "apply", machine)
    return np.asarray(_values(apply_fun, chunk, variables, hilbert.all_states()))


@partial(jax.jit, static_argnums=(0, 1))
def _values(apply_fun: Callable, chunk: int | None, variables: PyTree, x: Array) -> jax.Array:
    function = partial(apply_fun, variables)
    return function(x) if chunk is None else apply_chunked(function, chunk_size=chunk)(x)
