# SPDX-License-Identifier: Apache-2.0
"""Pauli matrices and ladder operators on one site of a space with d = 2s + 1 local states.

For s > 1/2 these are 2 S_x, 2 S_y, 2 S_z and S_+, S_-, in the order of the local states, the
first of which has the largest S_z.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from netket.hilbert import DiscreteHilbert
from netket.utils.types import DType

from ._base import promoted
from ._local import LocalOperator

__all__ = ["identity", "sigmam", "sigmap", "sigmax", "sigmay", "sigmaz"]


def sigmax(
    hilbert: DiscreteHilbert,
    site: int,
    dtype: DType | None = None,
    *,
    cls: Callable[..., Any] = LocalOperator,
) -> Any:
    """The Pauli matrix X on one site, S_+ + S_-.

    Args:
        hilbert: the space.
        site: the site.
        dtype: dtype of the matrix elements, by default float64.
        cls: class of the operator to build.

    Returns:
        A `LocalOperator`.

    Raises:
        ValueError: the site does not exist.
    """
    raising = _raising(hilbert, site)
    return cls(hilbert, raising + raising.T, [site], dtype=float if dtype is None else dtype)


def sigmay(
    hilbert: DiscreteHilbert,
    site: int,
    dtype: DType | None = None,
    *,
    cls: Callable[..., Any] = LocalOperator,
) -> Any:
    """The Pauli matrix Y on one site, -i (S_+ - S_-); its dtype is always complex.

    Arguments as for `sigmax`.
    """
    raising = _raising(hilbert, site)
    dtype = complex if dtype is None else promoted(np.dtype(dtype), 1j)
    return cls(hilbert, -1j * (raising - raising.T), [site], dtype=dtype)


def sigmaz(
    hilbert: DiscreteHilbert,
    site: int,
    dtype: DType | None = None,
    *,
    cls: Callable[..., Any] = LocalOperator,
) -> Any:
    """The Pauli matrix Z on one site, 2 S_z.

    Arguments as for `sigmax`.
    """
    d = _local_size(hilbert, site)
    matrix = np.diag(np.arange(d - 1, -d, -2, dtype=float))
    return cls(hilbert, matrix, [site], dtype=float if dtype is None else dtype)


def sigmap(
    hilbert: DiscreteHilbert,
    site: int,
    dtype: DType | None = None,
    *,
    cls: Callable[..., Any] = LocalOperator,
) -> Any:
    """The raising operator S_+ on one site, (X + i Y)/2.

    Arguments as for `sigmax`.
    """
    return cls(hilbert, _raising(hilbert, site), [site], dtype=float if dtype is None else dtype)


def sigmam(
    hilbert: DiscreteHilbert,
    site: int,
    dtype: DType | None = None,
    *,
    cls: Callable[..., Any] = LocalOperator,
) -> Any:
    """The lowering operator S_- on one site, (X - i Y)/2.

    Arguments as for `sigmax`.
    """
    return cls(hilbert, _raising(hilbert, site).T, [site], dtype=float if dtype is None else dtype)


def identity(
    hilbert: DiscreteHilbert,
    dtype: DType | None = None,
    *,
    cls: Callable[..., Any] = LocalOperator,
) -> Any:
    """The identity.

    Args:
        hilbert: the space.
        dtype: dtype of the matrix elements, by default float64.
        cls: class of the operator to build.

    Returns:
        A `LocalOperator` without terms.
    """
    return cls(hilbert, constant=1.0, dtype=float if dtype is None else dtype)


def _local_size(hilbert: DiscreteHilbert, site: int) -> int:
    """Number of local states of a site that exists."""
    if not 0 <= site < hilbert.size:
        raise ValueError(f"Argument `site` must be from 0 to {hilbert.size - 1}, but is {site}.")
    return hilbert.shape[site]


def _raising(hilbert: DiscreteHilbert, site: int) -> np.ndarray:
    """S_+, with <m + 1|S_+|m> = sqrt(s (s + 1) - m (m + 1))."""
    s = (_local_size(hilbert, site) - 1) / 2
    m = np.arange(s - 1, -s - 0.5, -1)
    return np.diag(np.sqrt(s * (s + 1) - m * (m + 1)), 1)
