# SPDX-License-Identifier: Apache-2.0
"""`StringOperator`: the base of operators that are sums of strings with weights."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import DiscreteHilbert

from .._base import Backend, KernelOperator, as_coefficient
from .._kernels import StringBuckets, StringData, string_buckets, string_tables
from ._bits import unpack_bits
from ._terms import StringTerms


class StringOperator(KernelOperator):
    """O = sum_t w_t [x & care_t = want_t] (-1)^|x & sign_t| |x><x xor flip_t|.

    A subclass adds constructors and algebra. Its weights may have another dtype than the
    operator if it defines `_kernel_weights`.

    Args:
        hilbert: a space of N sites with two local states each.
        strings: the structure.
        weights: the weights w_t, concrete or traced, (T,).
        backend: ``"numba"`` or ``"jax"``; by default see `netket.operator.use_backend`.
    """

    _coefficient_names = ("_weights",)
    _static_names: tuple[str, ...] = ("_strings",)
    _kernel_diagonal_first = True

    def __init__(
        self,
        hilbert: DiscreteHilbert,
        strings: StringTerms,
        weights: Any,
        backend: Backend | None = None,
    ):
        super().__init__(hilbert, backend)
        self._strings, self._weights = strings, as_coefficient(weights, weights.dtype)

    # -- properties ---------------------------------------------------------------------------

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(self._weights.dtype)

    @property
    def max_conn_size(self) -> int:
        return self._strings.n_groups

    @property
    def _max_changes(self) -> int:
        return self._strings.max_flips

    @property
    def _merges(self) -> bool:
        return not self._has_kernel

    @property
    def _flips(self) -> np.ndarray | None:
        strings = self._strings
        return unpack_bits(strings.group_flips, strings.n_sites)

    @property
    def is_hermitian(self) -> bool:
        """Whether the operator equals its adjoint; False if traced values do not let us know."""
        return self._remember("is_hermitian", self._computed_hermiticity)

    def _computed_hermiticity(self) -> bool:
        terms, order, odd = self._strings.transposed
        if terms != self._strings:
            return False
        if self._is_traced:
            same = np.array_equal(order, np.arange(len(order))) and not odd.any()
            return bool(same and self.dtype.kind != "c")
        weights = self._value("_weights")
        tolerance = 100 * np.finfo(weights.dtype).eps * np.abs(weights).max(initial=1.0)
        adjoint = np.where(odd, -1, 1) * weights[order].conj()
        return bool(np.all(np.abs(weights - adjoint) <= tolerance))

    # -- data for the kernels -----------------------------------------------------------------

    def _kernel_weights(self, weights: Any) -> Any:
        """What the kernels have as weights, given the coefficients."""
        return weights

    def _host_data(self) -> StringData:
        weights = np.array(self._kernel_weights(self._value("_weights")), self.dtype)
        moduli = np.abs(weights)
        if not self._strings.has_care and len(weights):
            moduli = np.add.reduceat(moduli, self._strings.begins[:-1])
        tables = self._strings.cached("host", lambda: string_tables(self._strings))
        return StringData(weights, moduli, *tables)

    def _device_data(self) -> StringBuckets:
        buckets = self._strings.cached(
            "buckets", lambda: string_buckets(self._strings, self._grid.dtype)
        )
        weights = self._kernel_weights(self._value("_weights"))
        if not len(self._strings):  # one of zero, since indexing needs any
            weights = np.zeros(1, self.dtype)
        if self._is_traced:
            return StringBuckets(weights, buckets)
        with jax.ensure_compile_time_eval():  # moved to the device once
            buckets = self._strings.cached(
                "device", lambda: jax.tree_util.tree_map(jnp.asarray, buckets)
            )
            return StringBuckets(jnp.asarray(weights), buckets)

    # -- adjoints -----------------------------------------------------------------------------

    def conjugate(self, *, concrete: bool = True) -> Any:
        if not self._has_kernel:
            return super().conjugate()
        return self._replace(_weights=self._value("_weights").conj())

    def transpose(self, *, concrete: bool = True) -> Any:
        if not self._has_kernel:
            return super().transpose()
        terms, order, odd = self._strings.transposed
        signs = np.where(odd, -1, 1).astype(self._weights.dtype)
        return self._replace(_strings=terms, _weights=self._value("_weights")[order] * signs)
