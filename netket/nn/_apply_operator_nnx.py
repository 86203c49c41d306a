# SPDX-License-Identifier: Apache-2.0
"""The module of an operator times a state, for flax.nnx."""

from typing import Any

import jax
from flax import nnx

from netket.utils.types import Array

from .apply_operator import _log_sum

__all__ = ["ApplyOperatorModuleNNX"]


class OperatorVariable(nnx.Variable):
    """Coefficients of an operator, which are no parameters."""


class ApplyOperatorModuleNNX(nnx.Module):
    """The log-amplitude of an operator times the state of a flax.nnx module."""

    def __init__(self, base_module: nnx.Module, operator: Any):
        """
        Args:
            base_module: The module of the state that the operator acts on.
            operator: An operator with a jax kernel.
        """
        self.base_module = base_module
        self.operator = operator

    @property
    def operator(self) -> Any:
        """The operator."""
        return jax.tree.unflatten(self._treedef, self._leaves.get_value())

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "operator":  # arrays in it are not attributes of the module
            leaves, self._treedef = jax.tree.flatten(value)
            self._leaves = OperatorVariable(leaves)
        else:
            super().__setattr__(name, value)

    def __call__(self, x: Array, *args: Any, **kwargs: Any) -> Array:
        """Log-amplitudes (...) of configurations (..., N)."""
        return _log_sum(lambda xp: self.base_module(xp, *args, **kwargs), self.operator, x)
