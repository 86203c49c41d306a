# SPDX-License-Identifier: Apache-2.0
"""Operators: one class for each, with a numba and a jax implementation."""

from . import boson, fermion, permutation, spin
from ._base import (
    AbstractOperator,
    DiscreteJaxOperator,
    DiscreteOperator,
    use_backend,
)
from ._bose_hubbard import BoseHubbard, BoseHubbardJax, BoseHubbardNumba
from ._cached import to_sparse_cached
from ._composite import (
    Adjoint,
    EmbedOperator,
    ProductOperator,
    ProjectedOperator,
    Squared,
    SumOperator,
    TensorOperator,
    Transpose,
)
from ._continuous import ContinuousOperator, KineticEnergy, PotentialEnergy
from ._fermion import (
    TJ,
    FermiHubbard,
    FermiHubbardJax,
    FermionOperator2nd,
    FermionOperator2ndJax,
    FermionOperator2ndNumba,
)
from ._graph import GraphOperator, Heisenberg
from ._ising import Ising, IsingJax, IsingNumba
from ._local import LocalOperator, LocalOperatorJax, LocalOperatorNumba
from ._pauli import PauliStrings, PauliStringsJax, PauliStringsNumba
from ._super import AbstractSuperOperator, LocalLiouvillian
from ._text import from_text

__all__ = [
    "TJ",
    "AbstractOperator",
    "AbstractSuperOperator",
    "Adjoint",
    "BoseHubbard",
    "BoseHubbardJax",
    "BoseHubbardNumba",
    "ContinuousOperator",
    "DiscreteJaxOperator",
    "DiscreteOperator",
    "EmbedOperator",
    "FermiHubbard",
    "FermiHubbardJax",
    "FermionOperator2nd",
    "FermionOperator2ndJax",
    "FermionOperator2ndNumba",
    "GraphOperator",
    "Heisenberg",
    "Ising",
    "IsingJax",
    "IsingNumba",
    "LocalLiouvillian",
    "KineticEnergy",
    "LocalOperator",
    "LocalOperatorJax",
    "LocalOperatorNumba",
    "PauliStrings",
    "PauliStringsJax",
    "PauliStringsNumba",
    "PotentialEnergy",
    "ProductOperator",
    "ProjectedOperator",
    "Squared",
    "SumOperator",
    "TensorOperator",
    "Transpose",
    "boson",
    "fermion",
    "from_text",
    "permutation",
    "spin",
    "to_sparse_cached",
    "use_backend",
]
