# SPDX-License-Identifier: Apache-2.0
"""The backend flag of operators: its names, its default, and how flags combine.

Default: the context `use_backend`, else ``netket.config.operator_backend``; ``auto`` means numba
on one CPU device, jax on accelerators and on several devices.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal

import jax

from netket.config import config

Backend = Literal["numba", "jax"]
BACKENDS: tuple[Backend, ...] = ("numba", "jax")

_context: ContextVar[str | None] = ContextVar("netket_operator_backend", default=None)


def check_backend(name: Any, argument: str = "backend") -> Backend:
    """`name` if it is a backend.

    Raises:
        ValueError: it is none.
    """
    if name not in BACKENDS:
        raise ValueError(f'Argument `{argument}` must be "numba" or "jax", but is {name!r}.')
    return name


def default_backend() -> Backend:
    """The backend of operators that are not told one. May start the jax backend."""
    name = _context.get() or config.operator_backend
    return check_backend(_auto_backend() if name == "auto" else name)


def resolve_backend(requested: str | None) -> Backend:
    """The requested backend, or the default."""
    return default_backend() if requested is None else check_backend(requested)


def promote_backends(backends: Iterable[str]) -> Backend:
    """The backend of an operator made from others: one jax operator makes the result jax."""
    return "jax" if "jax" in tuple(backends) else "numba"


@contextmanager
def use_backend(name: Backend | Literal["auto"]) -> Iterator[None]:
    """Context in which operators are built with the given backend unless they are told one.

    Args:
        name: ``"numba"``, ``"jax"`` or ``"auto"``.

    Raises:
        ValueError: `name` is none of these.

    Example:
        >>> import netket as nk
        >>> with nk.operator.use_backend("jax"):
        ...     op = nk.operator.spin.sigmax(nk.hilbert.Spin(0.5, 2), 0)
        >>> op.backend
        'jax'
    """
    token = _context.set(name if name == "auto" else check_backend(name, "name"))
    try:
        yield
    finally:
        _context.reset(token)


def _auto_backend() -> Backend:
    device: Any = getattr(jax.config, "jax_default_device", None)
    platform = jax.default_backend() if device is None else getattr(device, "platform", device)
    several = jax.process_count() > 1 or (config.sharding and jax.device_count() > 1)
    return "numba" if platform == "cpu" and not several else "jax"
