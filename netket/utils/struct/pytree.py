# SPDX-License-Identifier: Apache-2.0
"""`Pytree`: base of immutable classes that jax can transform.

The annotations of the class body are its fields. Those declared by ``field(pytree_node=False)``
are static: hashed and compared, they select the compiled code; all others are data::

    class Oscillator(struct.Pytree):
        omega: jax.Array
        n_max: int = struct.field(pytree_node=False)

        def __init__(self, omega, n_max=10):
            self.omega = omega
            self.n_max = n_max
"""

import dataclasses
import inspect
from abc import ABCMeta
from collections.abc import Iterable
from functools import cached_property
from operator import itemgetter
from typing import Any, ClassVar, NamedTuple, TypeVar, get_origin

import jax
from jax.tree_util import GetAttrKey

from netket.errors import NetKetPyTreeUndeclaredAttributeAssignmentError

from .fields import CachedProperty, is_ignored, is_node
from .flax_state import register_state_dict

P = TypeVar("P", bound="Pytree")

_INITIALIZING = "_pytree__initializing"


class PytreeMeta(ABCMeta):
    """Sets defaults before ``__init__`` and freezes the object after it."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        obj = cls.__new__(cls, *args, **kwargs)
        if not isinstance(obj, cls):
            return obj
        values = obj.__dict__
        values[_INITIALIZING] = True
        try:
            for name, value in cls._pytree__defaults:
                values[name] = value
            for name, factory in cls._pytree__factories:
                values[name] = factory()
            obj.__init__(*args, **kwargs)
        finally:
            values.pop(_INITIALIZING, None)
        return obj


class Pytree(metaclass=PytreeMeta):
    """Base of immutable classes that are jax pytrees.

    Keyword arguments of the class statement:
        mutable: fields may be assigned after ``__init__`` (inherited; False by default).
        dynamic_nodes: attributes that are not declared may be assigned in ``__init__``; they are
            data (inherited; False by default).

    Unflattening neither calls ``__init__`` nor checks anything: leaves may be tracers, shapes or
    sentinels of jax.
    """

    _pytree__fields: ClassVar[dict[str, dataclasses.Field]] = {}
    _pytree__node_names: ClassVar[tuple[str, ...]] = ()
    _pytree__static_names: ClassVar[tuple[str, ...]] = ()
    _pytree__defaults: ClassVar[tuple[tuple[str, Any], ...]] = ()
    _pytree__factories: ClassVar[tuple[tuple[str, Any], ...]] = ()
    # names that can be assigned without looking for setters in the class
    _pytree__plain: ClassVar[frozenset[str]] = frozenset()
    _pytree__mutable: ClassVar[bool] = False
    _pytree__dynamic: ClassVar[bool] = False

    def __init_subclass__(
        cls, *, mutable: bool | None = None, dynamic_nodes: bool = False, **kwargs: Any
    ) -> None:
        super().__init_subclass__(**kwargs)
        if mutable is not None:
            cls._pytree__mutable = mutable
        cls._pytree__dynamic = dynamic_nodes or cls._pytree__dynamic
        fields = _collect_fields(cls)
        cls._pytree__fields = fields
        # sorted, so that the order of leaves does not depend on the order of declarations
        cls._pytree__node_names = tuple(sorted(n for n, f in fields.items() if is_node(f)))
        cls._pytree__static_names = tuple(
            sorted(n for n, f in fields.items() if not is_node(f) and not is_ignored(f))
        )
        cls._pytree__plain = frozenset(n for n in fields if not _has_setter(cls, n))
        missing = dataclasses.MISSING
        cls._pytree__defaults = tuple(
            (n, f.default) for n, f in fields.items() if f.default is not missing
        )
        cls._pytree__factories = tuple(
            (n, f.default_factory) for n, f in fields.items() if f.default_factory is not missing
        )
        register_pytree(cls)
        register_state_dict(cls)

    def __setattr__(self, name: str, value: Any) -> None:
        cls = type(self)
        initializing = _INITIALIZING in self.__dict__
        if name in cls._pytree__plain and (initializing or cls._pytree__mutable):
            self.__dict__[name] = value
        elif _has_setter(cls, name):
            object.__setattr__(self, name, value)
        elif not (initializing or cls._pytree__mutable):
            raise AttributeError(
                f"{cls.__name__} is immutable: its field `{name}` cannot be assigned. Use "
                f"`.replace({name}=...)`, which returns a changed copy."
            )
        elif cls._pytree__dynamic and initializing:
            self.__dict__[name] = value
        else:
            raise NetKetPyTreeUndeclaredAttributeAssignmentError(self, name, cls._pytree__fields)

    def __delattr__(self, name: str) -> None:
        if _INITIALIZING not in self.__dict__ and not self._pytree__mutable:
            raise AttributeError(
                f"{type(self).__name__} is immutable: its field `{name}` cannot be deleted."
            )
        object.__delattr__(self, name)

    def replace(self: P, **kwargs: Any) -> P:
        """A copy in which some fields have other values; ``__init__`` is not called.

        Raises:
            ValueError: a name is not a field.
        """
        names = set(self._pytree__fields)
        if self._pytree__dynamic:
            names |= _dynamic_names(self)
        unknown = sorted(set(kwargs) - names)
        if unknown:
            raise ValueError(
                f"{type(self).__name__} has no field {', '.join(unknown)}: its fields are "
                f"{', '.join(sorted(names))}."
            )
        new = object.__new__(type(self))
        # only fields are copied: cached properties must be computed anew
        new.__dict__.update((n, v) for n, v in self.__dict__.items() if n in names)
        new.__dict__.update(kwargs)
        return new

    def __repr__(self) -> str:
        values = self.__dict__
        names = [n for n in self._pytree__fields if n in values]
        return f"{type(self).__name__}({', '.join(f'{n}={values[n]!r}' for n in names)})"


def _has_setter(cls: type, name: str) -> bool:
    return hasattr(inspect.getattr_static(cls, name, None), "__set__")


def _collect_fields(cls: type) -> dict[str, dataclasses.Field]:
    """All fields of the class, those of its bases first."""
    fields: dict[str, dataclasses.Field] = {}
    for base in reversed(cls.__mro__[1:]):
        fields |= base.__dict__.get("_pytree__fields", {})
    annotations = {n: t for n, t in inspect.get_annotations(cls).items() if not _is_class_var(t)}
    undeclared = {n: Any for n, v in vars(cls).items() if isinstance(v, dataclasses.Field)}
    for name, annotation in (undeclared | annotations).items():
        value = cls.__dict__.get(name, dataclasses.MISSING)
        if isinstance(value, dataclasses.Field):
            new = value
            # the class attribute serves as the default only, as in dataclasses
            if new.default is not dataclasses.MISSING:
                setattr(cls, name, new.default)
            elif new.default_factory is dataclasses.MISSING:
                delattr(cls, name)
            # a field with a factory stays, for classes that are also dataclasses
        elif value is dataclasses.MISSING or hasattr(value, "__get__"):
            # a property or method of this name provides the value
            new = dataclasses.field()
        else:
            new = dataclasses.field(default=value)
        new.name, new.type = name, annotation
        fields[name] = new
    return fields


def _is_class_var(annotation: Any) -> bool:
    if isinstance(annotation, str):
        return annotation.startswith(("ClassVar", "typing.ClassVar", "t.ClassVar"))
    return annotation is ClassVar or get_origin(annotation) is ClassVar


def _dynamic_names(obj: Pytree) -> set[str]:
    """Names of the attributes that hold data without being declared."""
    cls = type(obj)
    return {
        name
        for name in obj.__dict__
        if name not in cls._pytree__fields
        and name != _INITIALIZING
        and not isinstance(
            inspect.getattr_static(cls, name, None), CachedProperty | cached_property
        )
    }


# -- flattening, the hot path ------------------------------------------------------------------


class _Partial(NamedTuple):
    """Static part of an object some of whose fields have no value."""

    node_names: tuple[str, ...]
    static_names: tuple[str, ...]
    static: tuple[Any, ...]


def _getter(names: tuple[str, ...]) -> Any:
    """A function from a dictionary to the tuple of its values under `names`; fast."""
    if len(names) > 1:
        return itemgetter(*names)
    if names:
        (name,) = names
        return lambda values: (values[name],)
    return lambda values: ()


def register_pytree(cls: Any) -> None:
    """Registers a class that declares ``_pytree__fields`` and the names of nodes and statics."""
    names, static_names = cls._pytree__node_names, cls._pytree__static_names
    nodes, static = _getter(names), _getter(static_names)
    keys = tuple(map(GetAttrKey, names))
    outside = tuple((n, v) for n, v in cls._pytree__defaults if is_ignored(cls._pytree__fields[n]))
    new = object.__new__

    def flatten(obj: Any) -> tuple[tuple, tuple]:
        values = obj.__dict__
        try:
            return nodes(values), static(values)
        except KeyError:
            return flatten_partial(values, names)

    def flatten_partial(values: dict, names: Iterable[str]) -> tuple[tuple, _Partial]:
        names = tuple(n for n in names if n in values)
        static = tuple(n for n in static_names if n in values)
        aux = _Partial(names, static, tuple(values[n] for n in static))
        return tuple(values[n] for n in names), aux

    def flatten_dynamic(obj: Any) -> tuple[tuple, _Partial]:
        return flatten_partial(obj.__dict__, sorted({*names, *_dynamic_names(obj)}))

    def flatten_with_keys(obj: Any) -> tuple[tuple, tuple]:
        children, aux = flatten_fun(obj)
        known = map(GetAttrKey, aux.node_names) if type(aux) is _Partial else keys
        return tuple(zip(known, children)), aux

    def unflatten(aux: tuple, children: Any) -> Any:
        obj = new(cls)
        values = obj.__dict__
        if type(aux) is _Partial:
            values.update(zip(aux.node_names, children))
            values.update(zip(aux.static_names, aux.static))
        else:
            values.update(zip(names, children))
            values.update(zip(static_names, aux))
        values.update(outside)
        return obj

    flatten_fun = flatten_dynamic if cls._pytree__dynamic else flatten
    jax.tree_util.register_pytree_with_keys(cls, flatten_with_keys, unflatten, flatten_fun)
