# SPDX-License-Identifier: Apache-2.0
"""`Graph`: a graph given by the list of its edges."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import chain, compress
from typing import Any

import numpy as np

from netket.utils import optional
from netket.utils.group import PermutationGroup
from netket.utils.group.permutation import group_of_rows

from . import _paths
from ._automorphisms import automorphisms
from .abstract import AbstractGraph


class Graph(AbstractGraph):
    """A graph given by the list of its edges.

    Args:
        edges: pairs (i, j), or triples (i, j, colour), of integers; the colour is 0 without.
        n_nodes: number of nodes, by default one more than the largest that is part of an edge.

    Raises:
        TypeError: `edges` is not a sequence, or has entries that are not integers.
        ValueError: an edge has a node that does not exist; only some edges have a colour.

    Example:
        >>> import netket as nk
        >>> nk.graph.Graph(edges=[(0, 1), (1, 2)], n_nodes=4).adjacency_list()
        [[1], [0, 2], [1], []]
    """

    def __init__(self, edges: Sequence[Sequence[int]], n_nodes: int | None = None):
        pairs, colors = _edge_columns(edges)
        if n_nodes is None:
            n_nodes = int(pairs.max(initial=-1)) + 1
        elif not isinstance(n_nodes, int | np.integer) or n_nodes < 0:
            raise ValueError(f"Argument `n_nodes` must be an integer >= 0, but is {n_nodes!r}.")
        if pairs.size and (pairs.min() < 0 or pairs.max() >= n_nodes):
            outside = ((pairs < 0) | (pairs >= n_nodes)).any(axis=0)
            raise ValueError(
                f"Argument `edges` must connect nodes from 0 to {n_nodes - 1}, but has the edge "
                f"{tuple(pairs[:, outside][:, 0].tolist())}. Set `n_nodes` to add nodes."
            )
        self._set(np.stack([np.minimum(*pairs), np.maximum(*pairs)]), colors, int(n_nodes))

    def _set(self, pairs: np.ndarray, colors: np.ndarray, n_nodes: int) -> None:
        # (E, 2) the smaller node first, in the order given; columns are contiguous
        self._pairs = pairs.T
        self._colors = colors
        self._n_nodes = n_nodes
        self._edges: list[tuple[int, ...]] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_edges": None}

    @property
    def n_nodes(self) -> int:
        return self._n_nodes

    @property
    def n_edges(self) -> int:
        return len(self._pairs)

    def nodes(self) -> range:
        return range(self._n_nodes)

    def edges(  # type: ignore[override] # options by name only
        self, *, return_color: bool = False, filter_color: int | None = None
    ) -> list[tuple[int, ...]]:
        if filter_color is None and not return_color:
            if self._edges is None:
                self._edges = list(zip(*self._pairs.T.tolist()))
            return self._edges.copy()
        columns = self._pairs.T.tolist()
        if return_color:
            columns.append(self._colors.tolist())
        if filter_color is not None:
            kept = (self._colors == filter_color).tolist()
            columns = [compress(column, kept) for column in columns]
        return list(zip(*columns))

    @property
    def edge_colors(self) -> list[int]:
        return self._colors.tolist()

    # -- paths --------------------------------------------------------------------------------

    def adjacency_list(self) -> list[list[int]]:
        return _paths.neighbor_lists(self._n_nodes, self._pairs)

    def is_connected(self) -> bool:
        return self._is_connected

    def is_bipartite(self) -> bool:
        return self._is_bipartite

    @cached_property
    def _parts(self) -> tuple[bool, bool]:
        return _paths.parts(self._n_nodes, self._pairs)

    @cached_property
    def _is_connected(self) -> bool:
        return self._parts[0]

    @cached_property
    def _is_bipartite(self) -> bool:
        return self._parts[1]

    def distances(self) -> np.ndarray:
        return _paths.distances(self._n_nodes, self._pairs)

    # -- symmetries ---------------------------------------------------------------------------

    def automorphisms(self) -> PermutationGroup:
        if "_automorphisms" not in self.__dict__:
            self._automorphisms = self._find_automorphisms()
        return self._automorphisms

    def _find_automorphisms(self) -> PermutationGroup:
        pairs, edge_codes, node_codes = _simple_graph(self)
        maps = automorphisms(self._n_nodes, pairs, edge_codes, node_codes)
        if maps is None:
            # slower, but without a list of partial maps
            igraph = optional.require("igraph", "to find the automorphisms of a large graph")
            simple = igraph.Graph(n=self._n_nodes, edges=pairs)
            found = simple.get_automorphisms_vf2(color=node_codes, edge_color=edge_codes)
            maps = np.array(sorted(found), dtype=int).reshape(-1, self._n_nodes)
        # the inverse of every map is one of them, too
        return group_of_rows(maps)

    # -- other libraries ----------------------------------------------------------------------

    def to_igraph(self) -> Any:
        """The graph as an `igraph.Graph`, with the edge attribute "color"."""
        igraph = optional.require("igraph", "to convert a graph")
        return igraph.Graph(
            n=self._n_nodes, edges=self._pairs.tolist(), edge_attrs={"color": self.edge_colors}
        )

    @classmethod
    def from_igraph(cls, graph: Any) -> Graph:
        """A graph from an `igraph.Graph`; colours are taken from the edge attribute "color"."""
        if not hasattr(graph, "get_edgelist"):
            raise TypeError(f"Argument `graph` must be an igraph.Graph, but is {graph!r}.")
        pairs = graph.get_edgelist()
        if "color" in graph.es.attributes():
            pairs = [(*pair, color) for pair, color in zip(pairs, graph.es["color"])]
        return Graph(pairs, graph.vcount())

    def to_networkx(self) -> Any:
        """The graph as a `networkx.Graph` (a `MultiGraph` if edges are repeated), with colours."""
        nx = optional.require("networkx", "to convert a graph", extra="extra")
        repeated = len(np.unique(self._pairs, axis=0)) < len(self._pairs)
        graph = nx.MultiGraph() if repeated else nx.Graph()
        graph.add_nodes_from(self.nodes())
        graph.add_edges_from((i, j, {"color": c}) for i, j, c in self.edges(return_color=True))
        return graph

    @classmethod
    def from_networkx(cls, graph: Any) -> Graph:
        """A graph from a `networkx` graph, whose nodes are numbered in its order.

        Colours are taken from the edge attribute "color" if all edges have it.
        """
        if not (hasattr(graph, "nodes") and hasattr(graph, "edges")):
            raise TypeError(f"Argument `graph` must be a networkx graph, but is {graph!r}.")
        number = {node: i for i, node in enumerate(graph.nodes)}
        edges = list(graph.edges(data=True))
        table: list[tuple] = [(number[i], number[j]) for i, j, _ in edges]
        if edges and all("color" in data for _, _, data in edges):
            table = [(*pair, data["color"]) for pair, (_, _, data) in zip(table, edges)]
        return Graph(table, len(number))


def _edge_columns(edges: Any) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (2, E) and colours (E,) of edges."""
    if isinstance(edges, str | bytes) or not isinstance(edges, Sequence | np.ndarray):
        raise TypeError(
            f"Argument `edges` must be a sequence of pairs (i, j) or triples (i, j, colour), but "
            f"is {edges!r}."
        )
    if len(edges) == 0:
        return np.zeros((2, 0), dtype=np.int64), np.zeros(0, dtype=np.int64)
    lengths = set(map(len, edges))
    if lengths not in ({2}, {3}):
        raise ValueError(
            "Argument `edges` must hold either pairs (i, j), or triples (i, j, colour), but has "
            f"entries of length {sorted(lengths)}."
        )
    table = _integers(edges).reshape(len(edges), -1)
    colors = table[:, 2].copy() if table.shape[1] == 3 else np.zeros(len(table), dtype=np.int64)
    return table[:, :2].T, colors


def _integers(edges: Any) -> np.ndarray:
    """All entries, one after the other."""
    if not isinstance(edges, np.ndarray):
        try:
            # half the time of np.asarray
            return np.frombuffer(array("q", list(chain.from_iterable(edges))), dtype=np.int64)
        except (TypeError, OverflowError):
            edges = np.asarray(edges)
    if not np.issubdtype(edges.dtype, np.integer):
        raise TypeError(
            "Argument `edges` must hold integers, the nodes and possibly a colour, but has entries "
            f"of type {edges.dtype}."
        )
    return edges.astype(np.int64).ravel()


def _simple_graph(graph: Graph) -> tuple[list[tuple[int, ...]], list[int], list[int]]:
    """The edges of the graph without loops and repeated edges, and codes of edges and nodes.

    They are replaced by colours: of a node for its loops, of an edge for the edges it stands for.
    """
    single = (graph._colors == graph._colors[:1]).all()
    if single and not (graph._pairs[:, 0] == graph._pairs[:, 1]).any():
        edges = graph.edges()
        if len(set(edges)) == len(edges):
            return edges, [0] * len(edges), [0] * graph.n_nodes
    colors: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for i, j, color in graph.edges(return_color=True):
        colors[i, j].append(color)
    codes: dict[tuple[int, ...], int] = {}

    def code(pair: tuple[int, ...]) -> int:
        return codes.setdefault(tuple(sorted(colors.get(pair, ()))), len(codes))

    pairs = [p for p in colors if p[0] != p[1]]
    return pairs, [code(p) for p in pairs], [code((i, i)) for i in graph.nodes()]


def Edgeless(n_nodes: int | Iterable[int]) -> Graph:
    """A graph without edges.

    Args:
        n_nodes: number of nodes, or the nodes.
    """
    if not isinstance(n_nodes, int | np.integer):
        n_nodes = len(list(n_nodes))
    return Graph([], int(n_nodes))


def disjoint_union(*graphs: Graph) -> Graph:
    """All graphs side by side; the nodes of each follow those of the graphs before it.

    Args:
        graphs: the graphs, at least one.
    """
    if not graphs:
        raise ValueError("Argument `graphs` must contain at least one graph.")
    for graph in graphs:
        if not isinstance(graph, AbstractGraph):
            raise TypeError(f"Argument `graphs` must hold graphs, but has {graph!r}.")
    if len(graphs) == 1:
        return graphs[0]
    first = np.cumsum([0, *(g.n_nodes for g in graphs)])
    tables = [_edge_columns(g.edges(return_color=True)) for g in graphs]
    ends = [pairs + start for (pairs, _), start in zip(tables, first)]
    colors = np.concatenate([colors for _, colors in tables])
    edges = np.stack([*np.concatenate(ends, axis=1), colors], axis=1)
    return Graph(edges, int(first[-1]))  # type: ignore[arg-type]


def DoubledGraph(graph: Graph) -> Graph:
    """Two copies of a graph side by side, for density matrices.

    Args:
        graph: the graph.
    """
    return disjoint_union(graph, graph)
