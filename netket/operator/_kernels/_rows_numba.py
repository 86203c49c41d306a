# SPDX-License-Identifier: Apache-2.0
"""Numba row kernels: the stub `append_row`, and the buffer that rows are written into.

`append_row(data, x, conn, n) -> n` is compiled by numba for every kind of data: the module of a
kind registers its implementation with `row_kernel`, and numba chooses by the NamedTuple class of
`data` when it compiles a driver. Kernels are not passed as arguments, so that the drivers'
machine code can be cached on disk.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload


class Conn(NamedTuple):
    """Connected elements of one configuration, as the changes that lead to x'."""

    mels: np.ndarray  # (K,) matrix elements
    size: np.ndarray  # (K,) int32, number of sites that change
    sites: np.ndarray  # (K, W) int32, which ones, each once
    values: np.ndarray  # (K, W) local indices of x' there


def new_conn(slots: int, width: int, dtype: Any, index_dtype: Any) -> Conn:
    """A buffer for `slots` elements that change at most `width` sites."""
    return Conn(
        np.empty(slots, dtype),
        np.empty(slots, np.int32),
        np.empty((slots, max(width, 1)), np.int32),
        np.empty((slots, max(width, 1)), index_dtype),
    )


def append_row(data: Any, x: np.ndarray, conn: Conn, n: int) -> int:
    """Write the row of x into `conn` from slot n on, and return the end; numba code only.

    Args:
        data: the NamedTuple of an operator, with numpy arrays.
        x: local indices (N,).
        conn: the buffer.
        n: first free slot.
    """
    raise TypeError("`append_row` can only be called from code that numba compiles.")


_KERNELS: dict[type, Callable[..., Any]] = {}


def row_kernel(kind: type) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: this python function is the row kernel for data of the given NamedTuple class.

    It is compiled when it is first needed.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        _KERNELS[kind] = function
        return function

    return register


@overload(append_row)
def _select_row_kernel(data: Any, x: Any, conn: Any, n: Any) -> Any:
    kind: Any = getattr(data, "instance_class", None)
    return _KERNELS.get(kind)


def append_row_inlined(data: Any, x: np.ndarray, conn: Conn, n: int) -> int:
    """`append_row` for the loops of drivers: the kernel becomes part of the driver.

    To pass many arrays to another function takes longer than a short row.
    """
    raise TypeError("`append_row_inlined` can only be called from code that numba compiles.")


overload(append_row_inlined, jit_options={"forceinline": True})(_select_row_kernel)
