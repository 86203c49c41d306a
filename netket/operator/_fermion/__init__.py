# SPDX-License-Identifier: Apache-2.0
"""Fermions in second quantisation: products of ladder operators, and the operators."""

from ._operator import FermionOperator2nd, FermionOperator2ndJax, FermionOperator2ndNumba
from ._terms import FermionTerms

__all__ = [
    "FermionOperator2nd",
    "FermionOperator2ndJax",
    "FermionOperator2ndNumba",
    "FermionTerms",
]
