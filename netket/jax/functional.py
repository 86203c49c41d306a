# SPDX-License-Identifier: Apache-2.0
"""Functions of functions."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import jax


def compose(*funcs: Callable) -> Callable:
    """compose(f, g, h)(x) = f(g(h(x))); the last one may take several arguments."""
    if not funcs:
        return lambda x: x
    return reduce(lambda f, g: lambda *args, **kwargs: f(g(*args, **kwargs)), funcs)


def eval_shape(fun: Callable, *args: Any, has_aux: bool = False, **kwargs: Any) -> Any:
    """Shapes and dtypes of the outputs of a function, which is not evaluated.

    Args:
        fun: a function.
        args, kwargs: its arguments, or their shapes.
        has_aux: `fun` returns a pair, whose second element is left out.
    """
    if has_aux:
        return jax.eval_shape(lambda *a, **k: fun(*a, **k)[0], *args, **kwargs)
    return jax.eval_shape(fun, *args, **kwargs)
