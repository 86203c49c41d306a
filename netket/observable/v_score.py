# SPDX-License-Identifier: Apache-2.0
r"""`VScore`: N Var H / (⟨H⟩ - E∞)², a measure of how well a state solves a problem.

E∞ = Tr H / dim is the energy at infinite temperature: with it the score depends neither on the zero
nor on the unit of energy (Wu et al., Science 386, 296 (2024), arXiv:2302.04919).
"""

from functools import cached_property
from typing import Any

import jax

from netket.operator import AbstractOperator
from netket.utils import HashablePartial

from ._means import FunctionOfMeans, check_operator
from .variance import variance_of_means


def _v_score(n: float, trace: float, means: jax.Array) -> jax.Array:
    return n * variance_of_means(means) / (means[0].real - trace) ** 2


class VScore(FunctionOfMeans):
    r"""The V-score N (⟨H²⟩ - ⟨H⟩²) / (⟨H⟩ - E∞)² of a Hamiltonian.

    Args:
        operator: the Hamiltonian H.
        trace_diagonal: its mean diagonal element E∞ = Tr H / dim, for example 0 if H is a sum of
            products of Pauli matrices.
        N: number of degrees of freedom, by default the number of sites.

    Raises:
        TypeError: it is not an operator.
        ValueError: it is not hermitian.

    Example:
        >>> import netket as nk
        >>> hi = nk.hilbert.Spin(0.5, 3)
        >>> ising = nk.operator.Ising(hi, nk.graph.Chain(3), h=0.0, J=-1.0)
        >>> uniform = nk.vqs.FullSumState(hi, apply_fun=lambda w, x: 2.0 * x.sum(-1), variables={})
        >>> float(uniform.expect(nk.observable.VScore(ising, trace_diagonal=0.0)).mean) < 0.1
        True
    """

    def __init__(self, operator: AbstractOperator, *, trace_diagonal: Any, N: Any = None):
        check_operator(operator)
        if not operator.is_hermitian:
            raise ValueError(
                f"Argument `operator` must be hermitian, as Hamiltonians are, but {operator} is "
                "not known to be. If it is, pass (operator + operator.H) / 2."
            )
        super().__init__(operator.hilbert)
        self._operator = operator
        self._trace_diagonal = trace_diagonal
        self._N = operator.hilbert.size if N is None else N
        self._function = HashablePartial(_v_score, self._N, float(trace_diagonal))

    @property
    def operator(self) -> AbstractOperator:
        """The Hamiltonian H."""
        return self._operator

    @cached_property
    def operator_squared(self) -> AbstractOperator:
        """The operator H²."""
        return self.operator @ self.operator

    @property
    def trace_diagonal(self) -> Any:
        """The mean diagonal element E∞ of H."""
        return self._trace_diagonal

    @property
    def N(self) -> Any:
        """The number of degrees of freedom."""
        return self._N

    @property
    def _products(self) -> tuple[AbstractOperator, ...]:
        return self.operator, self.operator_squared

    @property
    def _factors(self) -> tuple[tuple[AbstractOperator, ...], ...]:
        return (self.operator,), (self.operator, self.operator)

    @property
    def _is_hermitian(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"VScore(op={self.operator}, trace_diagonal={self.trace_diagonal}, N={self.N})"
