# SPDX-License-Identifier: Apache-2.0
"""Characters of linear and projective representations, from the centre of the group algebra.

In the twisted group algebra V_g V_h = α(g, h) V_gh the class sums K_C = Σ_{g in C} f(g) V_g span
the centre, where V_h V_r V_h⁻¹ = f(h r h⁻¹) V_{h r h⁻¹} for a representative r of C; only classes
in which this is unambiguous count. Multiplication with a random hermitian element of the centre
is a hermitian matrix in the basis K_C / |C|^½, and its eigenvectors are the primitive idempotents
Σ_g χ(g)* V_g, up to a factor (Burnside's algorithm, with `eigh` in place of modular arithmetic).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Classes(NamedTuple):
    """A group with its conjugacy classes.

    Attributes:
        products: (n, n) index of g h.
        inverse: (n,) index of the inverse of each element.
        representatives: (n_classes,) an element of each class.
        labels: (n,) the class of each element.
    """

    products: np.ndarray
    inverse: np.ndarray
    representatives: np.ndarray
    labels: np.ndarray

    @property
    def identity(self) -> int:
        """Index of the identity."""
        return int(self.products[0, self.inverse[0]])


def linear_characters(classes: Classes) -> np.ndarray:
    """Characters (n_irreps, n_classes), sorted; real if all of them are."""
    n_classes = len(classes.representatives)
    regular = np.arange(n_classes)
    inverses = classes.labels[classes.inverse[classes.representatives]]
    sizes = np.bincount(classes.labels, minlength=n_classes)
    quotients = classes.labels[classes.products[classes.representatives][:, classes.inverse]]

    def matrix(rng: np.random.Generator) -> np.ndarray:
        weights = _random(rng, n_classes, complex_=bool((inverses != regular).any()))
        weights = weights + weights[inverses].conj()
        return _sum_by_class(weights[quotients], classes.labels, n_classes)

    vectors = _eigenvectors(matrix, sizes)
    identity = classes.labels[classes.identity]
    return sort_characters(_normalized(vectors, sizes, len(classes.labels), identity, 1.0))


def projective_characters(
    classes: Classes, multiplier: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Projective characters with V_g V_h = multiplier[g, h] V_gh.

    Returns:
        Characters of the representatives of all classes (n_irreps, n_classes), and factors (n,)
        such that the character of g is that of the representative of its class times the factor.
    """
    products, inverse, representatives, labels = classes
    n_classes, e = len(representatives), classes.identity
    f, regular = _class_factors(classes, multiplier)
    sizes = np.bincount(labels, minlength=n_classes)
    adjoint = (multiplier[np.arange(len(labels)), inverse] * multiplier[e, e]).conj()
    # x y = r for all representatives r and elements y
    x = products[representatives][:, inverse]
    steps = multiplier[x, np.arange(len(labels))] * f

    def matrix(rng: np.random.Generator) -> np.ndarray:
        weights = _random(rng, n_classes, complex_=True)[labels] * f
        hermitian = weights.copy()
        hermitian[inverse] += weights.conj() * adjoint
        return _sum_by_class(hermitian[x] * steps, labels, n_classes)[regular][:, regular]

    vectors = _eigenvectors(matrix, sizes[regular])
    place = int(np.flatnonzero(regular == labels[e])[0])
    phase = multiplier[e, e]
    table = np.zeros((len(regular), n_classes), dtype=complex)
    table[:, regular] = _normalized(vectors, sizes[regular], len(labels), place, phase)
    return sort_characters(table), _clean(f.conj())


def _class_factors(classes: Classes, multiplier: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """f (n,), zero where the class is not regular; and the regular classes."""
    products, inverse, representatives, labels = classes
    everything = np.arange(len(labels))
    moved = products[products[:, representatives].T, inverse]  # h r h⁻¹, (n_classes, n)
    phases = (multiplier[:, representatives].T) * multiplier[moved, everything].conj()
    f = np.zeros(len(labels), dtype=complex)
    f[moved] = phases
    unambiguous = np.abs(phases - f[moved]).max(axis=1) < 1e-6
    f[~unambiguous[labels]] = 0
    return f, np.flatnonzero(unambiguous)


def _random(rng: np.random.Generator, n: int, complex_: bool) -> np.ndarray:
    values = rng.standard_normal(n)
    return values + 1j * rng.standard_normal(n) if complex_ else values


def _sum_by_class(values: np.ndarray, labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Sums (m, n_classes) of values (m, n) over the members of each class."""
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(n_classes))
    return np.add.reduceat(values[:, order], starts, axis=1)


def _eigenvectors(
    matrix: Callable[[np.random.Generator], np.ndarray], sizes: np.ndarray
) -> np.ndarray:
    """Common eigenvectors, as columns, from a random matrix with well separated eigenvalues."""
    best, best_gap = None, -1.0
    scale = np.sqrt(sizes)
    for seed in range(8):
        m = matrix(np.random.default_rng(seed)) * scale[:, None] / scale
        w, v = np.linalg.eigh((m + m.conj().T) / 2)
        gap = np.diff(w).min(initial=np.inf) / max(float(np.ptp(w)), 1e-300)
        if gap > best_gap:
            best, best_gap = v, gap
        if gap > 0.1 / len(w) ** 2:
            break
    assert best is not None
    return best


def _normalized(
    vectors: np.ndarray, sizes: np.ndarray, n: int, identity: int, phase: complex
) -> np.ndarray:
    """Characters from the eigenvectors: Σ_C |C| |χ_C|² = n, and χ(e) = dimension × phase."""
    characters = vectors.conj().T * np.sqrt(n / sizes)
    at_identity = characters[:, identity]
    characters *= (phase * at_identity.conj() / np.abs(at_identity))[:, None]
    dimensions = np.abs(at_identity)
    if np.abs(dimensions - np.rint(dimensions)).max() > 1e-6:
        raise RuntimeError(
            f"The characters could not be computed: the dimensions of irreps are {dimensions}. "
            "Does the table of products belong to a group?"
        )
    return _clean(characters)


def _clean(x: np.ndarray) -> np.ndarray:
    """Numbers within rounding errors of multiples of 1/2 are made equal to them."""

    def snap(part: np.ndarray) -> np.ndarray:
        halves = np.rint(2 * part) / 2
        return np.where(np.abs(part - halves) < 1e-9, halves, part) + 0.0

    return snap(x.real) + 1j * snap(x.imag) if np.iscomplexobj(x) else snap(x)


def sort_characters(table: np.ndarray) -> np.ndarray:
    """The table with its rows in the order of `character_order`; real if all characters are."""
    return real_if_close(table[character_order(table)])


def character_order(table: np.ndarray) -> np.ndarray:
    """Rows by dimension; then with large real parts, then with large imaginary parts first."""
    real, imaginary = np.round(table.real, 6) + 0.0, np.round(table.imag, 6) + 0.0
    dimensions = np.rint(np.abs(table).max(axis=1))
    return np.lexsort((*-imaginary.T[::-1], *-real.T[::-1], dimensions))


def real_if_close(x: np.ndarray) -> np.ndarray:
    """The real part if the imaginary part is zero within rounding errors."""
    return x.real.copy() if np.abs(x.imag).max(initial=0.0) < 1e-10 else x
