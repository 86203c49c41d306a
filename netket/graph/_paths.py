# SPDX-License-Identifier: Apache-2.0
"""Connectedness, bipartiteness and distances of graphs, in numpy.

Nodes are joined to trees, whose nodes know their root and on which side of it they are. A graph is
bipartite if every edge connects nodes on different sides.
"""

import numpy as np

#: Steps times pairs of nodes for which distances are found here; beyond, scipy is faster, which
#: takes a while to import.
_SMALL = 10**7

#: Nodes, and edges, up to which loops in python are faster than numpy.
_FEW = 128

#: Nodes up to which products of matrices give distances.
_FEW_WALKERS = 64


def _sides(n_nodes: int, pairs: np.ndarray) -> tuple[np.ndarray, bool]:
    """2 r + s for the smallest node r that is connected with each node, and its side s.

    In every round all trees join a neighbour with a smaller root, so that their number at least
    halves.

    Args:
        n_nodes: number of nodes.
        pairs: (E, 2) edges, the smaller node first.

    Returns:
        (n_nodes,) integers; the side of r is 0, and that of its neighbours in the tree is 1. And
        whether all edges are between different sides.
    """
    i, j = pairs.T
    nodes = np.arange(n_nodes)
    # one of its edges joins each node to a smaller one
    joined = nodes.copy()
    joined[j] = i
    sides = 2 * joined + (joined != nodes)
    alternating = True
    while True:
        while True:
            # twice, as comparing takes almost as long
            middle = sides.take(sides >> 1) ^ (sides & 1)
            roots = middle.take(middle >> 1) ^ (middle & 1)
            if (roots == sides).all():
                break
            sides = roots
        a, b = sides.take(i), sides.take(j)
        difference = a ^ b
        between = difference > 1
        # sides of nodes in one tree change together
        alternating = alternating and bool(difference.all())
        if not between.any():
            return sides, alternating
        i, j, a, b = i[between], j[between], a[between], b[between]
        # trees are joined in the same way: the larger root takes the side that this edge demands
        upper, lower = np.maximum(a, b), np.minimum(a, b)
        sides[upper >> 1] = lower ^ ~upper & 1


def parts(n_nodes: int, pairs: np.ndarray) -> tuple[bool, bool]:
    """Whether a graph is connected, and whether it is bipartite.

    Args:
        n_nodes: number of nodes; a graph without nodes is not connected.
        pairs: (E, 2) edges, the smaller node first.
    """
    if max(n_nodes, len(pairs)) > _FEW:
        sides, alternating = _sides(n_nodes, pairs)
        return not (sides >> 1).any(), alternating
    neighbors = neighbor_lists(n_nodes, pairs)
    side = [-1] * n_nodes
    n_parts, alternating = 0, True
    for root in range(n_nodes):
        if side[root] >= 0:
            continue
        side[root] = 0
        n_parts += 1
        found = [root]
        for node in found:
            opposite = 1 - side[node]
            for other in neighbors[node]:
                if side[other] < 0:
                    side[other] = opposite
                    found.append(other)
                elif side[other] != opposite:
                    alternating = False
    return n_parts == 1, alternating


def neighbor_lists(n_nodes: int, pairs: np.ndarray) -> list[list[int]]:
    """The neighbours of every node, in ascending order."""
    if max(n_nodes, len(pairs)) <= _FEW:
        lists: list[list[int]] = [[] for _ in range(n_nodes)]
        for i, j in zip(*pairs.T.tolist()):
            lists[i].append(j)
            lists[j].append(i)
        for neighbors in lists:
            neighbors.sort()
        return lists
    source, target = np.concatenate([pairs, pairs[:, ::-1]]).T
    keys = np.sort(source * n_nodes + target)
    ends = np.cumsum(np.bincount(source, minlength=n_nodes)).tolist()
    all_neighbors = (keys % max(n_nodes, 1)).tolist()
    return [all_neighbors[first:last] for first, last in zip([0, *ends], ends)]


def distances(n_nodes: int, pairs: np.ndarray) -> np.ndarray:
    """Number of edges on the shortest paths.

    Returns:
        (n_nodes, n_nodes) integers; floats, with infinities, if the graph is not connected.
    """
    if n_nodes <= _FEW_WALKERS:
        return _distances_dense(n_nodes, pairs)
    lengths = _distances(n_nodes, pairs)
    return lengths.astype(int) if np.isfinite(lengths).all() else lengths


def _distances_dense(n_nodes: int, pairs: np.ndarray) -> np.ndarray:
    step = np.eye(n_nodes)
    step[pairs[:, 0], pairs[:, 1]] = step[pairs[:, 1], pairs[:, 0]] = 1
    walks = step
    # a node is as far as there are numbers of steps that do not suffice
    lengths = np.ones((n_nodes, n_nodes), dtype=int)
    lengths.ravel()[:: n_nodes + 1] = 0
    n_apart = -1
    while True:
        apart = walks == 0
        before, n_apart = n_apart, int(np.count_nonzero(apart))
        if n_apart == 0:
            return lengths
        if n_apart == before:
            return np.where(apart, np.inf, lengths)
        lengths += apart
        walks = walks @ step  # fewer than 64^64, far from overflow


def _distances(n_nodes: int, pairs: np.ndarray) -> np.ndarray:
    """Floats, infinite where there is no path."""
    if n_nodes**2 > _SMALL:
        return _distances_scipy(n_nodes, pairs)
    neighbors = _neighbor_table(n_nodes, pairs)
    lengths = np.full((n_nodes, n_nodes), np.inf)
    reached = np.eye(n_nodes, dtype=bool)
    lengths[reached] = 0
    for length in range(1, _SMALL // max(n_nodes, 1) ** 2):
        wider = reached.copy()
        for column in neighbors.T:
            wider |= reached[column]
        new = wider ^ reached
        if not new.any():
            return lengths
        lengths[new] = length
        reached = wider
    return _distances_scipy(n_nodes, pairs)


def _neighbor_table(n_nodes: int, pairs: np.ndarray) -> np.ndarray:
    """(n_nodes, largest degree) neighbours; the node itself where it has fewer."""
    source, target = np.concatenate([pairs, pairs[:, ::-1]]).T
    order = np.argsort(source, kind="stable")
    source, target = source[order], target[order]
    degrees = np.bincount(source, minlength=n_nodes)
    first = np.cumsum(degrees) - degrees
    table = np.repeat(np.arange(n_nodes)[:, None], degrees.max(initial=0), axis=1)
    table[source, np.arange(len(source)) - first[source]] = target
    return table


def _distances_scipy(n_nodes: int, pairs: np.ndarray) -> np.ndarray:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import shortest_path

    i, j = np.concatenate([pairs, pairs[:, ::-1]]).T
    matrix = csr_array((np.ones(len(i)), (i, j)), shape=(n_nodes, n_nodes))
    return shortest_path(matrix, method="D", unweighted=True)
