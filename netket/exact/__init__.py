# SPDX-License-Identifier: Apache-2.0
"""Exact diagonalisation of small systems."""

from .ed import full_ed, lanczos_ed

__all__ = ["full_ed", "lanczos_ed"]
