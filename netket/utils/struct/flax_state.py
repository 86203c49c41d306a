# SPDX-License-Identifier: Apache-2.0
"""State dictionaries of pytree classes, for `flax.serialization`, without importing flax.

Classes are registered with flax at once if the script has imported it, else as soon as it does.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import jax

from .fields import is_serialized, serialized_name

_FLAX = "flax.serialization"
_waiting: list[type] = []


def register_state_dict(cls: type) -> None:
    """Teaches flax to store and restore objects of a pytree class."""
    module = sys.modules.get(_FLAX)
    if module is not None and hasattr(module, "register_serialization_state"):
        _register_with(module, cls)
        return
    if not _waiting:
        sys.meta_path.insert(0, _FlaxFinder())
    _waiting.append(cls)


class _FlaxFinder(importlib.abc.MetaPathFinder):
    """Notices the import of flax.serialization, and steps aside."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != _FLAX:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _FlaxLoader(spec.loader)
        return spec


class _FlaxLoader(importlib.abc.Loader):
    """Loads flax.serialization as usual, then registers the classes that wait for it."""

    def __init__(self, loader: Any):
        self.loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        while _waiting:
            _register_with(module, _waiting.pop())

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)


def _register_with(flax_serialization: ModuleType, cls: type) -> None:
    flax_serialization.register_serialization_state(cls, to_state_dict, from_state_dict, True)


def to_state_dict(obj: Any) -> dict[str, Any]:
    """The fields of a pytree object as a nested dictionary; random keys as their integers."""
    from flax import serialization

    values = obj.__dict__
    return {
        serialized_name(f): serialization.to_state_dict(_unwrap_key(values[name]))
        for name, f in type(obj)._pytree__fields.items()
        if is_serialized(f) and name in values
    }


def from_state_dict(obj: Any, state: dict[str, Any]) -> Any:
    """A copy of `obj` with the values of a state dictionary.

    Raises:
        ValueError: a field is missing, or there are others than the fields of the class.
    """
    from flax import serialization

    cls = type(obj)
    updates, rest = {}, dict(state)
    for name, f in cls._pytree__fields.items():
        key = serialized_name(f)
        if not is_serialized(f) or name not in obj.__dict__:
            continue
        if key not in rest:
            raise ValueError(
                f"The stored state of {cls.__name__} lacks field `{key}`; it has "
                f"{', '.join(sorted(state)) or 'none'}."
            )
        target = obj.__dict__[name]
        value = serialization.from_state_dict(_unwrap_key(target), rest.pop(key), name=key)
        updates[name] = _wrap_key(target, value)
    if rest:
        raise ValueError(
            f"The stored state of {cls.__name__} has fields that the class has not: "
            f"{', '.join(map(str, rest))}."
        )
    return obj.replace(**updates)


def _is_key(value: Any) -> bool:
    return isinstance(value, jax.Array) and jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key)


def _unwrap_key(value: Any) -> Any:
    return jax.random.key_data(value) if _is_key(value) else value


def _wrap_key(target: Any, value: Any) -> Any:
    if not _is_key(target):
        return value
    return jax.random.wrap_key_data(value, impl=jax.random.key_impl(target))
