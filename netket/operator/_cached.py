# SPDX-License-Identifier: Apache-2.0
"""`to_sparse_cached`: the sparse matrix of an operator, built once."""

from functools import lru_cache
from typing import Any

from ._base import DiscreteOperator


@lru_cache(maxsize=8)
def to_sparse_cached(Ô: DiscreteOperator) -> Any:
    """`Ô.to_sparse()`; those of the operators used last are kept. Must not be written to.

    Args:
        Ô: the operator.

    Returns:
        scipy.sparse.csr_matrix of shape (n_states, n_states), the same object for equal operators.

    Example:
        >>> import netket as nk
        >>> sx = nk.operator.spin.sigmax(nk.hilbert.Spin(0.5, 2), 0)
        >>> nk.operator.to_sparse_cached(sx) is nk.operator.to_sparse_cached(1.0 * sx)
        True
    """
    return Ô.to_sparse()
