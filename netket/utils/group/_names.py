# SPDX-License-Identifier: Apache-2.0
"""Names of isometries x -> W x + w in two and three dimensions, such as "Rot(90°)O[1/2,0]"."""

from fractions import Fraction

import numpy as np

_ATOL = 1e-6


def isometry_name(W: np.ndarray, w: np.ndarray) -> str:
    """The name of x -> W x + w; of the matrices in other than two or three dimensions."""
    if len(W) not in (2, 3):
        is_identity = np.allclose(W, np.eye(len(W))) and np.abs(w).max(initial=0) < _ATOL
        return "Id()" if is_identity else f"PGSymmetry({W}, {w})"
    if np.allclose(W, np.eye(len(W)), atol=_ATOL):
        return "Id()" if np.abs(w).max() < _ATOL else f"Translation{_vector(w)}"
    # the part of w along directions that W keeps is a glide or a screw, the rest shifts the origin
    fixed = _fixed_directions(W)
    glide = fixed @ (fixed.T @ w)
    origin = np.linalg.pinv(np.eye(len(W)) - W, rcond=1e-6) @ (w - glide)
    name = _planar(W, glide) if len(W) == 2 else _axial(W, glide)
    return name if np.abs(origin).max() < _ATOL else f"{name}O{_vector(origin)}"


def _fixed_directions(W: np.ndarray) -> np.ndarray:
    """Orthonormal vectors with W v = v, as columns."""
    _, singular, v = np.linalg.svd(W - np.eye(len(W)))
    return v[singular < _ATOL].T


def _planar(W: np.ndarray, glide: np.ndarray) -> str:
    angle = np.degrees(np.arctan2(W[1, 0], W[0, 0]))
    if np.linalg.det(W) > 0:
        return f"Rot({_angle(angle)})"
    if np.abs(glide).max() > _ATOL:
        return f"Glide{_vector(glide)}"
    return f"Refl({_angle(90 if angle < -180 + 1e-4 else angle / 2)})"


def _axial(W: np.ndarray, glide: np.ndarray) -> str:
    proper = np.linalg.det(W) > 0
    angle, axis = _rotation_of(W if proper else -W)
    moves = np.abs(glide).max() > _ATOL
    if proper and moves:
        return f"Screw({_angle(angle * np.sign(axis @ glide))}){_vector(glide)}"
    if proper:
        return f"Rot({_angle(angle)}){_direction(axis)}"
    if angle < 1e-4:
        return "Inv()"
    if angle > 180 - 1e-4:
        normal = _direction(axis)
        return f"Glide{_vector(glide)}ax{normal}" if moves else f"Refl{normal}"
    return f"RotoRefl({_angle(180 - angle)}){_direction(-axis)}"


def _rotation_of(W: np.ndarray) -> tuple[float, np.ndarray]:
    """Angle in degrees, from 0 to 180, and axis of a rotation."""
    angle = np.degrees(np.arccos(np.clip((np.trace(W) - 1) / 2, -1, 1)))
    axis = np.array([W[2, 1] - W[1, 2], W[0, 2] - W[2, 0], W[1, 0] - W[0, 1]])
    if np.linalg.norm(axis) < 1e-4:  # by 180°: the largest column of W + 1, with a positive sign
        columns = W + np.eye(3)
        axis = columns[:, np.argmax(np.abs(columns).max(axis=0))]
        axis = axis * np.sign(axis[np.flatnonzero(np.abs(axis) > 1e-4)[0]])
    return float(angle), axis / max(float(np.linalg.norm(axis)), 1e-300)


def _angle(degrees: float) -> str:
    degrees = float(np.round(degrees, 4))
    return f"{180 if degrees == -180 else degrees + 0.0:g}°"


def _vector(x: np.ndarray) -> str:
    return "[" + ",".join(_number(v) for v in x) + "]"


def _number(x: float) -> str:
    fraction = Fraction(float(x)).limit_denominator(48)
    return str(fraction) if abs(fraction - x) < _ATOL else f"{x:.3f}"


def _direction(axis: np.ndarray) -> str:
    """A direction in integers and multiples of square roots, where that is possible."""
    scaled = axis / np.abs(axis[np.abs(axis) > 1e-4]).min()
    parts = [_root(x) for x in scaled]
    if None in parts:
        parts = [f"{x + 0.0:.3f}" for x in np.round(axis, 3)]
    return "[" + ",".join(p for p in parts if p is not None) + "]"


def _root(x: float) -> str | None:
    if abs(x - round(x)) < 1e-5 and abs(x) < 10:
        return str(round(x))
    if abs(x * x - round(x * x)) < 1e-5 and round(x * x) in (2, 3, 5, 6, 7):
        return f"{'-' if x < 0 else ''}1√{round(x * x)}"
    return None
