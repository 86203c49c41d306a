# SPDX-License-Identifier: Apache-2.0
"""Operators of bosons on one site with at most d - 1 of them: a, a^dagger, n and projectors."""

from collections.abc import Callable
from typing import Any

import numpy as np

from netket.hilbert import DiscreteHilbert
from netket.utils.types import DType

from ._local import LocalOperator
from .spin import _local_size, identity

__all__ = ["create", "destroy", "identity", "number", "proj"]


def destroy(
    hilbert: DiscreteHilbert,
    site: int,
    dtype: DType | None = None,
    *,
    cls: Callable[..., Any] = LocalOperator,
) -> Any:
    """The annihilation operator, a |n> = sqrt(n) |n - 1>.

    Args:
        hilbert: the space.
        site: the site.
        dtype: dtype of the matrix elements, by default float64.
        cls: class of the operator to build.

    Returns:
        A `LocalOperator`.

    Raises:
        ValueError: the site does not exist, or has infinitely many local states.
    """
    return cls(hilbert, _lowering(hilbert, site), [site], dtype=float if dtype is None else dtype)


def create(
    hilbert: DiscreteHilbert,
    site: int,
    dtype: DType = float,
    *,
    cls: Callable[..., Any] = LocalOperator,
) -> Any:
    """The creation operator, a^dagger |n> = sqrt(n + 1) |n + 1>, and 0 for the largest n.

    Arguments as for `destroy`.
    """
    return cls(hilbert, _lowering(hilbert, site).T, [site], dtype=dtype)


def number(
    hilbert: DiscreteHilbert,
    site: int,
    dtype: DType = float,
    *,
    cls: Callable[..., Any] = LocalOperator,
) -> Any:
    """The number of bosons, a^dagger a.

    Arguments as for `destroy`.
    """
    matrix = np.diag(np.arange(_finite_size(hilbert, site), dtype=float))
    return cls(hilbert, matrix, [site], dtype=dtype)


def proj(
    hilbert: DiscreteHilbert,
    site: int,
    n: int,
    dtype: DType = float,
    *,
    cls: Callable[..., Any] = LocalOperator,
) -> Any:
    """The projector on n bosons, |n><n|.

    Args:
        hilbert: the space.
        site: the site.
        n: the number of bosons.
        dtype: dtype of the matrix elements.
        cls: class of the operator to build.

    Returns:
        A `LocalOperator`.

    Raises:
        ValueError: the site does not exist, or cannot have n bosons.
    """
    d = _finite_size(hilbert, site)
    if not 0 <= n < d:
        raise ValueError(f"Argument `n` must be from 0 to {d - 1}, but is {n}.")
    matrix = np.zeros((d, d))
    matrix[n, n] = 1
    return cls(hilbert, matrix, [site], dtype=dtype)


def _finite_size(hilbert: DiscreteHilbert, site: int) -> int:
    d = _local_size(hilbert, site)
    if d == np.iinfo(np.int64).max:
        raise ValueError(
            f"Argument `hilbert` must have finitely many local states on site {site}: give the "
            "largest number of bosons, for example Fock(n_max=3)."
        )
    return d


def _lowering(hilbert: DiscreteHilbert, site: int) -> np.ndarray:
    return np.diag(np.sqrt(np.arange(1, _finite_size(hilbert, site))), 1)
