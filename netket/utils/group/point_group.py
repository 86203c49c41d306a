# SPDX-License-Identifier: Apache-2.0
"""Isometries of space x -> W x + w, and the point groups that they form.

With a unit cell, isometries that differ by a vector of the lattice are the same: then glide
reflections and screw rotations form groups, too.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..types import Array
from ._names import isometry_name
from ._rows import find_hashes, hash_rows
from .element import Element, Identity
from .finite import _NO_INVERSE, _NOT_CLOSED, FiniteGroup

# Coordinates are compared in these units.
_UNIT = 1e-6


class PGSymmetry(Element):
    """An isometry of space, x -> W x + w.

    Args:
        W: (d, d) the orthogonal matrix.
        w: (d,) the translation, 0 by default.

    Raises:
        ValueError: W is not orthogonal, or w has another dimension.

    Example:
        >>> from netket.utils.group import PGSymmetry
        >>> PGSymmetry([[0, -1], [1, 0]], [1, 0])
        Rot(90°)O[1/2,1/2]
    """

    def __init__(self, W: Any, w: Any = None):
        matrix = np.array(W, dtype=float)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            raise ValueError(f"Argument `W` must be a square matrix, but has shape {matrix.shape}.")
        if not np.allclose(matrix @ matrix.T, np.eye(len(matrix)), atol=1e-6):
            raise ValueError(f"Argument `W` must be an orthogonal matrix, but is {matrix}.")
        shift = np.zeros(len(matrix)) if w is None else np.array(w, dtype=float)
        if shift.shape != (len(matrix),):
            raise ValueError(
                f"Argument `w` must be a vector in {len(matrix)} dimensions, as `W` is a matrix of "
                f"such, but has shape {shift.shape}."
            )
        affine = np.eye(len(matrix) + 1)
        affine[:-1, :-1], affine[:-1, -1] = matrix, shift
        affine.flags.writeable = False
        self._affine = affine
        self._name: str | None = None

    @property
    def affine_matrix(self) -> np.ndarray:
        """(d + 1, d + 1) the matrix [[W, w], [0, 1]], which acts on (x, 1)."""
        return self._affine

    @property
    def matrix(self) -> np.ndarray:
        """(d, d) the matrix W."""
        return self._affine[:-1, :-1]

    @property
    def translation(self) -> np.ndarray:
        """(d,) the translation w."""
        return self._affine[:-1, -1]

    @property
    def ndim(self) -> int:
        """Dimension of space."""
        return len(self._affine) - 1

    @property
    def is_proper(self) -> bool:
        """Whether it is a rotation, with determinant 1."""
        return bool(np.linalg.det(self.matrix) > 0)

    @property
    def is_symmorphic(self) -> bool:
        """Whether the origin stays where it is."""
        return bool(np.abs(self.translation).max(initial=0) < _UNIT)

    def __call__(self, ket: Array) -> Array:
        """The images W x + w of points (..., d)."""
        return ket @ self.matrix.T + self.translation

    def preimage(self, x: Array) -> Array:
        """The points (..., d) that are mapped to x."""
        return (x - self.translation) @ self.matrix

    def k_action(self, x: Array) -> Array:
        """The images W k of wave vectors (..., d)."""
        return x @ self.matrix.T

    def change_origin(self, origin: Any) -> "PGSymmetry":
        """The same isometry about another point: x -> W (x - o) + w + o."""
        origin = np.asarray(origin, dtype=float)
        return PGSymmetry(self.matrix, self.translation + origin - self.matrix @ origin)

    def replace(self, **updates: Any) -> "PGSymmetry":
        """A copy with another W or w."""
        unknown = sorted(set(updates) - {"W", "w"})
        if unknown:
            raise ValueError(f"PGSymmetry has no attribute {', '.join(unknown)}, only W and w.")
        return PGSymmetry(**{"W": self.matrix, "w": self.translation, **updates})

    def _compose(self, other: Element) -> Element | None:
        if not isinstance(other, PGSymmetry):
            return None
        if self.ndim != other.ndim:
            raise ValueError(
                f"Isometries in {self.ndim} and {other.ndim} dimensions have no product: {self}, "
                f"{other}."
            )
        product = self._affine @ other._affine
        return PGSymmetry(product[:-1, :-1], product[:-1, -1])

    @property
    def _key(self) -> bytes:
        return np.rint(self._affine / _UNIT).astype(np.int64).tobytes()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PGSymmetry):
            return self.ndim == other.ndim and np.allclose(self._affine, other._affine, atol=1e-8)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        if self._name is None:
            self._name = isometry_name(self.matrix, self.translation)
        return self._name


class PointGroup(FiniteGroup):
    """A group of isometries.

    Args:
        elems: the elements, each a `PGSymmetry` or an `Identity`.
        ndim: dimension of space.
        unit_cell: (d, d) basis vectors of a lattice, as rows; elements that differ by a vector of
            the lattice are the same.

    Raises:
        ValueError: an element, or the unit cell, has another dimension.

    Example:
        >>> from netket.utils.group import planar
        >>> planar.D(2)
        PointGroup(elems=[Id(), Rot(180°), Refl(0°), Refl(90°)], ndim=2, unit_cell=None)
    """

    def __init__(self, elems: Sequence[Element], ndim: int, unit_cell: Any = None):
        super().__init__(elems)
        self.ndim = int(ndim)
        self.unit_cell = None if unit_cell is None else np.asarray(unit_cell, dtype=float)
        for g in self.elems:
            if not isinstance(g, Identity) and getattr(g, "ndim", None) != self.ndim:
                raise ValueError(
                    f"Argument `elems` must hold isometries in {self.ndim} dimensions, but has {g}."
                )
        if self.unit_cell is not None and self.unit_cell.shape != (self.ndim, self.ndim):
            raise ValueError(
                f"Argument `unit_cell` must hold {self.ndim} vectors in {self.ndim} dimensions, "
                f"but has shape {self.unit_cell.shape}."
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of `to_array()`: (n, d + 1, d + 1)."""
        return (len(self), self.ndim + 1, self.ndim + 1)

    def affine_matrix(self, x: Any) -> np.ndarray:
        """(d + 1, d + 1) the matrix [[W, w], [0, 1]] of an element."""
        return np.eye(self.ndim + 1) if isinstance(x, Identity) else x.affine_matrix

    def matrix(self, x: Element) -> np.ndarray:
        """(d, d) the matrix W of an element."""
        return self.affine_matrix(x)[:-1, :-1]

    def translation(self, x: Element) -> np.ndarray:
        """(d,) the translation w of an element."""
        return self.affine_matrix(x)[:-1, -1]

    @cached_property
    def _array(self) -> np.ndarray:
        array = np.array([self.affine_matrix(g) for g in self.elems])
        return array.reshape(self.shape)

    def to_array(self) -> np.ndarray:
        """The matrices [[W, w], [0, 1]] of all elements, (n, d + 1, d + 1)."""
        return self._array.copy()

    def matrices(self) -> np.ndarray:
        """The matrices W of all elements, (n, d, d)."""
        return self._array[:, :-1, :-1].copy()

    def translations(self) -> np.ndarray:
        """The translations w of all elements, (n, d)."""
        return self._array[:, :-1, -1].copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.to_array(), dtype=dtype)

    @property
    def is_symmorphic(self) -> bool:
        """Whether all elements leave the origin where it is."""
        return bool(np.abs(self._array[:, :-1, -1]).max(initial=0) < _UNIT)

    def rotation_group(self) -> "PointGroup":
        """The subgroup of elements with determinant 1."""
        proper = np.linalg.det(self._array[:, :-1, :-1]) > 0
        return self.replace(elems=[g for g, keep in zip(self.elems, proper) if keep])

    def change_origin(self, origin: Any) -> "PointGroup":
        """The same group about another point.

        Args:
            origin: (d,) the point.
        """
        members: list[Any] = list(self.elems)
        elems = [g if isinstance(g, Identity) else g.change_origin(origin) for g in members]
        return self.replace(
            elems=[Identity() if g == PGSymmetry(np.eye(self.ndim)) else g for g in elems]
        )

    # -- structure ----------------------------------------------------------------------------

    def _rows(self, affine: np.ndarray) -> np.ndarray:
        """Integers (..., d² + d) that are equal for elements that are the same."""
        matrices = np.rint(affine[..., :-1, :-1] / _UNIT).astype(np.int64)
        shifts = affine[..., :-1, -1]
        if self.unit_cell is None:
            rows = np.rint(shifts / _UNIT).astype(np.int64)
        else:
            period = round(1 / _UNIT)
            rows = (
                np.rint(shifts @ np.linalg.inv(self.unit_cell) * period).astype(np.int64) % period
            )
        return np.concatenate([matrices.reshape(*rows.shape[:-1], -1), rows], axis=-1)

    def _canonical(self, element: Element) -> bytes:
        return self._rows(self.affine_matrix(element)).tobytes()

    @property
    def _key(self) -> tuple:
        cell = None if self.unit_cell is None else np.rint(self.unit_cell / _UNIT).tobytes()
        return (self.ndim, cell, self._rows(self._array).tobytes())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PointGroup) and self._key == other._key

    def __hash__(self) -> int:
        return self._hash

    def _places(self, affine: np.ndarray, message: str) -> np.ndarray:
        places = find_hashes(hash_rows(self._rows(self._array)), hash_rows(self._rows(affine)))
        if (places < 0).any():
            hint = "" if self.unit_cell is not None or self.is_symmorphic else _NEEDS_CELL
            raise RuntimeError(message.format(type(self).__name__) + hint)
        return places

    @cached_property
    def _inverses(self) -> np.ndarray:
        """Matrices [[W, w], [0, 1]] of the inverses, exactly."""
        W, w = self._array[:, :-1, :-1], self._array[:, :-1, -1]
        result = np.broadcast_to(np.eye(self.ndim + 1), self.shape).copy()
        result[:, :-1, :-1] = W.transpose(0, 2, 1)
        result[:, :-1, -1] = -np.einsum("gji,gj->gi", W, w)
        return result

    @cached_property
    def inverse(self) -> np.ndarray:
        return self._places(self._inverses, _NO_INVERSE)

    @cached_property
    def product_table(self) -> np.ndarray:
        return self._places(self._quotients, _NOT_CLOSED)

    @property
    def _quotients(self) -> np.ndarray:
        """Matrices of g⁻¹ h, (n, n, d + 1, d + 1)."""
        return self._inverses[:, None] @ self._array[None, :]

    def __repr__(self) -> str:
        return f"PointGroup(elems={self.elems}, ndim={self.ndim}, unit_cell={self.unit_cell!r})"


_NEEDS_CELL = (
    " Glide reflections and screw rotations form groups only up to vectors of a lattice: set "
    "`unit_cell`, for example by `group.replace(unit_cell=...)`."
)


def trivial_point_group(ndim: int) -> PointGroup:
    """The group of the identity in `ndim` dimensions."""
    return PointGroup([Identity()], ndim=ndim)
