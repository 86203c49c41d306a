# SPDX-License-Identifier: Apache-2.0
"""Strings on two-state sites: what Pauli strings and fermions have in common."""

from ._bits import count_bits, pack_bits, sorted_rows, unpack_bits
from ._operator import StringOperator
from ._terms import StringTerms

__all__ = [
    "StringOperator",
    "StringTerms",
    "count_bits",
    "pack_bits",
    "sorted_rows",
    "unpack_bits",
]
