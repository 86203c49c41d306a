# SPDX-License-Identifier: Apache-2.0
"""What all dense solvers share: they take arrays or lazy operators, and trees as right side."""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from netket.jax import tree_ravel
from netket.utils import HashablePartial

SolverT = Callable[..., tuple[Any, Any]]


def dense_solver(solve: SolverT | None = None, *, static: Sequence[str] = ()) -> Any:
    """Decorator that turns ``solve(A, b, *, x0=None, **options)`` on arrays into a solver.

    The solver makes a matrix of A if it is a `LinearOperator`, ravels b if it is a tree and gives
    the solution the same structure. Called with options alone, it returns itself with these
    options bound, hashable by content.

    Args:
        solve: a function of a matrix (P, P) and a vector (P,), which returns the solution (P,)
            and information about it (a dictionary of arrays, or None).
        static: names of options that are no numbers.
    """
    if solve is None:
        return functools.partial(dense_solver, static=static)
    options = tuple(inspect.signature(solve).parameters)[2:]
    compiled = jax.jit(solve, static_argnames=tuple(static))

    @functools.wraps(solve)
    def solver(*args: Any, **kwargs: Any) -> Any:
        unknown = sorted(set(kwargs) - {*options, "A", "b"})
        if unknown:
            raise TypeError(
                f"Solver {solve.__name__} has no argument {', '.join(map(repr, unknown))}: its "
                f"options are {', '.join(options)}."
            )
        if not args and not {"A", "b"} & kwargs.keys():
            return HashablePartial(solver, **kwargs)
        bound = inspect.signature(solve).bind(*args, **kwargs)
        A, b = bound.args[:2]
        A = matrix_of(A)
        b, restore = raveled(b, A)
        kwargs.pop("A", None), kwargs.pop("b", None), kwargs.pop("x0", None)
        x, info = compiled(A, b, **kwargs)
        return restore(x), info

    solver.needs_matrix = True
    return solver


def needs_matrix(solver: Any) -> bool:
    """Whether a solver is known to ask for the matrix of an operator, and to ignore x0."""
    while isinstance(solver, functools.partial):
        # the arguments bound by `nan_fallback` are solvers
        if any(needs_matrix(argument) for argument in solver.args):
            return True
        solver = solver.func
    return getattr(solver, "needs_matrix", False)


def matrix_of(A: Any) -> jax.Array:
    """The matrix (P, P) of an array or a lazy operator."""
    if hasattr(A, "to_dense"):
        A = A.to_dense()
    A = jnp.asarray(A)
    if A.ndim != 2 or A.shape[0] != A.shape[1]:
        raise ValueError(f"Argument `A` must be a square matrix, but has shape {A.shape}.")
    return A


def raveled(b: Any, A: jax.Array) -> tuple[jax.Array, Callable]:
    """The vector (P,) of a tree with as many elements as A has rows, and the way back."""
    if getattr(b, "ndim", None) == 1:
        vector, restore = jnp.asarray(b), _identity
    else:
        vector, restore = tree_ravel(b)
    if vector.size != A.shape[0]:
        raise ValueError(
            f"Argument `b` must have {A.shape[0]} elements, as many as `A` has rows, but has "
            f"{vector.size}."
        )
    return vector, restore


def _identity(x: jax.Array) -> jax.Array:
    return x
