# SPDX-License-Identifier: Apache-2.0
"""Operators on spaces of particles with continuous positions."""

from ._base import ContinuousOperator
from ._kinetic import KineticEnergy
from ._potential import PotentialEnergy
from ._sum import ContinuousSum

__all__ = ["ContinuousOperator", "ContinuousSum", "KineticEnergy", "PotentialEnergy"]
