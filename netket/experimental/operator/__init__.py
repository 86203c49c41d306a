# SPDX-License-Identifier: Apache-2.0
"""Fermions whose numbers are kept, and molecules."""

import warnings
from typing import Any

from netket.operator import FermiHubbardJax as _FermiHubbardJax
from netket.operator._fermion import (
    ParticleNumberAndSpinConservingFermioperator2nd,
    ParticleNumberConservingFermioperator2nd,
)

from . import pyscf
from .pyscf import from_pyscf_molecule

__all__ = [
    "ParticleNumberAndSpinConservingFermioperator2nd",
    "ParticleNumberConservingFermioperator2nd",
    "from_pyscf_molecule",
    "pyscf",
]


def __getattr__(name: str) -> Any:
    if name == "FermiHubbardJax":
        message = (
            "`netket.experimental.operator.FermiHubbardJax` has moved: use "
            "`netket.operator.FermiHubbard`."
        )
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return _FermiHubbardJax
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
