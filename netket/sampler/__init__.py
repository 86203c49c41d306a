# SPDX-License-Identifier: Apache-2.0
"""Samplers of configurations with probabilities given by a wave function."""

from . import rules
from .base import Sampler, SamplerState
from .constructors import (
    MetropolisAdjustedLangevin,
    MetropolisExchange,
    MetropolisFermionHop,
    MetropolisGaussian,
    MetropolisHamiltonian,
    MetropolisLocal,
)
from .exact import ExactSampler
from .metropolis import MetropolisSampler, MetropolisSamplerState
from .metropolis import MetropolisSampler as Metropolis
from .rules import MetropolisRule

__all__ = [
    "ExactSampler",
    "Metropolis",
    "MetropolisAdjustedLangevin",
    "MetropolisExchange",
    "MetropolisFermionHop",
    "MetropolisGaussian",
    "MetropolisHamiltonian",
    "MetropolisLocal",
    "MetropolisRule",
    "MetropolisSampler",
    "MetropolisSamplerState",
    "Sampler",
    "SamplerState",
    "rules",
]
