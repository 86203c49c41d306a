# SPDX-License-Identifier: Apache-2.0
"""Fermion operators that keep numbers of fermions, and molecules."""

import numpy as np
import pytest

import netket as nk
from netket.experimental.operator import (
    ParticleNumberAndSpinConservingFermioperator2nd,
    ParticleNumberConservingFermioperator2nd,
    from_pyscf_molecule,
)
from netket.experimental.operator import pyscf as nkpyscf
from netket.operator import FermionOperator2nd, fermion

Fermions = nk.hilbert.SpinOrbitalFermions
FIXED = Fermions(4, n_fermions=2)
SPINFUL = Fermions(3, s=0.5, n_fermions_per_spin=(2, 1))


def close(a, b):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), atol=1e-10)


def test_conversions():
    op = FermionOperator2nd(FIXED, ["0^ 1", "1 0^", "2 2^", "3^ 1 0^ 2"], [1.0, 0.5, 0.3, 0.2])
    special = ParticleNumberConservingFermioperator2nd.from_fermionoperator2nd(op)
    assert type(special) is ParticleNumberConservingFermioperator2nd and special.order == "N"
    back = special.to_fermionoperator2nd()
    assert type(back) is FermionOperator2nd
    close(special.to_dense(), op.to_dense())
    close(back.to_dense(), op.to_dense())
    single = ParticleNumberConservingFermioperator2nd.from_fermionoperator2nd(
        op, dtype=np.float32, backend="jax"
    )
    assert single.dtype == np.float32 and single.backend == "jax"


def test_kinds_of_sums():
    special = ParticleNumberAndSpinConservingFermioperator2nd(SPINFUL, ["0^ 1", "4^ 3"])
    general = FermionOperator2nd(SPINFUL, ["0^ 4"])
    number = ParticleNumberConservingFermioperator2nd(SPINFUL, ["0^ 4", "4^ 0"])
    assert type(special + special) is type(special @ special) is type(special.H) is type(special)
    assert type(special + number) is type(number + special) is type(number)
    assert type(number + general) is type(general @ special) is FermionOperator2nd


def test_other_terms_are_refused():
    kind = ParticleNumberConservingFermioperator2nd
    with pytest.raises(ValueError, match='number of fermions, but the term "2 0" does not'):
        kind(FIXED, ["0^ 1", "2 0"])
    with pytest.raises(ValueError, match='number of fermions, but the term "0" does not'):
        kind.from_fermionoperator2nd(fermion.destroy(FIXED, 0))
    # what cancels in normal order is no such term
    kind.from_fermionoperator2nd(FermionOperator2nd(FIXED, ["0 1", "1 0", "0^ 1"]))
    with pytest.raises(ValueError, match="fermions with 2 s_z = -1, but the term"):
        ParticleNumberAndSpinConservingFermioperator2nd(SPINFUL, ["0^ 3"])
    with pytest.raises(ValueError, match="must be a SpinOrbitalFermions"):
        kind(nk.hilbert.Fock(1, 4), ["0^ 1"])
    with pytest.raises(ValueError, match="with spin"):
        ParticleNumberAndSpinConservingFermioperator2nd(FIXED, ["0^ 1"])


def test_from_sparse_arrays():
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=(4, 4)), rng.normal(size=(4, 4, 4, 4))
    kind = ParticleNumberConservingFermioperator2nd
    op = kind.from_sparse_arrays(FIXED, [np.array(0.7), one, two])
    terms = [f"{i}^ {j}" for i, j in np.ndindex(4, 4)]
    terms += [f"{i}^ {j}^ {k} {m}" for i, j, k, m in np.ndindex(4, 4, 4, 4)]
    expected = FermionOperator2nd(FIXED, terms, np.concatenate([one.ravel(), two.ravel()]), 0.7)
    close(op.to_dense(), expected.to_dense())
    assert len(op.terms) == 1 + 16 + 36
    sparse = [nk.jax.COOArray.fromdense(a) for a in (one, two)]
    close(kind.from_sparse_arrays(FIXED, sparse, constant=0.7).to_dense(), expected.to_dense())
    with pytest.raises(ValueError, match="even number of axes"):
        kind.from_sparse_arrays(FIXED, [one[0]])


def test_arrays_to_terms():
    one, two = np.zeros((2, 2)), np.zeros((2, 2, 2, 2))
    one[0, 1], two[0, 1, 1, 0] = 0.2, 0.7
    terms, weights, const = nkpyscf.arrays_to_terms(1.5, one, two)
    assert terms == [[[0, 1], [1, 0]], [[0, 1], [1, 0], [1, 1], [0, 0]]]
    assert weights == [0.2, 0.7] and const == 1.5
    op = nkpyscf.operator_from_arrays(1.5, one, two, (1, 1), hi=Fermions(2))
    assert op.operators[()] == 1.5
    four = [np.zeros((4,) * k) for k in (2, 4)]
    assert nkpyscf.operator_from_arrays(1.0, *four, (1, 0)).hilbert == Fermions(
        2, s=0.5, n_fermions_per_spin=(1, 0)
    )
    assert nkpyscf.operator_from_arrays(1.0, *four, 2).hilbert == Fermions(2, s=0.5, n_fermions=2)


def test_old_place_of_the_hubbard_model():
    with pytest.warns(DeprecationWarning, match="has moved"):
        old = nk.experimental.operator.FermiHubbardJax
    assert old is nk.operator.FermiHubbardJax


# -- molecules ----------------------------------------------------------------------------------


def molecule(atoms, **kwargs):
    gto = pytest.importorskip("pyscf.gto")
    return gto.M(atom=atoms, basis="sto-3g", verbose=0, **kwargs)


@pytest.mark.parametrize(
    "atoms, energy",
    [
        ("H 0 0 0; H 0 0 0.7414", -1.137270174625),
        ("Li 0 0 0; H 0 0 1.45", -7.880982314826),
    ],
)
def test_ground_energies_of_molecules(atoms, energy):
    mol = molecule(atoms)
    for kind in (FermionOperator2nd, ParticleNumberAndSpinConservingFermioperator2nd):
        op = from_pyscf_molecule(mol, implementation=kind)
        assert type(op) is kind and op.is_hermitian
        assert float(nk.exact.lanczos_ed(op)[0]) == pytest.approx(energy, abs=1e-8)


def test_arrays_of_a_molecule():
    from pyscf import scf

    mol = molecule("H 0 0 0; H 0 0 0.7414")
    orbitals = scf.RHF(mol).run().mo_coeff
    energy, t, v = nkpyscf.TV_from_pyscf_molecule(mol, orbitals)
    assert t.shape == (4, 4) and v.shape == (4, 4, 4, 4)
    i, j, k, m = np.asarray(v.coords)
    assert np.all(i > j) and np.all(k > m)
    op = nkpyscf.operator_from_arrays(
        energy, t, nk.jax.COOArray(v._coords, v.data / 2, v.shape), (1, 1), term_conj4=(1, 1, 0, 0)
    )
    close(op.to_dense(), from_pyscf_molecule(mol, orbitals).to_dense())
    number = ParticleNumberConservingFermioperator2nd.from_pyscf_molecule(
        mol, orbitals, backend="jax"
    )
    assert number.backend == "jax"
    close(number.to_dense(), op.to_dense())


def test_open_shell_with_orbitals_for_each_spin():
    """The exact energy does not depend on the orbitals."""
    from pyscf import scf

    mol = molecule("Li 0 0 0", spin=1)
    unrestricted = scf.UHF(mol).run().mo_coeff
    restricted = scf.ROHF(mol).run().mo_coeff
    energies = [
        float(nk.exact.lanczos_ed(from_pyscf_molecule(mol, np.asarray(c)))[0])
        for c in (unrestricted, restricted)
    ]
    assert energies[0] == pytest.approx(energies[1], abs=1e-8)
