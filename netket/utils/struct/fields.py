# SPDX-License-Identifier: Apache-2.0
"""Fields of pytree classes, and properties that are computed once per object."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax

#: Keys of `dataclasses.Field.metadata` that `field` writes.
NODE = "pytree_node"
IGNORE = "pytree_ignore"
SERIALIZE = "serialize"
SERIALIZE_NAME = "serialize_name"
SHARDED = "sharded"


class _Uninitialized:
    """Stands for a field that has no value yet; a pytree without leaves."""

    def __repr__(self) -> str:
        return "Uninitialized"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "Uninitialized"


Uninitialized = _Uninitialized()

jax.tree_util.register_pytree_node(_Uninitialized, lambda _: ((), None), lambda *_: Uninitialized)


@dataclasses.dataclass(frozen=True)
class ShardedFieldSpec:
    """How a field that is spread over devices is stored and restored.

    Attributes:
        sharded: whether the field is spread along its first axis.
        deserialization_function: "relaxed", "strict" or "relaxed-rng-key": whether the number of
            devices at restoring may differ from that at saving.
    """

    sharded: bool = True
    deserialization_function: str | Callable = "relaxed"

    def __bool__(self) -> bool:
        return self.sharded


def field(
    pytree_node: bool = True,
    pytree_ignore: bool = False,
    serialize: bool | None = None,
    serialize_name: str | None = None,
    cache: bool = False,
    sharded: bool | ShardedFieldSpec = False,
    **kwargs: Any,
) -> Any:
    """Declares a field of a `struct.Pytree` or a `struct.dataclass`.

    Args:
        pytree_node: True for data (its leaves are traced and transformed by jax), False for static
            values, which must be hashable and comparable, since they select the compiled code.
        pytree_ignore: leave the field out of the pytree: it is lost (or has its default again)
            after a transformation.
        serialize: whether it belongs to the flax state dictionary; by default all data does.
        serialize_name: its key in the state dictionary, by default its name.
        cache: the field holds a value derived from others; it is not an argument of ``__init__``,
            and is neither compared nor kept by `replace`.
        sharded: whether the value is spread over devices along its first axis.
        kwargs: passed on to `dataclasses.field`, for example ``default`` or ``default_factory``.
    """
    if cache or pytree_ignore:
        pytree_node = False
    if cache:
        kwargs = {"default": Uninitialized, "init": False, "repr": False, "compare": False} | kwargs
        pytree_ignore = True
    metadata = dict(kwargs.pop("metadata", None) or {})
    metadata |= {
        NODE: pytree_node,
        IGNORE: pytree_ignore,
        SERIALIZE: pytree_node if serialize is None else serialize,
        SERIALIZE_NAME: serialize_name,
        SHARDED: sharded,
    }
    return dataclasses.field(metadata=metadata, **kwargs)


def static_field(**kwargs: Any) -> Any:
    """A field of static data: `field` with ``pytree_node=False``."""
    return field(pytree_node=False, **kwargs)


def is_node(f: dataclasses.Field) -> bool:
    """Whether the field is data; fields not made by `field` are."""
    return f.metadata.get(NODE, True)


def is_ignored(f: dataclasses.Field) -> bool:
    """Whether the field is no part of the pytree."""
    return f.metadata.get(IGNORE, False)


def is_serialized(f: dataclasses.Field) -> bool:
    """Whether the field belongs to the state dictionary."""
    return f.metadata.get(SERIALIZE, is_node(f))


def serialized_name(f: dataclasses.Field) -> str:
    """The key of the field in the state dictionary."""
    return f.metadata.get(SERIALIZE_NAME) or f.name


class CachedProperty:
    """A property computed at first access and kept in the ``__dict__`` of the object.

    The value is no part of the pytree: objects made by a transformation or by `replace` compute it
    anew. So it can never be stale, and never changes the structure that selects compiled code.
    """

    def __init__(self, method: Callable[[Any], Any]):
        self.method = method
        self.name = method.__name__
        self.__doc__ = method.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        if obj is None:
            return self
        value = self.method(obj)
        # no data descriptor: from now on the attribute is found in the dictionary at once
        obj.__dict__[self.name] = value
        return value


def property_cached(
    fun: Callable | None = None, pytree_node: bool = False, pytree_ignore: bool = False
) -> Any:
    """Decorator for a property that is computed once per object.

    Args:
        fun: the method, without arguments.
        pytree_node, pytree_ignore: accepted for compatibility, without effect: a cached value is
            never a part of the pytree.
    """
    if fun is None:
        return CachedProperty
    return CachedProperty(fun)
