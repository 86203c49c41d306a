# SPDX-License-Identifier: Apache-2.0
"""Row kernels: from the data of an operator and one configuration to its connected elements.

A *kind of data* is a NamedTuple of arrays (coefficients and structure). It has two kernels:

- ``row_jax(data, x) -> xp (K, N), mels (K,)``, pure and traceable: all matrix elements
  <x|O|x'> that the structure allows, with K known from the shapes in `data`; what is not there
  for this x is x itself with matrix element 0;
- ``append_row(data, x, conn, n) -> n``, compiled by numba (`_rows_numba`): writes the elements
  into the buffer `conn` from slot n on, each as the list of the sites that change.

x, x' are local indices 0 ... d-1. Neither kernel knows of batches, samples or backends.
"""

from functools import singledispatch
from typing import Any

import jax
import jax.numpy as jnp

# A sum is rounding noise, and taken as zero, below this multiple of eps times the sum of moduli,
# so that both backends count the same elements. The numba kernels use the same rule.
CANCELLATION = 8.0

# On CPUs, XLA runs programs of less than so many operations within the call, and hands others to a
# thread, which takes longer than the work itself.
CHEAP = 1000


@singledispatch
def row_jax(data: Any, x: Any) -> tuple[Any, Any]:
    """Connected elements of one configuration, see the module.

    Args:
        data: the NamedTuple of an operator.
        x: local indices, shape (N,).

    Returns:
        Connected configurations x' (K, N) and matrix elements (K,).
    """
    raise TypeError(f"There is no jax row kernel for data of type {type(data).__name__}.")


@singledispatch
def short_rows(data: Any, x: Any, grid: Any) -> tuple[Any, Any] | None:
    """`row_jax` for a batch of samples of a few bytes, with as few operations as possible.

    Programs below `CHEAP` take less time to call. Only where no two slots hold the same x'.

    Args:
        data: the NamedTuple of an operator.
        x: samples, not local indices, shape (B, N).
        grid: the `Grid` of the space.

    Returns:
        x' (B, K, N) of the dtype of x and matrix elements (B, K); None if there is no such way.
    """
    return None


def without_noise(total: Any, moduli: Any) -> Any:
    """Sums, exactly 0 where the numbers cancel up to rounding; derivatives are kept.

    Args:
        total: the sums.
        moduli: sums of the moduli of the same numbers.
    """
    total_, moduli = jax.lax.stop_gradient((total, moduli))
    noise = jnp.abs(total_) <= CANCELLATION * jnp.finfo(total.dtype).eps * moduli
    return total - jnp.where(noise, total_, 0)
