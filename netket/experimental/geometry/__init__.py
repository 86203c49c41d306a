# SPDX-License-Identifier: Apache-2.0
"""Boxes and free space, for particles with continuous positions."""

from netket.hilbert.geometry import Cell, FreeSpace

__all__ = ["Cell", "FreeSpace"]
