# SPDX-License-Identifier: Apache-2.0
"""Few eigenvalues of hermitian matrices: by the Lanczos method, or of small ones from all."""

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

# Matrices up to this size are diagonalised: they are too small for Krylov spaces.
_SMALL = 200


def few_eigenvalues(
    matrix: Any, k: int, scipy_args: Mapping[str, Any] | None, compute_eigenvectors: bool
) -> Any:
    """k eigenvalues in increasing order, by default the smallest.

    Args:
        matrix: hermitian, (n, n), of scipy: sparse, or a linear operator.
        k: from 1 to n.
        scipy_args: arguments of `scipy.sparse.linalg.eigsh`. Without ``which`` the smallest
            eigenvalues are found, or with ``sigma`` the nearest to it.
        compute_eigenvectors: whether to compute the eigenvectors.

    Returns:
        Eigenvalues (k,); with `compute_eigenvectors` also the eigenvectors (n, k).

    Raises:
        ValueError: ``which`` is unknown.
        TypeError: another argument is.
    """
    from scipy.sparse.linalg import eigsh

    options = dict(scipy_args or {})
    options.setdefault("which", "SA" if options.get("sigma") is None else "LM")
    n = matrix.shape[0]
    if n <= max(2 * k + 1, _SMALL):
        unknown = set(options) - set(inspect.signature(eigsh).parameters)
        if unknown:
            raise TypeError(f"`scipy.sparse.linalg.eigsh` has no arguments {sorted(unknown)}.")
        dense = matrix.toarray() if hasattr(matrix, "toarray") else matrix @ np.eye(n)
        w, v = np.linalg.eigh(dense)
        chosen = _chosen(w, k, options["which"], options.get("sigma"))
        w, v = w[chosen], v[:, chosen]
    elif not compute_eigenvectors:
        return np.sort(eigsh(matrix, k=k, return_eigenvectors=False, **options))
    else:
        w, v = eigsh(matrix, k=k, return_eigenvectors=True, **options)
        order = np.argsort(w)
        w, v = w[order], v[:, order]
    return (w, v) if compute_eigenvectors else w


def _chosen(w: np.ndarray, k: int, which: str, sigma: float | None) -> np.ndarray:
    """Which k of all eigenvalues, in increasing order, `eigsh` finds."""
    if sigma is not None:  # it looks at those of (H - sigma)^-1
        with np.errstate(divide="ignore"):
            by = 1 / (w - sigma)
    else:
        by = w
    rank = np.argsort(by, kind="stable")
    choices = {
        "SA": lambda: rank[:k],
        "LA": lambda: rank[::-1][:k],
        "SM": lambda: np.argsort(abs(by), kind="stable")[:k],
        "LM": lambda: np.argsort(-abs(by), kind="stable")[:k],
        "BE": lambda: np.concatenate([rank[: k // 2], rank[::-1][: k - k // 2]]),
    }
    if which not in choices:
        raise ValueError(f"Argument `which` must be one of {list(choices)}, but is {which!r}.")
    return np.sort(choices[which]())


def check_hermitian(operator: Any, matrix: Any) -> None:
    """Raises a ValueError if the matrix of an operator is seen not to be hermitian.

    Operators that are not known to be hermitian are tried on two vectors.
    """
    if operator.is_hermitian:
        return
    a, b = np.random.default_rng(0).normal(size=(2, matrix.shape[0])).astype(matrix.dtype)
    ma, mb = matrix @ a, matrix @ b
    difference = abs(np.vdot(a, mb) - np.vdot(ma, b))
    scale = np.linalg.norm(a) * np.linalg.norm(mb) + np.linalg.norm(ma) * np.linalg.norm(b)
    if difference > np.sqrt(np.finfo(matrix.dtype).eps) * scale:
        raise ValueError(
            f"Argument `operator` must be hermitian, but this {type(operator).__name__} is not: "
            "numpy.linalg.eig(operator.to_dense()) has eigenvalues of any operator."
        )
