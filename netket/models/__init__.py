# SPDX-License-Identifier: Apache-2.0
"""Models of the logarithm of a wave function, written with flax.linen."""

from netket.utils.incremental import IncrementalModel

from .full_space import LogStateVector
from .jastrow import Jastrow
from .mlp import MLP
from .rbm import RBM, RBMModPhase, RBMMultiVal

__all__ = [
    "MLP",
    "RBM",
    "IncrementalModel",
    "Jastrow",
    "LogStateVector",
    "RBMModPhase",
    "RBMMultiVal",
]
