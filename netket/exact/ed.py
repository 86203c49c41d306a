# SPDX-License-Identifier: Apache-2.0
"""Eigenvalues and eigenvectors of hermitian operators: H v = w v."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from netket.operator import DiscreteOperator

from ._eigen import check_hermitian, few_eigenvalues

Eigen = np.ndarray | tuple[np.ndarray, np.ndarray]


def lanczos_ed(
    operator: DiscreteOperator,
    *,
    k: int = 1,
    compute_eigenvectors: bool = False,
    matrix_free: bool = False,
    scipy_args: Mapping[str, Any] | None = None,
    sector: Any = None,
) -> Eigen:
    """The k smallest eigenvalues of a hermitian operator, by the Lanczos method.

    Args:
        operator: the operator.
        k: number of eigenvalues, up to the dimension of the space.
        compute_eigenvectors: return the eigenvectors, too.
        matrix_free: do not store the matrix; slower, with memory for few vectors only.
        scipy_args: more arguments for `scipy.sparse.linalg.eigsh`, for example ``tol`` or
            ``which``. With ``sigma`` the eigenvalues nearest to it are found.
        sector: restrict the operator to the states of an irrep of a symmetry, or to what the
            sectors of several symmetries have in common: ``representation.sector(...)`` of
            `netket.symmetry`. For irreps of more than one dimension, each multiplet counts once.

    Returns:
        Eigenvalues of shape (k,) in increasing order; with `compute_eigenvectors` also the
        eigenvectors, of shape (n_states, k), as columns.

    Raises:
        ValueError: the space has too many states, or fewer than `k`; or the operator is not
            hermitian.

    Example:
        >>> import netket as nk
        >>> ha = nk.operator.Ising(nk.hilbert.Spin(0.5, 8), nk.graph.Chain(8), h=1.0)
        >>> float(nk.exact.lanczos_ed(ha)[0].round(6))
        -10.251662
    """
    n = _check(operator)
    if sector is not None:
        if matrix_free:
            raise ValueError("Arguments `sector` and `matrix_free` must not both be given.")
        from .sectors import lanczos_in_sector

        return lanczos_in_sector(
            operator,
            sector,
            k=k,
            compute_eigenvectors=compute_eigenvectors,
            scipy_args=scipy_args,
        )
    if not 0 < k <= n:
        raise ValueError(
            f"Argument `k` must be between 1 and {n}, the number of states of the space, but is "
            f"{k}."
        )
    matrix = operator.to_linear_operator() if matrix_free else operator.to_sparse()
    check_hermitian(operator, matrix)
    return few_eigenvalues(matrix, int(k), scipy_args, compute_eigenvectors)


def full_ed(
    operator: DiscreteOperator, *, compute_eigenvectors: bool = False, sector: Any = None
) -> Eigen:
    """All eigenvalues of a hermitian operator, by diagonalising its dense matrix.

    Args:
        operator: the operator.
        compute_eigenvectors: return the eigenvectors, too.
        sector: restrict the operator to a sector of a symmetry, see `lanczos_ed`.

    Returns:
        Eigenvalues of shape (n_states,) in increasing order; with `compute_eigenvectors` also
        the eigenvectors, of shape (n_states, n_states), as columns.

    Raises:
        ValueError: the space has too many states, or the operator is not hermitian.

    Example:
        >>> import netket as nk
        >>> nk.exact.full_ed(nk.operator.spin.sigmax(nk.hilbert.Spin(0.5, 1), 0)).round(9)
        array([-1.,  1.])
    """
    from scipy.linalg import eigh

    _check(operator)
    if sector is not None:
        from .sectors import full_ed_in_sector

        return full_ed_in_sector(operator, sector, compute_eigenvectors=compute_eigenvectors)
    matrix = np.asarray(operator.to_dense())
    check_hermitian(operator, matrix)
    return eigh(matrix, eigvals_only=not compute_eigenvectors)


def _check(operator: Any) -> int:
    """Number of states of the space of a discrete operator."""
    if not isinstance(operator, DiscreteOperator):
        raise TypeError(
            f"Argument `operator` must be a discrete operator, but is {type(operator).__name__}."
        )
    if not operator.hilbert.is_indexable:
        raise ValueError(
            f"Argument `operator` must act on a space with few enough states to be listed, but "
            f"acts on {operator.hilbert}."
        )
    return operator.hilbert.n_states
