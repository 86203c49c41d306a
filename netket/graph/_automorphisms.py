# SPDX-License-Identifier: Apache-2.0
"""Automorphisms of a graph, and classes of nodes that they keep.

Nodes are in one class if the same classes are around them; in graphs where all nodes have as many
neighbours, if as many closed walks begin at them. Classes are compared by sums of hashes: that
different ones have the same sum would only make a class larger than it could be.
"""

from typing import Any

import numpy as np

from . import _stabilizers

#: Entries of tables of nodes, and of maps, beyond which this is given up.
_MAX_ENTRIES = 2**24

#: Nodes up to which classes are not worth their time.
_VERY_FEW_NODES = 8

#: Nodes up to which closed walks are counted, by products of matrices: at once, or after a search.
_FEW_NODES, _MAX_WALKERS = 128, 1024

#: Odd factors of hashes.
_ODD = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93], dtype=np.uint64)


def automorphisms(
    n_nodes: int, pairs: list[tuple[int, ...]], edge_codes: list[int], node_codes: list[int]
) -> np.ndarray | None:
    """The permutations of nodes that keep the edges and all codes.

    Args:
        n_nodes: number of nodes.
        pairs: (E, 2) distinct edges, without loops.
        edge_codes: (E,) integers from 0, the kinds of edges.
        node_codes: (n_nodes,) integers from 0, the kinds of nodes.

    Returns:
        The images of all nodes, (n_group, n_nodes), sorted; None if there are too many maps, or too
        many nodes, to keep.
    """
    if n_nodes**2 > _MAX_ENTRIES:
        return None
    if not pairs and n_nodes < 2:
        return np.arange(n_nodes)[None]
    links: list[dict[int, int]] = [{} for _ in range(n_nodes)]
    for (i, j), code in zip(pairs, edge_codes):
        links[i][j] = links[j][i] = code

    def searched(of_nodes: list[int], patience: int, fixing: Any = None) -> np.ndarray | None:
        return _stabilizers.automorphisms(links, of_nodes, patience, _MAX_ENTRIES, fixing)

    if n_nodes <= _VERY_FEW_NODES:
        return searched([hash((c, len(x))) for c, x in zip(node_codes, links)], 10**6)
    classes = Classes(np.array(pairs, dtype=int).reshape(-1, 2), edge_codes, node_codes)
    if n_nodes <= _FEW_NODES:
        classes.compare_walks()
    try:
        if classes.number == n_nodes:  # every node is the only one of its kind
            return np.arange(n_nodes)[None]
        return searched(classes.of_nodes.tolist(), 30)
    except _stabilizers.TooLong:
        classes.compare_walks()
    try:
        if classes.number == n_nodes:
            return np.arange(n_nodes)[None]
        return searched(classes.of_nodes.tolist(), 100, classes.fixing)
    except _stabilizers.TooLong:
        return None


class Classes:
    """Classes of the nodes of a graph, refined until their number grows by less than a half.

    Args:
        pairs: (E, 2) distinct edges, without loops.
        edge_codes: (E,) integers from 0, the kinds of edges.
        node_codes: (n_nodes,) integers from 0, the kinds of nodes.

    Attributes:
        of_nodes: (n_nodes,) a hash of the class of each node.
        number: how many classes there are.
    """

    def __init__(self, pairs: np.ndarray, edge_codes: list[int], node_codes: list[int]):
        self._source, self._target = np.concatenate([pairs, pairs[:, ::-1]]).T
        codes = np.array(edge_codes * 2, dtype=np.uint64)
        self._salt = codes * _ODD[2] if any(edge_codes) else None
        self.number = len(set(node_codes))
        of_nodes = np.array(node_codes, dtype=np.uint64) * _ODD[2] + _ODD[1]
        self.of_nodes, self.number = self._refined(of_nodes, self.number, 1.5)

    def compare_walks(self) -> None:
        """If all nodes are in one class, tells them apart by the number of closed walks."""
        if self.number == 1 and 2 < len(self.of_nodes) <= _MAX_WALKERS:
            of_nodes = self._walks()
            self.of_nodes, self.number = self._refined(of_nodes, len(set(of_nodes.tolist())), 1.5)

    def fixing(self, nodes: list[int]) -> list[int]:
        """Classes (n_nodes,) that automorphisms keep if they keep each of these nodes."""
        of_nodes = self.of_nodes.copy()
        of_nodes[nodes] += np.arange(1, len(nodes) + 1, dtype=np.uint64) * _ODD[2]
        return self._refined(of_nodes, len(set(of_nodes.tolist())), 1.0)[0].tolist()

    def _refined(self, of_nodes: np.ndarray, number: int, growth: float) -> tuple[np.ndarray, int]:
        """Nodes with different classes around them are told apart, while `number` grows so much."""
        n_nodes = len(of_nodes)
        while True:
            around = of_nodes.take(self._target)
            if self._salt is not None:
                around += self._salt
            # sums of these are exact in double precision, for the number of nodes that is possible
            around = (around * _ODD[0]) >> _SHIFT
            sums = np.bincount(self._source, around, minlength=n_nodes).astype(np.uint64)
            of_nodes = _mixed(of_nodes, sums)
            before, number = number, len(set(of_nodes.tolist()))
            if number in (before, n_nodes) or number < growth * before:
                return of_nodes, number

    def _walks(self) -> np.ndarray:
        """Hashes of the numbers of closed walks from each node, with up to 8 steps."""
        n_nodes = len(self.of_nodes)
        if 2 * len(self._source) ** 8 >= 2**53 * n_nodes**8:
            return self.of_nodes  # these would not be exact
        step = np.zeros((n_nodes, n_nodes))
        step[self._source, self._target] = 1
        two = step @ step
        four = two @ two
        of_nodes = self.of_nodes
        for a, b in ((two, step), (two, two), (four, step), (four, two), (four, four)):
            of_nodes = _mixed(of_nodes, np.einsum("ij,ij->i", a, b).astype(np.uint64))
        return of_nodes


_SHIFT = np.uint64(24)


def _mixed(hashes: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    return (hashes ^ (hashes >> _SHIFT)) * _ODD[1] + numbers * _ODD[0]
