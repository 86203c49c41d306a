# SPDX-License-Identifier: Apache-2.0
"""What permutations, spin flips and their sums share: data, adjoints, algebra in closed form."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from .._base import KernelOperator, as_coefficient, is_traced, promote_backends, promoted
from .._kernels._permutation import PermutationData
from ._terms import PermutationTerms, stays, trace

# Products with more entries in their table of images stay lazy.
_MAX_PRODUCT = 4_000_000


class PermutationKind(KernelOperator):
    """O = sum_t w_t P_t. A subclass has `_terms` and `_weights_array`.

    All terms are with fermionic signs, or none of them.
    """

    @property
    def _terms(self) -> PermutationTerms:
        raise TypeError(f"{type(self).__name__} must define `_terms`.")

    @property
    def _fermionic(self) -> bool:
        return False

    def _weights_array(self) -> Any:
        """(T,), of numpy unless it is traced."""
        return np.ones(len(self._terms), self.dtype)

    # -- kernels ------------------------------------------------------------------------------

    @property
    def max_conn_size(self) -> int:
        return max(len(self._terms), 1)

    @property
    def _merges(self) -> bool:
        return len(self._terms) > 1 if self._has_kernel else True

    def _keeps_constraint(self, constraint: Any) -> bool:
        return stays(self.hilbert, self._terms)

    _conserves = _keeps_constraint

    def _host_data(self) -> PermutationData:
        terms = self._terms
        crossings = np.zeros((0 if self._fermionic else len(terms), 0, 0), bool)
        return PermutationData(
            np.array(self._weights_array()), *self._tables(), self._top(), crossings
        )

    def _device_data(self) -> PermutationData:
        terms = self._terms
        crossings = terms.crossings if self._fermionic else np.zeros((len(terms), 0, 0), bool)
        return PermutationData(self._device_weights(), *self._tables(), self._top(), crossings)

    def _device_weights(self) -> Any:
        return self._weights_array()

    def _tables(self) -> tuple[np.ndarray, np.ndarray]:
        return self._terms.images.copy(), self._terms.flips.copy()

    def _top(self) -> np.ndarray:
        return np.array(self.hilbert.shape, np.int64) - 1

    # -- facts --------------------------------------------------------------------------------

    def trace(self) -> Any:
        """The trace, without listing states where the space allows it."""
        traces = self._remember("traces", self._traces)
        return (self._weights_array() * traces).sum()

    def _traces(self) -> np.ndarray:
        pairs = zip(self._terms.images, self._terms.flips)
        # floats, as numbers of states need not fit into integers
        return np.array([float(trace(self.hilbert, g, f, self._fermionic)) for g, f in pairs])

    @property
    def is_hermitian(self) -> bool:
        """Whether the operator equals its adjoint; False if traced values do not let us know."""
        return self._remember("is_hermitian", self._known_hermiticity)

    def _known_hermiticity(self) -> bool:
        inverse, place = self._terms.inverse
        weights = self._weights_array()
        if inverse != self._terms:
            return False
        if is_traced(weights):
            real = np.dtype(weights.dtype).kind != "c"
            return real and np.array_equal(place, np.arange(len(place)))
        scale = 100 * np.finfo(self.dtype).eps * np.abs(weights).max(initial=1.0)
        return bool(np.all(np.abs(weights[place] - weights.conj()) <= scale))

    # -- algebra ------------------------------------------------------------------------------

    def _made(self, terms: PermutationTerms, weights: Any, backend: Any = None) -> Any:
        """The sum of these terms."""
        from ._sum import PermutationSum

        return PermutationSum._build(
            self.hilbert, terms, weights, self._fermionic, backend or self.backend
        )

    def _same_kind(self, other: Any) -> bool:
        return (
            isinstance(other, PermutationKind)
            and self._has_kernel
            and other._has_kernel
            and self._fermionic == other._fermionic
        )

    def conjugate(self, *, concrete: bool = True) -> Any:
        if not self._has_kernel:
            return super().conjugate()
        return self._made(self._terms, self._weights_array().conj())

    def transpose(self, *, concrete: bool = True) -> Any:
        if not self._has_kernel:
            return super().transpose()
        terms, place = self._terms.inverse
        return self._made(terms, gathered(self._weights_array(), place, len(terms)))

    def _scaled(self, c: Any) -> Any:
        if not self._has_kernel:
            return super()._scaled(c)
        dtype = promoted(self.dtype, c)
        weights = self._weights_array().astype(dtype) * as_coefficient(c, dtype)
        return self._made(self._terms, weights)

    def _plus(self, other: Any) -> Any:
        if not self._same_kind(other):
            return NotImplemented
        dtype = promoted(self.dtype, other.dtype)
        terms, place = self._terms.plus(other._terms)
        both = [o._weights_array().astype(dtype) for o in (self, other)]
        weights = (jnp if is_traced(*both) else np).concatenate(both)
        backend = promote_backends([self.backend, other.backend])
        return self._made(terms, gathered(weights, place, len(terms)), backend)

    def _plus_scalar(self, c: Any) -> Any:
        if not self._has_kernel:
            return super()._plus_scalar(c)
        dtype = promoted(self.dtype, c)
        identity = PermutationTerms.single(np.arange(self.hilbert.size))
        return self + self._made(identity, as_coefficient(c, dtype)[None])

    def _times(self, other: Any) -> Any:
        if not self._same_kind(other):
            return NotImplemented
        if len(self._terms) * len(other._terms) * self.hilbert.size > _MAX_PRODUCT:
            return NotImplemented
        dtype = promoted(self.dtype, other.dtype)
        terms, place = self._terms.times(other._terms)
        a, b = (o._weights_array().astype(dtype) for o in (self, other))
        backend = promote_backends([self.backend, other.backend])
        weights = gathered((a[:, None] * b).ravel(), place, len(terms))
        return self._product(other, terms, weights, backend)

    def _product(self, other: Any, terms: PermutationTerms, weights: Any, backend: Any) -> Any:
        return self._made(terms, weights, backend)


def gathered(weights: Any, place: np.ndarray, n: int) -> Any:
    """Sums of the weights with the same place, (n,)."""
    if is_traced(weights):
        return jnp.zeros(n, weights.dtype).at[place].add(weights)
    total = np.zeros(n, weights.dtype)
    np.add.at(total, place, weights)
    return total
