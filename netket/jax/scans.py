# SPDX-License-Identifier: Apache-2.0
"""Loops over the first axis whose results are stacked or added up."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.tree_util import tree_map

from netket.utils.types import PyTree

_add = partial(tree_map, jnp.add)
_zeros_like = partial(tree_map, jnp.zeros_like)


def scan_append_reduce(
    f: Callable[[PyTree], PyTree],
    x: PyTree,
    append_cond: PyTree,
    op: Callable[[PyTree, PyTree], PyTree] = _add,
    zero_fun: Callable[[PyTree], PyTree] = _zeros_like,
) -> PyTree:
    """Evaluates f(x[0]), f(x[1]), ... one after the other, and stacks or reduces its outputs.

    Args:
        f: a function of an element of x.
        x: a tree whose leaves have the same length along axis 0.
        append_cond: tree of booleans, a prefix of the output of `f`: True to stack, False to
            reduce.
        op: the reduction, of two trees; a sum by default.
        zero_fun: maps an output of `f` (or its shape) to the start of the reduction.

    Returns:
        A tree like the output of `f`.
    """
    first = tree_map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), x)
    shapes = jax.eval_shape(f, first)
    append = _spread(append_cond, shapes)

    def split(y: PyTree) -> tuple[list, list]:
        leaves = jax.tree_util.tree_leaves(y)
        return (
            [v for v, c in zip(leaves, append) if c],
            [v for v, c in zip(leaves, append) if not c],
        )

    def body(carry: list, x: PyTree) -> tuple[list, list]:
        stacked, reduced = split(f(x))
        return op(carry, reduced), stacked

    reduced, stacked = jax.lax.scan(body, zero_fun(split(shapes)[1]), x)
    rows, sums = iter(stacked), iter(reduced)
    leaves = [next(rows) if c else next(sums) for c in append]
    return jax.tree_util.tree_unflatten(jax.tree_util.tree_structure(shapes), leaves)


def _spread(prefix: PyTree, tree: PyTree) -> list[bool]:
    """The booleans of a prefix, one for each leaf of `tree`."""
    full = tree_map(lambda c, sub: tree_map(lambda _: bool(c), sub), prefix, tree)
    return jax.tree_util.tree_leaves(full)


def scan_append(
    f: Callable[[PyTree], PyTree],
    x: PyTree,
    *,
    append_cond: PyTree = True,
    op: Callable = _add,
    zero_fun: Callable = _zeros_like,
) -> PyTree:
    """f(x[0]), f(x[1]), ... stacked; see `scan_append_reduce`."""
    return scan_append_reduce(f, x, append_cond, op, zero_fun)


def scan_reduce(
    f: Callable[[PyTree], PyTree],
    x: PyTree,
    *,
    append_cond: PyTree = False,
    op: Callable = _add,
    zero_fun: Callable = _zeros_like,
) -> PyTree:
    """f(x[0]) + f(x[1]) + ...; see `scan_append_reduce`."""
    return scan_append_reduce(f, x, append_cond, op, zero_fun)


def scanmap(fun: Callable, scan_fun: Callable, argnums: int | Sequence[int] = 0) -> Callable:
    """`fun` looped over the first axis of some of its arguments.

    Args:
        fun: a function.
        scan_fun: `scan_append`, `scan_reduce` or another function of f and x.
        argnums: the arguments to loop over; the others are the same for all.

    Returns:
        A function of the same arguments.
    """
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    def mapped(*args: Any, **kwargs: Any) -> PyTree:
        def one(chosen: tuple) -> PyTree:
            full = list(args)
            for i, value in zip(numbers, chosen):
                full[i] = value
            return fun(*full, **kwargs)

        return scan_fun(one, tuple(args[i] for i in numbers))

    return mapped
