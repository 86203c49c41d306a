# SPDX-License-Identifier: Apache-2.0
"""Operators on density matrices."""

from ._abstract import AbstractSuperOperator
from ._liouvillian import LocalLiouvillian

__all__ = ["AbstractSuperOperator", "LocalLiouvillian"]
