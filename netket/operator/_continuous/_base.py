# SPDX-License-Identifier: Apache-2.0
"""`ContinuousOperator`: operators by their local values, O_loc(x) = (O psi)(x) / psi(x)."""

import abc
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from netket.hilbert import AbstractHilbert, DiscreteHilbert
from netket.utils import struct
from netket.utils.types import Array, DType, PyTree

from .._base import AbstractOperator, Backend, inexact, is_traced
from .._base._abstract import _LAZY


class ContinuousOperator(AbstractOperator, struct.Pytree):
    """An operator on a continuous space; a pytree whose leaves are its coefficients.

    These operators are jax code by nature: derivatives of log psi need it. A subclass declares its
    fields (see `netket.utils.struct.Pytree`), and defines `_expect_kernel` and `is_hermitian`::

        class Momentum(nk.operator.ContinuousOperator):
            def _expect_kernel(self, logpsi, params, x):
                slope = jax.vmap(jax.grad(lambda x: logpsi(params, x[None])[0]))(x)
                return -1j * slope.sum(axis=-1)

    Args:
        hilbert: a space of particles, or another space of real coordinates.
        dtype: dtype of the coefficients, by default float64.

    Raises:
        TypeError: the space is discrete.
    """

    _hilbert: AbstractHilbert = struct.field(pytree_node=False, serialize=False)
    _dtype: Any = struct.field(pytree_node=False, serialize=False)

    def __init__(self, hilbert: AbstractHilbert, dtype: DType | None = None):
        super().__init__(hilbert)
        if isinstance(hilbert, DiscreteHilbert):
            raise TypeError(
                f"Argument `hilbert` must be a space of continuous coordinates, but is {hilbert}: "
                "use for example `netket.experimental.hilbert.Particle`."
            )
        self._dtype = inexact(float if dtype is None else dtype)

    @property
    def dtype(self) -> np.dtype:
        return self._dtype

    @property
    def backend(self) -> Backend:
        """``"jax"``, always."""
        return "jax"

    @property
    def backends(self) -> tuple[Backend, ...]:
        """The implementations there are."""
        return ("jax",)

    @abc.abstractmethod
    def _expect_kernel(self, logpsi: Callable[..., Array], params: PyTree, x: Array) -> Array:
        """Local values of the operator.

        Args:
            logpsi: function (variables, positions (B, N)) -> log psi (B,).
            params: the variables.
            x: positions, shape (B, N).

        Returns:
            (O psi)(x) / psi(x), shape (B,).
        """

    def _identity(self, c: Any) -> AbstractOperator:
        return _LAZY["continuous identity"](self, c)

    # -- equality -----------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        """Same class, space, static fields and coefficients."""
        if self is other:
            return True
        if type(self) is not type(other):
            return False
        (a, tree_a), (b, tree_b) = map(jax.tree_util.tree_flatten, (self, other))
        if tree_a != tree_b:
            return False
        if is_traced(*a, *b):
            return all(x is y for x, y in zip(a, b))
        return all(
            x.dtype == y.dtype and np.array_equal(x, y)
            for x, y in zip(map(np.asarray, a), map(np.asarray, b))
        )

    def __hash__(self) -> int:
        leaves, tree = jax.tree_util.tree_flatten(self)
        if is_traced(*leaves):
            return hash(tree)
        arrays = map(np.asarray, leaves)
        return hash((tree, tuple((a.dtype.str, a.shape, (a + 0).tobytes()) for a in arrays)))
