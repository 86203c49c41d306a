# SPDX-License-Identifier: Apache-2.0
"""Energies from the literature of Hamiltonians that are sums of Pauli strings."""

from pathlib import Path

import numpy as np
import pytest

import netket as nk
from netket.operator import PauliStrings


def two_site(letters, n_sites, i, j):
    s = ["I"] * n_sites
    s[i], s[j] = letters
    return "".join(s)


@pytest.mark.parametrize(("n", "energy"), [(6, -11.211102550928), (10, -18.061785417968)])
@pytest.mark.parametrize("total_sz", [None, 0])
def test_heisenberg_ring(n, energy, total_sz):
    """Own exact diagonalisation, sigma.sigma on a ring."""
    strings = [two_site(2 * c, n, i, (i + 1) % n) for i in range(n) for c in "XYZ"]
    op = PauliStrings(nk.hilbert.Spin(0.5, n, total_sz=total_sz), strings)
    assert op.dtype == np.float64
    assert nk.exact.lanczos_ed(op)[0] == pytest.approx(energy, abs=1e-9)


def test_ising_ring():
    """Free fermions: E = -sum_k sqrt(1 + h^2 + 2 h cos k), k = (2 m + 1) pi / N."""
    n, h = 10, 0.7
    strings = [two_site("ZZ", n, i, (i + 1) % n) for i in range(n)]
    strings += ["I" * i + "X" + "I" * (n - 1 - i) for i in range(n)]
    op = PauliStrings(strings, [1.0] * n + [-h] * n)
    k = (2 * np.arange(n) + 1) * np.pi / n
    exact = -np.sqrt(1 + h**2 + 2 * h * np.cos(k)).sum()
    assert nk.exact.lanczos_ed(op)[0] == pytest.approx(exact, abs=1e-10)


def test_cluster_state():
    """H = -sum_i Z_(i-1) X_i Z_(i+1): the stabilisers commute, E = -N, and the gap is 2."""
    n = 8
    strings = []
    for i in range(n):
        s = ["I"] * n
        s[i - 1], s[i], s[(i + 1) % n] = "Z", "X", "Z"
        strings.append("".join(s))
    op = PauliStrings(strings, -np.ones(n))
    np.testing.assert_allclose(nk.exact.full_ed(op)[:2], [-n, -n + 2], atol=1e-10)
    stabilisers = [PauliStrings([s]) for s in strings]
    for a in stabilisers:
        assert np.allclose((a @ op - op @ a).weights, 0)


def test_five_qubit_code():
    """The stabilisers XZZXI and its shifts commute, and leave a space of dimension 2."""
    generators = [PauliStrings([s]) for s in ("XZZXI", "IXZZX", "XIXZZ", "ZXIXZ")]
    identity = PauliStrings.identity(generators[0].hilbert)
    projector = identity
    for g in generators:
        projector = projector @ (0.5 * (identity + g))
    assert len(projector.operators) == 16
    assert np.trace(projector.to_dense()).real == pytest.approx(2)
    assert np.allclose((projector @ projector - projector).weights, 0)


# -- molecules: OpenFermion's own integrals, and reference energies of its test data -------------


def molecule(name):
    openfermion = pytest.importorskip("openfermion")
    folder = Path(openfermion.__file__).parent / "testing" / "data"
    data = openfermion.MolecularData(filename=str(folder / name))
    data.load()
    fermions = openfermion.get_fermion_operator(data.get_molecular_hamiltonian())
    return openfermion, data, fermions


@pytest.mark.parametrize(
    ("name", "n_strings", "energy"),
    [
        ("H2_sto-3g_singlet_0.7414.hdf5", 15, -1.137270174625),
        ("H1-Li1_sto-3g_singlet_1.45.hdf5", 631, -7.880982314826),
    ],
)
def test_molecules(name, n_strings, energy):
    """Full configuration interaction in STO-3G."""
    openfermion, data, fermions = molecule(name)
    op = PauliStrings.from_openfermion(openfermion.jordan_wigner(fermions))
    assert op.hilbert == nk.hilbert.Qubit(data.n_qubits)
    assert len(op.operators) == n_strings and op.is_hermitian and op.dtype == np.float64
    ground, state = nk.exact.lanczos_ed(op, compute_eigenvectors=True)
    assert ground[0] == pytest.approx(energy, abs=1e-9)
    assert energy == pytest.approx(float(data.fci_energy), abs=1e-9)
    occupied = np.zeros(data.n_qubits)
    occupied[: data.n_electrons] = 1
    (number,) = op.hilbert.states_to_numbers(occupied[None])
    hartree_fock = op.get_conn_padded(occupied)
    diagonal = np.all(hartree_fock[0] == occupied, axis=-1)
    assert np.sum(np.asarray(hartree_fock[1])[diagonal]) == pytest.approx(
        float(data.hf_energy), abs=1e-8
    )
    assert abs(state[number, 0]) > 0.9


def test_openfermion_conventions():
    openfermion = pytest.importorskip("openfermion")
    qubits = openfermion.QubitOperator("X0 Y2", 0.5) + openfermion.QubitOperator("Z1", 2j)
    qubits += openfermion.QubitOperator("", -1.5)
    op = PauliStrings.from_openfermion(qubits)
    assert set(op.operators) == {"XIY", "IZI", "III"}
    np.testing.assert_allclose(
        op.to_dense(), openfermion.get_sparse_operator(qubits).toarray(), atol=1e-14
    )
    assert PauliStrings.from_openfermion(qubits, n_qubits=5).hilbert == nk.hilbert.Qubit(5)
    on_spins = PauliStrings.from_openfermion(nk.hilbert.Spin(0.5, 3), qubits, backend="jax")
    np.testing.assert_allclose(on_spins.to_dense(), op.to_dense(), atol=1e-14)
    with pytest.raises(ValueError, match="acts on 3 qubits, but there are only 2 sites"):
        PauliStrings.from_openfermion(nk.hilbert.Qubit(2), qubits)
    empty = PauliStrings.from_openfermion(nk.hilbert.Qubit(2), openfermion.QubitOperator())
    assert len(empty.operators) == 0


def test_fermions_become_strings():
    """The Jordan-Wigner transformation, against OpenFermion's."""
    openfermion = pytest.importorskip("openfermion")
    rng, hi = np.random.default_rng(0), nk.hilbert.SpinOrbitalFermions(5)
    terms = ["0^ 3", "4^ 1", "2^ 2", "0^ 1^ 4 2", "3 3^", "1^ 2 3^ 0"]
    theirs = openfermion.FermionOperator()
    ours = nk.operator.FermionOperator2nd(hi, constant=0.7)
    for term, weight in zip(terms, rng.normal(size=(len(terms), 2)) @ [1, 1j]):
        theirs += openfermion.FermionOperator(term, weight)
        ours += nk.operator.FermionOperator2nd(hi, [term], [weight])
    expected = openfermion.jordan_wigner(theirs) + openfermion.QubitOperator("", 0.7)
    expected = PauliStrings.from_openfermion(hi, expected)
    strings = ours.to_pauli_strings()
    assert strings.operators.tolist() == expected.operators.tolist()
    np.testing.assert_allclose(strings.weights, expected.weights, atol=1e-14)
    np.testing.assert_allclose(strings.to_dense(), ours.to_dense(), atol=1e-14)


def test_molecules_as_fermions_and_as_qubits():
    """H2: the same strings from our fermions and from OpenFermion's qubits; 15 of them."""
    openfermion, data, fermions = molecule("H2_sto-3g_singlet_0.7414.hdf5")
    qubits = PauliStrings.from_openfermion(openfermion.jordan_wigner(fermions))
    hi = nk.hilbert.SpinOrbitalFermions(data.n_qubits)
    ours = nk.operator.FermionOperator2nd.from_openfermion(hi, fermions).to_pauli_strings()
    assert ours.is_hermitian and ours.dtype == np.float64 and len(ours.operators) == 15
    assert ours.operators.tolist() == qubits.operators.tolist()
    np.testing.assert_allclose(ours.weights, qubits.weights, atol=1e-12)
