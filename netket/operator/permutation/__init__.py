# SPDX-License-Identifier: Apache-2.0
"""Permutations of sites and of fermionic orbitals, spin flips, and their linear combinations."""

from ._operators import (
    PermutationOperator,
    PermutationOperatorFermion,
    SpinFlipOperator,
    construct_permutation_operator,
)
from ._sum import PermutationSum

__all__ = [
    "PermutationOperator",
    "PermutationOperatorFermion",
    "PermutationSum",
    "SpinFlipOperator",
    "construct_permutation_operator",
]
