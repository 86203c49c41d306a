# SPDX-License-Identifier: Apache-2.0
"""Automorphisms of small graphs: partial maps are extended by one node at a time, all at once.

Nodes are taken in an order in which each, where possible, has a neighbour p before it. Its image is
then one of the neighbours of the image of p, that is not an image yet, belongs to the same class of
nodes, and is connected with the images of all earlier neighbours by edges of the same kind. A map
of all nodes that keeps all edges keeps what is no edge too, as there are as many edges as before.
"""

import numpy as np

from ._paths import _neighbor_table

#: Entries of the tables of nodes and of partial maps, beyond which this is given up.
_MAX_ENTRIES = 2**24


def automorphisms(
    n_nodes: int, pairs: np.ndarray, edge_codes: list[int], node_codes: list[int]
) -> np.ndarray | None:
    """The permutations of nodes that keep the edges and all codes.

    Args:
        n_nodes: number of nodes.
        pairs: (E, 2) distinct edges, without loops.
        edge_codes: (E,) integers from 0, the kinds of edges.
        node_codes: (n_nodes,) integers from 0, the kinds of nodes.

    Returns:
        The images of all nodes, (n_group, n_nodes), sorted; None if there are too many partial
        maps, or too many nodes, to keep.
    """
    if n_nodes == 0:
        return np.zeros((1, 0), dtype=int)
    if n_nodes**2 > _MAX_ENTRIES:
        return None
    classes = _classes(n_nodes, pairs, np.array(edge_codes, dtype=int), np.array(node_codes))
    n_classes, n_kinds = int(classes.max()) + 1, len(set(edge_codes))
    if n_classes == n_nodes:  # every node is the only one of its kind
        return np.arange(n_nodes)[None]
    neighbors = _neighbor_table(n_nodes, pairs)  # filled up with the node itself, which is taken
    kinds = np.full((n_nodes, n_nodes), -1, dtype=np.int32)
    kinds[pairs[:, 0], pairs[:, 1]] = kinds[pairs[:, 1], pairs[:, 0]] = edge_codes

    maps = np.zeros((n_nodes, 1), dtype=np.int32)  # nodes in the first, maps in the second place
    free = np.ones((1, n_nodes), dtype=bool)
    order = _order(neighbors.tolist(), classes.tolist())
    for node, earlier in order:
        every = np.arange(maps.shape[1])
        if earlier:
            images = neighbors[maps[earlier[0]]]
        else:
            alike = np.flatnonzero(classes == classes[node])
            images = np.broadcast_to(alike, (len(every), len(alike)))
        possible = free[every[:, None], images]
        if earlier and n_classes > 1:
            possible &= classes[images] == classes[node]
        # that the first is a neighbour is known, but not of which kind
        for other in earlier if n_kinds > 1 else earlier[1:]:
            possible &= kinds[maps[other][:, None], images] == kinds[other, node]
        kept, which = possible.nonzero()
        if len(kept) * n_nodes > _MAX_ENTRIES:
            return None
        if len(kept) != len(every) or (kept != every).any():
            maps, free = maps[:, kept], free[kept]
            every = np.arange(len(kept))
        maps[node] = images[kept, which]
        free[every, maps[node]] = False
    return maps.T[np.lexsort(maps[::-1])]


def _order(neighbors: list[list[int]], classes: list[int]) -> list[tuple[int, list[int]]]:
    """All nodes, each with its earlier neighbours: next is always one that has most of them."""
    n_nodes = len(neighbors)
    sizes = np.bincount(classes)
    earlier: list[list[int]] = [[] for _ in range(n_nodes)]
    seen, order = [False] * n_nodes, []
    # connected parts begin with a node that few are like
    for root in sorted(range(n_nodes), key=lambda i: sizes[classes[i]]):
        if seen[root]:
            continue
        open_nodes = {root: 0}
        while open_nodes:
            node = max(open_nodes, key=open_nodes.__getitem__)
            del open_nodes[node]
            seen[node] = True
            order.append((node, earlier[node]))
            for other in neighbors[node]:
                if not seen[other]:
                    earlier[other].append(node)
                    open_nodes[other] = len(earlier[other])
    return order


def _classes(
    n_nodes: int, pairs: np.ndarray, edge_codes: np.ndarray, node_codes: np.ndarray
) -> np.ndarray:
    """Classes of nodes that automorphisms keep: nodes with the same classes around them.

    Classes around a node are compared by a sum of random numbers; that different ones have the same
    sum would only make a class larger than it could be.
    """
    source, target = np.concatenate([pairs, pairs[:, ::-1]]).T
    codes = np.concatenate([edge_codes, edge_codes])
    n_codes = int(codes.max(initial=0)) + 1
    degrees = np.bincount(source, minlength=n_nodes)
    if all((values == values[:1]).all() for values in (node_codes, codes, degrees)):
        return np.zeros(n_nodes, dtype=int)
    rng = np.random.default_rng(1)
    classes, n_classes = node_codes, 0
    while True:
        # exact in double precision for the number of neighbours that is possible here
        weights = rng.integers(0, 2**40, size=(int(classes.max()) + 1) * n_codes)
        around = weights[classes[target] * n_codes + codes].astype(float)
        sums = np.bincount(source, around, minlength=n_nodes).astype(np.int64)
        own = rng.integers(0, 2**40, size=int(classes.max()) + 1)
        _, classes = np.unique(sums + own[classes], return_inverse=True)
        n_before, n_classes = n_classes, int(classes.max()) + 1
        if n_classes == n_before or n_classes in (1, n_nodes):
            return classes
