# SPDX-License-Identifier: Apache-2.0
"""Drivers written for older versions: other names and signatures of what a subclass implements."""

import inspect
import warnings
from typing import Any

from netket.errors import (
    ForwardAndBackwardDeprecationWarning,
    LogAdditionalDataSignatureDeprecationWarning,
)


def adapt_subclass(cls: Any) -> None:
    """Makes a new driver class that follows an older protocol follow the present one.

    Args:
        cls: the class; it may have ``_forward_and_backward(self) -> dp``, which stores the loss
            in ``_loss_stats``, and ``_log_additional_data(self, log_dict, step)``.
    """
    own = vars(cls)
    if "_forward_and_backward" in own and "compute_loss_and_update" not in own:
        warnings.warn(ForwardAndBackwardDeprecationWarning(cls.__name__), stacklevel=3)
        cls.compute_loss_and_update = _compute_in_the_old_way
    if "_log_additional_data" in own and _n_required(own["_log_additional_data"]) == 3:
        warnings.warn(LogAdditionalDataSignatureDeprecationWarning(cls.__name__), stacklevel=3)
        old = own["_log_additional_data"]
        cls._log_additional_data = lambda self, log_dict, *_: old(self, log_dict, self.step_count)


def _compute_in_the_old_way(self: Any) -> tuple[Any, Any]:
    dp = self._forward_and_backward()
    return self._loss_stats, dp


def call_new_style(driver: Any) -> tuple[Any, Any]:
    """Calls the nearest ``compute_loss_and_update`` that is not itself made from an old method."""
    for cls in type(driver).__mro__:
        function = vars(cls).get("compute_loss_and_update")
        if function is not None and function is not _compute_in_the_old_way:
            return function(driver)
    raise AssertionError("AbstractDriver has the method")


def _n_required(function: Any) -> int:
    """How many arguments a method needs, ``self`` among them."""
    parameters = inspect.signature(function).parameters.values()
    positional = (p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))
    return sum(p.default is p.empty for p in positional)
