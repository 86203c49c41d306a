# SPDX-License-Identifier: Apache-2.0
"""Electrons in molecules, from integrals that PySCF computes.

H = E_nuc + sum_pqσ h_pq c†_pσ c_qσ + 1/2 sum_pqrsστ (pq|rs) c†_pσ c†_rτ c_sτ c_qσ
"""

from typing import Any

import numpy as np

from netket.hilbert import SpinOrbitalFermions
from netket.utils.optional import require
from netket.utils.types import ArrayLike


def integrals(mol: Any, mo_coeff: ArrayLike) -> tuple[float, np.ndarray, Any]:
    """Energy of the nuclei, and the integrals over orbitals.

    Args:
        mol: the ``pyscf.gto.Mole``.
        mo_coeff: orbitals (A, M), or those of both spins (2, A, M), spin alpha first.

    Returns:
        E_nuc; h (2, M, M) for both spins; and (pq|rs), (M, M, M, M), for the pairs of spins (0, 0),
        (0, 1) and (1, 1), where p, q have the first spin and r, s the second.
    """
    require("pyscf", "for integrals of molecules")
    hf, ao2mo = (require(f"pyscf.{m}", "for integrals of molecules") for m in ("scf.hf", "ao2mo"))
    orbitals = np.asarray(mo_coeff)
    both = orbitals if orbitals.ndim == 3 else np.stack([orbitals, orbitals])
    core, m = hf.get_hcore(mol), both.shape[-1]
    repulsion: dict[tuple[int, int], np.ndarray] = {}
    for s, t in ((0, 0), (0, 1), (1, 1)):
        if orbitals.ndim == 2 and repulsion:
            repulsion[s, t] = repulsion[0, 0]
        else:
            basis = (both[s], both[s], both[t], both[t])
            repulsion[s, t] = ao2mo.general(mol, basis, compact=False).reshape(m, m, m, m)
    return float(mol.energy_nuc()), np.stack([c.T @ core @ c for c in both]), repulsion


def spin_orbital_arrays(
    mol: Any, mo_coeff: ArrayLike, cutoff: float
) -> tuple[float, tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray], int]:
    """E_nuc, T and V such that H = E_nuc + T_ij c†_i c_j + 1/2 V_ijkl c†_i c†_j c_k c_l.

    i, j, ... count the orbitals of PySCF's alpha electrons, then those of the beta electrons. V is
    in normal order: its elements are those with i > j and k > l.

    Returns:
        E_nuc; the coordinates (nnz, 2) and values of T; those of V, (nnz, 4); the number of
        spin orbitals.
    """
    energy, h, repulsion = integrals(mol, mo_coeff)
    m = h.shape[-1]
    one: list[tuple[np.ndarray, np.ndarray]] = []
    two: list[tuple[np.ndarray, np.ndarray]] = []
    lower = np.stack(np.tril_indices(m, -1), axis=1)  # i > j
    for s in range(2):
        places = np.argwhere(np.abs(h[s]) > cutoff)
        one.append((places + s * m, h[s][tuple(places.T)]))
        left, right = (p.ravel() for p in np.indices((len(lower), len(lower))))
        (i, j), (k, q) = lower[left].T, lower[right].T
        g = repulsion[s, s]
        values = 2 * (g[i, q, j, k] - g[i, k, j, q])
        two.append((np.stack([i, j, k, q], axis=1) + s * m, values))
    i, j, k, q = (p.ravel() for p in np.indices((m, m, m, m)))
    values = -2 * repulsion[0, 1][j, q, i, k]
    two.append((np.stack([i + m, j, k + m, q], axis=1), values))
    places, values = (np.concatenate(parts) for parts in zip(*two))
    keep = np.abs(values) > cutoff
    return (
        energy,
        tuple(np.concatenate(parts) for parts in zip(*one)),  # type: ignore[return-value]
        (places[keep], values[keep]),
        2 * m,
    )


def molecular_hamiltonian(
    mol: Any, mo_coeff: ArrayLike, cutoff: float, implementation: Any, **kwargs: Any
) -> Any:
    """The Hamiltonian as an operator of the class `implementation`."""
    energy, one, two, n = spin_orbital_arrays(mol, mo_coeff, cutoff)
    numbers = tuple(int(n_spin) for n_spin in mol.nelec)
    hilbert = SpinOrbitalFermions(n // 2, s=1 / 2, n_fermions_per_spin=numbers)
    terms = [
        *(((i, 1), (j, 0)) for i, j in one[0].tolist()),
        *(((i, 1), (j, 1), (k, 0), (q, 0)) for i, j, k, q in two[0].tolist()),
    ]
    weights = np.concatenate([one[1], two[1] / 2])
    return implementation(hilbert, terms, weights, constant=energy, cutoff=cutoff, **kwargs)
