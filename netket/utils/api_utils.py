# SPDX-License-Identifier: Apache-2.0
"""Functions that wait for their first argument when they are called with keywords only."""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from .partial import HashablePartial


def partial_from_kwargs(
    func: Callable | None = None, *, exclusive_arg_names: Sequence[Sequence[str]] | None = None
) -> Any:
    """Decorator: without its first argument, a function returns itself with its keywords bound.

    So ``QGT(diag_shift=0.1)`` is a function of the state, and ``QGT(vstate, diag_shift=0.1)`` is
    the matrix.

    Args:
        func: the function.
        exclusive_arg_names: groups of keywords of which at most one may be given.
    """
    if func is None:
        return functools.partial(partial_from_kwargs, exclusive_arg_names=exclusive_arg_names)
    first = next(iter(inspect.signature(func).parameters))
    groups = tuple(map(tuple, exclusive_arg_names or ()))

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        for group in groups:
            given = [name for name in group if kwargs.get(name) is not None]
            if len(given) > 1:
                raise ValueError(
                    f"Arguments {' and '.join(f'`{name}`' for name in given)} of {func.__name__} "
                    "exclude each other: give one of them."
                )
        if not args and first not in kwargs:
            return HashablePartial(wrapper, **kwargs)
        return func(*args, **kwargs)

    return wrapper
