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
from .parallel_tempering import (
    ParallelTemperingExchange,
    ParallelTemperingHamiltonian,
    ParallelTemperingLocal,
    ParallelTemperingSampler,
)
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
    "ParallelTemperingExchange",
    "ParallelTemperingHamiltonian",
    "ParallelTemperingLocal",
    "ParallelTemperingSampler",
    "Sampler",
    "SamplerState",
    "rules",
]
