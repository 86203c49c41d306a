# SPDX-License-Identifier: Apache-2.0
"""Former names of observables, which are in `netket.observable`."""

import warnings
from typing import Any

import netket.observable
from netket.observable import AbstractObservable

__all__ = ["AbstractObservable"]

_MOVED = ("InfidelityOperator", "Renyi2EntanglementEntropy", "VarianceObservable")


def __getattr__(name: str) -> Any:
    if name in _MOVED:
        message = (
            f"`netket.experimental.observable.{name}` has moved: use `netket.observable.{name}`."
        )
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return getattr(netket.observable, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
