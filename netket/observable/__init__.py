# SPDX-License-Identifier: Apache-2.0
r"""Observables: whatever has an expectation value; operators are some of them.

Those of this package are no operators: functions of several expectation values
(`VarianceObservable`, `VScore`, `ConnectedCorrelator`), overlaps (`InfidelityOperator`) and
entropies (`Renyi2EntanglementEntropy`). A state evaluates them as it does operators::

    stats = state.expect(observable)
    stats, gradient = state.expect_and_grad(observable)
"""

from netket.operator._base import AbstractObservable

from . import (
    _infidelity_rules,  # noqa: F401 (registers rules)
    _means_rules,  # noqa: F401 (registers rules)
    _renyi2_rules,  # noqa: F401 (registers rules)
)
from .connected_correlator import ConnectedCorrelator
from .infidelity import InfidelityOperator
from .renyi2 import Renyi2EntanglementEntropy
from .v_score import VScore
from .variance import VarianceObservable

__all__ = [
    "AbstractObservable",
    "ConnectedCorrelator",
    "InfidelityOperator",
    "Renyi2EntanglementEntropy",
    "VScore",
    "VarianceObservable",
]
