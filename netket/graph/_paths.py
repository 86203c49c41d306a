# SPDX-License-Identifier: Apache-2.0
"""Connectedness, bipartiteness and distances of graphs, in numpy.

Nodes are joined to trees, whose nodes know their root and on which side of it they are. A graph is
bipartite if every edge connects nodes on different sides.
"""

import numpy as np

#: Steps times pairs of nodes for which distances are found here; beyond, scipy is faster, which
#: takes a while to import.
_SMALL = 10**7


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


def components(n_nodes: int, pairs: np.ndarray) -> np.ndarray:
    """The smallest node that is connected with each node, (n_nodes,), for edges (E, 2)."""
    return _sides(n_nodes, pairs)[0] >> 1


def is_connected(n_nodes: int, pairs: np.ndarray) -> bool:
    """Whether there is a node, and all others are connected with it."""
    return n_nodes > 0 and not components(n_nodes, pairs).any()


def is_bipartite(n_nodes: int, pairs: np.ndarray) -> bool:
    """Whether the nodes fall into two sets with edges only between them."""
    return _sides(n_nodes, pairs)[1]


def distances(n_nodes: int, pairs: np.ndarray) -> np.ndarray:
    """(n_nodes, n_nodes) number of edges on the shortest paths; infinite where there is none."""
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
