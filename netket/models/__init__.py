# SPDX-License-Identifier: Apache-2.0
"""Models of the logarithm of a wave function, written with flax.linen."""

from netket.utils.incremental import IncrementalModel

from . import tensor_networks
from .autoreg import AbstractARNN, ARNNConv1D, ARNNConv2D, ARNNDense, ARNNSequential
from .deepset import DeepSetMLP, DeepSetRelDistance
from .equivariant import GCNN, update_GCNN_parity
from .fast_autoreg import FastARNNConv1D, FastARNNConv2D, FastARNNDense, FastARNNSequential
from .full_space import LogStateVector
from .gaussian import Gaussian
from .jastrow import Jastrow
from .mlp import MLP
from .ndm import NDM
from .rbm import RBM, RBMModPhase, RBMMultiVal
from .rbm_symm import RBMSymm
from .slater import MultiSlater2nd, Slater2nd

__all__ = [
    "DeepSetMLP",
    "DeepSetRelDistance",
    "GCNN",
    "Gaussian",
    "RBMSymm",
    "update_GCNN_parity",
    "MLP",
    "NDM",
    "RBM",
    "ARNNConv1D",
    "ARNNConv2D",
    "ARNNDense",
    "ARNNSequential",
    "AbstractARNN",
    "FastARNNConv1D",
    "FastARNNConv2D",
    "FastARNNDense",
    "FastARNNSequential",
    "IncrementalModel",
    "Jastrow",
    "LogStateVector",
    "MultiSlater2nd",
    "RBMModPhase",
    "RBMMultiVal",
    "Slater2nd",
    "tensor_networks",
]
