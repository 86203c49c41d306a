# SPDX-License-Identifier: Apache-2.0
"""Spaces of particles with continuous positions."""

from netket.hilbert.continuous import ContinuousHilbert, Particle

from . import random

__all__ = ["ContinuousHilbert", "Particle", "random"]
