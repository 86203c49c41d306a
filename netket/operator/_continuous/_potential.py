# SPDX-License-Identifier: Apache-2.0
"""A potential, V(x) = c f(x)."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import AbstractHilbert
from netket.utils import HashablePartial, struct
from netket.utils.types import Array, DType, PyTree, Scalar

from .._base import as_coefficient, dtype_of, is_traced, lazy_form, promoted
from ._base import ContinuousOperator


class PotentialEnergy(ContinuousOperator):
    """A potential energy, V(x) = c f(x), which multiplies the wave function.

    Args:
        hilbert: a space of particles.
        afun: the function f from the coordinates (N,) of all particles to a number (); it must be
            traceable by jax.
        coefficient: the number c in front.
        dtype: dtype of the coefficient; by default that of `coefficient`.

    Raises:
        TypeError: `afun` is no function.
        ValueError: `coefficient` is an array; or `afun` gives one, when values are computed.

    Example:
        >>> import netket as nk
        >>> cell = nk.experimental.geometry.FreeSpace(d=1)
        >>> hi = nk.experimental.hilbert.Particle(N=2, geometry=cell)
        >>> trap = nk.operator.PotentialEnergy(hi, lambda x: (x**2).sum(), coefficient=0.5)
        >>> float((2 * trap).coefficient)
        1.0
    """

    _afun: HashablePartial = struct.field(pytree_node=False, serialize=False)
    _coefficient: Any

    def __init__(
        self,
        hilbert: AbstractHilbert,
        afun: Callable[[Array], Array],
        coefficient: Scalar = 1.0,
        dtype: DType | None = None,
    ):
        super().__init__(hilbert, dtype_of(coefficient) if dtype is None else dtype)
        if not callable(afun):
            raise TypeError(
                "Argument `afun` must be a function of the coordinates (N,), but is a "
                f"{type(afun).__name__}."
            )
        if np.ndim(coefficient) != 0:
            raise ValueError(
                f"Argument `coefficient` must be a number, but has shape {np.shape(coefficient)}."
            )
        # functions without a closure are equal if their code is
        self._afun = HashablePartial(afun)
        self._coefficient = as_coefficient(coefficient, self._dtype)

    @property
    def coefficient(self) -> Any:
        """The number in front of the function, shape ()."""
        return self._coefficient

    @property
    def is_hermitian(self) -> bool:
        """Whether the coefficient is real, and the function has real values."""
        if self.dtype.kind == "c" and (is_traced(self._coefficient) or self._coefficient.imag != 0):
            return False
        x = jax.ShapeDtypeStruct((self.hilbert.size,), jnp.result_type(float))
        return not jnp.issubdtype(jax.eval_shape(self._afun, x).dtype, jnp.complexfloating)

    def _expect_kernel(self, logpsi: Callable[..., Array], params: PyTree, x: Array) -> Array:
        values = jax.vmap(self._afun)(x)
        if values.shape != x.shape[:1]:
            raise ValueError(
                "Argument `afun` must be a function from the coordinates (N,) of all particles to "
                f"a number, but it gives an array of shape {values.shape[1:]}."
            )
        return self._coefficient * values

    def conjugate(self, *, concrete: bool = False) -> "PotentialEnergy":
        if self.is_hermitian:
            return self
        return self.replace(
            _coefficient=self._coefficient.conj(), _afun=HashablePartial(_conjugated, self._afun)
        )

    def transpose(self, *, concrete: bool = False) -> "PotentialEnergy":
        return self

    def _scaled(self, c: Any) -> "PotentialEnergy":
        dtype = promoted(self.dtype, c)
        coefficient = as_coefficient(self._coefficient * c, dtype)
        return self.replace(_coefficient=coefficient, _dtype=np.dtype(dtype))

    def _plus(self, other: Any) -> Any:
        if not (type(other) is type(self) is PotentialEnergy and self._afun == other._afun):
            return NotImplemented
        dtype = promoted(self.dtype, other.dtype)
        coefficient = as_coefficient(self._coefficient + other._coefficient, dtype)
        return self.replace(_coefficient=coefficient, _dtype=np.dtype(dtype))

    def __repr__(self) -> str:
        c = "traced" if is_traced(self._coefficient) else self._coefficient
        return f"PotentialEnergy(coefficient={c}, function={self._afun.func})"


@lazy_form("continuous identity")
def continuous_identity(operator: Any, c: Any) -> PotentialEnergy:
    """c times the identity, a potential that is the same everywhere."""
    return PotentialEnergy(operator.hilbert, _one, coefficient=c, dtype=promoted(operator.dtype, c))


def _one(x: Any) -> Any:
    return jnp.ones((), x.dtype)


def _conjugated(f: Callable[[Any], Any], x: Any) -> Any:
    return f(x).conj()
