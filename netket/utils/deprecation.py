# SPDX-License-Identifier: Apache-2.0
"""Warnings at what will go away."""

import functools
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def warn_deprecation(message: str) -> None:
    """A warning of class `FutureWarning`, which users see, at the line that called the caller."""
    warnings.warn(message, category=FutureWarning, stacklevel=3)


def deprecated(reason: str | None = None, func_name: str | None = None) -> Callable[[T], T]:
    """Decorator for functions that will go away.

    Args:
        reason: why, and what to use instead.
        func_name: name of the function, by default its own.
    """

    def decorator(func: Any) -> Any:
        message = f"Function `{func_name or func.__name__}` is deprecated"
        message += f" ({reason})." if reason else "."

        @functools.wraps(func)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            warn_deprecation(message)
            return func(*args, **kwargs)

        return wrapper

    return decorator


def deprecated_new_name(func_name: str, reason: str = "") -> Callable[[T], T]:
    """Decorator for old names of functions.

    Args:
        func_name: the new name.
        reason: why.
    """

    def decorator(func: Any) -> Any:
        text = f"it is now called `{func_name}`" + (f"; {reason}" if reason else "")
        return deprecated(text)(func)

    return decorator


def rename_class(new_name: str) -> Callable[[type], type]:
    """Decorator that gives a class another name, which shows when it is printed."""

    def decorator(cls: type) -> type:
        cls.__name__ = new_name
        cls.__qualname__ = new_name
        return cls

    return decorator
