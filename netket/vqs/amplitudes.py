# SPDX-License-Identifier: Apache-2.0
"""log ψ of given configurations, and the amplitudes of all of them, in chunks."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import AbstractHilbert
from netket.jax.sharding import array_of_rows, n_ranks, to_host
from netket.utils.types import Array, PyTree

from .local_values.ratios import log_amplitudes

# configurations of a Hilbert space that are listed at once
_CHUNK = 1 << 16


@partial(jax.jit, static_argnums=(0, 3))
def log_values(
    apply_fun: Callable, variables: PyTree, σ: Array, chunk_size: int | None
) -> jax.Array:
    """log ψ of configurations (..., N), evaluated `chunk_size` at a time."""
    x = jnp.asarray(σ)
    if chunk_size is None or x.ndim == 1:
        return apply_fun(variables, x)
    flat = log_amplitudes(apply_fun, variables, x.reshape(-1, x.shape[-1]), chunk_size)
    return flat.reshape(x.shape[:-1])


def all_amplitudes(
    hilbert: AbstractHilbert,
    apply_fun: Callable,
    variables: PyTree,
    normalize: bool,
    chunk_size: int | None = None,
) -> np.ndarray:
    """Amplitudes (n_states,) of all configurations of a space.

    Args:
        hilbert: an indexable space.
        apply_fun: the log-amplitude.
        variables: of the model.
        normalize: to Σ|ψ|² = 1; otherwise exp(log ψ) as it is.
        chunk_size: the most configurations that the model gets at once.

    Raises:
        ValueError: the space is too large to be listed.
    """
    check_indexable(hilbert)
    n, ranks = hilbert.n_states, n_ranks()
    chunk = ranks * -(-min(_CHUNK, n) // ranks)
    logs = []
    for first in range(0, n, chunk):

        def states(i: int, j: int, first: int = first) -> np.ndarray:
            # the last chunk is filled up: all have one shape, and compile once
            return hilbert.numbers_to_states(np.minimum(np.arange(first + i, first + j), n - 1))

        x = array_of_rows(chunk, states)
        logs.append(to_host(log_values(apply_fun, variables, x, chunk_size)))
    log = np.concatenate(logs)[:n]
    if not normalize:
        return np.exp(log)
    psi = np.exp(log - log.real.max())
    return psi / np.linalg.norm(psi)


def check_indexable(hilbert: AbstractHilbert) -> None:
    """Raises a ValueError if the configurations of a space cannot be listed."""
    if not hilbert.is_indexable:
        raise ValueError(
            f"The configurations of {hilbert} are too many to list all amplitudes. Sample them "
            "with netket.vqs.MCState, and use `log_value` for single ones."
        )
