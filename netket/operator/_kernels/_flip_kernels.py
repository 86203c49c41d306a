# SPDX-License-Identifier: Apache-2.0
"""Kernels of operators that flip the same bits in every configuration, by kind of data."""

from collections.abc import Callable
from typing import Any

FLIP_KERNELS: dict[type, Callable[..., Any]] = {}


def flip_kernel(kind: type) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: this python function is `flip_elements` for data of the given NamedTuple class.

    It is compiled when it is first needed.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        FLIP_KERNELS[kind] = function
        return function

    return register
