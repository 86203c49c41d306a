# SPDX-License-Identifier: Apache-2.0
"""`DiscreteJaxOperator`: operators that have a jax kernel and are pytrees.

A third party subclasses it with `get_conn_padded` (traceable), `max_conn_size`, `dtype`,
`tree_flatten` and `tree_unflatten`. All operators of this package inherit from it, whatever
their flag.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.jax.tracing import computed_now
from netket.utils.types import Array

from .._kernels import _batch_jax
from .._kernels._composite import ForeignData
from ._backend import Backend
from ._discrete import DiscreteOperator, _finish_flattened, _write, derived
from ._host import check_samples, check_size, flatten_rows, host_array, is_traced, pad_rows
from ._numbers import inexact

_registered: set[type] = set()


class DiscreteJaxOperator(DiscreteOperator):
    """An operator on a discrete Hilbert space with a jax kernel; a pytree.

    Subclasses are registered as pytrees when the first of them is built (unless they already
    are, for example by ``@jax.tree_util.register_pytree_node_class``).

    Args:
        hilbert: the space.

    Example:
        A subclass defines ``dtype``, ``max_conn_size``, ``get_conn_padded(x)``,
        ``tree_flatten()`` and ``tree_unflatten(aux, leaves)``.
    """

    _class_backend: Backend | None = "jax"

    def __new__(cls, *args: Any, **kwargs: Any) -> "DiscreteJaxOperator":
        _register(cls)
        return super().__new__(cls)

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if cls.__module__.partition(".")[0] == "netket":  # ours have no decorator that does it
            _register(cls)
        if "get_conn_padded" in vars(cls) and cls._defines_padded:
            cls.get_conn_padded = _for_both_backends(cls.get_conn_padded)  # type: ignore

    @property
    def backends(self) -> tuple[Backend, ...]:
        return ("numba", "jax") if self._defines_flattened else ("jax",)

    def _with_backend(self, backend: Backend) -> "DiscreteJaxOperator":
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__, _backend=backend)
        new.__dict__.pop("_cached", None)
        return new

    # -- pytree -------------------------------------------------------------------------------

    def tree_flatten(self) -> tuple[tuple, Any]:
        """Leaves (inexact arrays, the coefficients) and static, hashable data."""
        raise TypeError(
            f"{type(self).__name__} must define `tree_flatten(self)`, which returns its arrays "
            "and its static data, and the class method `tree_unflatten(cls, static, arrays)`."
        )

    @classmethod
    def tree_unflatten(cls, metadata: Any, data: tuple) -> "DiscreteJaxOperator":
        """The operator with given leaves; must not check them."""
        raise TypeError(
            f"{cls.__name__} must define the class method `tree_unflatten(cls, static, arrays)`."
        )

    # -- connected elements: from the jax kernel ----------------------------------------------

    @derived
    def get_conn_flattened(
        self, x: Array, sections: np.ndarray, pad: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        self._check_defines()
        return self._flattened_jax(self._jax_data(), x, sections, pad)

    def n_conn(self, x: Array, out: np.ndarray | None = None) -> Array:
        if self._defines_flattened and self.backend == "numba" and not is_traced(x):
            return super().n_conn(x, out)
        self._check_defines()
        return self._n_conn_jax(self._jax_data(), x, out)

    def _flattened_jax(self, data: Any, x: Any, sections: np.ndarray, pad: bool) -> Any:
        check_size(x, self.hilbert.size)
        check_samples(x, self._grid)
        samples = host_array(x).reshape(-1, self.hilbert.size)
        with computed_now():  # also where something else is being traced
            xp, mels = _batch_jax.padded(data, jnp.asarray(samples), self._rules())
        rows = flatten_rows(samples, np.asarray(xp), np.asarray(mels), merge=False)
        return _finish_flattened(samples, *rows, sections, pad)

    def _n_conn_jax(self, data: Any, x: Any, out: np.ndarray | None) -> Array:
        check_size(x, self.hilbert.size)
        traced = self._is_traced or is_traced(x)
        if traced:
            return _batch_jax.n_conn(data, jnp.asarray(x), self._rules())
        check_samples(x, self._grid)
        with computed_now():
            counts = _batch_jax.n_conn(data, jnp.asarray(x), self._rules())
        if out is None and self.backend == "jax":
            return counts
        return _write(np.asarray(counts), out)

    # -- for the classes and functions of this package ----------------------------------------

    @property
    def _is_traced(self) -> bool:
        """Whether a coefficient is traced."""
        return is_traced(*jax.tree_util.tree_leaves(self))

    @property
    def _merges(self) -> bool:
        """Whether rows may hold the same x' twice."""
        return True

    def _jax_data(self) -> Any:
        """The data for the jax row kernel."""
        return ForeignData(self, self._grid)

    def _rules(self) -> _batch_jax.Rules:
        return _batch_jax.Rules(self._grid, inexact(self.dtype).name, self._merges, None)


def _register(cls: Any) -> None:
    if cls in _registered:
        return
    _registered.add(cls)
    try:
        jax.tree_util.register_pytree_node(
            cls, lambda op: op.tree_flatten(), lambda aux, leaves: cls.tree_unflatten(aux, leaves)
        )
    except ValueError:  # registered by a decorator of the third party
        pass


def _for_both_backends(get_conn_padded: Any) -> Any:
    """`get_conn_padded` of a third party: with the numba flag it returns numpy arrays.

    Concrete samples then go through the compiled function, and the padding is trimmed.
    """
    if getattr(get_conn_padded, "__isabstractmethod__", False):
        return get_conn_padded
    compiled = jax.jit(lambda op, x: get_conn_padded(op, x))

    def serve(self: Any, x: Any) -> tuple[Any, Any]:
        if self.backend == "jax" or is_traced(x) or self._is_traced:
            return get_conn_padded(self, x)
        if self._defines_flattened:
            return DiscreteOperator.get_conn_padded(self, x)
        check_size(x, self.hilbert.size)
        samples = host_array(x)
        with computed_now():
            xp, mels = map(np.asarray, compiled(self, samples))
        flat = samples.reshape(-1, samples.shape[-1])
        xp, mels, counts = flatten_rows(
            flat, xp.reshape(len(flat), -1, flat.shape[-1]), mels.reshape(len(flat), -1), False
        )
        xp, mels = pad_rows(flat, xp, mels, counts)
        return xp.reshape(*samples.shape[:-1], *xp.shape[1:]), mels.reshape(*samples.shape[:-1], -1)

    serve.__doc__ = get_conn_padded.__doc__
    serve.__wrapped__ = get_conn_padded  # type: ignore[attr-defined]
    return serve
