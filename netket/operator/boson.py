# SPDX-License-Identifier: Apache-2.0
"""Operators of bosons on one site with at most d - 1 of them: a, a^dagger, n and projectors."""

from collections.abc import Callable
from typing import Any

import numpy as np

from netket.hilbert import DiscreteHilbert
from netket.utils.types import DType

from ._local import LocalOperator
from ._one_site import on_site
from .spin import identity

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
    return on_site(hilbert, site, _lowering, dtype, cls)


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
    return on_site(hilbert, site, lambda d: _lowering(d).T, dtype, cls)


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
    return on_site(hilbert, site, lambda d: np.diag(np.arange(d, dtype=float)), dtype, cls)


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

    def projector(d: int) -> np.ndarray:
        if not 0 <= n < d:
            raise ValueError(f"Argument `n` must be from 0 to {d - 1}, but is {n}.")
        return np.diag((np.arange(d) == n).astype(float))

    return on_site(hilbert, site, projector, dtype, cls)


def _lowering(d: int) -> np.ndarray:
    return np.diag(np.sqrt(np.arange(1, d)), 1)
