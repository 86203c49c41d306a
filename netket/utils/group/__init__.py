# SPDX-License-Identifier: Apache-2.0
"""Finite groups: permutations of sites, their products and conjugacy classes."""

from .element import Element, Identity
from .finite import FiniteGroup
from .permutation import Permutation, PermutationGroup

__all__ = ["Element", "FiniteGroup", "Identity", "Permutation", "PermutationGroup"]
