# SPDX-License-Identifier: Apache-2.0
r"""Preconditioners turn a gradient into an update: solve :math:`S\,\delta = g`, or do nothing."""

from collections.abc import Callable
from typing import Any, Protocol

import jax
import numpy as np

from netket.utils import struct
from netket.utils.types import PyTree, Scalar

from .linear_operator import LinearOperator
from .solver._dense_solver import SolverT, needs_matrix


class PreconditionerT(Protocol):
    """What drivers expect: a function of the state, the gradient and the step."""

    def __call__(self, vstate: Any, gradient: PyTree, step: Scalar | None = None) -> PyTree:
        """The update of the parameters of `vstate`, a tree like `gradient`."""
        ...


class IdentityPreconditioner(struct.Pytree):
    """Returns the gradient as it is, so that the optimiser alone makes the update."""

    def __call__(
        self, vstate: Any, gradient: PyTree, step: Scalar | None = 0, *args: Any, **kwargs: Any
    ) -> PyTree:
        return gradient


identity_preconditioner = IdentityPreconditioner()
"""The preconditioner that changes nothing, default of `netket.driver.VMC`."""


class AbstractLinearPreconditioner(struct.Pytree, mutable=True):
    """Solves a linear system whose matrix depends on the state; sub-classes say which.

    Attributes:
        solver: the function ``(A, b, *, x0=None) -> (x, info)`` that solves it.
        solver_restart: whether iterative solvers start from zero at each step, instead of from the
            previous solution.
        x0: the previous solution, or None.
        info: what the solver told about it.
    """

    solver: SolverT = struct.field(serialize=False, pytree_node=False)
    solver_restart: bool = struct.field(serialize=False, pytree_node=False, default=False)
    x0: PyTree | None = struct.field(serialize=False, default=None)
    info: Any = struct.field(serialize=False, default=None)

    def __init__(self, solver: SolverT, *, solver_restart: bool = False):
        if not callable(solver):
            raise TypeError(
                "Argument `solver` must be a function `(A, b, *, x0=None) -> (x, info)`, such as "
                f"netket.optimizer.solver.cholesky or jax.scipy.sparse.linalg.cg, but is {solver}."
            )
        self.solver = solver
        self.solver_restart = bool(solver_restart)
        self.x0 = None
        self.info = None

    def lhs_constructor(self, vstate: Any, step: Scalar | None = None) -> LinearOperator:
        """The operator S of the system for a state and a step."""
        raise TypeError(f"{type(self).__name__} must implement `lhs_constructor(vstate, step)`.")

    def __call__(
        self, vstate: Any, gradient: PyTree, step: Scalar | None = None, *args: Any, **kwargs: Any
    ) -> PyTree:
        """Solves S δ = g.

        Args:
            vstate: the variational state.
            gradient: the right-hand side, a tree like the parameters.
            step: number of the step, needed if something follows a schedule.

        Returns:
            The update, a tree like `gradient`.
        """
        operator = self.lhs_constructor(vstate, step)
        x, self.info = operator.solve(self.solver, gradient, x0=self._start(gradient))
        self.x0 = x
        return x

    def _start(self, gradient: PyTree) -> PyTree | None:
        if needs_matrix(self.solver):
            return None
        if self.solver_restart or self.x0 is None or not _same_shapes(self.x0, gradient):
            # zeros and not None: the first step must not be compiled separately (and not of jax,
            # which would compile them)
            return jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), gradient)
        return self.x0


def _same_shapes(a: PyTree, b: PyTree) -> bool:
    leaves_a, tree_a = jax.tree.flatten(a)
    leaves_b, tree_b = jax.tree.flatten(b)
    return tree_a == tree_b and all(
        x.shape == y.shape and x.dtype == y.dtype for x, y in zip(leaves_a, leaves_b)
    )


class LinearPreconditioner(AbstractLinearPreconditioner, mutable=True):
    """Solves a linear system with an operator made by a function of yours.

    Args:
        lhs_constructor: a function ``(vstate, step) -> LinearOperator``.
        solver: a function ``(A, b, *, x0=None) -> (x, info)``.
        solver_restart: whether iterative solvers start from zero at each step.
    """

    _construct: Callable[..., LinearOperator] = struct.field(serialize=False, pytree_node=False)

    def __init__(
        self,
        lhs_constructor: Callable[..., LinearOperator],
        solver: SolverT,
        *,
        solver_restart: bool = False,
    ):
        if not callable(lhs_constructor):
            raise TypeError(
                "Argument `lhs_constructor` must be a function `(vstate, step) -> LinearOperator`, "
                f"but is {lhs_constructor!r}."
            )
        super().__init__(solver, solver_restart=solver_restart)
        self._construct = lhs_constructor

    def lhs_constructor(self, vstate: Any, step: Scalar | None = None) -> LinearOperator:
        return self._construct(vstate, step)
