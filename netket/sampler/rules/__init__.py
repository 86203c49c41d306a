# SPDX-License-Identifier: Apache-2.0
"""Rules by which Metropolis samplers propose configurations."""

from .base import DrawnAheadRule, MetropolisRule
from .custom import CustomRule
from .exchange import ExchangeRule
from .fermion_hop import FermionHopRule
from .fixed import FixedRule
from .gaussian import GaussianRule
from .global_flip import GlobalSpinFlipRule
from .hamiltonian import HamiltonianRule
from .langevin import LangevinRule
from .local import LocalRule
from .multiple import MultipleRules
from .on_host import CustomRuleNumpy, HamiltonianRuleNumpy, LocalRuleNumpy
from .tensor import TensorRule

__all__ = [
    "CustomRule",
    "CustomRuleNumpy",
    "DrawnAheadRule",
    "ExchangeRule",
    "FermionHopRule",
    "FixedRule",
    "GaussianRule",
    "GlobalSpinFlipRule",
    "HamiltonianRule",
    "HamiltonianRuleNumpy",
    "LangevinRule",
    "LocalRule",
    "LocalRuleNumpy",
    "MetropolisRule",
    "MultipleRules",
    "TensorRule",
]
