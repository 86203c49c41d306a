# SPDX-License-Identifier: Apache-2.0
r"""Derivatives of functions of real and complex parameters, without thinking of conventions.

For f with Jacobian J_{ik} = ∂f_i/∂p_k the pullback of `vjp` is linear in w over the complex
numbers wherever that makes sense:

    w -> Σ_i w_i J_{ik}        (conjugated if ``conjugate=True``).

So a complex f of *real* parameters has a complex gradient, of which `jax.vjp` returns the real
part only. With complex parameters the convention is that of jax.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.tree_util import Partial, tree_leaves, tree_map

from netket.utils.types import PyTree

from .dtypes import is_complex_dtype
from .tree import tree_conj, tree_leaf_iscomplex


def vjp(
    fun: Callable, *primals: PyTree, has_aux: bool = False, conjugate: bool = False
) -> tuple[Any, ...]:
    """Value and pullback of a function, like `jax.vjp`, for any mix of real and complex.

    Args:
        fun: a function of `primals`.
        primals: trees of arrays.
        has_aux: `fun` returns a pair, whose second element is passed through.
        conjugate: conjugate what the pullback returns.

    Returns:
        The value, the pullback ``w -> (derivative for each primal,)`` and, if `has_aux`, the
        second output. With real primals derivatives are complex if the value or w are.
    """
    out, pull, *aux = jax.vjp(fun, *primals, has_aux=has_aux)
    complex_primals = tree_leaf_iscomplex(primals)
    dtypes = tree_map(lambda y: jnp.result_type(y), out)
    return out, Partial(_Pullback(complex_primals, dtypes, conjugate), pull), *aux


class _Pullback:
    """w -> Σ_i w_i J_{ik}, by means of that of jax, which is linear over the real numbers only."""

    def __init__(self, complex_primals: bool, dtypes: PyTree, conjugate: bool):
        self.complex_primals = complex_primals
        self.dtypes = dtypes
        self.conjugate = conjugate

    def __call__(self, pull: Callable, w: PyTree) -> tuple[PyTree, ...]:
        result = self._pull(pull, w)
        return tree_conj(result) if self.conjugate else result

    def _pull(self, pull: Callable, w: PyTree) -> tuple[PyTree, ...]:
        complex_out = any(map(is_complex_dtype, tree_leaves(self.dtypes)))
        if self.complex_primals and complex_out:
            return pull(self._cast(w, lambda w: w))
        if complex_out:
            # jax returns Re Σ w J, and Im z = Re(-i z)
            imag = self._cast(w, lambda w: -1j * w)
            return _complex(pull(self._cast(w, lambda w: w)), pull(imag))
        real = pull(self._cast(w, jnp.real))
        if not tree_leaf_iscomplex(w):
            return real
        imag = pull(self._cast(w, jnp.imag))
        if self.complex_primals:
            return tree_map(lambda re, im: re + 1j * im, real, imag)
        return _complex(real, imag)

    def _cast(self, w: PyTree, part: Callable) -> PyTree:
        def cast(w: Any, dtype: Any) -> jax.Array:
            w = part(jnp.asarray(w))
            return (w if is_complex_dtype(dtype) else w.real).astype(dtype)

        return tree_map(cast, w, self.dtypes)

    def _key(self) -> tuple:
        leaves, treedef = jax.tree_util.tree_flatten(self.dtypes)
        return self.complex_primals, tuple(leaves), treedef, self.conjugate

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Pullback) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())


def _complex(real: PyTree, imag: PyTree) -> PyTree:
    """re + i im; derivatives for integers, which have no numbers, are left alone."""
    return tree_map(
        lambda re, im: re if re.dtype == jax.dtypes.float0 else jax.lax.complex(re, im), real, imag
    )


def value_and_grad(
    fun: Callable, argnums: int | Sequence[int] = 0, has_aux: bool = False, allow_int: bool = False
) -> Callable:
    """Like `jax.value_and_grad`, also for complex functions of real or complex parameters.

    Args:
        fun: a function with values of shape ().
        argnums: which arguments to differentiate by.
        has_aux: `fun` returns a pair, whose second element is passed through.
        allow_int: differentiate also by integers, which gives `float0`.

    Returns:
        A function that returns the value (with the second output if `has_aux`) and the gradient
        ∂f/∂p, complex if f is; that of real functions of complex parameters is refused.
    """
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    def value_and_grad_fun(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        chosen = tuple(args[i] for i in numbers)
        _check_dtypes(chosen, allow_int)

        def partial(*chosen: Any) -> Any:
            full = list(args)
            for i, value in zip(numbers, chosen):
                full[i] = value
            return fun(*full, **kwargs)

        y, pull, *aux = vjp(partial, *chosen, has_aux=has_aux)
        _check_value(y, chosen)
        gradient = pull(jnp.ones((), dtype=y.dtype))
        if isinstance(argnums, int):
            (gradient,) = gradient
        return ((y, *aux) if has_aux else y), gradient

    return value_and_grad_fun


def grad(
    fun: Callable, argnums: int | Sequence[int] = 0, has_aux: bool = False, allow_int: bool = False
) -> Callable:
    """Like `jax.grad`, also for complex functions; see `value_and_grad`."""
    both = value_and_grad(fun, argnums=argnums, has_aux=has_aux, allow_int=allow_int)

    def grad_fun(*args: Any, **kwargs: Any) -> Any:
        y, gradient = both(*args, **kwargs)
        return (gradient, y[1]) if has_aux else gradient

    return grad_fun


def _check_dtypes(args: PyTree, allow_int: bool) -> None:
    for x in tree_leaves(args):
        dtype = jnp.result_type(x)
        if not (allow_int or jnp.issubdtype(dtype, jnp.inexact)):
            raise TypeError(
                f"Functions can be differentiated by real or complex numbers, but one of the "
                f"arguments has dtype {dtype}. Convert it, or pass `allow_int=True`."
            )


def _check_value(y: Any, args: PyTree) -> None:
    if jnp.shape(y) != ():
        raise TypeError(
            f"Argument `fun` must return a value of shape (), but returns {jnp.shape(y)}. Use "
            "netket.jax.vjp or netket.jax.jacobian."
        )
    if tree_leaf_iscomplex(args) and not is_complex_dtype(y.dtype):
        raise RuntimeError(
            "The function maps complex parameters to a real value, so that it is not holomorphic "
            "and has no gradient ∂f/∂z. Differentiate by real and imaginary parts "
            "(netket.jax.tree_to_real), or use `jax.grad`, which returns ∂f/∂x - i ∂f/∂y."
        )
