# SPDX-License-Identifier: Apache-2.0
"""Pickles of states whose models have fields such as `jax.nn.initializers.normal()`.

Python pickles a function by its name, which functions made by other functions do not have. Those of
jax hold the arguments of the function that made them and nothing else, so the call is stored.
"""

import importlib
import inspect
import io
import pickle
from collections.abc import Callable
from types import FunctionType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.jax.sharding import n_parts, shard_along_axis, to_host


def reduce(obj: Any, protocol: int) -> tuple[Callable, tuple]:
    """What `__reduce_ex__` returns for an object with functions among its attributes."""
    buffer = io.BytesIO()
    _Pickler(buffer, protocol).dump(obj.__dict__)
    return _restore, (type(obj), buffer.getvalue())


def _restore(cls: type, attributes: bytes) -> Any:
    obj = object.__new__(cls)
    obj.__dict__.update(pickle.loads(attributes))
    return obj


# calling functions of others, to see what they make, might do anything
_KNOWN = ("jax", "flax")


class _Pickler(pickle.Pickler):
    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, jax.Array) and not (obj.is_fully_addressable or obj.is_fully_replicated):
            return _split, (to_host(obj),)
        if isinstance(obj, FunctionType):
            call = _maker(obj)
            return NotImplemented if call is None else (_call, call)
        if hasattr(obj, "__wrapped__") and _is_named(obj):
            return _named, (obj.__module__, obj.__qualname__)
        return NotImplemented


def _split(x: np.ndarray) -> Any:
    """An array that was split over several processes, over the devices that there are now."""
    return shard_along_axis(x, 0) if n_parts(len(x)) > 1 else jnp.asarray(x)


def _is_named(obj: Any) -> bool:
    """Whether something that wraps a function, like those of `jax.jit`, is found by its name."""
    try:
        return _named(obj.__module__, obj.__qualname__) is obj
    except (AttributeError, ImportError):
        return False


def _named(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


def _maker(function: FunctionType) -> tuple[str, str, dict[str, Any]] | None:
    """Module, name and arguments of the call that gives an equal function, if there is one."""
    name, is_made, _ = function.__qualname__.partition(".<locals>.")
    module = function.__module__
    if not is_made or module.partition(".")[0] not in _KNOWN:
        return None
    try:
        maker = getattr(importlib.import_module(module), name)
        held = _held(function)
        arguments = {k: held[k] for k in inspect.signature(maker).parameters if k in held}
        again = maker(**arguments)
        same = again.__code__ is function.__code__ and _held(again) == held
    except (AttributeError, ImportError, TypeError, ValueError):
        return None
    return (module, name, arguments) if same else None


def _held(function: FunctionType) -> dict[str, Any]:
    """What a function holds by name: its closure, and the defaults of its arguments."""
    parameters = inspect.signature(function).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    return defaults | dict(inspect.getclosurevars(function).nonlocals)


def _call(module: str, name: str, arguments: dict[str, Any]) -> Any:
    return getattr(importlib.import_module(module), name)(**arguments)
