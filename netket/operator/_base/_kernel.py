# SPDX-License-Identifier: Apache-2.0
"""`KernelOperator`: an operator that is data and two row kernels, the base of all built-in ones.

A subclass names its coefficients and its static structure, and packs both for the kernels::

    coefficients   arrays, the only leaves of the pytree
    structure      hashable, static
    _jax_data()    NamedTuple for `row_jax`
    _host_data()   NamedTuple of numpy arrays for `append_row`
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from netket.utils.types import Array

from .._kernels import _batch_jax
from .._kernels._flips import flipped_sites
from ._abstract import _LAZY
from ._backend import Backend, resolve_backend
from ._discrete import DiscreteOperator, _write, derived
from ._host import (
    as_given,
    check_host_samples,
    check_size,
    coefficient_array,
    extend_rows,
    host_array,
    is_traced,
)
from ._host_rows import Plan, host_counts, host_padded, host_rows, numba_kernels
from ._jax import DiscreteJaxOperator
from ._numbers import as_coefficient, inexact


class KernelOperator(DiscreteJaxOperator):
    """An operator with a numba and a jax row kernel.

    Args:
        hilbert: the space.
        backend: ``"numba"`` or ``"jax"``; by default see `use_backend`.
    """

    _class_backend = None
    # names of the attributes with coefficients, in the order of the leaves
    _coefficient_names: tuple[str, ...] = ()
    # names of the static attributes
    _static_names: tuple[str, ...] = ()
    # whether the jax kernel has the diagonal in slot 0, and only there
    _kernel_diagonal_first = False

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if cls._defines_padded or cls._defines_flattened:
            # elements of a third party: other forms of the class it started from are not its own
            for name in ("to_local_operator", "to_pauli_strings"):
                if getattr(cls, name).__module__.partition(".")[0] == "netket":
                    setattr(cls, name, getattr(KernelOperator, name))

    def __init__(self, hilbert: Any, backend: Backend | None = None):
        super().__init__(hilbert)
        self._backend = resolve_backend(backend or self._preferred_backend())

    @classmethod
    def _preferred_backend(cls) -> Backend | None:
        """The flag of a class: that of its name, or of the one method that a third party wrote."""
        if cls._class_backend is None and cls._defines_padded != cls._defines_flattened:
            return "jax" if cls._defines_padded else "numba"
        return cls._class_backend

    @property
    def backends(self) -> tuple[Backend, ...]:
        if not (self._defines_padded or self._defines_flattened):
            return ("numba", "jax")
        return super().backends if self._defines_padded else ("numba",)

    # -- pytree -------------------------------------------------------------------------------

    def tree_flatten(self) -> tuple[tuple, Any]:
        leaves = tuple(self._leaf(name) for name in self._coefficient_names)
        names = ("_hilbert", "_backend", *self._static_names)
        return leaves, tuple(self.__dict__[name] for name in names)

    @classmethod
    def tree_unflatten(cls, metadata: Any, data: tuple) -> Any:
        new = object.__new__(cls)
        new.__dict__.update(zip(("_hilbert", "_backend", *cls._static_names), metadata))
        new.__dict__.update(zip(cls._coefficient_names, data))
        return new

    def _leaf(self, name: str) -> Any:
        """A coefficient as a leaf; for the jax backend it is moved to the device once."""
        value = self.__dict__[name]
        if isinstance(value, np.ndarray) and self._backend == "jax":
            with jax.ensure_compile_time_eval():
                return self._remember(f"device {name}", lambda: jnp.asarray(value))
        return value

    def _value(self, name: str) -> Any:
        """A coefficient for algebra: of numpy unless it is traced."""
        value = self.__dict__[name]
        if isinstance(value, jax.Array) and not is_traced(value):
            return self._remember(f"host {name}", lambda: np.asarray(value))
        return value

    def _replace(self, **attributes: Any) -> Any:
        """A copy with other attributes, which are not checked."""
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        new.__dict__.pop("_cached", None)
        new.__dict__.update(attributes)
        return new

    def _with_backend(self, backend: Backend) -> Any:
        if self._defines_flattened and not self._defines_padded:
            return DiscreteOperator._with_backend(self, backend)
        return self._replace(_backend=backend)

    def _children(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in self._coefficient_names}

    @property
    def _cache(self) -> dict[str, Any]:
        """What was derived from this operator; copies with other content start afresh."""
        return self.__dict__.setdefault("_cached", {})

    def _remember(self, name: str, function: Any) -> Any:
        """`function()`, computed once unless it depends on traced values."""
        if name in self._cache:
            return self._cache[name]
        value = function()
        if not is_traced(*jax.tree_util.tree_leaves(value)):
            self._cache[name] = value
        return value

    def __getstate__(self) -> dict[str, Any]:
        state = {k: v for k, v in self.__dict__.items() if k != "_cached"}
        for name, value in state.items():
            if isinstance(value, jax.Array) and not is_traced(value):
                state[name] = np.asarray(value)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    # -- equality -----------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        """Same class, space, backend, structure and coefficients (with their dtype)."""
        if self is other:
            return True
        if type(self) is not type(other):
            return False
        (a, key_a), (b, key_b) = self.tree_flatten(), other.tree_flatten()
        return key_a == key_b and _equal_leaves(a, b)

    def __hash__(self) -> int:
        if "hash" not in self._cache:
            leaves, treedef = jax.tree_util.tree_flatten(self)
            if is_traced(*leaves):
                return hash(treedef)
            arrays = map(np.asarray, leaves)
            # + 0 removes signs of zeros
            content = tuple((a.dtype.str, a.shape, (a + 0).tobytes()) for a in arrays)
            self._cache["hash"] = hash((treedef, content))
        return self._cache["hash"]

    def copy(self, *, dtype: Any = None) -> Any:
        """A copy, with another dtype if given."""
        if dtype is None or np.dtype(dtype) == self.dtype:
            return self._replace()
        dtype = inexact(dtype)
        cast = {name: as_coefficient(self._value(name), dtype) for name in self._coefficient_names}
        return self._replace(**cast)

    def replace(self, **kwargs: Any) -> Any:
        raise TypeError(f"{type(self).__name__} has no fields to replace: build a new operator.")

    # -- connected elements -------------------------------------------------------------------
    # A subclass of a third party may define one of these itself; then the others are derived
    # from it. What it reaches by super() is always the kernel.

    @derived
    def get_conn_padded(self, x: Array) -> tuple[Array, Array]:
        known = self.__dict__.get("_cached", _EMPTY).get("padded")
        if known is not None and type(x) is known.array_type and x.shape[-1:] == known.shape:
            return known.function(known.data, x)
        if self._defines_flattened and not self._defines_padded:
            return DiscreteOperator.get_conn_padded(self, x)
        check_size(x, self.hilbert.size)
        if not self._on_host(x):
            return self._padded_jax(x)
        plan = self._plan
        xp, mels = self._composed_padded(x) if plan is None else host_padded(plan, x)
        if self._backend == "numba":
            if plan is not None:
                self._cache["padded"] = Known(np.ndarray, (self.hilbert.size,), host_padded, plan)
            return xp, mels
        xp, mels = extend_rows(host_array(x), xp, mels, self.max_conn_size)
        return jnp.asarray(xp), jnp.asarray(mels)

    @derived
    def get_conn_flattened(
        self, x: Array, sections: np.ndarray, pad: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        if self._defines_padded and not self._defines_flattened:
            return super().get_conn_flattened(x, sections, pad)
        if not self._on_host(x):
            return self._flattened_jax(self._kernel_jax_data(), x, sections, pad)
        check_size(x, self.hilbert.size)
        samples, plan = host_array(x).reshape(-1, self.hilbert.size), self._plan
        rows = self._composed_rows(samples, pad) if plan is None else host_rows(plan, samples, pad)
        xp, mels, lengths = rows
        sections[...] = np.cumsum(np.broadcast_to(lengths, len(samples)))
        return as_given(xp.reshape(-1, self.hilbert.size), x), mels

    def n_conn(self, x: Array, out: np.ndarray | None = None) -> Array:
        if not self._has_kernel:
            base = DiscreteJaxOperator if self._defines_padded else DiscreteOperator
            return base.n_conn(self, x, out)
        if not self._on_host(x):
            return self._n_conn_jax(self._kernel_jax_data(), x, out)
        plan = self._plan
        if plan is None:
            return DiscreteOperator.n_conn(self, x, out)
        check_size(x, self.hilbert.size)
        x = host_array(x)
        counts = host_counts(plan, x.reshape(-1, x.shape[-1]))
        return _write(counts.reshape(x.shape[:-1]), out)

    def _on_host(self, x: Any) -> bool:
        """Whether numba answers: by the flag, for concrete samples and coefficients."""
        if is_traced(x) or self._is_traced:
            return False
        return self._backend == "numba" or self._without_jax

    def _padded_jax(self, x: Any) -> tuple[Any, Any]:
        rules = self._rules()
        if self._is_traced or is_traced(x):
            return _batch_jax.padded(self._kernel_jax_data(), jnp.asarray(x), rules)
        x = x if isinstance(x, jax.Array) else np.asarray(x)
        checks = jax.default_backend() == "cpu" or isinstance(x, np.ndarray)
        data = Resident(self._resident_data, _batch_jax.padded_by(rules), rules.grid, checks)
        result = resident_padded(data, x)
        if isinstance(x, jax.Array) and not is_traced(result[0]):
            self._cache["padded"] = Known(type(x), (self.hilbert.size,), resident_padded, data)
        return result

    @property
    def _resident_data(self) -> Any:
        """The data for the jax kernel, all of it on the device."""
        if "resident_data" not in self._cache:
            with jax.ensure_compile_time_eval():
                data = jax.tree_util.tree_map(jnp.asarray, self._kernel_jax_data())
            self._cache["resident_data"] = data
        return self._cache["resident_data"]

    @property
    def _plan(self) -> Plan | None:
        """What the numba drivers need, put together once; None without data for them."""
        if "plan" not in self._cache:
            data = self._kernel_numba_data()
            self._cache["plan"] = None if data is None else self._new_plan(data)
        return self._cache["plan"]

    def _new_plan(self, data: Any) -> Plan:
        grid = self._grid
        flips = self._flips if grid.two_level and numba_kernels().has_flips(data) else None
        width = min(self._max_changes, grid.n_sites)
        return Plan(
            data,
            grid,
            self._slots,
            width,
            np.dtype(self.dtype),
            self._merges,
            None if flips is None else flipped_sites(flips),
        )

    def _new_conn(self, slots: int) -> Any:
        """A buffer for `slots` elements."""
        width = min(self._max_changes, self.hilbert.size)
        return numba_kernels().new_conn(slots, width, self.dtype, self._grid.dtype)

    # -- what a subclass defines --------------------------------------------------------------

    def _host_data(self) -> Any:
        """NamedTuple of writable numpy arrays for the numba kernel, or None."""
        raise TypeError(f"{type(self).__name__} must define `_host_data`.")

    def _device_data(self) -> Any:
        """NamedTuple for the jax kernel."""
        raise TypeError(f"{type(self).__name__} must define `_device_data`.")

    def _composed_rows(
        self, samples: np.ndarray, pad: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | int]:
        """`host_rows` of operators without data for the numba kernel."""
        raise TypeError(f"{type(self).__name__} must define `_composed_rows`.")

    def _composed_padded(self, x: Any) -> tuple[np.ndarray, np.ndarray]:
        samples, (*batch, n_sites) = host_array(x), np.shape(x)
        xp, mels, width = self._composed_rows(samples.reshape(-1, n_sites), pad=True)
        return as_given(xp.reshape(*batch, width, n_sites), x), mels.reshape(*batch, width)

    @property
    def _without_jax(self) -> bool:
        """Whether the jax kernel would only call back to the host."""
        return False

    @property
    def _slots(self) -> int:
        """Slots that the row kernels need."""
        return self.max_conn_size

    @property
    def _max_changes(self) -> int:
        """Largest number of sites in which x' differs from x."""
        return self.hilbert.size

    @property
    def _flips(self) -> np.ndarray | None:
        """Which sites each slot flips, (K, N) of 0 and 1, if the same ones in every configuration.

        The kind of data then has a `flip_kernel`, and no two slots flip the same sites.
        """
        return None

    def _as_local(self) -> Any:
        """The operator as a `LocalOperator`, or None if it is not a sum of local terms."""
        return None

    def to_pauli_strings(self, **kwargs: Any) -> Any:
        """The same operator as `PauliStrings`; fermions by the Jordan-Wigner transformation.

        Args:
            **kwargs: `cutoff`, `dtype` and `backend` as for `PauliStrings`.

        Raises:
            ValueError: a site does not have two local states, or a term acts on too many sites.
            TypeError: it is not known as a sum of terms on few sites.
        """
        return _LAZY["pauli_strings"](self, **kwargs)

    def _keeps_constraint(self, constraint: Any) -> bool:
        """Whether x' with matrix element 0 are known to satisfy the constraint, or not to occur."""
        return False

    def _conserves(self, constraint: Any) -> bool:
        """Whether no x' with an element that is not 0 breaks the constraint, by the terms."""
        return False

    @property
    def _is_conserving(self) -> bool:
        constraint: Any = getattr(self.hilbert, "constraint", None)
        return self._has_kernel and (constraint is None or self._conserves(constraint))

    def _rules(self) -> _batch_jax.Rules:
        if "rules" not in self._cache:
            legal: Any = getattr(self.hilbert, "constraint", None)
            if legal is not None and self._has_kernel and self._keeps_constraint(legal):
                legal = None
            self._cache["rules"] = super()._rules()._replace(legal=legal)
        return self._cache["rules"]

    # -- data for the kernels -----------------------------------------------------------------

    @property
    def _has_kernel(self) -> bool:
        """Whether the kernels speak for the operator: no subclass has its own elements."""
        return not (self._defines_padded or self._defines_flattened)

    @property
    def _diagonal_first(self) -> bool:
        """Whether x' = x can only be in slot 0: samplers need not compare all rows."""
        return self._kernel_diagonal_first and self._has_kernel

    @property
    def _is_traced(self) -> bool:
        if "is_traced" not in self._cache:
            # a third party may have added leaves
            leaves = jax.tree_util.tree_leaves(self._children() if self._has_kernel else self)
            self._cache["is_traced"] = is_traced(*leaves)
        return self._cache["is_traced"]

    def _numba_data(self) -> Any:
        return self._kernel_numba_data() if self._has_kernel else None

    def _jax_data(self) -> Any:
        return self._kernel_jax_data() if self._has_kernel else super()._jax_data()

    def _kernel_numba_data(self) -> Any:
        return None if self._is_traced else self._remember("numba_data", self._host_data)

    def _kernel_jax_data(self) -> Any:
        return self._remember("jax_data", self._device_data)

    def _host(self, name: str, dtype: Any = None) -> np.ndarray:
        """A coefficient for numba."""
        return coefficient_array(self._value(name), dtype)


_EMPTY: dict[str, Any] = {}


class Known(NamedTuple):
    """What `get_conn_padded` has found out about calls with concrete arrays: what answers them."""

    array_type: type  # of samples
    shape: tuple[int]  # (N,)
    function: Any  # (data, x) -> x', mels
    data: Any


class Resident(NamedTuple):
    """The data for the jax kernel on the device, and the function that they are passed to."""

    data: Any
    function: Any  # (data, x) -> x', mels
    grid: Any
    checks: bool  # whether samples are checked: not on accelerators


def resident_padded(resident: Resident, x: Any) -> tuple[jax.Array, jax.Array]:
    """`get_conn_padded` for concrete samples, by jax."""
    data, function, grid, checks = resident
    result = function(data, x)
    if checks:  # while the device computes
        check_host_samples(np.asarray(x), grid)
    if not isinstance(result[0], jax.core.Tracer):
        return result
    with jax.ensure_compile_time_eval():  # something else is being traced
        return function(data, x)


def _equal_leaves(a: Any, b: Any) -> bool:
    a, b = jax.tree_util.tree_leaves(a), jax.tree_util.tree_leaves(b)
    if is_traced(*a, *b):
        return all(x is y for x, y in zip(a, b))
    return all(
        x.dtype == y.dtype and np.array_equal(np.asarray(x), np.asarray(y)) for x, y in zip(a, b)
    )
