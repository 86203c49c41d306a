# SPDX-License-Identifier: Apache-2.0
"""Connectedness, bipartiteness and distances of graphs, in numpy.

A graph is bipartite if it falls apart when its nodes are doubled: with nodes (v, 0) and (v, 1),
and edges (u, 0) - (v, 1) and (u, 1) - (v, 0) for each edge u - v, no (v, 0) can be reached from
(v, 1).
"""

import numpy as np

#: Steps times pairs of nodes for which distances are found here; beyond, scipy is faster, which
#: takes a while to import.
_SMALL = 10**7


def components(n_nodes: int, pairs: np.ndarray) -> np.ndarray:
    """The smallest node that is connected with each node, (n_nodes,).

    In every round all components join a neighbour with a smaller label, so that their number at
    least halves.

    Args:
        n_nodes: number of nodes.
        pairs: (E, 2) edges.
    """
    labels = np.arange(n_nodes)
    i, j = pairs.T
    while True:
        a, b = labels[i], labels[j]
        if (a == b).all():
            return labels
        np.minimum.at(labels, np.maximum(a, b), np.minimum(a, b))
        while True:
            roots = labels[labels]
            if (roots == labels).all():
                break
            labels = roots


def is_connected(n_nodes: int, pairs: np.ndarray) -> bool:
    """Whether there is a node, and all others are connected with it."""
    return n_nodes > 0 and not components(n_nodes, pairs).any()


def is_bipartite(n_nodes: int, pairs: np.ndarray) -> bool:
    """Whether the nodes fall into two sets with edges only between them."""
    shift = np.array([0, n_nodes])
    doubled = np.concatenate([pairs + shift, pairs[:, ::-1] + shift])
    labels = components(2 * n_nodes, doubled)
    return bool((labels[:n_nodes] != labels[n_nodes:]).all())


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
