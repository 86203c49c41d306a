# SPDX-License-Identifier: Apache-2.0
"""Graphs and lattices: the sites of a system, and the bonds between them."""

from . import space_group
from .abstract import AbstractGraph
from .graph import DoubledGraph, Edgeless, Graph, disjoint_union
from .lattice import Lattice
from .named import (
    BCC,
    FCC,
    Chain,
    Cube,
    Diamond,
    Grid,
    Honeycomb,
    Hypercube,
    Kagome,
    KitaevHoneycomb,
    Pyrochlore,
    Square,
    Triangular,
)

__all__ = [
    "BCC",
    "FCC",
    "AbstractGraph",
    "Chain",
    "Cube",
    "Diamond",
    "DoubledGraph",
    "Edgeless",
    "Graph",
    "Grid",
    "Honeycomb",
    "Hypercube",
    "Kagome",
    "KitaevHoneycomb",
    "Lattice",
    "Pyrochlore",
    "Square",
    "Triangular",
    "disjoint_union",
    "space_group",
]
