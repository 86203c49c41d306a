# SPDX-License-Identifier: Apache-2.0
"""Chooses the form of the quantum geometric tensor that is fastest for a state and a solver."""

from typing import Any

from netket.jax import tree_size

from ..solver._dense_solver import needs_matrix
from ._samples import is_full_sum
from .qgt_jacobian_dense import QGTJacobianDense
from .qgt_onthefly import QGTOnTheFly

# with so few parameters the matrix costs less than the iterations of a solver without it
MAX_SIZE_FOR_MATRIX = 128
# a Jacobian that is larger (in bytes) is recomputed, chunk by chunk, rather than stored
MAX_JACOBIAN_BYTES = 2**30


class QGTAuto:
    """Makes the quantum geometric tensor of a state in the form that suits it.

    That is `QGTJacobianDense` for solvers that need the matrix (unless the Jacobian takes more
    than 1 GiB), for sums over all configurations, for a relative shift of the diagonal and for few
    parameters, and else `QGTOnTheFly`.

    Args:
        solver: the solver that it will be used with, if known.
        kwargs: arguments of the form chosen, for example `holomorphic` or `diag_shift`.

    Example:
        >>> import netket as nk
        >>> nk.optimizer.qgt.QGTAuto(diag_shift=0.01)
        QGTAuto(diag_shift=0.01)
    """

    def __init__(self, solver: Any = None, **kwargs: Any):
        self.solver = solver
        self.kwargs = kwargs

    def __call__(self, variational_state: Any, *args: Any, **kwargs: Any) -> Any:
        """The tensor of a state; arguments given here override those of the constructor."""
        options = self.kwargs | kwargs
        if self._stores_jacobian(variational_state, options):
            return QGTJacobianDense(variational_state, *args, **options)
        return QGTOnTheFly(variational_state, *args, **options)

    def _stores_jacobian(self, vstate: Any, options: dict) -> bool:
        if options.get("diag_scale") is not None or options.get("mode") is not None:
            return True
        if is_full_sum(vstate):
            return True
        size = tree_size(vstate.parameters)
        if needs_matrix(self.solver):
            return 8 * size * vstate.samples.size // vstate.samples.shape[-1] <= MAX_JACOBIAN_BYTES
        return size <= MAX_SIZE_FOR_MATRIX

    def _key(self) -> tuple:
        return self.solver, tuple(sorted(self.kwargs.items()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QGTAuto) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"QGTAuto({', '.join(f'{k}={v!r}' for k, v in self.kwargs.items())})"
