# SPDX-License-Identifier: Apache-2.0
"""Fermions in second quantisation: products of ladder operators, and the operators."""

from ._conserving import (
    ParticleNumberAndSpinConservingFermioperator2nd,
    ParticleNumberConservingFermioperator2nd,
    nonzero_elements,
)
from ._models import TJ, FermiHubbard, FermiHubbardJax, FermionModel, NoDoubleOccupancyConstraint
from ._molecule import molecular_hamiltonian, spin_orbital_arrays
from ._operator import FermionOperator2nd, FermionOperator2ndJax, FermionOperator2ndNumba
from ._terms import FermionTerms

__all__ = [
    "TJ",
    "FermiHubbard",
    "FermiHubbardJax",
    "FermionModel",
    "FermionOperator2nd",
    "FermionOperator2ndJax",
    "FermionOperator2ndNumba",
    "FermionTerms",
    "NoDoubleOccupancyConstraint",
    "ParticleNumberAndSpinConservingFermioperator2nd",
    "ParticleNumberConservingFermioperator2nd",
    "molecular_hamiltonian",
    "nonzero_elements",
    "spin_orbital_arrays",
]
