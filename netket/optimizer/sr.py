# SPDX-License-Identifier: Apache-2.0
r"""Stochastic reconfiguration, also known as the natural gradient.

.. math:: (S + \epsilon)\,\delta = g, \qquad
    S_{kl} = \langle O_k^* O_l \rangle - \langle O_k^* \rangle \langle O_l \rangle

with the gradient g of the energy and the log-derivatives O of the amplitude.
Source: S. Sorella, PRL 80, 4558 (1998).
"""

import numbers
from typing import Any

import jax
import numpy as np
from jax.scipy.sparse.linalg import cg

from netket.utils import struct
from netket.utils.types import Scalar, ScalarOrSchedule

from .linear_operator import LinearOperator
from .preconditioner import AbstractLinearPreconditioner
from .qgt import QGTAuto
from .solver._dense_solver import SolverT


class SR(AbstractLinearPreconditioner, mutable=True):
    """The preconditioner of stochastic reconfiguration.

    Called as ``sr(vstate, gradient, step)`` it returns the update. Nothing is recompiled from one
    step to the next, also if the shifts follow a schedule.

    Attributes:
        diag_shift: what is added to the diagonal, or a function from the step to it.
        diag_scale: what is added relative to the diagonal, or a function from the step to it.
        qgt_constructor: the function that makes the quantum geometric tensor.
        qgt_kwargs: more arguments of that function.
    """

    diag_shift: ScalarOrSchedule = struct.field(serialize=False, default=0.01)
    diag_scale: ScalarOrSchedule | None = struct.field(serialize=False, default=None)
    qgt_constructor: Any = struct.field(serialize=False, pytree_node=False, default=None)
    qgt_kwargs: dict | None = struct.field(serialize=False, pytree_node=False, default=None)

    def __init__(
        self,
        qgt: Any = None,
        solver: SolverT = cg,
        *,
        diag_shift: ScalarOrSchedule = 0.01,
        diag_scale: ScalarOrSchedule | None = None,
        solver_restart: bool = False,
        **kwargs: Any,
    ):
        """
        Args:
            qgt: makes the quantum geometric tensor: one of `netket.optimizer.qgt`, with or without
                arguments, or a function ``(vstate, *, diag_shift, **kwargs) -> LinearOperator``.
                By default `QGTAuto` chooses.
            solver: a function ``(A, b, *, x0=None) -> (x, info)``: those of
                `jax.scipy.sparse.linalg` and `netket.optimizer.solver`, or your own; options can be
                bound with `functools.partial`. The default is the conjugate-gradient method.
            diag_shift: what is added to the diagonal of S, or a function from the step to it.
            diag_scale: if given, this times the diagonal of S is added to the diagonal, too; or a
                function from the step to it.
            solver_restart: whether iterative solvers start from zero at each step, instead of from
                the previous solution.
            kwargs: passed on to `qgt`; most often `holomorphic`, for complex parameters.

        Raises:
            TypeError: a shift is no number and no function, or `qgt` or `solver` no function.
        """
        super().__init__(solver, solver_restart=solver_restart)
        if qgt is None or qgt is QGTAuto:
            qgt = QGTAuto(solver)
        # an operator can be called, but what is needed makes one for each state
        if not callable(qgt) or isinstance(qgt, LinearOperator):
            raise TypeError(
                "Argument `qgt` must be a function of the variational state, such as "
                "netket.optimizer.qgt.QGTJacobianDense or "
                f"QGTJacobianDense(holomorphic=True), but is {qgt!r}."
            )
        self.diag_shift = _checked("diag_shift", diag_shift)
        self.diag_scale = None if diag_scale is None else _checked("diag_scale", diag_scale)
        self.qgt_constructor = qgt
        self.qgt_kwargs = kwargs

    def lhs_constructor(self, vstate: Any, step: Scalar | None = None) -> LinearOperator:
        """The shifted quantum geometric tensor of a state at a step."""
        return self.qgt_constructor(
            vstate,
            diag_shift=_at("diag_shift", self.diag_shift, step),
            diag_scale=_at("diag_scale", self.diag_scale, step),
            **self.qgt_kwargs,
        )

    def __repr__(self) -> str:
        names = (
            "qgt_constructor",
            "diag_shift",
            "diag_scale",
            "qgt_kwargs",
            "solver",
            "solver_restart",
        )
        rows = ",".join(f"\n  {name:<15} = {getattr(self, name)!r}" for name in names)
        return f"{type(self).__name__}({rows})"


def _checked(name: str, value: Any) -> ScalarOrSchedule:
    """A shift: a number, a scalar array or a schedule."""
    if callable(value):
        return value
    is_number = isinstance(value, jax.Array | np.ndarray | numbers.Number)
    if not is_number or np.ndim(value) != 0:
        raise TypeError(
            f"Argument `{name}` must be a number, or a function from the step to a number (such as "
            f"optax.linear_schedule), but is {value!r}."
        )
    return value


def _at(name: str, shift: ScalarOrSchedule | None, step: Scalar | None) -> Scalar | None:
    if not callable(shift):
        return shift
    if step is None:
        raise TypeError(
            f"Argument `step` is needed because `{name}` follows a schedule: call the "
            "preconditioner as `sr(vstate, gradient, step)`."
        )
    return shift(step)
