# SPDX-License-Identifier: Apache-2.0
"""Coefficients and sites that an operator cannot have are refused by every kind of operator."""

import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.operator import (
    BoseHubbard,
    FermiHubbard,
    FermionOperator2nd,
    GraphOperator,
    Heisenberg,
    Ising,
    LocalOperator,
    PauliStrings,
    ProductOperator,
    SumOperator,
    boson,
    fermion,
    spin,
)
from netket.operator.permutation import PermutationSum, SpinFlipOperator

HI, CHAIN = nk.hilbert.Spin(0.5, 3), nk.graph.Chain(3)
BOSONS, ORBITALS = nk.hilbert.Fock(2, 3), nk.hilbert.SpinOrbitalFermions(3)
WITH_SPIN = nk.hilbert.SpinOrbitalFermions(3, s=1 / 2)
ISING, FLIP = Ising(HI, CHAIN, h=1.0), SpinFlipOperator(HI)
X = np.array([[0.0, 1.0], [1.0, 0.0]])

WITH_NUMBER = {
    "ising": lambda c, **kw: Ising(HI, CHAIN, h=c, **kw),
    "heisenberg": lambda c, **kw: Heisenberg(HI, CHAIN, J=c, **kw),
    "bose_hubbard": lambda c, **kw: BoseHubbard(BOSONS, CHAIN, U=1.0, J=c, **kw),
    "local": lambda c, **kw: LocalOperator(HI, np.where(X, c, 0), [0], **kw),
    "local constant": lambda c, **kw: LocalOperator(HI, X, [0], constant=c, **kw),
    "graph": lambda c, **kw: GraphOperator(HI, CHAIN, site_ops=[np.where(X, c, 0)], **kw),
    "pauli": lambda c, **kw: PauliStrings(["XX", "ZZ"], [c, 1.0], **kw),
    "fermion": lambda c, **kw: FermionOperator2nd(ORBITALS, ["0^ 1"], [c], **kw),
    "fermion constant": lambda c, **kw: FermionOperator2nd(ORBITALS, constant=c, **kw),
    "permutation": lambda c, **kw: PermutationSum(HI, [[1, 2, 0]], [c], **kw),
    "sum": lambda c, **kw: SumOperator(FLIP, ISING, coefficients=[c, 1.0]).copy(**kw),
    "product": lambda c, **kw: ProductOperator(FLIP, ISING, coefficient=c).copy(**kw),
    "fermi_hubbard": lambda c, **kw: FermiHubbard(WITH_SPIN, CHAIN, t=c, **kw),
}
kinds = pytest.mark.parametrize("build", WITH_NUMBER.values(), ids=WITH_NUMBER)


@kinds
def test_real_operators_have_real_coefficients(build):
    with pytest.raises(TypeError, match="`dtype` must be complex"):
        build(1j, dtype=np.float32)
    assert build(1 + 0j, dtype=float).dtype == float
    with pytest.raises(TypeError, match="`dtype` must be complex"):
        build(1j).copy(dtype=float)
    assert build(1.0).copy(dtype=int).dtype == float  # derivatives need real numbers


@kinds
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_coefficients_are_finite(build, number):
    with pytest.raises(ValueError, match=r"must be finite, but one is (nan|inf)"):
        build(number)
    with pytest.raises(ValueError, match=f"must be finite, but one is {number}"):
        number * build(1.0)


@pytest.mark.parametrize(
    "build",
    [
        lambda site: spin.sigmax(HI, site),
        lambda site: boson.create(BOSONS, site),
        lambda site: fermion.create(ORBITALS, site),
        lambda site: LocalOperator(HI, X, [site]),
    ],
)
def test_sites_are_integers(build):
    for site in (1.5, "1", None):
        with pytest.raises(TypeError, match=f"must be an integer, but is {site!r}"):
            build(site)
    with pytest.raises(ValueError, match="from 0 to 2, but (is|has) .*3"):
        build(3)
    assert build(np.int8(1)) == build(1) == build(jnp.asarray(1))


def test_matrices_without_sites():
    with pytest.raises(ValueError, match="`acting_on` must say on which sites"):
        LocalOperator(HI, X)


def test_terms_of_fermions():
    with pytest.raises(TypeError, match="`terms` must be a list of products, but is 5"):
        FermionOperator2nd(ORBITALS, 5)
    with pytest.raises(ValueError, match=r"but has \[0, 1, 2\] on site 0"):
        FermionOperator2nd(BOSONS, ["0^"])
    conserving = nk.experimental.operator.ParticleNumberConservingFermioperator2nd
    with pytest.raises(TypeError, match="`ha` must be a FermionOperator2nd, but is LocalOp"):
        conserving.from_fermionoperator2nd(spin.sigmax(HI, 0))


def test_factors_of_products():
    space = nk.hilbert.TensorHilbert(HI, BOSONS)
    x = spin.sigmax(HI, 0)
    for subspaces in (0, [0, 1]):
        with pytest.raises(ValueError, match="`subspaces` must have 1 entries"):
            nk.operator.TensorOperator(x, hilbert=space, subspaces=subspaces)
    with pytest.raises(TypeError, match="`subspace` must be an integer, but is 0.5"):
        nk.operator.EmbedOperator(space, x, 0.5)
