# SPDX-License-Identifier: Apache-2.0
"""`FormOperator`: an operator that is known by its children, and computed in another form.

Examples: the adjoint of an operator, computed by its closed form; a Liouvillian, computed as a
sum of local terms on the doubled space.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .._base import DiscreteJaxOperator, DiscreteOperator, KernelOperator, inexact
from ._base import CompositeOperator, as_pytree, flattened_rows
from ._callback import CallbackOperator


class Facts(NamedTuple):
    """What is static about a form; kept also where its coefficients are traced."""

    dtype: np.dtype
    is_hermitian: bool
    max_conn_size: int
    slots: int
    max_changes: int
    merges: bool
    diagonal_first: bool
    without_jax: bool


class FormOperator(CompositeOperator):
    """The kernels and the algebra are those of the form, which is made when it is needed.

    A subclass sets `_operators`, its children, and defines `_make_form`.
    """

    _coefficient_names = ("_operators",)

    def _make_form(self) -> Any:
        """The operator that is computed; no `FormOperator`."""
        raise TypeError(f"{type(self).__name__} must define `_make_form`.")

    @property
    def _form(self) -> DiscreteJaxOperator:
        return self._remember("form", lambda: as_pytree(self._make_form()))

    @property
    def _facts(self) -> Facts:
        return self._remember("facts", lambda: _facts(self._form))

    def collect(self) -> Any:
        """The operator in the form that is computed."""
        form = self._form
        return form.parent if isinstance(form, CallbackOperator) else form

    @property
    def dtype(self) -> np.dtype:
        return self._facts.dtype

    @property
    def is_hermitian(self) -> bool:
        return self._facts.is_hermitian

    @property
    def max_conn_size(self) -> int:
        return self._remember("max_conn_size", self._structural_size)

    def _structural_size(self) -> int:
        """The size inside of jit, where coefficients that are zero are not known to be."""
        if self._is_traced or self._facts.without_jax:
            return self._facts.max_conn_size
        sizes: list[int] = []
        jax.eval_shape(lambda op: sizes.append(op._facts.max_conn_size), self)
        return max(sizes[0], self._facts.max_conn_size)

    def copy(self, *, dtype: Any = None) -> Any:
        if dtype is None or np.dtype(dtype) == self.dtype:
            return self._replace()
        return self._replace(_operators=tuple(op.copy(dtype=dtype) for op in self._operators))

    # -- kernels ------------------------------------------------------------------------------

    @property
    def _slots(self) -> int:
        return self._facts.slots

    @property
    def _max_changes(self) -> int:
        return self._facts.max_changes

    @property
    def _flips(self) -> np.ndarray | None:
        return self._form._flips if isinstance(self._form, KernelOperator) else None

    @property
    def _merges(self) -> bool:
        return self._facts.merges if self._has_kernel else True

    @property
    def _diagonal_first(self) -> bool:
        return self._facts.diagonal_first and self._has_kernel

    @property
    def _without_jax(self) -> bool:
        return self._facts.without_jax

    def _keeps_constraint(self, constraint: Any) -> bool:
        return keeps_constraint(self._form)

    def _conserves(self, constraint: Any) -> bool:
        form = self._form
        return isinstance(form, KernelOperator) and form._is_conserving

    def _padded_jax(self, x: Any) -> tuple[Any, Any]:
        xp, mels = super()._padded_jax(x)
        x, free = jnp.asarray(x), self.max_conn_size - mels.shape[-1]
        if free == 0:
            return xp, mels
        padding = jnp.broadcast_to(x[..., None, :], (*x.shape[:-1], free, x.shape[-1]))
        mels = jnp.pad(mels, [(0, 0)] * (x.ndim - 1) + [(0, free)])
        return jnp.concatenate([xp, padding], axis=-2), mels

    def _host_data(self) -> Any:
        return self._form._numba_data()

    def _device_data(self) -> Any:
        return self._form._jax_data()

    def _compose(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return flattened_rows(self._form, samples)

    # -- algebra ------------------------------------------------------------------------------

    def _as_local(self) -> Any:
        form = self._form
        return form._as_local() if isinstance(form, KernelOperator) else None

    def to_local_operator(self) -> Any:
        return self.collect().to_local_operator()

    def conjugate(self, *, concrete: bool = True) -> Any:
        return self.collect().conjugate()

    def transpose(self, *, concrete: bool = True) -> Any:
        return self.collect().transpose()

    def _scaled(self, c: Any) -> Any:
        return self.collect()._scaled(c)

    def _plus_scalar(self, c: Any) -> Any:
        return self.collect() + c

    def _plus(self, other: Any) -> Any:
        return self.collect() + other

    def _times(self, other: Any) -> Any:
        return self.collect() @ other

    def _times_left(self, other: Any) -> Any:
        return other @ self.collect()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(str, self.operators))})"


def collected(operator: Any) -> Any:
    """The operator itself, or the form of a `FormOperator`."""
    return operator.collect() if isinstance(operator, FormOperator) else operator


def keeps_constraint(operator: DiscreteOperator) -> bool:
    """Whether every x' of the operator, also with matrix element 0, is in its space."""
    constraint = getattr(operator.hilbert, "constraint", None)
    if constraint is None:
        return True
    return (
        isinstance(operator, KernelOperator)
        and operator._has_kernel
        and operator._keeps_constraint(constraint)
    )


def _facts(form: Any) -> Facts:
    size = form.max_conn_size
    kernel = isinstance(form, KernelOperator)
    return Facts(
        dtype=inexact(form.dtype),
        is_hermitian=form.is_hermitian,
        max_conn_size=size,
        slots=form._slots if kernel else size,
        max_changes=form._max_changes if kernel else form.hilbert.size,
        merges=form._merges,
        diagonal_first=bool(getattr(form, "_diagonal_first", False)),
        without_jax=isinstance(form, CallbackOperator) or bool(getattr(form, "_without_jax", 0)),
    )
