# SPDX-License-Identifier: Apache-2.0
"""Representations of symmetry groups on Hilbert spaces: projectors, projected states, sectors."""

from . import group
from .construct import canonical_representation, spin_flip_representation
from .coset import CosetFilter, TranslationCosetFilter
from .labeled import LabeledRepresentation
from .representation import Representation
from .sector import Sector
from .translation import TranslationRepresentation

__all__ = [
    "CosetFilter",
    "LabeledRepresentation",
    "Representation",
    "Sector",
    "TranslationCosetFilter",
    "TranslationRepresentation",
    "canonical_representation",
    "group",
    "spin_flip_representation",
]
