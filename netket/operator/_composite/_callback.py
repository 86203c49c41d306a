# SPDX-License-Identifier: Apache-2.0
"""`CallbackOperator`: an operator with numba or numpy code only, used from jax.

Its connected elements are computed by `jax.pure_callback`, in rows of length `max_conn_size`.
"""

import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.errors import NetketWarning
from netket.utils.types import Array

from .._base import Backend, DiscreteOperator, inexact, lazy_form
from .._base._host import extend_rows
from ._delegate import DelegatingOperator

_warned: set[type] = set()


class CallbackOperator(DelegatingOperator):
    """The jax form of an operator that only has `get_conn_flattened`.

    `to_jax()` of such an operator makes it, and `to_numba()` gives the operator back.

    Args:
        parent: the operator.
        backend: its flag; with ``"numba"`` concrete samples are answered by numpy arrays.
    """

    def __init__(self, parent: DiscreteOperator, backend: Backend = "jax"):
        super().__init__(parent.hilbert)
        self._parent, self._backend = parent, backend

    @property
    def backends(self) -> tuple[Backend, ...]:
        return ("numba",)

    def _with_backend(self, backend: Backend) -> Any:
        return self._parent if backend == "numba" else CallbackOperator(self._parent, backend)

    def tree_flatten(self) -> tuple[tuple, Any]:
        return (), (self._parent, self._backend)

    @classmethod
    def tree_unflatten(cls, metadata: Any, data: tuple) -> Any:
        new = object.__new__(cls)
        new._parent, new._backend = metadata
        new._hilbert = new._parent.hilbert
        return new

    def get_conn_flattened(
        self, x: Array, sections: np.ndarray, pad: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        xp, mels = self._parent.get_conn_flattened(np.asarray(x), sections, *([True] * pad))
        return np.asarray(xp), np.asarray(mels)

    def get_conn_padded(self, x: Array) -> tuple[Array, Array]:
        if not isinstance(x, jax.core.Tracer):
            return tuple(map(jnp.asarray, self._host_padded(np.asarray(x))))
        slots, dtype = self.max_conn_size, inexact(self.dtype)
        _warn_once(self._parent)
        shapes = (
            jax.ShapeDtypeStruct((*x.shape[:-1], slots, x.shape[-1]), x.dtype),
            jax.ShapeDtypeStruct((*x.shape[:-1], slots), dtype),
        )
        return jax.pure_callback(self._host_padded, shapes, x, vmap_method="broadcast_all")

    def _host_padded(self, x: Any) -> tuple[np.ndarray, np.ndarray]:
        x = np.asarray(x)
        xp, mels = DiscreteOperator.get_conn_padded(self._parent, x)
        if mels.shape[-1] > self.max_conn_size:
            raise ValueError(
                f"`{type(self._parent).__name__}.max_conn_size` must be at least the number of "
                f"connected elements, but it is {self.max_conn_size} and a sample has "
                f"{mels.shape[-1]}."
            )
        mels = mels.astype(inexact(self.dtype))
        return extend_rows(x, xp.astype(x.dtype), mels, self.max_conn_size)


def _warn_once(operator: DiscreteOperator) -> None:
    if type(operator) in _warned:
        return
    _warned.add(type(operator))
    warnings.warn(
        NetketWarning(
            f"{type(operator).__name__} has no jax code: inside of jax transformations its "
            "connected elements are computed on the host, by jax.pure_callback. This is slow on "
            "accelerators; define `get_conn_padded` in jax code to avoid it."
        ),
        stacklevel=2,
    )


@lazy_form("callback")
def callback_form(operator: DiscreteOperator) -> CallbackOperator:
    return CallbackOperator(operator)
