# SPDX-License-Identifier: Apache-2.0
"""Walks through nested dictionaries and sequences, with the path to where one is."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .types import PyTree


def _append_path(path: Any, key: Any) -> str:
    return f"{path}/{key}"


def _children(node: Any) -> Iterable[tuple[Any, Any]] | None:
    if isinstance(node, Mapping):
        return node.items()
    if isinstance(node, list | tuple):
        return enumerate(node)
    return None


def walk_tree_with_path(
    tree: PyTree,
    root: Any,
    *,
    visit_leaf: Callable[..., None],
    enter_node: Callable[..., None] | None = None,
    expand_node: Callable[[Any], Iterable[tuple[Any, Any]] | None] | None = None,
    path_fn: Callable[[Any, Any], Any] = _append_path,
    **kwargs: Any,
) -> Any:
    """Calls functions at the nodes and leaves of a tree, with their paths; parents come first.

    Args:
        tree: nested dictionaries, lists and tuples.
        root: path of the tree itself.
        visit_leaf: called as ``visit_leaf(path, leaf, **kwargs)``.
        enter_node: called as ``enter_node(path, node, **kwargs)`` for all nodes and leaves.
        expand_node: the pairs of key and child of a node, None for a leaf; by default those of
            dictionaries and sequences.
        path_fn: the path of a child from that of its parent and its key.
        kwargs: passed on.

    Returns:
        `root`.
    """
    if enter_node is not None:
        enter_node(root, tree, **kwargs)
    children = (expand_node or _children)(tree)
    if children is None:
        visit_leaf(root, tree, **kwargs)
        return root
    for key, child in children:
        walk_tree_with_path(
            child,
            path_fn(root, key),
            visit_leaf=visit_leaf,
            enter_node=enter_node,
            expand_node=expand_node,
            path_fn=path_fn,
            **kwargs,
        )
    return root
