# SPDX-License-Identifier: Apache-2.0
"""Vector algebra on pytrees, and questions on their dtypes."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.flatten_util
import jax.numpy as jnp
from jax.tree_util import tree_leaves, tree_map, tree_structure

from netket.utils.types import Array, PyTree, Scalar

from .dtypes import is_complex_dtype


class RealImagTuple(NamedTuple):
    """Real and imaginary parts of a tree; real leaves have None as imaginary part."""

    real: PyTree
    imag: PyTree


# -- questions ---------------------------------------------------------------------------------


def is_complex(x: Any) -> bool:
    """Whether an array or a number is complex."""
    return is_complex_dtype(jnp.result_type(x))


def tree_leaf_iscomplex(pars: PyTree) -> bool:
    """Whether any leaf is complex."""
    return any(map(is_complex, tree_leaves(pars)))


def tree_leaf_isreal(pars: PyTree) -> bool:
    """Whether any leaf is real."""
    return not all(map(is_complex, tree_leaves(pars)))


def tree_ishomogeneous(pars: PyTree) -> bool:
    """Whether the leaves are all real or all complex."""
    return not (tree_leaf_iscomplex(pars) and tree_leaf_isreal(pars))


def tree_size(tree: PyTree) -> int:
    """Number of elements of all leaves."""
    return sum(jnp.size(x) for x in tree_leaves(tree))


# -- algebra -----------------------------------------------------------------------------------


def tree_conj(t: PyTree) -> PyTree:
    """Complex conjugate; real leaves are unchanged."""
    return tree_map(lambda x: jnp.conj(x) if is_complex(x) else x, t)


def tree_dot(a: PyTree, b: PyTree) -> Scalar:
    """Σ_i a_i b_i, without conjugation."""
    products = tree_map(lambda x, y: jnp.sum(jnp.multiply(x, y)), a, b)
    return sum(tree_leaves(products))


def tree_norm(a: PyTree, ord: float = 2) -> Scalar:
    """``(Σ_i |a_i|^ord)^(1/ord)``; the largest ``|a_i|`` for infinite `ord`."""
    norms = [jnp.linalg.norm(jnp.ravel(x), ord=ord) for x in tree_leaves(a) if jnp.size(x)]
    return jnp.linalg.norm(jnp.stack(norms), ord=ord) if norms else jnp.zeros(())


def tree_ax(a: Scalar | PyTree, x: PyTree) -> PyTree:
    """a x, with a number or a tree like `x` as `a`."""
    return tree_map(jnp.multiply, _like(a, x), x)


def tree_axpy(a: Scalar | PyTree, x: PyTree, y: PyTree) -> PyTree:
    """a x + y, with a number or a tree like `x` as `a`."""
    return tree_map(lambda a, x, y: a * x + y, _like(a, x), x, y)


def _like(a: Scalar | PyTree, x: PyTree) -> PyTree:
    if jax.tree_util.treedef_is_leaf(tree_structure(a)):
        return tree_map(lambda _: a, x)
    return a


# -- conversions -------------------------------------------------------------------------------


def tree_cast(x: PyTree, target: PyTree) -> PyTree:
    """`x` with the dtypes of `target`, which may have arrays or shapes as leaves.

    Of a complex leaf that becomes real only the real part is kept.
    """
    return tree_map(lambda x, t: _cast(x, t.dtype), x, target)


def _cast(x: Array, dtype: Any) -> jax.Array:
    x = jnp.asarray(x)
    if is_complex(x) and not is_complex_dtype(dtype):
        x = x.real
    return x.astype(dtype)


def tree_ravel(pytree: PyTree) -> tuple[jax.Array, Callable[[Array], PyTree]]:
    """All leaves as one vector, and the function that restores the tree.

    Args:
        pytree: a tree of P elements.

    Returns:
        The vector (P,), of the dtype to which the leaves are promoted, and a function from such
        vectors to trees.
    """
    return jax.flatten_util.ravel_pytree(pytree)


def tree_to_real(pytree: PyTree) -> tuple[RealImagTuple, Callable[[RealImagTuple], PyTree]]:
    """A tree of real leaves with the same content, and the function that restores the tree.

    Returns:
        A pair of trees like `pytree`: real parts, and imaginary parts, in which None stands for
        those of real leaves; and the inverse function.
    """
    leaves, treedef = jax.tree_util.tree_flatten(pytree)
    parts = RealImagTuple(
        treedef.unflatten([x.real if is_complex(x) else x for x in leaves]),
        treedef.unflatten([x.imag if is_complex(x) else None for x in leaves]),
    )
    return parts, _from_real


def _from_real(parts: RealImagTuple) -> PyTree:
    real, imag = parts
    return tree_map(
        lambda im, re: re if im is None else jax.lax.complex(re, im),
        imag,
        real,
        is_leaf=lambda x: x is None,
    )
