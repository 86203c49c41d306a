# SPDX-License-Identifier: Apache-2.0
"""From matrices and the sites that they act on to `Terms` and values."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from .._base import as_coefficient, is_traced
from ._pattern import Pattern, _number, make_pattern
from ._terms import Terms, _union_of

Term = tuple[tuple[int, ...], Pattern, Any]


def sum_of_terms(terms: Sequence[Term]) -> tuple[Terms, Any]:
    """The sum of terms in any order.

    Args:
        terms: support (distinct sites in any order), pattern, and values of each term.

    Returns:
        The structure, and the values (V,), traced if any of the given ones are.
    """
    found: dict[tuple[int, ...], list[tuple[Pattern, Any]]] = {}
    for support, pattern, values in terms:
        support, pattern, order = sorted_support(support, pattern)
        if len(pattern):
            values = values if order is None else values[order]
            found.setdefault(support, []).append((pattern, values))
    supports, patterns, blocks = sorted(found), [], []
    for support in supports:
        parts = found[support]
        pattern, places = _union_of([p for p, _ in parts])
        patterns.append(pattern)
        blocks.append(_sum_block(pattern, [v for _, v in parts], places))
    xp = jnp if is_traced(*blocks) else np
    return Terms(supports, patterns), xp.concatenate(blocks) if blocks else np.zeros(0)


def _sum_block(pattern: Pattern, values: list[Any], places: list[np.ndarray]) -> Any:
    if len(values) == 1:
        return values[0]
    traced = is_traced(*values)
    dtype = np.result_type(*(v.dtype for v in values))
    total = jnp.zeros(len(pattern), dtype) if traced else np.zeros(len(pattern), dtype)
    for value, place in zip(values, places):
        total = add_at(total, place, value)
    return total


def add_at(target: Any, index: np.ndarray, values: Any, distinct: bool = True) -> Any:
    """`target` with `values` added at `index`; of numpy unless something is traced."""
    if is_traced(target, values):
        return jnp.asarray(target).at[index].add(values)
    target = np.asarray(target).copy()
    if distinct:
        target[index] += np.asarray(values)
    else:
        np.add.at(target, index, np.asarray(values))
    return target


def sorted_support(
    support: Sequence[int], pattern: Pattern
) -> tuple[tuple[int, ...], Pattern, np.ndarray | None]:
    """The support in increasing order, the pattern for it, and the order of its values."""
    support = tuple(map(int, support))
    order = tuple(sorted(range(len(support)), key=support.__getitem__))
    if order == tuple(range(len(support))):
        return support, pattern, None
    dims = tuple(pattern.dims[i] for i in order)
    rows = _number(pattern.digits(pattern.rows)[:, order], dims)
    cols = _number(pattern.digits(pattern.cols)[:, order], dims)
    by_row = np.lexsort((cols, rows))
    return (
        tuple(support[i] for i in order),
        make_pattern(dims, rows[by_row], cols[by_row]),
        by_row,
    )


def term_of_matrix(matrix: Any, dims: tuple[int, ...], dtype: np.dtype) -> tuple[Pattern, Any]:
    """The pattern of the elements of a matrix that are not zero, and their values.

    Args:
        matrix: numpy array, scipy sparse matrix, or traced array (of which all elements are
            taken), of shape (D, D) with D the product of `dims`.
        dims: local dimensions of the sites.
        dtype: of the values.
    """
    size = int(np.prod(dims, dtype=np.int64))
    if is_traced(matrix):
        rows, cols = np.divmod(np.arange(size * size), size)
        return make_pattern(dims, rows, cols), as_coefficient(matrix, dtype).ravel()
    if hasattr(matrix, "tocoo"):
        matrix = matrix.tocsr().tocoo()  # by row, duplicates summed
        matrix.sum_duplicates()
        rows, cols, values = matrix.row, matrix.col, matrix.data
        keep = np.flatnonzero(values)
        keep = keep[np.lexsort((cols[keep], rows[keep]))]
        rows, cols, values = rows[keep], cols[keep], values[keep]
    else:
        matrix = np.asarray(matrix)
        rows, cols = np.nonzero(matrix)
        values = matrix[rows, cols]
    return make_pattern(dims, rows, cols), as_coefficient(values, dtype)
