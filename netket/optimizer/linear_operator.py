# SPDX-License-Identifier: Apache-2.0
r"""Base of lazy linear operators on parameters: anything that knows :math:`(S + \epsilon)\,v`."""

from functools import partial
from typing import Any, TypeVar

import jax
import numpy as np

from netket.utils import HashablePartial, struct
from netket.utils.types import Array, PyTree, Scalar

Op = TypeVar("Op", bound="LinearOperator")


class LinearOperator(struct.Pytree):
    """A linear map of the space of parameters, with a multiple of the identity added.

    It is a pytree. Sub-classes implement `__matmul__` and `to_dense`, both including the shift,
    and may override `_solve`, which runs under jit.
    """

    diag_shift: Array | float = struct.field(serialize=False, default=0.0)
    """What is added to the diagonal."""

    def __init__(self, diag_shift: Scalar = 0.0):
        self.diag_shift = diag_shift

    def __matmul__(self, vec: PyTree) -> PyTree:
        """The product with a vector: a pytree like the parameters, or their raveled array."""
        raise TypeError(f"{type(self).__name__} must implement `__matmul__` and `to_dense`.")

    def __call__(self, vec: PyTree) -> PyTree:
        """The same as ``self @ vec``; what iterative solvers of jax call."""
        return self @ vec

    def to_dense(self) -> Array:
        """The matrix, shift included."""
        raise TypeError(f"{type(self).__name__} must implement `__matmul__` and `to_dense`.")

    def solve(
        self, solve_fun: Any, y: PyTree, *, x0: PyTree | None = None, **kwargs: Any
    ) -> tuple[PyTree, Any]:
        """Solves ``self @ x = y``; compiled, once for each solver.

        Args:
            solve_fun: a function ``(A, b, *, x0=None, **kwargs) -> (x, info)``: those of
                `netket.optimizer.solver` and of `jax.scipy.sparse.linalg`, or your own.
            y: the right-hand side, like the parameters or as their raveled array.
            x0: where iterative solvers start.
            kwargs: passed on to `solve_fun`.

        Returns:
            The solution, like `y`, and what the solver tells about it.
        """
        if not callable(solve_fun):
            raise TypeError(
                "Argument `solve_fun` must be a function `(A, b, *, x0=None) -> (x, info)`, such "
                f"as netket.optimizer.solver.cholesky, but is {solve_fun!r}."
            )
        if kwargs:
            solve_fun = HashablePartial(solve_fun, **kwargs)
        return _solve_jitted(self, solve_fun, y, x0)

    def _solve(self, solve_fun: Any, y: PyTree, x0: PyTree | None) -> tuple[PyTree, Any]:
        return solve_fun(self, y, x0=x0)

    def __add__(self: Op, shift: Scalar) -> Op:
        """The operator with `shift` more on its diagonal."""
        if isinstance(shift, LinearOperator) or np.ndim(shift) != 0:
            return NotImplemented
        return self.replace(diag_shift=self.diag_shift + shift)

    __radd__ = __add__

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.to_dense(), dtype=dtype)


@partial(jax.jit, static_argnums=1)
def _solve_jitted(A: LinearOperator, solve_fun: Any, y: PyTree, x0: PyTree | None) -> Any:
    return A._solve(solve_fun, y, x0)
