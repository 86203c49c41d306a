# SPDX-License-Identifier: Apache-2.0
r"""`VarianceObservable`: ⟨O²⟩ - ⟨O⟩², which vanishes for eigenstates of O."""

from functools import cached_property

import jax

from netket.operator import AbstractOperator, DiscreteOperator, Squared

from ._means import FunctionOfMeans, check_operator, one_per_operator, value_and_square


def variance_of_means(means: jax.Array) -> jax.Array:
    """⟨O²⟩ - ⟨O⟩² from (⟨O⟩, ⟨O²⟩) of a hermitian O, both of which are real."""
    return means[1].real - means[0].real ** 2


def _complex_variance(means: jax.Array) -> jax.Array:
    return means[1] - means[0] ** 2


def _modulus_variance(means: jax.Array) -> jax.Array:
    """<O^dagger O> - |<O>|²."""
    return means[1].real - (means[0] * means[0].conj()).real


class VarianceObservable(FunctionOfMeans):
    r"""The variance ⟨O²⟩ - ⟨O⟩² of an operator, to be measured or minimised.

    Operators that are not hermitian have the complex number of this formula; with
    `use_Oloc_squared` the variance ``<O^dagger O> - |<O>|²``.

    Args:
        operator: the operator O.
        use_Oloc_squared: sample <O^dagger O> as the mean of ``|O_loc|²``, which needs the rows of O
            only. With the default the rows of O² are used, of which there are about the square.

    Raises:
        TypeError: it is not an operator.

    Example:
        >>> import netket as nk
        >>> hi = nk.hilbert.Spin(0.5, 3)
        >>> variance = nk.observable.VarianceObservable(nk.operator.spin.sigmaz(hi, 0))
        >>> uniform = nk.vqs.FullSumState(hi, apply_fun=lambda w, x: 0.0 * x[:, 0], variables={})
        >>> round(float(uniform.expect(variance).mean), 6)
        1.0
    """

    def __init__(self, operator: AbstractOperator, use_Oloc_squared: bool = False):
        check_operator(operator)
        super().__init__(operator.hilbert)
        self._operator, self._use_Oloc_squared = operator, bool(use_Oloc_squared)
        if operator.is_hermitian:
            self._function = variance_of_means
        else:
            self._function = _modulus_variance if use_Oloc_squared else _complex_variance
        self._channels = value_and_square if use_Oloc_squared else one_per_operator

    @property
    def operator(self) -> AbstractOperator:
        """The operator O."""
        return self._operator

    @cached_property
    def operator_squared(self) -> AbstractOperator:
        """The operator O², or `netket.operator.Squared` of O with `use_Oloc_squared`."""
        if self._use_Oloc_squared and isinstance(self.operator, DiscreteOperator):
            return Squared(self.operator)
        return self.operator @ self.operator

    @property
    def _products(self) -> tuple[AbstractOperator, ...]:
        return self.operator, self.operator_squared

    @property
    def _operators(self) -> tuple[AbstractOperator, ...]:
        return (self.operator,) if self._use_Oloc_squared else self._products

    @property
    def _factors(self) -> tuple[tuple[AbstractOperator, ...], ...]:
        O = self.operator
        first = O.H if self._use_Oloc_squared and not O.is_hermitian else O
        return (O,), (first, O)

    @property
    def _is_hermitian(self) -> bool:
        return self.operator.is_hermitian

    def __repr__(self) -> str:
        return f"VarianceObservable(op={self.operator})"
