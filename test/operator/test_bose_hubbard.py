# SPDX-License-Identifier: Apache-2.0
"""The Bose-Hubbard model: energies of other codes, limits, conservation laws, bad input."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import netket as nk
from netket.operator import BoseHubbard, BoseHubbardNumba, LocalOperator, boson

RING = nk.graph.Chain(3)
BOSONS = nk.hilbert.Fock(2, 3)


@pytest.mark.parametrize(
    "n_sites, n_particles, U, n_max, energy",
    [
        (4, 4, 4.0, 4, -3.976513013742),
        (6, 6, 4.0, 3, -5.683711777300),
        (8, 8, 4.0, 3, -7.450045295370),
        (5, 5, 1.0, 5, -8.280991746583),
    ],
)
def test_energies(n_sites, n_particles, U, n_max, energy):
    """Own exact diagonalisation of an independent code."""
    hilbert = nk.hilbert.Fock(n_max, n_sites, n_particles=n_particles)
    ha = BoseHubbard(hilbert, nk.graph.Chain(n_sites), U=U)
    assert nk.exact.lanczos_ed(ha)[0] == pytest.approx(energy, abs=1e-10)


def test_free_bosons():
    """Without interaction all bosons are in the lowest mode, -2 J cos(0) each, on any ring."""
    hilbert = nk.hilbert.Fock(3, 5, n_particles=3)
    ha = BoseHubbard(hilbert, nk.graph.Chain(5), U=0.0, J=0.7, mu=0.1)
    assert nk.exact.lanczos_ed(ha)[0] == pytest.approx(3 * (-1.4 - 0.1), abs=1e-10)


@given(st.lists(st.floats(-2, 2), min_size=4, max_size=4), st.booleans())
def test_sum_of_ladder_operators(numbers, jax_):
    """H = -J sum (b^dagger b + h.c.) + ... with matrices multiplied explicitly."""
    U, V, J, mu = numbers
    ha = BoseHubbard(BOSONS, RING, U, V, J, mu, backend="jax" if jax_ else "numba")
    b = [boson.destroy(BOSONS, i).to_dense() for i in range(3)]
    n = [m.T @ m for m in b]
    expected = sum(U / 2 * m @ (m - np.eye(27)) - mu * m for m in n)
    for i, j in RING.edges():
        expected = expected + V * n[i] @ n[j] - J * (b[i].T @ b[j] + b[j].T @ b[i])
    np.testing.assert_allclose(ha.to_dense(), expected, atol=1e-12)
    np.testing.assert_allclose(ha.to_local_operator().to_dense(), expected, atol=1e-12)
    assert ha.is_hermitian


def test_algebra_is_closed():
    a = BoseHubbard(BOSONS, RING, 1.0, 0.5, backend="numba")
    b = BoseHubbard(BOSONS, RING, 2.0, 0.0, 0.3, 0.1, backend="jax")
    total = 2 * a - b / 2 + 0
    assert type(total) is BoseHubbard and total.backend == "jax"
    assert [float(c) for c in (total.U, total.V, total.J, total.mu)] == pytest.approx(
        [1.0, 1.0, 1.85, -0.05]
    )
    assert type(sum([a, a])) is BoseHubbard and -1 * (-a) == a
    assert type(a + BoseHubbard(BOSONS, [(0, 1)], 1.0)) is LocalOperator
    assert type(a + 1.0) is type(a @ a) is type(a + boson.number(BOSONS, 0)) is LocalOperator
    for combined, expected in ((a @ a, a.to_dense() @ a.to_dense()), (a - 1.0, None)):
        expected = a.to_dense() - np.eye(27) if expected is None else expected
        np.testing.assert_allclose(combined.to_dense(), expected, atol=1e-12)


def test_hermiticity_is_computed():
    assert not BoseHubbard(BOSONS, RING, 1.0, J=1j).is_hermitian
    assert BoseHubbard(BOSONS, RING, 1.0, J=1.0 + 0j).is_hermitian
    adjoint = BoseHubbard(BOSONS, RING, 1.0, J=1j).H
    assert type(adjoint) is BoseHubbard and adjoint.J == -1j


def test_dtypes():
    assert BoseHubbard(BOSONS, RING, 1).dtype == np.float64
    assert BoseHubbard(BOSONS, RING, 1, dtype=np.float32).dtype == np.float32
    assert BoseHubbard(BOSONS, RING, 1, J=1j).dtype == np.complex128
    assert (BoseHubbard(BOSONS, RING, 1, dtype=np.float32) * 2.0).dtype == np.float32


def test_older_names():
    a, b = BoseHubbardNumba(BOSONS, RING, U=1.0), BoseHubbard(BOSONS, RING, U=1.0, backend="jax")
    assert type(a) is type(b) is BoseHubbard
    assert a.to_jax_operator() == b and isinstance(a, BoseHubbardNumba)
    assert not isinstance(b, BoseHubbardNumba)
    np.testing.assert_array_equal(a.edges, [[0, 1], [0, 2], [1, 2]])


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_unbounded_bosons(backend):
    """Without n_max there are rows, but no matrices; with a fixed number there are both."""
    hilbert = nk.hilbert.Fock(None, 2)
    ha = BoseHubbard(hilbert, [(0, 1)], U=2.0, backend=backend)
    xp, mels = ha.get_conn(np.array([0, 300]))
    np.testing.assert_array_equal(xp, [[0, 300], [1, 299]])
    np.testing.assert_allclose(mels, [300 * 299, -np.sqrt(300)])
    with pytest.raises(TypeError, match="n_max"):
        ha.to_local_operator()
    assert (ha @ ha).n_conn(np.array([0, 300])) == 3
    fixed = nk.hilbert.Fock(None, 2, n_particles=3)
    assert BoseHubbard(fixed, [(0, 1)], U=2.0).to_dense().shape == (4, 4)


def test_gradient_through_the_constructor():
    """dE/dU, dE/dV, dE/dJ and dE/dmu are expectation values (Hellmann-Feynman)."""
    hilbert = nk.hilbert.Fock(2, 3, n_particles=3)
    numbers = (2.0, 0.5, 0.7, 0.1)
    matrix = BoseHubbard(hilbert, RING, *numbers).to_dense()
    ground = np.linalg.eigh(matrix)[1][:, 0]

    def energy(*c):
        return ground @ BoseHubbard(hilbert, RING, *c).to_dense() @ ground

    slopes = jax.jit(jax.grad(energy, argnums=(0, 1, 2, 3)))(*numbers)
    for k, slope in enumerate(slopes):
        unit = BoseHubbard(hilbert, RING, *np.eye(4)[k])
        assert slope == pytest.approx(ground @ unit.to_dense() @ ground, abs=1e-12)


@pytest.mark.parametrize(
    "build, message",
    [
        (lambda: BoseHubbard(nk.hilbert.Spin(0.5, 3), RING, 1.0), "numbers of bosons"),
        (lambda: BoseHubbard(BOSONS, nk.graph.Chain(4), 1.0), "3 nodes"),
        (lambda: BoseHubbard(BOSONS, [(0, 3)], 1.0), "sites up to 3"),
        (lambda: BoseHubbard(BOSONS, [(1, 1)], 1.0), "site 1 with itself"),
        (lambda: BoseHubbard(BOSONS, RING, [1.0, 2.0]), "`U` must be a number"),
        (lambda: BoseHubbard(BOSONS, RING, 1.0).get_conn(np.array([0, 1, 3])), "outside"),
    ],
)
def test_bad_arguments(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_repeated_edges_count_twice():
    twice = BoseHubbard(BOSONS, [(0, 1), (1, 0)], U=1.0, V=0.5, mu=0.2)
    once = BoseHubbard(BOSONS, [(0, 1)], U=1.0, V=1.0, J=2.0, mu=0.2)
    x = BOSONS.all_states()
    for backend in ("numba", "jax"):
        op = twice.to_backend(backend)
        np.testing.assert_allclose(op.to_dense(), once.to_dense(), atol=1e-14)
        np.testing.assert_array_equal(op.n_conn(x), once.n_conn(x))
