# SPDX-License-Identifier: Apache-2.0
"""Trees of values accumulated in trees of histories."""

from collections.abc import Callable, Mapping
from typing import Any

from ..types import PyTree
from .history import History


def accum_in_tree(
    fun: Callable[..., Any], tree_accum: PyTree | None, tree: PyTree | None, **kwargs: Any
) -> PyTree:
    """``fun(accumulated, value, **kwargs)`` for all leaves of nested dictionaries and sequences.

    Args:
        fun: returns the new accumulated value; the old one is None at first.
        tree_accum: what was returned before, or None; it is not changed, but `fun` may change its
            leaves.
        tree: the values; None, also as a part of it, leaves what was accumulated.
        kwargs: passed on to `fun`.

    Returns:
        A tree like `tree`, with what else is in `tree_accum`.
    """
    if tree is None:
        return tree_accum
    if isinstance(tree, Mapping):
        old = {} if tree_accum is None else _as_dict(tree_accum)
        new = {k: accum_in_tree(fun, old.get(k), v, **kwargs) for k, v in tree.items()}
        merged = old | {k: v for k, v in new.items() if v is not None}
        return merged if isinstance(tree_accum, dict | None) else type(tree_accum)(merged)
    if isinstance(tree, list | tuple):
        old = (None,) * len(tree) if tree_accum is None else tree_accum
        leaves = [accum_in_tree(fun, a, v, **kwargs) for a, v in zip(old, tree)]
        is_named = hasattr(tree, "_fields")
        return type(tree)(*leaves) if is_named else type(tree)(leaves)
    return fun(tree_accum, tree, **kwargs)


def _as_dict(tree: Any) -> dict[str, Any]:
    to_dict = getattr(tree, "to_dict", None)
    return dict(tree) if to_dict is None else dict(to_dict())


def accum_histories(accum: History | None, data: Any, *, step: int | None = 0) -> History:
    """A value appended to a history, which is made if there is none.

    Args:
        accum: the history, or None.
        data: a value, or what has several, see `History.append`.
        step: the iteration.
    """
    if accum is None:
        return History(data, 0 if step is None else step)
    accum.append(data, it=step)
    return accum


def accum_histories_in_tree(
    tree_accum: PyTree | None, tree: PyTree | None, **kwargs: Any
) -> PyTree:
    """`accum_histories` for all values of a tree; see `accum_in_tree`.

    Args:
        tree_accum: histories, or None.
        tree: values.
        kwargs: ``step``, the iteration.
    """
    return accum_in_tree(accum_histories, tree_accum, tree, **kwargs)
