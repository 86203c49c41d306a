# SPDX-License-Identifier: Apache-2.0
"""Polynomials in fermion operators of which every term keeps the number of fermions.

O = c + sum_ij A_ij c†_i c_j + sum_ijkl A_ijkl c†_i c†_j c_k c_l + ...
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from netket.hilbert import SpinOrbitalFermions
from netket.utils.types import ArrayLike, DType, Scalar

from .._base import Backend, as_coefficient, inexact
from .._base._backend import resolve_backend
from ._operator import FermionOperator2nd
from ._terms import FermionTerms


class ParticleNumberConservingFermioperator2nd(FermionOperator2nd):
    """A polynomial in fermion operators that keeps the number of fermions, in normal order.

    Arguments are those of `FermionOperator2nd`; the terms are brought to normal order.

    Raises:
        ValueError: a term changes the number of fermions, or the space is no
            `SpinOrbitalFermions`.
    """

    def __init__(
        self,
        hilbert: SpinOrbitalFermions,
        terms: Any = None,
        weights: ArrayLike | None = None,
        constant: Scalar = 0,
        cutoff: float = 1e-11,
        dtype: DType | None = None,
        *,
        backend: Backend | None = None,
    ):
        self._check_space(hilbert)
        super().__init__(hilbert, terms, weights, constant, cutoff, dtype, backend=backend)
        ordered = self.to_normal_order()
        self.__dict__.update(_terms=ordered._terms, _weights=ordered._weights)
        self.__dict__.pop("_cached", None)
        self._check_terms(hilbert, self._terms)

    @classmethod
    def _check_space(cls, hilbert: Any) -> None:
        if not isinstance(hilbert, SpinOrbitalFermions):
            raise ValueError(
                f"Argument `hilbert` must be a SpinOrbitalFermions, but is {hilbert}: "
                "`FermionOperator2nd` acts on other spaces, too."
            )

    @classmethod
    def _sectors(cls, hilbert: Any) -> list[tuple[int, int, str]]:
        """Sites whose number of fermions is kept, and what they are called."""
        return [(0, hilbert.size, "fermions")]

    @classmethod
    def _check_terms(cls, hilbert: Any, terms: FermionTerms) -> None:
        for first, last, what in cls._sectors(hilbert):
            wrong = np.flatnonzero(~terms.conserves(first, last))
            if len(wrong):
                raise ValueError(
                    f"Argument `terms` must keep the number of {what}, but the term "
                    f'"{terms[wrong[:1]].texts[0]}" does not: use `FermionOperator2nd`.'
                )

    @classmethod
    def from_fermionoperator2nd(
        cls, ha: FermionOperator2nd, cutoff: float = 1e-11, **kwargs: Any
    ) -> Any:
        """The same operator as a `FermionOperator2nd`, in normal order.

        Args:
            ha: the operator.
            cutoff: terms with concrete weights up to this modulus are dropped.
            **kwargs: `dtype`, `backend` as for the class; by default those of `ha`.

        Raises:
            ValueError: a term that remains in normal order changes a number that is kept.
            TypeError: `ha` is no `FermionOperator2nd`.
        """
        if not isinstance(ha, FermionOperator2nd):
            raise TypeError(
                f"Argument `ha` must be a FermionOperator2nd, but is {type(ha).__name__}."
            )
        cls._check_space(ha.hilbert)
        terms, combination = ha._terms.in_order("N")
        dtype = inexact(kwargs.get("dtype", ha.dtype))
        weights = as_coefficient(combination(ha._value("_weights")), dtype)
        backend = resolve_backend(kwargs.get("backend", ha.backend))
        new = cls._kind._build(ha.hilbert, backend, terms, weights, cutoff)
        cls._check_terms(ha.hilbert, new._terms)
        return new

    @classmethod
    def from_sparse_arrays(
        cls, hilbert: SpinOrbitalFermions, operators: Sequence[Any], **kwargs: Any
    ) -> Any:
        """An operator from its coefficients.

        Args:
            hilbert: the space.
            operators: arrays with 0, 2, 4, ... axes of length N, for the terms with 0, 1, 2, ...
                creators and as many annihilators to their right; of numpy or jax, or by
                coordinates (`netket.jax.COOArray`, ``sparse.COO``).
            **kwargs: `cutoff`, `dtype`, `backend` as for the class.
        """
        terms, weights = [], []
        for array in operators:
            coordinates, elements = nonzero_elements(array)
            if coordinates.shape[1] % 2:
                raise ValueError(
                    "Argument `operators` must have arrays with an even number of axes, but one "
                    f"has {coordinates.shape[1]}."
                )
            creator = np.arange(coordinates.shape[1]) < coordinates.shape[1] // 2
            pairs = np.stack(np.broadcast_arrays(coordinates, creator), axis=-1)
            terms += [tuple(map(tuple, term)) for term in pairs.tolist()]
            weights.append(elements)
        values = np.concatenate(weights) if weights else None
        return cls._kind(hilbert, terms, values, **kwargs)

    @classmethod
    def from_pyscf_molecule(
        cls, mol: Any, mo_coeff: ArrayLike, cutoff: float = 1e-11, **kwargs: Any
    ) -> Any:
        """The electronic Hamiltonian of a PySCF molecule in a basis of molecular orbitals.

        Args:
            mol: the ``pyscf.gto.Mole``.
            mo_coeff: the orbitals, (number of atomic orbitals, number of molecular orbitals).
            cutoff: coefficients up to this modulus are dropped.
            **kwargs: `dtype`, `backend` as for the class.
        """
        from ._molecule import molecular_hamiltonian

        return molecular_hamiltonian(mol, mo_coeff, cutoff, cls._kind, **kwargs)

    def to_fermionoperator2nd(self) -> FermionOperator2nd:
        """The same operator as a `FermionOperator2nd`."""
        hilbert: Any = self.hilbert
        return FermionOperator2nd._build(
            hilbert, self.backend, self._terms, self._value("_weights"), self._cutoff
        )


class ParticleNumberAndSpinConservingFermioperator2nd(ParticleNumberConservingFermioperator2nd):
    """A polynomial in fermion operators that keeps the number of fermions of every s_z.

    Arguments are those of `FermionOperator2nd`; the terms are brought to normal order.

    Raises:
        ValueError: a term changes the number of fermions with some s_z, or the space is no
            `SpinOrbitalFermions` with spin.
    """

    @classmethod
    def _check_space(cls, hilbert: Any) -> None:
        if getattr(hilbert, "spin", None) is None:
            raise ValueError(
                f"Argument `hilbert` must be a SpinOrbitalFermions with spin, but is {hilbert}."
            )

    @classmethod
    def _sectors(cls, hilbert: Any) -> list[tuple[int, int, str]]:
        n = hilbert.n_orbitals
        twice = range(-hilbert.n_spin_subsectors + 1, hilbert.n_spin_subsectors, 2)
        return [(k * n, (k + 1) * n, f"fermions with 2 s_z = {sz}") for k, sz in enumerate(twice)]


ParticleNumberConservingFermioperator2nd._kind = ParticleNumberConservingFermioperator2nd
ParticleNumberAndSpinConservingFermioperator2nd._kind = (
    ParticleNumberAndSpinConservingFermioperator2nd
)


def nonzero_elements(array: Any) -> tuple[np.ndarray, np.ndarray]:
    """Where an array is not zero, (nnz, ndim), and its elements there, (nnz,)."""
    if hasattr(array, "coords") and hasattr(array, "data") and not isinstance(array, np.ndarray):
        return np.asarray(array.coords).T, np.asarray(array.data)
    array = np.asarray(array)
    if array.ndim == 0:  # numpy's argwhere makes it an axis
        return np.zeros((1, 0), np.int64), array[None]
    coordinates = np.argwhere(array)
    return coordinates, array[tuple(coordinates.T)]
