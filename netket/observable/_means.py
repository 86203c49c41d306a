# SPDX-License-Identifier: Apache-2.0
r"""`FunctionOfMeans`: observables f(⟨O_1⟩, ..., ⟨O_K⟩), such as variances and correlators.

Their errors follow by the delta method, their gradients by the chain rule,

    ∇f = Σ_k g_k ∇⟨O_k⟩        g_k = ∂f/∂⟨O_k⟩,

so that a new one is a list of operators and a function: the rules are in `_means_rules`.
"""

import abc
from collections.abc import Callable

import jax
import jax.numpy as jnp

from netket.operator import AbstractOperator
from netket.operator._base import AbstractObservable


def one_per_operator(values: tuple[jax.Array, ...]) -> jax.Array:
    """Channels (..., K): the local estimators (...) of the K operators."""
    return jnp.stack(values, axis=-1)


def value_and_square(values: tuple[jax.Array, ...]) -> jax.Array:
    """Channels (..., 2): O_loc and ``|O_loc|²``, whose mean is <O^dagger O>."""
    (x,) = values
    # other than abs(x)**2 it has a derivative at 0
    return jnp.stack([x, (x * x.conj()).real.astype(x.dtype)], axis=-1)


class FunctionOfMeans(AbstractObservable):
    """A function of K expectation values. A subclass defines what follows."""

    _function: Callable[[jax.Array], jax.Array]
    """f of the means (K,): a hashable function, real, or else holomorphic."""

    _channels: Callable[[tuple[jax.Array, ...]], jax.Array] = staticmethod(one_per_operator)
    """The K channels, whose means are those of f, from the local estimators of `_operators`."""

    @property
    @abc.abstractmethod
    def _products(self) -> tuple[AbstractOperator, ...]:
        """The operators O_k."""

    @property
    def _operators(self) -> tuple[AbstractOperator, ...]:
        """The operators whose local estimators are sampled, by default the O_k."""
        return self._products

    @property
    @abc.abstractmethod
    def _factors(self) -> tuple[tuple[AbstractOperator, ...], ...]:
        """O_k as products: (A, B) stands for A B. For exact sums no product is multiplied out."""

    @property
    @abc.abstractmethod
    def _is_hermitian(self) -> bool:
        """Whether all O_k are hermitian, so that gradients are covariances."""


def check_operator(operator: object, name: str = "operator") -> None:
    """Raises a TypeError unless an argument, named `name`, is an operator."""
    if not isinstance(operator, AbstractOperator):
        raise TypeError(
            f"Argument `{name}` must be an operator (netket.operator.AbstractOperator), but is "
            f"{type(operator).__name__}."
        )
