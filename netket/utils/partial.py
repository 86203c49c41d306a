# SPDX-License-Identifier: Apache-2.0
"""`HashablePartial`: a `functools.partial` that is hashed and compared by content."""

import functools
from types import FunctionType
from typing import Any


class HashablePartial(functools.partial):
    """A partial application that equals others of the same function and arguments.

    So it can be a static argument of a compiled function without recompiling each time that the
    same partial is built. Functions without closure are compared by their code, so that the same
    lambda evaluated twice is the same function. Arguments must be hashable.

    Args:
        func: a function.
        args, keywords: its first arguments.
    """

    _hash: int

    def __new__(cls, func: Any, /, *args: Any, **keywords: Any) -> "HashablePartial":
        if isinstance(func, cls):  # flatten, as functools.partial does
            args = (*func.args, *args)
            keywords = func.keywords | keywords
            func = func.func
        return super().__new__(cls, func, *args, **keywords)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            type(other) is type(self)
            and _function_key(self.func) == _function_key(other.func)
            and self.args == other.args
            and self.keywords == other.keywords
        )

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            self._hash = hash(
                (_function_key(self.func), self.args, frozenset(self.keywords.items()))
            )
            return self._hash

    def __reduce__(self) -> tuple:
        return _rebuild, (type(self), self.func, self.args, self.keywords)

    def __repr__(self) -> str:
        name = getattr(self.func, "__qualname__", repr(self.func))
        arguments = [*map(repr, self.args), *(f"{k}={v!r}" for k, v in self.keywords.items())]
        return f"HashablePartial({', '.join([name, *arguments])})"


def _rebuild(cls: type, func: Any, args: tuple, keywords: dict) -> HashablePartial:
    return cls(func, *args, **keywords)


def _function_key(func: Any) -> Any:
    """What identifies a function: its code if that is all there is to it, else itself."""
    # bound methods have the attributes of functions, but are more than their code
    if not isinstance(func, FunctionType):
        return func
    if func.__closure__ or func.__defaults__ or func.__kwdefaults__ or func.__dict__:
        return func
    return func.__code__, id(func.__globals__)
