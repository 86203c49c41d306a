# SPDX-License-Identifier: Apache-2.0
"""Automorphisms of a graph from few of them: a chain of stabilizers.

Nodes are put in an order in which each, where possible, has a neighbour before it. From the last
node to the first, for every image that a node may have while all nodes before it stay, one
automorphism is searched, unless products of those that are known have this image, too. The group
is the product of one automorphism for each image of each node (C. C. Sims, 1970).

A search extends a partial map by one node at a time: the image is a neighbour of the image of a
neighbour, that is not an image yet, belongs to the same class, and is connected with the images of
all earlier neighbours by edges of the same kind. A map of all nodes that keeps all edges keeps what
is no edge too, as there are as many edges as before.
"""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class TooLong(Exception):
    """Partial maps are extended in vain again and again."""


class _Plan(NamedTuple):
    """A graph, and the order in which its nodes are mapped.

    Attributes:
        links: (n,) the neighbours of each node, with the kinds of edges to them.
        classes: (n,) kinds of nodes.
        order: (n,) the nodes.
        place: (n,) where each node is in the order.
        earlier: (n,) at each place, the neighbours before it, and kinds of edges to them.
    """

    links: list[dict[int, int]]
    classes: list[int]
    order: list[int]
    place: list[int]
    earlier: list[list[tuple[int, int]]]


def automorphisms(
    links: list[dict[int, int]],
    classes: list[int],
    patience: int,
    max_entries: int,
    fixing: Callable[[list[int]], list[int]] | None = None,
) -> np.ndarray | None:
    """The permutations of nodes that keep the edges, their kinds and classes of nodes.

    Args:
        links: for every node, its neighbours and the kinds of edges to them.
        classes: (n_nodes,) kinds of nodes.
        patience: how many nodes may be mapped in vain, for each node.
        max_entries: of all maps.
        fixing: returns classes that are kept if all nodes of a list are. They take time, but rule
            out most images that lead nowhere.

    Returns:
        The images of all nodes, (n_group, n_nodes), sorted; None if there are too many.

    Raises:
        TooLong: patience is over.
    """
    plan = _plan(links, classes)
    n = len(classes)
    patience *= n + 20
    group = np.arange(n)[None]
    generators: list[list[int]] = []
    for k in reversed(range(n)):
        images = _images(plan, k)
        if not images:
            continue
        node = plan.order[k]
        orbit = _orbit(node, generators)
        hopeless: set[int] = set()
        before, now = plan.order[:k], classes
        if fixing is not None:
            now = fixing([*before, node])
        for image in images:
            if image in orbit or image in hopeless:
                continue
            then = classes if fixing is None else fixing([*before, image])
            found, steps = _extended(plan, k, image, (now, then), patience)
            if found is None:
                patience -= steps
                hopeless |= _orbit(image, generators)
            else:
                patience -= steps - (n - k)
                generators.append(found)
                orbit = _orbit(node, generators)
        if len(orbit) * len(group) * n > max_entries:
            return None
        if len(orbit) > 1:
            group = _representatives(node, generators, n).take(group, axis=1).reshape(-1, n)
    return _sorted(group)


def _plan(links: list[dict[int, int]], classes: list[int]) -> _Plan:
    """Connected parts one after the other, each from a node that few are like, by distance."""
    n = len(links)
    sizes = Counter(classes)
    place = [-1] * n
    order: list[int] = []
    rarity = [sizes[c] for c in classes].__getitem__
    roots = [min(range(n), key=rarity)]
    k = 0
    while k < n:
        root = roots.pop()
        if place[root] < 0:
            place[root] = len(order)
            order.append(root)
        while k < len(order):
            for other in links[order[k]]:
                if place[other] < 0:
                    place[other] = len(order)
                    order.append(other)
            k += 1
        if k < n and not roots:  # there are other parts
            roots = sorted(range(n), key=rarity, reverse=True)
    earlier = [
        [(other, code) for other, code in links[node].items() if place[other] < k]
        for k, node in enumerate(order)
    ]
    return _Plan(links, classes, order, place, earlier)


def _images(plan: _Plan, k: int) -> list[int]:
    """What the node at place k may be mapped to, besides itself, while all before it stay."""
    earlier, place, classes = plan.earlier[k], plan.place, plan.classes
    own = classes[plan.order[k]]
    if not earlier:
        return [x for x in plan.order[k + 1 :] if classes[x] == own]
    images = [x for x in plan.links[earlier[0][0]] if place[x] > k and classes[x] == own]
    if not images:
        return images
    return [x for x in images if all(plan.links[x].get(o) == code for o, code in earlier)]


def _extended(
    plan: _Plan, k: int, image: int, classes: tuple[list[int], list[int]], patience: int
) -> tuple[list[int] | None, int]:
    """An automorphism that maps the node at place k to `image`, and all before it to themselves.

    Args:
        plan: the graph.
        k: place of the node.
        image: its image.
        classes: (n,) kinds of nodes, and the same for their images.
        patience: how many nodes may be mapped.

    Returns:
        The images of all nodes, None if there is no such map; how many nodes were mapped.

    Raises:
        TooLong: this would take more steps than `patience`.
    """
    links, _, order, place, every = plan
    kinds_now, kinds_then = classes
    if kinds_now is not kinds_then and Counter(kinds_now) != Counter(kinds_then):
        return None, 1
    n = len(order)
    images = list(range(n))
    taken = [p < k for p in place]
    images[order[k]] = image
    taken[image] = True
    choices: list[tuple[int, list[int]]] = []  # places, and images that were not tried there
    steps = 0
    k += 1
    while k < n:
        node, earlier = order[k], every[k]
        own = kinds_now[node]
        options = []
        for x in links[images[earlier[0][0]]] if earlier else order:
            if taken[x] or kinds_then[x] != own:
                continue
            link = links[x]
            for other, code in earlier:
                if link.get(images[other]) != code:
                    break
            else:
                options.append(x)
        steps += 1
        if not options:
            if not choices:
                return None, steps
            if steps > n + patience:
                raise TooLong
            last, options = choices.pop()
            for node in order[last:k]:
                taken[images[node]] = False
            k = last
            node = order[k]
        x = options.pop()
        if options:
            choices.append((k, options))
        images[node] = x
        taken[x] = True
        k += 1
    return images, steps


def _orbit(node: int, generators: list[list[int]]) -> set[int]:
    """The images of a node under products of permutations."""
    found, images = {node}, [node]
    for x in images:
        for generator in generators:
            y = generator[x]
            if y not in found:
                found.add(y)
                images.append(y)
    return found


def _representatives(node: int, generators: list[list[int]], n: int) -> np.ndarray:
    """One product of permutations for each image of a node, (n_images, n)."""
    factors = [np.array(generator) for generator in generators]
    found, products = {node}, [np.arange(n)]
    for product in products:
        x = int(product[node])
        for generator, factor in zip(generators, factors):
            if generator[x] not in found:
                found.add(generator[x])
                products.append(factor.take(product))
    return np.stack(products)


def _sorted(maps: np.ndarray) -> np.ndarray:
    """Rows of integers below 2^16, in lexicographic order."""
    n = maps.shape[1]
    if len(maps) == 1:
        return maps
    # bytes are compared at once
    keys = maps.astype(">u2").view(f"S{2 * n}").ravel()
    return maps.take(keys.argsort(), axis=0)
