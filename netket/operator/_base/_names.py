# SPDX-License-Identifier: Apache-2.0
"""Older names such as `IsingNumba`: one class and a flag, asked and built under one name.

`IsingNumba(...)` is `Ising(..., backend="numba")`, and ``isinstance(op, IsingNumba)`` asks for
the class and for the flag. The name is an ordinary subclass otherwise: class methods pass
through, and third parties may subclass it (their operators get the flag by default).
"""

from abc import ABCMeta
from typing import Any


class BackendName(ABCMeta):
    """Metaclass of the older names: ``class IsingJax(Ising, metaclass=..., backend="jax")``."""

    _class_backend: str | None
    _named_class: Any

    def __new__(
        mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any
    ) -> type:
        backend = kwargs.pop("backend", None)
        if backend is not None:
            namespace = namespace | {"_class_backend": backend, "_named_class": bases[0]}
        else:
            namespace = namespace | {"_named_class": None}
        return super().__new__(mcls, name, bases, namespace, **kwargs)

    def __init__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any
    ) -> None:
        kwargs.pop("backend", None)
        super().__init__(name, bases, namespace, **kwargs)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls._named_class is None:
            return super().__call__(*args, **kwargs)
        if kwargs.get("backend", cls._class_backend) != cls._class_backend:
            raise ValueError(
                f"`{cls.__name__}` means backend={cls._class_backend!r}, but argument `backend` "
                f"is {kwargs['backend']!r}: call `{cls._named_class.__name__}` to choose it."
            )
        return cls._named_class(*args, **{**kwargs, "backend": cls._class_backend})

    def __instancecheck__(cls, instance: Any) -> bool:
        if cls._named_class is None:
            return super().__instancecheck__(instance)
        return isinstance(instance, cls._named_class) and instance.backend == cls._class_backend
