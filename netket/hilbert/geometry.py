# SPDX-License-Identifier: Apache-2.0
"""`Cell`, `FreeSpace`: where continuous particles live; distances to the closest image.

    |r|² = Σ_i (r_i - L_i round(r_i / L_i))²,

where the second term is there in periodic directions only.

Public as `netket.experimental.geometry`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.utils.types import ArrayLike

__all__ = ["Cell", "FreeSpace"]


@jax.tree_util.register_pytree_node_class
class Cell:
    """A rectangular box, in each direction periodic or not, and finite or not.

    Cells are immutable, hashable and comparable by content. They are pytrees whose leaves are the
    lengths, so that one can differentiate by them.

    Args:
        d: number of directions.
        L: length of the box, for all directions or for each; infinite without walls.
        pbc: whether the box is periodic, for all directions or for each.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: there are not `d` lengths; a length is not positive; an infinite direction is
            periodic.

    Example:
        >>> import netket as nk
        >>> cell = nk.experimental.geometry.Cell(d=2, L=(4.0, 5.0))
        >>> float(cell.distance([0.5, 0.0], [3.5, 0.0]))
        1.0
    """

    def __init__(self, d: int, L: float | Sequence[float] = 1.0, pbc: bool | Sequence[bool] = True):
        if isinstance(d, bool) or not isinstance(d, int | np.integer):
            raise TypeError(f"Argument `d` must be an integer, but is {d!r}.")
        if d < 1:
            raise ValueError(f"Argument `d` must be at least 1, but is {d}.")
        self._extent = tuple(map(_check_length, _each(L, int(d), "L")))
        self._pbc = tuple(map(_check_bool, _each(pbc, int(d), "pbc")))
        for length, periodic in zip(self._extent, self._pbc):
            if periodic and not isinstance(length, jax.core.Tracer) and math.isinf(length):
                raise ValueError(
                    "Argument `L` must be finite in periodic directions, but is "
                    f"{self._extent} with pbc={self._pbc}. Use pbc=False, or FreeSpace(d)."
                )

    @property
    def dimension(self) -> int:
        """Number of directions."""
        return len(self._extent)

    @property
    def extent(self) -> tuple[float, ...]:
        """Length of the box in each direction."""
        return self._extent

    @property
    def pbc(self) -> tuple[bool, ...]:
        """Whether each direction is periodic."""
        return self._pbc

    def distance(self, r1: ArrayLike, r2: ArrayLike) -> jax.Array:
        """Distance between points, to the closest image in periodic directions.

        It is differentiable; at zero distance the derivative is set to zero.

        Args:
            r1: points of shape (..., d).
            r2: points of a shape that can be broadcast with the first.

        Returns:
            Distances of shape (...).
        """
        difference = jnp.asarray(r1) - jnp.asarray(r2)
        if difference.ndim == 0 or difference.shape[-1] != self.dimension:
            raise ValueError(
                f"Arguments `r1` and `r2` must have shape (..., {self.dimension}), but have "
                f"{np.shape(r1)} and {np.shape(r2)}."
            )
        square = (self._to_closest_image(difference) ** 2).sum(axis=-1)
        # the derivative of a root is infinite at 0
        apart = square > 0
        return jnp.where(apart, jnp.sqrt(jnp.where(apart, square, 1)), 0)

    def _to_closest_image(self, r: jax.Array) -> jax.Array:
        if not any(self._pbc):
            return r
        lengths = [n if p else 1.0 for n, p in zip(self._extent, self._pbc)]
        L = jnp.asarray(lengths, dtype=jnp.result_type(r.dtype, jnp.float32))
        return jnp.where(jnp.array(self._pbc), r - L * jnp.round(r / L), r)

    # -- pytrees, comparison ------------------------------------------------------------------

    def tree_flatten(self) -> tuple[tuple[Any, ...], Any]:
        """The lengths, and what is static."""
        return (self._extent,), self._pbc

    @classmethod
    def tree_unflatten(cls, aux: Any, data: Any) -> Cell:
        """A cell made of what `tree_flatten` returns, without checks."""
        cell = object.__new__(cls)
        (cell._extent,), cell._pbc = data, aux
        return cell

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Cell):
            return NotImplemented
        return type(self) is type(other) and self._key == other._key

    def __hash__(self) -> int:
        return hash((type(self), self._key))

    @property
    def _key(self) -> tuple[tuple[float, ...], tuple[bool, ...]]:
        return self._extent, self._pbc

    def __repr__(self) -> str:
        return f"{type(self).__name__}(extent={self._extent}, pbc={self._pbc})"


@jax.tree_util.register_pytree_node_class
class FreeSpace(Cell):
    """Space without boundaries.

    Args:
        d: number of directions.
    """

    def __init__(self, d: int):
        super().__init__(d, L=math.inf, pbc=False)

    def __repr__(self) -> str:
        return f"FreeSpace(d={self.dimension})"


def _each(value: Any, d: int, name: str) -> Sequence[Any]:
    """One value for each direction."""
    if np.ndim(value) == 0:
        return [value] * d
    if np.ndim(value) != 1 or len(value) != d:
        raise ValueError(
            f"Argument `{name}` must be one value, or {d} of them, one for each direction, but is "
            f"{value!r}."
        )
    return list(value)


def _check_length(length: Any) -> Any:
    if isinstance(length, jax.core.Tracer):
        return length
    try:
        number = float(length)
    except (TypeError, ValueError):
        raise TypeError(f"Argument `L` must hold numbers, but has {length!r}.") from None
    if not number > 0:
        raise ValueError(f"Argument `L` must hold positive lengths, but has {number}.")
    return number


def _check_bool(periodic: Any) -> bool:
    if not isinstance(periodic, bool | np.bool_):
        raise TypeError(f"Argument `pbc` must hold True or False, but has {periodic!r}.")
    return bool(periodic)
