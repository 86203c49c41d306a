# SPDX-License-Identifier: Apache-2.0
"""Loops that change a variational state step by step: the optimisation of an energy."""

from .abstract_driver import AbstractDriver
from .infidelity_sr import Infidelity_SR
from .loss import InvalidLossError
from .optimization_driver import AbstractOptimizationDriver
from .vmc import VMC
from .vmc_sr import VMC_SR

#: Older name of `AbstractOptimizationDriver`.
AbstractVariationalDriver = AbstractOptimizationDriver

__all__ = [
    "AbstractDriver",
    "AbstractOptimizationDriver",
    "AbstractVariationalDriver",
    "Infidelity_SR",
    "InvalidLossError",
    "VMC",
    "VMC_SR",
]
