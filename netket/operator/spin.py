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

from ._local import LocalOperator
from ._one_site import on_site

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
    return on_site(hilbert, site, lambda d: _raising(d) + _raising(d).T, dtype, cls)


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
    return on_site(hilbert, site, lambda d: -1j * (_raising(d) - _raising(d).T), dtype, cls)


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
    return on_site(hilbert, site, _twice_sz, dtype, cls)


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
    return on_site(hilbert, site, _raising, dtype, cls)


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
    return on_site(hilbert, site, lambda d: _raising(d).T, dtype, cls)


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


def _twice_sz(d: int) -> np.ndarray:
    return np.diag(np.arange(d - 1, -d, -2, dtype=float))


def _raising(d: int) -> np.ndarray:
    """S_+ of spin s = (d - 1)/2, with <m + 1|S_+|m> = sqrt(s (s + 1) - m (m + 1))."""
    s = (d - 1) / 2
    m = np.arange(s - 1, -s - 0.5, -1)
    return np.diag(np.sqrt(s * (s + 1) - m * (m + 1)), 1)
