# SPDX-License-Identifier: Apache-2.0
"""`AbstractGraph`: what operators and samplers may ask of a graph."""

import abc
from collections.abc import Sequence

import numpy as np

from netket.utils.group import PermutationGroup


class AbstractGraph(abc.ABC):
    """An undirected graph with nodes 0, 1, ... and edges with an integer colour each."""

    @property
    @abc.abstractmethod
    def n_nodes(self) -> int:
        """Number of nodes."""

    @property
    def n_edges(self) -> int:
        """Number of edges."""
        return len(self.edges())

    @abc.abstractmethod
    def nodes(self) -> Sequence[int]:
        """The nodes."""

    @abc.abstractmethod
    def edges(
        self, return_color: bool = False, filter_color: int | None = None
    ) -> list[tuple[int, ...]]:
        """The edges.

        Args:
            return_color: add the colour to every edge.
            filter_color: return only the edges of this colour.

        Returns:
            Pairs (i, j), or triples (i, j, colour).
        """

    @property
    @abc.abstractmethod
    def edge_colors(self) -> list[int]:
        """The colour of every edge, in the order of `edges`."""

    @abc.abstractmethod
    def is_connected(self) -> bool:
        """Whether every node can be reached from every other one."""

    @abc.abstractmethod
    def is_bipartite(self) -> bool:
        """Whether the nodes fall into two sets with edges only between them."""

    @abc.abstractmethod
    def distances(self) -> np.ndarray:
        """Number of edges on the shortest path between any two nodes.

        Returns:
            (n_nodes, n_nodes) integers; floats, with infinities, if the graph is not connected.
        """

    @abc.abstractmethod
    def automorphisms(self) -> PermutationGroup:
        """The permutations of nodes that keep the edges and their colours."""

    @abc.abstractmethod
    def adjacency_list(self) -> list[list[int]]:
        """The neighbours of every node, in ascending order."""

    def __len__(self) -> int:
        return self.n_nodes

    def __repr__(self) -> str:
        return f"{type(self).__name__}(n_nodes={self.n_nodes}, n_edges={self.n_edges})"
