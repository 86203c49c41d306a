# SPDX-License-Identifier: Apache-2.0
"""The kinetic energy, T = -1/2 sum_i (1 / m_i) d^2 / d x_i^2 (hbar = 1)."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import AbstractHilbert
from netket.utils.types import Array, ArrayLike, DType, PyTree

from .._base import as_coefficient, dtype_of, is_traced
from ._base import ContinuousOperator
from ._laplacian import slopes_and_curvatures


class KineticEnergy(ContinuousOperator):
    """The kinetic energy of particles.

    T = -1/2 sum_i (1 / m_i) d^2 / d x_i^2, with local values
    -1/2 sum_i (1 / m_i) (d_i d_i log psi + (d_i log psi)^2).

    Args:
        hilbert: a space of particles.
        mass: one mass, or one for each particle, or one for each coordinate.
        dtype: dtype of the masses; by default that of `mass`.

    Raises:
        ValueError: there are neither as many masses as particles nor as coordinates.

    Example:
        >>> import netket as nk
        >>> cell = nk.experimental.geometry.FreeSpace(d=3)
        >>> hi = nk.experimental.hilbert.Particle(N=2, geometry=cell)
        >>> nk.operator.KineticEnergy(hi, mass=[1.0, 2.0])
        KineticEnergy(m=[1. 2.])
    """

    _mass: Any

    def __init__(self, hilbert: AbstractHilbert, mass: ArrayLike, dtype: DType | None = None):
        super().__init__(hilbert, dtype_of(mass) if dtype is None else dtype)
        self._mass = as_coefficient(mass, self._dtype, infinite=True)  # what does not move
        n_particles = getattr(hilbert, "n_particles", hilbert.size)
        if self._mass.shape not in ((), (n_particles,), (hilbert.size,)):
            raise ValueError(
                f"Argument `mass` must be a number, or have shape ({n_particles},), one for each "
                f"particle, or ({hilbert.size},), one for each coordinate, but has shape "
                f"{self._mass.shape}."
            )

    @property
    def mass(self) -> Any:
        """The masses, as they were given."""
        return self._mass

    @property
    def is_hermitian(self) -> bool:
        """Whether the masses are real; of traced complex ones this is not known: False."""
        if self.dtype.kind != "c":
            return True
        return not is_traced(self._mass) and bool(np.all(np.imag(self._mass) == 0))

    def _expect_kernel(self, logpsi: Callable[..., Array], params: PyTree, x: Array) -> Array:
        mass: Any = self._mass
        if mass.ndim and mass.shape[0] != x.shape[-1]:  # of particles
            mass = jnp.repeat(mass, x.shape[-1] // mass.shape[0])

        def value(x: Any) -> Any:
            slope, curvature = slopes_and_curvatures(lambda x: logpsi(params, x[None])[0], x)
            return -0.5 * jnp.sum((curvature + slope**2) / mass)

        x = jnp.asarray(x)
        return jax.vmap(value)(x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(float))

    def conjugate(self, *, concrete: bool = False) -> "KineticEnergy":
        return self.replace(_mass=self._mass.conj())

    def transpose(self, *, concrete: bool = False) -> "KineticEnergy":
        return self

    def __repr__(self) -> str:
        return f"KineticEnergy(m={'traced' if is_traced(self._mass) else np.asarray(self._mass)})"
