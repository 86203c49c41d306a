# SPDX-License-Identifier: Apache-2.0
"""Operators of fermions in one orbital: c†, c, n = c† c."""

from typing import Any

from netket.hilbert import DiscreteHilbert, SpinOrbitalFermions
from netket.utils.types import DType

from ._base import as_integer
from ._fermion import FermionOperator2nd, NoDoubleOccupancyConstraint

__all__ = ["NoDoubleOccupancyConstraint", "create", "destroy", "identity", "number", "zero"]


def destroy(
    hilbert: DiscreteHilbert,
    site: int,
    sz: int | None = None,
    cutoff: float = 1e-10,
    dtype: DType | None = None,
) -> FermionOperator2nd:
    """The annihilator c of an orbital.

    Args:
        hilbert: the space.
        site: the orbital; for `SpinOrbitalFermions` with spin the orbital of those with `sz`.
        sz: twice the spin projection, for fermions with spin: 1 and -1 for spin 1/2.
        cutoff: as for `FermionOperator2nd`.
        dtype: dtype of the matrix elements, by default float64.

    Returns:
        A `FermionOperator2nd`.

    Raises:
        ValueError: the orbital does not exist, or `sz` is missing, or none of the projections.
    """
    return _product(hilbert, site, sz, cutoff, dtype, 0)


def create(
    hilbert: DiscreteHilbert,
    site: int,
    sz: int | None = None,
    cutoff: float = 1e-10,
    dtype: DType | None = None,
) -> FermionOperator2nd:
    """The creator c† of an orbital. Arguments as for `destroy`."""
    return _product(hilbert, site, sz, cutoff, dtype, 1)


def number(
    hilbert: DiscreteHilbert,
    site: int,
    sz: int | None = None,
    cutoff: float = 1e-10,
    dtype: DType | None = None,
) -> FermionOperator2nd:
    """The occupation number n = c† c of an orbital. Arguments as for `destroy`."""
    return _product(hilbert, site, sz, cutoff, dtype, 1, 0)


def identity(
    hilbert: DiscreteHilbert, cutoff: float = 1e-10, dtype: DType | None = None
) -> FermionOperator2nd:
    """The identity, without any fermion operators."""
    return FermionOperator2nd(hilbert, [()], [1.0], cutoff=cutoff, dtype=dtype)


def zero(
    hilbert: DiscreteHilbert, cutoff: float = 1e-10, dtype: DType | None = None
) -> FermionOperator2nd:
    """The operator that is zero, to begin a sum with."""
    return FermionOperator2nd(hilbert, [], [], cutoff=cutoff, dtype=dtype)


def _product(
    hilbert: Any, site: int, sz: int | None, cutoff: float, dtype: Any, *creators: int
) -> FermionOperator2nd:
    site = as_integer(site, "site")
    if isinstance(hilbert, SpinOrbitalFermions):
        if sz is None and hilbert.spin is not None:
            raise ValueError(
                f"Argument `sz`, twice the spin projection, must be given for {hilbert}."
            )
        site = hilbert._get_index(site, sz)
    elif sz is not None:
        raise ValueError(
            f"Argument `sz` must only be given for SpinOrbitalFermions, not {hilbert}."
        )
    term = tuple((site, creator) for creator in creators)
    return FermionOperator2nd(hilbert, [term], cutoff=cutoff, dtype=dtype)
