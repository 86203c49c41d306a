# SPDX-License-Identifier: Apache-2.0
"""Quantum geometric tensor of a Jacobian stored as one matrix: fastest where it fits in memory."""

from typing import Any, ClassVar

from netket.utils.types import ScalarOrSchedule

from ._constructor import binds_options
from ._jacobian_qgt import JacobianQGT, jacobian_qgt


class QGTJacobianDenseT(JacobianQGT):
    """The tensor made by `QGTJacobianDense`; `O` is an array (B, P) or (B, 2, P)."""

    dense: ClassVar[bool] = True


@binds_options
def QGTJacobianDense(
    vstate: Any,
    *,
    mode: str | None = None,
    holomorphic: bool | None = None,
    diag_shift: ScalarOrSchedule = 0.0,
    diag_scale: ScalarOrSchedule | None = None,
    chunk_size: int | None = None,
    **kwargs: Any,
) -> Any:
    r"""The quantum geometric tensor :math:`S = O^\dagger O` with the Jacobian O as a matrix.

    Complex parameters of functions that are not holomorphic count as pairs: the matrix acts on all
    real parts followed by all imaginary parts.

    Args:
        vstate: a variational state. Without it the function returns itself with the other
            arguments bound, for example as the argument `qgt` of `netket.optimizer.SR`.
        mode: "real", "complex" or "holomorphic", see `netket.jax.jacobian`; by default what
            `holomorphic` and the dtype of the log-amplitude ask for.
        holomorphic: whether the log-amplitude is an analytic function of complex parameters.
        diag_shift: what is added to the diagonal.
        diag_scale: if given, this times the diagonal is added to the diagonal, too.
        chunk_size: how many samples to differentiate at a time; by default as the state does.
        kwargs: none; other names are refused.

    Returns:
        A `LinearOperator`.

    Raises:
        ValueError: `mode` is unknown, or given together with `holomorphic`.
        IllegalHolomorphicDeclarationForRealParametersError: parameters are real.

    Example:
        >>> import netket as nk
        >>> sr = nk.optimizer.SR(nk.optimizer.qgt.QGTJacobianDense(holomorphic=True))
    """
    return jacobian_qgt(
        QGTJacobianDenseT,
        vstate,
        mode=mode,
        holomorphic=holomorphic,
        diag_shift=diag_shift,
        diag_scale=diag_scale,
        chunk_size=chunk_size,
    )
