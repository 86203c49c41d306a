# SPDX-License-Identifier: Apache-2.0
"""Exact diagonalisation against energies from the literature and from other codes."""

import numpy as np
import pytest
import scipy.sparse.linalg

import netket as nk
from netket.operator import GraphOperator, Heisenberg, Ising, spin

X, Z = np.array([[0, 1], [1, 0]]), np.diag([1.0, -1.0])
YY = np.array([[0, 0, 0, -1], [0, 0, 1, 0], [0, 1, 0, 0], [-1, 0, 0, 0]])
XXYY = np.kron(X, X) + YY


def ground(op, **kwargs):
    return nk.exact.lanczos_ed(op, **kwargs)[0]


# -- energies (own ED of an independent code unless said) -----------------------------------


@pytest.mark.parametrize(
    "n, energy",
    [
        (4, -8.0),
        (6, -11.211102550928),
        (8, -14.604373635749),
        (10, -18.061785417968),
        (12, -21.549563669781),
        (14, -25.054198134188),
        (16, -28.569185442467),
    ],
)
def test_heisenberg_rings(n, energy):
    ha = Heisenberg(nk.hilbert.Spin(0.5, n, total_sz=0), nk.graph.Chain(n))
    assert ground(ha) == pytest.approx(energy, abs=1e-9)


@pytest.mark.slow
def test_heisenberg_ring_of_20():
    """varbench `Heisenberg/chain_20_P`."""
    ha = Heisenberg(nk.hilbert.Spin(0.5, 20, total_sz=0), nk.graph.Chain(20))
    assert ground(ha) == pytest.approx(-35.617546119506, abs=1e-9)


def test_heisenberg_square():
    """varbench `square_16_P`."""
    ha = Heisenberg(nk.hilbert.Spin(0.5, 16, total_sz=0), nk.graph.Square(4))
    assert ground(ha) == pytest.approx(-44.9139328337, abs=1e-9)


@pytest.mark.parametrize(
    "j2, energy", [(0.2, -39.6719322579), (0.5, -33.8316934056), (1.0, -49.1819608644)]
)
def test_j1_j2_square(j2, energy):
    """varbench."""
    g = nk.graph.Square(4, max_neighbor_order=2)
    ha = Heisenberg(nk.hilbert.Spin(0.5, 16, total_sz=0), g, J=[1.0, j2])
    assert ground(ha) == pytest.approx(energy, abs=1e-9)


@pytest.mark.parametrize(
    "delta, energy", [(0.5, -18.229089763322), (1.5, -25.419415289664), (2.0, -29.840469502044)]
)
def test_xxz_ring(delta, energy):
    hi = nk.hilbert.Spin(0.5, 12, total_sz=0)
    bond = XXYY + delta * np.kron(Z, Z)
    ha = GraphOperator(hi, nk.graph.Chain(12), bond_ops=[bond])
    assert ground(ha) == pytest.approx(energy, abs=1e-9)


@pytest.mark.parametrize("h, energy", [(1.0, -12.784906442999)])
def test_ising_rings(h, energy):
    """Free fermions."""
    ha = Ising(nk.hilbert.Spin(0.5, 10), nk.graph.Chain(10), h=h)
    assert ground(ha) == pytest.approx(energy, abs=1e-9)


def test_open_ising_chain():
    """varbench."""
    ha = Ising(nk.hilbert.Spin(0.5, 10), nk.graph.Chain(10, pbc=False), h=1.0)
    assert ground(ha) == pytest.approx(-12.381489999655, abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("h, energy", [(1.0, -25.490989686365), (0.5, -21.270888306919)])
def test_ising_ring_of_20(h, energy):
    """Free fermions."""
    ha = Ising(nk.hilbert.Spin(0.5, 20), nk.graph.Chain(20), h=h)
    assert ground(ha, k=1) == pytest.approx(energy, abs=1e-8)


@pytest.mark.parametrize(
    "n, n_max, n_sites, U, energy",
    [
        (4, 4, 4, 4.0, -3.976513013742),
        (6, 3, 6, 4.0, -5.683711777300),
        (5, 5, 5, 1.0, -8.280991746583),
    ],
)
def test_bose_hubbard_rings(n, n_max, n_sites, U, energy):
    """H = -sum (a^dagger a + h.c.) + U/2 sum n (n - 1), of local terms."""
    hi = nk.hilbert.Fock(n_max, n_sites, n_particles=n)
    a = np.diag(np.sqrt(np.arange(1.0, n_max + 1)), 1)
    k = np.arange(n_max + 1.0)
    hop = -np.kron(a, a.T) - np.kron(a.T, a)
    ha = GraphOperator(hi, nk.graph.Chain(n_sites), [U / 2 * np.diag(k * (k - 1))], [hop])
    assert ground(ha) == pytest.approx(energy, abs=1e-9)


# -- the functions ----------------------------------------------------------------------------

HI = nk.hilbert.Spin(0.5, 6)
HA = Ising(HI, nk.graph.Chain(6), h=0.8)


@pytest.mark.parametrize("backend", ["numba", "jax"])
@pytest.mark.parametrize("matrix_free", [False, True])
def test_lanczos_equals_full(matrix_free, backend):
    ha = HA.to_backend(backend)
    w = nk.exact.full_ed(ha)
    np.testing.assert_allclose(
        nk.exact.lanczos_ed(ha, k=4, matrix_free=matrix_free), w[:4], atol=1e-10
    )
    values, vectors = nk.exact.lanczos_ed(
        ha, k=3, compute_eigenvectors=True, matrix_free=matrix_free
    )
    assert vectors.shape == (64, 3)
    np.testing.assert_allclose(ha.to_sparse() @ vectors, vectors * values, atol=1e-8)


def test_full_ed():
    ha = HA + 0.3 * spin.sigmay(HI, 2)
    w, v = nk.exact.full_ed(ha, compute_eigenvectors=True)
    np.testing.assert_allclose(w, np.linalg.eigvalsh(ha.to_dense()), atol=1e-10)
    np.testing.assert_allclose(ha.to_dense() @ v, v * w, atol=1e-10)
    np.testing.assert_allclose(nk.exact.full_ed(ha), w, atol=1e-10)


def test_scipy_arguments():
    largest = nk.exact.lanczos_ed(HA, k=2, scipy_args={"which": "LA", "tol": 1e-12})
    np.testing.assert_allclose(largest, nk.exact.full_ed(HA)[-2:], atol=1e-10)


def test_small_spaces():
    """Spaces that are too small for Krylov spaces."""
    ha = Ising(nk.hilbert.Spin(0.5, 2), nk.graph.Chain(2, pbc=False), h=1.0)
    w = nk.exact.full_ed(ha)
    for k in (1, 2, 3, 4):
        np.testing.assert_allclose(nk.exact.lanczos_ed(ha, k=k), w[:k])
    values, vectors = nk.exact.lanczos_ed(ha, k=2, compute_eigenvectors=True)
    np.testing.assert_allclose(ha.to_dense() @ vectors, vectors * values, atol=1e-12)
    one = spin.sigmaz(nk.hilbert.Spin(0.5, 2, total_sz=1), 0)
    assert nk.exact.lanczos_ed(one, matrix_free=True) == nk.exact.full_ed(one) == [1.0]


@pytest.mark.parametrize("n", [4, 8])
@pytest.mark.parametrize(
    "options, key",
    [
        ({"which": "LM"}, lambda w: -abs(w)),
        ({"which": "BE"}, lambda w: np.minimum(np.arange(len(w)), np.arange(len(w))[::-1])),
        ({"sigma": 1.1}, lambda w: abs(w - 1.1)),
        ({"sigma": 1.1, "which": "SA"}, lambda w: 1 / (w - 1.1)),
    ],
)
def test_small_and_large_spaces_choose_alike(n, options, key):
    """All eigenvalues of a small matrix are known, Krylov spaces find some of a large one."""
    hi = nk.hilbert.Spin(0.5, n)
    fields = 0.1 * np.arange(1, n + 1) ** 1.5
    ha = sum(c * spin.sigmaz(hi, i) + 0.3 * spin.sigmax(hi, i) for i, c in enumerate(fields))
    w = nk.exact.full_ed(ha)
    expected = np.sort(w[np.argsort(key(w), kind="stable")[:4]])
    np.testing.assert_allclose(
        nk.exact.lanczos_ed(ha, k=4, scipy_args=options), expected, atol=1e-8
    )


def test_linear_operator_is_scipys():
    op = HA.to_linear_operator()
    assert isinstance(op, scipy.sparse.linalg.LinearOperator)
    np.testing.assert_allclose(op @ np.eye(64), HA.to_dense(), atol=1e-12)


def test_bad_arguments():
    for k in (0, 65):
        with pytest.raises(ValueError, match=f"`k` must be between 1 and 64.*but is {k}"):
            nk.exact.lanczos_ed(HA, k=k)
    with pytest.raises(ValueError, match="`which` must be one of"):
        nk.exact.lanczos_ed(HA, scipy_args={"which": "smallest"})
    with pytest.raises(TypeError, match="no arguments .'shift'"):
        nk.exact.lanczos_ed(HA, scipy_args={"shift": 1.0})
    raising = spin.sigmap(HI, 0) + spin.sigmaz(HI, 1)
    for solve in (nk.exact.full_ed, nk.exact.lanczos_ed):
        with pytest.raises(ValueError, match="must be hermitian, but this LocalOperator is not"):
            solve(raising)
    with pytest.raises(ValueError, match="must be hermitian"):
        nk.exact.lanczos_ed(raising, matrix_free=True)
    with pytest.raises(ValueError, match="few enough states"):
        nk.exact.full_ed(spin.sigmax(nk.hilbert.Spin(0.5, 80), 0))
    with pytest.raises(TypeError, match="discrete operator, but is ndarray"):
        nk.exact.full_ed(np.eye(3))
