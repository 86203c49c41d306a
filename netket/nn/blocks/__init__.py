# SPDX-License-Identifier: Apache-2.0
"""Building blocks of networks."""

from .deepset import DeepSetMLP
from .mlp import MLP
from .symm_exp_sum import SymmExpSum

__all__ = ["MLP", "DeepSetMLP", "SymmExpSum"]
