# SPDX-License-Identifier: Apache-2.0
"""Optimisers, preconditioners and the solvers behind them.

Drivers take any gradient transformation of optax as optimiser, and any function
``(vstate, gradient, step) -> update`` as preconditioner.
"""

from . import qgt, solver
from .linear_operator import LinearOperator
from .optimizers import AdaGrad, Adam, Momentum, RmsProp, Sgd
from .preconditioner import LinearPreconditioner, PreconditionerT, identity_preconditioner
from .sr import SR

__all__ = [
    "SR",
    "AdaGrad",
    "Adam",
    "LinearOperator",
    "LinearPreconditioner",
    "Momentum",
    "PreconditionerT",
    "RmsProp",
    "Sgd",
    "identity_preconditioner",
    "qgt",
    "solver",
]
