# SPDX-License-Identifier: Apache-2.0
"""`LocalOperator`: its structure (patterns, terms) and the operator."""

from ._build import sum_of_terms, term_of_matrix
from ._operator import LocalOperator, LocalOperatorJax, LocalOperatorNumba, linear_combination
from ._pattern import Pattern, make_pattern
from ._terms import Terms

__all__ = [
    "LocalOperator",
    "LocalOperatorJax",
    "LocalOperatorNumba",
    "Pattern",
    "Terms",
    "linear_combination",
    "make_pattern",
    "sum_of_terms",
    "term_of_matrix",
]
