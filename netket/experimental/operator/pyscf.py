# SPDX-License-Identifier: Apache-2.0
"""Hamiltonians of molecules, H = E + T_ij c†_i c_j + 1/2 V_ijkl c†_i c†_j c_k c_l, from PySCF."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from netket.hilbert import SpinOrbitalFermions
from netket.jax import COOArray
from netket.operator import FermionOperator2nd
from netket.operator._fermion import (
    ParticleNumberAndSpinConservingFermioperator2nd,
    molecular_hamiltonian,
    nonzero_elements,
    spin_orbital_arrays,
)
from netket.utils.optional import require
from netket.utils.types import ArrayLike

__all__ = [
    "TV_from_pyscf_molecule",
    "arrays_to_terms",
    "from_pyscf_molecule",
    "operator_from_arrays",
]


def from_pyscf_molecule(
    molecule: Any,
    mo_coeff: ArrayLike | None = None,
    *,
    cutoff: float = 1e-11,
    implementation: Any = ParticleNumberAndSpinConservingFermioperator2nd,
) -> Any:
    """The electronic Hamiltonian of a molecule, in a basis of molecular orbitals.

    The Hilbert space has ``molecule.nelec`` electrons; the first half of its sites are the orbitals
    of PySCF's alpha electrons.

    Args:
        molecule: the ``pyscf.gto.Mole``.
        mo_coeff: orbitals (atomic orbitals, molecular orbitals), or those of alpha and of beta
            electrons (2, ...); by default those of a Hartree-Fock calculation.
        cutoff: coefficients up to this modulus are dropped.
        implementation: class of the operator: `FermionOperator2nd`, or one of those of
            `netket.experimental.operator`.

    Raises:
        MissingDependencyError: PySCF is not installed.
    """
    if mo_coeff is None:
        mo_coeff = require("pyscf.scf", "for Hartree-Fock orbitals").HF(molecule).run().mo_coeff
    return molecular_hamiltonian(molecule, mo_coeff, cutoff, implementation)


def TV_from_pyscf_molecule(
    molecule: Any, mo_coeff: ArrayLike, *, cutoff: float = 1e-11
) -> tuple[float, COOArray, COOArray]:
    """Energy of the nuclei, and the coefficients of H in spin orbitals.

    Args:
        molecule, mo_coeff, cutoff: as for `from_pyscf_molecule`.

    Returns:
        E; T (n, n); and V (n, n, n, n) in normal order, V_ijkl = 0 unless i > j and k > l, such
        that H = E + T_ij c†_i c_j + 1/2 V_ijkl c†_i c†_j c_k c_l.
    """
    energy, one, two, n = spin_orbital_arrays(molecule, mo_coeff, cutoff)
    return energy, COOArray(*one, (n, n)), COOArray(*two, (n, n, n, n))


def arrays_to_terms(
    const: Any,
    tij_sparse: Any,
    vijkl_sparse: Any,
    term_conj2: Sequence[int] = (1, 0),
    term_conj4: Sequence[int] = (1, 0, 1, 0),
) -> tuple[list[list[list[int]]], list[Any], Any]:
    """Terms and weights of sum_ij T_ij f_i f_j + sum_ijkl V_ijkl f_i f_j f_k f_l.

    Args:
        const: the constant; returned as it is.
        tij_sparse: T, of numpy or jax, or by coordinates (`netket.jax.COOArray`, ``sparse.COO``).
        vijkl_sparse: V, the same.
        term_conj2: which of the two operators of a term of T are creators.
        term_conj4: which of the four operators of a term of V are creators.

    Returns:
        The terms, each a list of [orbital, 1 for a creator]; their weights; the constant.
    """
    terms: list[list[list[int]]] = []
    weights: list[Any] = []
    for array, creators in ((tij_sparse, term_conj2), (vijkl_sparse, term_conj4)):
        coordinates, values = nonzero_elements(array)
        pairs = np.stack(np.broadcast_arrays(coordinates, np.asarray(creators)), axis=-1)
        terms += pairs.tolist()
        weights += values.tolist()
    return terms, weights, const


def operator_from_arrays(
    const: Any,
    tij_sparse: Any,
    vijkl_sparse: Any,
    n_electrons: Any,
    hi: SpinOrbitalFermions | None = None,
    cls: Any = FermionOperator2nd,
    term_conj2: Sequence[int] = (1, 0),
    term_conj4: Sequence[int] = (1, 0, 1, 0),
) -> Any:
    """The operator const + sum_ij T_ij f_i f_j + sum_ijkl V_ijkl f_i f_j f_k f_l.

    Args:
        const, tij_sparse, vijkl_sparse, term_conj2, term_conj4: as for `arrays_to_terms`.
        n_electrons: number of electrons, or a pair of those in the first and in the second half of
            the orbitals.
        hi: the Hilbert space; by default that of electrons with spin 1/2 and these numbers.
        cls: class of the operator.
    """
    if hi is None:
        fixed = {"n_fermions" if np.ndim(n_electrons) == 0 else "n_fermions_per_spin": n_electrons}
        hi = SpinOrbitalFermions(tij_sparse.shape[0] // 2, s=1 / 2, **fixed)
    terms, weights, _ = arrays_to_terms(const, tij_sparse, vijkl_sparse, term_conj2, term_conj4)
    return cls(hi, terms, weights, constant=const)
