# SPDX-License-Identifier: Apache-2.0
r"""The operator :math:`O^\dagger O + \epsilon` of a matrix O whose rows belong to samples."""

import jax
import jax.numpy as jnp

from netket.utils.types import Array, PyTree, Scalar

from ..linear_operator import LinearOperator

# beyond this size (or with fewer rows than columns) O† (O v) is cheaper than (O† O) v
MAX_EXPLICIT_SIZE = 256


def gram(rows: jax.Array) -> jax.Array:
    """O† O of rows (M, P), shape (P, P)."""
    # on CPU products along the last axis are twice as fast, more than the copy costs
    columns = jax.lax.optimization_barrier(rows.T)
    return columns.conj() @ columns.T


def add_to_diagonal(matrix: jax.Array, shift: Scalar) -> jax.Array:
    """The matrix plus shift times the identity, in its dtype."""
    return matrix + jnp.diag(jnp.full(matrix.shape[0], shift, dtype=matrix.dtype))


class GramOperator(LinearOperator):
    """O† O + shift on trees like one row of O.

    Attributes:
        rows: tree O with leaves (M, ...).
        matrix: O† O as an array (P, P), or None if products with O and O† are cheaper.
    """

    rows: PyTree
    matrix: Array | None

    def __init__(self, rows: PyTree, diag_shift: Scalar, *, many_products: bool = False):
        """
        Args:
            rows: tree O with leaves (M, ...).
            diag_shift: what is added to the diagonal.
            many_products: whether it will be applied many times, as iterative solvers do.
        """
        self.rows = rows
        self.diag_shift = diag_shift
        self.matrix = None
        if many_products and isinstance(rows, jax.Array):
            if rows.shape[1] <= min(rows.shape[0], MAX_EXPLICIT_SIZE):
                self.matrix = gram(rows)

    def __matmul__(self, vec: PyTree) -> PyTree:
        if self.matrix is not None:
            product = self.matrix @ vec
        else:
            product = _rows_product(self.rows, vec)
        return jax.tree.map(lambda y, x: (y + self.diag_shift * x).astype(x.dtype), product, vec)

    def to_dense(self) -> Array:
        matrix = self.matrix
        if matrix is None:
            leaves = jax.tree.leaves(self.rows)
            matrix = gram(jnp.concatenate([O.reshape(O.shape[0], -1) for O in leaves], axis=1))
        return add_to_diagonal(matrix, self.diag_shift)


def _rows_product(rows: PyTree, vec: PyTree) -> PyTree:
    """O† (O v), without a conjugate or transposed copy of O."""
    products = jax.tree.map(lambda O, v: jnp.tensordot(O, v, axes=v.ndim), rows, vec)
    w = sum(jax.tree.leaves(products)).conj()
    return jax.tree.map(lambda O: jnp.tensordot(w, O, axes=1).conj(), rows)
