# SPDX-License-Identifier: Apache-2.0
"""Sums of Pauli strings."""

from ._local import to_pauli_strings
from ._operator import PauliStrings, PauliStringsJax, PauliStringsNumba

__all__ = ["PauliStrings", "PauliStringsJax", "PauliStringsNumba", "to_pauli_strings"]
