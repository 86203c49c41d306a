# SPDX-License-Identifier: Apache-2.0
"""Irreducible representations as unitary matrices, from the regular representation.

On functions of the group, (L_g f)(x) = f(g⁻¹ x) commutes with (R_g f)(x) = f(x g). The projector
on the functions that belong to a character χ is (d/n) Σ_g χ(g)* L_g, of rank d². There, a random
hermitian Σ_g c_g R_g has d eigenvalues, each d times, and each eigenspace carries the irrep.
"""

import numpy as np


def irreducible_matrices(
    products: np.ndarray, inverse: np.ndarray, characters: np.ndarray
) -> list[np.ndarray]:
    """All irreps, in the order of the characters.

    Args:
        products: (n, n) index of g⁻¹ h.
        inverse: (n,) index of the inverse.
        characters: (n_irreps, n) the character table.

    Returns:
        For each irrep the matrices of all elements, (n, d, d); real if that is possible.
    """
    n, e = len(products), products[0, 0]
    squares = products[inverse, np.arange(n)]
    dimensions = np.rint(characters[:, e].real).astype(int)
    rng = np.random.default_rng(1)
    elements = rng.standard_normal(n) + 1j * rng.standard_normal(n)
    elements = elements + elements[inverse].conj()
    commuting: dict[bool, np.ndarray] = {}
    irreps = []
    for character, d in zip(characters, dimensions):
        if d == 1:
            irreps.append(_real_if_possible(character)[:, None, None].copy())
            continue
        # Frobenius-Schur: 1 if the irrep can be made real
        real = abs(character[squares].mean() - 1) < 1e-6
        if real not in commuting:
            commuting[real] = (elements.real if real else elements)[products]
        chi = character.real if real else character
        irreps.append(_one_irrep(products, chi, int(d), commuting[real], rng))
    return irreps


def _one_irrep(
    products: np.ndarray,
    character: np.ndarray,
    d: int,
    commuting: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    n = len(products)
    vectors = rng.standard_normal((n, d * d))
    space, _ = np.linalg.qr((d / n) * (character[products] @ vectors))
    # once more, against rounding errors
    space, _ = np.linalg.qr((d / n) * (character[products] @ space))
    block = space.conj().T @ (commuting @ space)
    w, v = np.linalg.eigh((block + block.conj().T) / 2)
    # of the d clusters of d eigenvalues, the one that is best separated
    clusters = w.reshape(d, d).mean(axis=1)
    gaps = np.diff(clusters, prepend=-np.inf, append=np.inf)
    best = int(np.argmax(np.minimum(gaps[:-1], gaps[1:])))
    basis = space @ v[:, best * d : (best + 1) * d]
    # D(g) from the values of L_g u = Σ u D at d points
    points = _independent_rows(basis)
    moved = basis[products[:, points]]  # u(g⁻¹ x): (n, d, d)
    return np.linalg.solve(basis[points], moved)


def _independent_rows(matrix: np.ndarray) -> list[int]:
    """As many rows (n, d) as there are columns: next is always the one farthest from the others."""
    rest, rows = matrix.copy(), []
    for _ in range(matrix.shape[1]):
        norms = np.linalg.norm(rest, axis=1)
        rows.append(int(np.argmax(norms)))
        direction = rest[rows[-1]] / norms[rows[-1]]
        rest -= np.outer(rest @ direction.conj(), direction)
    return rows


def _real_if_possible(x: np.ndarray) -> np.ndarray:
    return x.real if np.abs(x.imag).max() < 1e-10 else x
