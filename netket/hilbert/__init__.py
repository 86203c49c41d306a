# SPDX-License-Identifier: Apache-2.0
"""Hilbert spaces: local states, constraints, numbers of states, random states."""

from . import constraint, index, random
from .abstract import AbstractHilbert
from .discrete import DiscreteHilbert
from .doubled import DoubledHilbert
from .fermions import SpinOrbitalFermions
from .fock import Fock
from .homogeneous import HomogeneousHilbert
from .qubit import Qubit
from .spin import Spin
from .tensor import TensorHilbert

__all__ = [
    "AbstractHilbert",
    "DiscreteHilbert",
    "DoubledHilbert",
    "Fock",
    "HomogeneousHilbert",
    "Qubit",
    "Spin",
    "SpinOrbitalFermions",
    "TensorHilbert",
    "constraint",
    "index",
    "random",
]
