# SPDX-License-Identifier: Apache-2.0
"""Exact diagonalisation of small systems."""

from .ed import full_ed, lanczos_ed
from .steady_state import steady_state

__all__ = ["full_ed", "lanczos_ed", "steady_state"]
