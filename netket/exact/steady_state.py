# SPDX-License-Identifier: Apache-2.0
"""Steady states of open systems: L rho = 0, tr rho = 1.

The trace is conserved, so that L has the left eigenvector tr with eigenvalue 0, and

    (L - s |m)(tr|) rho = -s m     (m the maximally mixed state, s any positive number)

has the same solution: the trace of both sides says that tr rho = 1, and the rest that L rho = 0.
The matrix is regular if there is only one steady state, whatever the system.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from netket.errors import NetketWarning
from netket.operator import AbstractSuperOperator

# |L rho| relative to the largest rate, beyond which a solution is refused or warned about
_TOLERANCE = 1e-8
# options of eigenvalue solvers that 3.23 takes for method="ed"; a direct solution needs none
_UNUSED = {"k", "tol", "maxiter", "ncv", "v0", "which", "sigma"}


def steady_state(
    lindblad: AbstractSuperOperator,
    *,
    sparse: bool = True,
    method: str = "ed",
    rho0: Any = None,
    **kwargs: Any,
) -> np.ndarray:
    """The steady state of a Lindblad master equation.

    Args:
        lindblad: the generator, for example a `LocalLiouvillian`.
        sparse: use the sparse matrix. Otherwise ``"ed"`` uses the dense one, and ``"iterative"``
            none at all: rows are computed at every product.
        method: ``"ed"`` solves the linear equations directly, ``"iterative"`` by the stabilised
            biconjugate gradient method.
        rho0: density matrix to start from, (n, n), for ``"iterative"``; the maximally mixed one by
            default.
        kwargs: options of `scipy.sparse.linalg.bicgstab` for ``"iterative"`` (``rtol``, ``atol``,
            ``maxiter``, ``M``, ``callback``). Those of eigenvalue solvers are accepted for
            ``"ed"`` and not needed.

    Returns:
        The density matrix, (n, n), hermitian, with trace 1.

    Raises:
        TypeError: `lindblad` is no superoperator, or an option is unknown.
        ValueError: `method` is unknown, `rho0` has another shape, or there are several steady
            states.

    Example:
        >>> import netket as nk
        >>> hi = nk.hilbert.Spin(0.5, 1)
        >>> decay = nk.operator.LocalLiouvillian(
        ...     nk.operator.spin.sigmaz(hi, 0), [nk.operator.spin.sigmam(hi, 0)]
        ... )
        >>> nk.exact.steady_state(decay).real.tolist()
        [[0.0, 0.0], [0.0, 1.0]]
    """
    if not isinstance(lindblad, AbstractSuperOperator):
        raise TypeError(
            "Argument `lindblad` must be a superoperator such as `LocalLiouvillian`, but is "
            f"{type(lindblad).__name__}."
        )
    if method not in ("ed", "iterative"):
        raise ValueError(f'Argument `method` must be "ed" or "iterative", but is {method!r}.')
    if not lindblad.hilbert.is_indexable:
        raise ValueError(
            f"Argument `lindblad` must act on a space with few enough states to be listed, but "
            f"acts on {lindblad.hilbert}."
        )
    if method == "iterative":
        return _iterative(lindblad, sparse, rho0, kwargs)
    unknown = set(kwargs) - _UNUSED
    if unknown:
        raise TypeError(f'Method "ed" has no options {sorted(unknown)}.')
    return _direct(lindblad, sparse)


# -- direct -----------------------------------------------------------------------------------


def _direct(lindblad: Any, sparse: bool) -> np.ndarray:
    """Row 0 of L, which the others determine, is replaced by the trace."""
    n = lindblad.hilbert_physical.n_states
    matrix = lindblad.to_sparse()
    scale = _scale(matrix)
    right = np.zeros(n * n, matrix.dtype)
    right[0] = scale
    rho = (_solve_sparse if sparse else _solve_dense)(matrix, n, scale, right)
    residual = np.linalg.norm(matrix @ rho) if np.all(np.isfinite(rho)) else np.inf
    tolerance = max(_TOLERANCE, 1e4 * np.finfo(matrix.dtype).eps)
    if not residual <= tolerance * scale * max(np.linalg.norm(rho), 1):
        raise _several()
    return _normalised(rho, n)


def _solve_sparse(matrix: Any, n: int, scale: float, right: np.ndarray) -> np.ndarray:
    from scipy.sparse import csr_matrix, vstack
    from scipy.sparse.linalg import splu

    trace = csr_matrix(scale * np.eye(n, dtype=matrix.dtype).reshape(1, -1))
    try:
        factors = splu(vstack([trace, matrix[1:]]).tocsc())
    except RuntimeError:  # exactly singular
        raise _several() from None
    _check_pivots(np.abs(factors.U.diagonal()))
    return factors.solve(right)


def _solve_dense(matrix: Any, n: int, scale: float, right: np.ndarray) -> np.ndarray:
    from scipy.linalg import lu_factor, lu_solve

    dense = matrix.toarray()
    dense[0] = scale * np.eye(n).reshape(-1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # exactly singular: seen by the pivots
        factors = lu_factor(dense)
    _check_pivots(np.abs(np.diag(factors[0])))
    return lu_solve(factors, right)


def _check_pivots(pivots: np.ndarray) -> None:
    eps = np.finfo(pivots.dtype).eps
    if not pivots.min() > 10 * eps * pivots.max():
        raise _several()


# -- iterative --------------------------------------------------------------------------------


def _iterative(lindblad: Any, sparse: bool, rho0: Any, options: dict[str, Any]) -> np.ndarray:
    from scipy.sparse.linalg import LinearOperator, bicgstab, gmres

    n = lindblad.hilbert_physical.n_states
    matrix = lindblad.to_sparse() if sparse else None
    product: Callable = matrix.__matmul__ if sparse else lindblad.apply
    mixed = np.eye(n).reshape(-1) / n
    scale = _scale(matrix) if sparse else float(np.linalg.norm(product(mixed * n))) or 1.0
    diagonal = np.arange(n) * (n + 1)
    dtype = np.dtype(lindblad.dtype)

    def matvec(v: np.ndarray) -> np.ndarray:
        v = np.asarray(v).reshape(-1)
        return product(v) - (scale * v[diagonal].sum()) * mixed

    system = LinearOperator((n * n, n * n), matvec=matvec, dtype=dtype)
    right = (-scale * mixed).astype(dtype)
    start = mixed.astype(dtype) if rho0 is None else _start(rho0, n).astype(dtype)
    rtol = max(1e-12, 10 * np.finfo(dtype).eps)
    options = {"rtol": rtol, "atol": 0.0, "maxiter": 1000, **options}
    rho, failed = bicgstab(system, right, x0=start, **options)
    if failed and options["maxiter"] >= 100:  # stagnation: a method that cannot break down
        rest = {k: v for k, v in options.items() if k in ("rtol", "atol", "M")}
        start = rho if np.all(np.isfinite(rho)) else start
        rho, failed = gmres(system, right, x0=start, restart=100, maxiter=50, **rest)
    residual = np.linalg.norm(product(rho))
    if not residual <= max(_TOLERANCE, options["rtol"], 1e3 * rtol) * scale:
        warnings.warn(
            NetketWarning(
                f"The steady state is not converged: |L rho| is {residual:.1e}. Increase "
                '`maxiter`, start from a better `rho0`, or use method="ed".'
            ),
            stacklevel=3,
        )
    return _normalised(rho, n)


def _start(rho0: Any, n: int) -> np.ndarray:
    rho0 = np.asarray(rho0)
    if rho0.shape not in ((n, n), (n * n,)):
        raise ValueError(
            f"Argument `rho0` must be a density matrix of shape ({n}, {n}), but has shape "
            f"{rho0.shape}."
        )
    return rho0.reshape(-1)


# -- both -------------------------------------------------------------------------------------


def _scale(matrix: Any) -> float:
    """A typical rate."""
    return float(np.abs(matrix.data).max(initial=0.0)) or 1.0


def _normalised(rho: np.ndarray, n: int) -> np.ndarray:
    rho = rho.reshape(n, n)
    rho = (rho + rho.conj().T) / 2
    return rho / np.trace(rho)


def _several() -> ValueError:
    return ValueError(
        "Argument `lindblad` must have exactly one steady state, but its null space is larger: a "
        "symmetry or a conserved quantity separates parts of the space. Add jump operators that "
        "connect them, use a space that is constrained to one part, or choose one of the steady "
        'states by `rho0` and method="iterative".'
    )
