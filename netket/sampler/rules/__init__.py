# SPDX-License-Identifier: Apache-2.0
"""Rules by which Metropolis samplers propose configurations."""

from .base import DrawnAheadRule, MetropolisRule
from .exchange import ExchangeRule
from .fixed import FixedRule
from .global_flip import GlobalSpinFlipRule
from .hamiltonian import HamiltonianRule
from .local import LocalRule
from .multiple import MultipleRules

__all__ = [
    "DrawnAheadRule",
    "ExchangeRule",
    "FixedRule",
    "GlobalSpinFlipRule",
    "HamiltonianRule",
    "LocalRule",
    "MetropolisRule",
    "MultipleRules",
]
