# SPDX-License-Identifier: Apache-2.0
"""Variational quantum states: expectation values, gradients and geometric tensors."""

from flax.core.scope import CollectionFilter, DenyList

from . import (
    continuous_rules,  # noqa: F401 (registers rules)
    fallback_rules,  # noqa: F401 (registers rules)
    full_sum_expect,  # noqa: F401
    kernel_rules,  # noqa: F401
    mc_expect,  # noqa: F401
    mc_local,  # noqa: F401
    serialization,  # noqa: F401
    squared_rules,  # noqa: F401
)
from .apply_operator import apply_operator
from .checkpoint import load_checkpoint, save_checkpoint
from .dispatch import (
    expect,
    expect_and_forces,
    expect_and_grad,
    get_local_kernel,
    get_local_kernel_arguments,
    local_estimators,
)
from .freezing import freeze_parameters, unfreeze_parameters
from .full_sum_state import FullSumState
from .mc_state import MCState
from .mixed_state import MCMixedState, VariationalMixedState
from .state import VariationalState

__all__ = [
    "CollectionFilter",
    "DenyList",
    "FullSumState",
    "MCMixedState",
    "MCState",
    "VariationalMixedState",
    "VariationalState",
    "apply_operator",
    "expect",
    "expect_and_forces",
    "expect_and_grad",
    "freeze_parameters",
    "get_local_kernel",
    "get_local_kernel_arguments",
    "load_checkpoint",
    "local_estimators",
    "save_checkpoint",
    "unfreeze_parameters",
]
