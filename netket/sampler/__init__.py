# SPDX-License-Identifier: Apache-2.0
"""Samplers of configurations with probabilities given by a wave function."""

from . import rules
from .autoreg import ARDirectSampler
from .base import Sampler, SamplerState
from .constructors import (
    MetropolisAdjustedLangevin,
    MetropolisCustom,
    MetropolisExchange,
    MetropolisFermionHop,
    MetropolisGaussian,
    MetropolisHamiltonian,
    MetropolisLocal,
)
from .constructors import MetropolisCustom as MetropolisCustomNumpy
from .exact import ExactSampler
from .metropolis import MetropolisSampler, MetropolisSamplerState
from .metropolis import MetropolisSampler as Metropolis
from .metropolis_numpy import (
    MetropolisHamiltonianNumpy,
    MetropolisLocalNumpy,
    MetropolisSamplerNumpy,
)
from .metropolis_numpy import MetropolisSamplerNumpy as MetropolisNumpy
from .parallel_tempering import (
    ParallelTemperingExchange,
    ParallelTemperingHamiltonian,
    ParallelTemperingLocal,
    ParallelTemperingSampler,
)
from .rules import MetropolisRule

__all__ = [
    "ARDirectSampler",
    "ExactSampler",
    "Metropolis",
    "MetropolisAdjustedLangevin",
    "MetropolisCustom",
    "MetropolisCustomNumpy",
    "MetropolisExchange",
    "MetropolisFermionHop",
    "MetropolisGaussian",
    "MetropolisHamiltonian",
    "MetropolisHamiltonianNumpy",
    "MetropolisLocal",
    "MetropolisLocalNumpy",
    "MetropolisNumpy",
    "MetropolisRule",
    "MetropolisSampler",
    "MetropolisSamplerNumpy",
    "MetropolisSamplerState",
    "ParallelTemperingExchange",
    "ParallelTemperingHamiltonian",
    "ParallelTemperingLocal",
    "ParallelTemperingSampler",
    "Sampler",
    "SamplerState",
    "rules",
]
