# SPDX-License-Identifier: Apache-2.0
r"""Local states in binary, :math:`i = \sum_k b_k 2^{K-1-k}` with K bits for a site."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.utils.types import Array

__all__ = ["binary_encoding"]


def binary_encoding(hilbert: Any, x: Array, *, max_bits: int | None = None) -> jax.Array:
    """The bits of the local indices of configurations, the most significant first.

    A site with d local states has as many bits as d - 1 needs.

    Args:
        hilbert: A discrete Hilbert space.
        x: Configurations (..., N).
        max_bits: The largest number of bits of a site; by default it follows from the space.

    Returns:
        Integers 0 and 1 of shape (..., M), where M is the number of bits of all sites.

    Raises:
        ValueError: `max_bits` is too small, or `x` has another number of sites.

    >>> import netket as nk, numpy as np
    >>> nk.nn.binary_encoding(nk.hilbert.Fock(3, N=2), np.array([1, 2])).tolist()
    [0, 1, 1, 0]
    """
    x = jnp.asarray(x)
    if x.shape[-1:] != (hilbert.size,):
        raise ValueError(
            f"Argument `x` must have {hilbert.size} sites along its last axis, but has shape "
            f"{x.shape}."
        )
    widths = [max(int(d) - 1, 0).bit_length() for d in hilbert.shape]
    if max_bits is not None and max_bits < max(widths):
        raise ValueError(
            f"Argument `max_bits` must be at least {max(widths)} for {hilbert}, but is {max_bits}."
        )
    site = np.repeat(np.arange(hilbert.size), widths)  # (M,)
    shift = np.concatenate([np.arange(k)[::-1] for k in widths])
    index = hilbert.states_to_local_indices(x)
    return (index[..., site] >> shift.astype(index.dtype)) & 1
