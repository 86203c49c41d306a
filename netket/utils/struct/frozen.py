# SPDX-License-Identifier: Apache-2.0
"""`dataclass`: frozen dataclasses that are jax pytrees."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, dataclass_transform

from .fields import CachedProperty, field, is_ignored, is_node
from .flax_state import register_state_dict
from .pytree import Pytree, register_pytree


@dataclass_transform(field_specifiers=(field,), frozen_default=True)
def dataclass(
    clz: type | None = None, *, init_doc: str | None = None, cache_hash: bool = False
) -> Any:
    """Decorator: a frozen dataclass that is a jax pytree, with `replace`.

    A method ``__pre_init__(self, *args, **kwargs) -> (args, kwargs)`` may change the arguments
    before ``__init__``; ``__post_init__`` may check them. Unflattening calls none of them.

    Args:
        clz: the class; its annotated names are the fields, see `field`.
        init_doc: docstring of ``__init__``.
        cache_hash: compute the hash once per object.
    """
    if clz is None:
        return functools.partial(dataclass, init_doc=init_doc, cache_hash=cache_hash)
    if issubclass(clz, Pytree):  # registered and frozen already, lacks only the methods
        return dataclasses.dataclass(unsafe_hash=True)(clz)
    cls = dataclasses.dataclass(frozen=True)(clz)
    fields = {f.name: f for f in dataclasses.fields(cls)}
    cls._pytree__fields = fields
    cls._pytree__node_names = tuple(n for n, f in fields.items() if is_node(f))
    cls._pytree__static_names = tuple(
        n for n, f in fields.items() if not is_node(f) and not is_ignored(f)
    )
    cls._pytree__defaults = tuple(
        (n, f.default) for n, f in fields.items() if f.default is not dataclasses.MISSING
    )
    cls._pytree__dynamic = False
    cls.replace = _replace
    _wrap_init(cls, init_doc)
    if cache_hash:
        _cache_hash(cls)
    register_pytree(cls)
    register_state_dict(cls)
    return cls


def _replace(self: Any, **updates: Any) -> Any:
    """A copy in which some fields have other values.

    Raises:
        TypeError: a name is not a field.
    """
    cls = type(self)
    kept = {n: getattr(self, n) for n, f in cls._pytree__fields.items() if f.init}
    new = object.__new__(cls)
    cls._dataclass__init(new, **(kept | updates))
    return new


def _wrap_init(cls: Any, init_doc: str | None) -> None:
    init = cls.__init__
    cls._dataclass__init = init
    if not hasattr(cls, "__pre_init__"):
        if init_doc is not None:
            init.__doc__ = init_doc
        return

    @functools.wraps(init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        args, kwargs = self.__pre_init__(*args, **kwargs)
        # that of the class of the object: a subclass has fields of its own
        init(self, *args, **kwargs)

    if init_doc is not None:
        __init__.__doc__ = init_doc
    cls.__init__ = __init__


def _cache_hash(cls: Any) -> None:
    compute: Callable[[Any], int] = cls.__hash__
    cached = CachedProperty(compute)
    cached.name = "_dataclass__hash"
    cls._dataclass__hash = cached
    cls.__hash__ = lambda self: self._dataclass__hash
