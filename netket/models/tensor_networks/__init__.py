# SPDX-License-Identifier: Apache-2.0
"""Tensor networks: matrix product states and density operators."""

from .mpdo import MPDOOpen, MPDOPeriodic
from .mps import MPSOpen, MPSPeriodic

__all__ = ["MPDOOpen", "MPDOPeriodic", "MPSOpen", "MPSPeriodic"]
