# SPDX-License-Identifier: Apache-2.0
"""`Ising`, `GraphOperator` and `Heisenberg`: definitions, graphs, couplings, bad arguments."""

import jax
import numpy as np
import pytest

import netket as nk
from netket.operator import GraphOperator, Heisenberg, Ising, LocalOperator, LocalOperatorNumba

X, Y, Z = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1.0, -1.0])
HI, RING = nk.hilbert.Spin(0.5, 4), nk.graph.Chain(4)


# -- Ising ------------------------------------------------------------------------------------


def test_ising_energy_of_free_fermions():
    """E0 = -sum_k sqrt(J^2 + h^2 + 2 J h cos k), k = (2 m + 1) pi / L."""
    for h, J in ((1.0, 1.0), (0.5, 1.0), (0.7, -1.3)):
        k = (2 * np.arange(8) + 1) * np.pi / 8
        energy = -np.sum(np.sqrt(J**2 + h**2 + 2 * J * h * np.cos(k)))
        ha = Ising(nk.hilbert.Spin(0.5, 8), nk.graph.Chain(8), h=h, J=J)
        assert nk.exact.lanczos_ed(ha)[0] == pytest.approx(energy)


def test_ising_algebra_is_closed():
    a, b = Ising(HI, RING, h=1.0, J=2.0), Ising(HI, RING, h=0.5)
    for op, h, J in (
        (a + b, 1.5, 3),
        (a - b, 0.5, 1),
        (-a, -1, -2),
        (3 * a, 3, 6),
        (a / 2, 0.5, 1),
    ):
        assert type(op) is Ising and (op.h, op.J) == (h, J)
    assert a.H is a and a.T is a and (1j * a).conj() == -1j * a
    assert isinstance(a + 1, LocalOperator) and isinstance(a @ b, LocalOperator)
    other = Ising(HI, nk.graph.Chain(4, pbc=False), h=1.0)
    assert isinstance(a + other, LocalOperator)
    np.testing.assert_allclose((a + other).to_dense(), a.to_dense() + other.to_dense())
    np.testing.assert_allclose((a @ other).to_dense(), a.to_dense() @ other.to_dense())


def test_ising_edges():
    a = Ising(HI, RING, h=1.0)
    assert a == Ising(HI, np.array([[1, 0], [3, 2], [1, 2], [0, 3]]), h=1.0)
    assert a.max_conn_size == 5 and a.edges.shape == (4, 2)
    twice = Ising(HI, [[0, 1], [0, 1], [2, 2]], h=0.0, J=0.5)
    expected = np.kron(np.kron(Z, Z), np.eye(4)) + 0.5 * np.eye(16)
    np.testing.assert_allclose(twice.to_dense(), expected)
    np.testing.assert_allclose(twice.to_local_operator().to_dense(), expected)
    assert Ising(HI, nk.graph.Edgeless(4), h=1.0).edges.shape == (0, 2)


def test_ising_dtypes():
    assert Ising(HI, RING, h=1, J=1).dtype == np.float64
    assert Ising(HI, RING, h=np.float32(1), J=np.float32(1)).dtype == np.float32
    assert Ising(HI, RING, h=1j).dtype == np.complex128
    assert Ising(HI, RING, h=1.0, dtype=np.float32).dtype == np.float32
    assert Ising(HI, RING, h=1.0).copy(dtype=np.complex64).dtype == np.complex64


def test_gradient_through_the_constructor():
    x = HI.all_states()

    def f(h, J):
        xp, mels = Ising(HI, RING, h=h, J=J).get_conn_padded(x)
        return (mels * np.arange(1, 6)).sum()

    gradient = jax.grad(f, argnums=(0, 1))
    for h, J in ((0.0, 0.0), (0.3, -1.2)):  # not silently zero at h = 0
        dh, dJ = gradient(h, J)
        assert dh == pytest.approx(-16 * (2 + 3 + 4 + 5))
        assert dJ == pytest.approx(0)
    assert jax.jit(lambda h: Ising(HI, RING, h=h).to_dense())(0.5) == pytest.approx(
        Ising(HI, RING, h=0.5).to_dense()
    )


@pytest.mark.parametrize(
    "build, message",
    [
        (lambda: Ising(HI, nk.graph.Chain(10), h=1.0), "must have 4 nodes, .* but has 10"),
        (lambda: Ising(nk.hilbert.Spin(1, 4), RING, h=1.0), "two local states .* but has 3"),
        (lambda: Ising(HI, [[0, 7]], h=1.0), "sites 0 ... 3 of the Hilbert space, but .* 7"),
        (lambda: Ising(HI, [[0, 1, 2]], h=1.0), r"integer array of shape \(E, 2\)"),
        (lambda: Ising(HI, RING, h=np.ones(4)), "`h` must be a number"),
        (lambda: Heisenberg(HI, nk.graph.Chain(6)), "must have 4 nodes, .* but has 6"),
        (lambda: Heisenberg(nk.hilbert.Spin(1, 4), RING), "two local states .* but has 3"),
        (lambda: Heisenberg(HI, nk.graph.Chain(4, max_neighbor_order=2), sign_rule=True), "bipart"),
        (lambda: Heisenberg(HI, RING, J=[1.0, 2.0]), "`J` must have 1 entries"),
        (lambda: GraphOperator(HI, RING), "At least one of"),
        (lambda: GraphOperator(HI, nk.graph.Chain(3), [X]), "must have 4 nodes"),
        (lambda: GraphOperator(HI, RING, bond_ops=[X]), r"`bond_ops` .* shape \(4, 4\)"),
        (lambda: GraphOperator(HI, RING, [X], [], [1]), "`bond_ops_colors` must have 0"),
        (
            lambda: GraphOperator(HI, nk.graph.Chain(3), [X], acting_on_subspace=[1, 2]),
            "`acting_on_subspace` must have 3 different sites",
        ),
        (
            lambda: GraphOperator(HI, nk.graph.Chain(3), [X], acting_on_subspace=2),
            "`acting_on_subspace` must have sites from 0 to 3",
        ),
    ],
)
def test_bad_arguments(build, message):
    with pytest.raises(ValueError, match=message):
        build()


# -- graphs -----------------------------------------------------------------------------------


def test_graph_operator_is_the_sum_of_its_terms(matrix_of):
    g = nk.graph.Graph(edges=[(0, 1, 0), (1, 2, 1), (2, 3, 0)])
    bonds = [np.arange(16.0).reshape(4, 4), np.kron(X, Z)]
    op = GraphOperator(HI, g, [Z, 0.5 * X], bonds, [1, 0])
    expected = sum(matrix_of(HI, Z + 0.5 * X, [i]) for i in range(4))
    expected = expected + matrix_of(HI, bonds[0], [1, 2])
    expected = expected + matrix_of(HI, bonds[1], [0, 1]) + matrix_of(HI, bonds[1], [2, 3])
    np.testing.assert_allclose(op.to_dense(), expected)
    pair = nk.graph.Chain(2, pbc=False)
    on_part = GraphOperator(HI, pair, [], [bonds[0]], acting_on_subspace=2)
    np.testing.assert_allclose(on_part.to_dense(), matrix_of(HI, bonds[0], [2, 3]))
    reverse = GraphOperator(HI, pair, [], [bonds[0]], acting_on_subspace=[3, 1])
    assert reverse.acting_on == [(1, 3)]


def test_other_classes():
    assert GraphOperator(HI, RING, [X], cls=LocalOperatorNumba).backend == "numba"
    made = []

    def record(hilbert, matrices, sites, dtype):
        made.append((len(matrices), sites, dtype))
        return LocalOperator(hilbert, matrices, sites, dtype=dtype)

    op = Heisenberg(HI, RING, cls=record)
    assert made[0][0] == 4 and op == Heisenberg(HI, RING)


def test_couplings_and_signs():
    g = nk.graph.Chain(6, max_neighbor_order=2)
    hi = nk.hilbert.Spin(0.5, 6, total_sz=0)
    signs = {(0, 1): -2.0, (0, 2): 0.8}
    op = Heisenberg(hi, g, J=[1.0, 0.4], sign_rule=[True, False])
    for bond, flip in signs.items():
        matrix = op.operators[op.acting_on.index(bond)]
        assert matrix[1, 2] == pytest.approx(flip) and matrix[0, 0] == abs(flip) / 2
    # the sign rule is a rotation: the spectrum is the same
    plain = [nk.exact.full_ed(Heisenberg(HI, RING, sign_rule=s)) for s in (True, False)]
    np.testing.assert_allclose(*plain, atol=1e-12)
    assert Heisenberg(HI, RING) == Heisenberg(HI, RING, sign_rule=True)
    assert Heisenberg(hi, g) == Heisenberg(hi, g, sign_rule=False)


def test_traced_couplings_stay_in_the_constrained_space():
    hi = nk.hilbert.Spin(0.5, 4, total_sz=0)

    def energy_row(J):
        op = Heisenberg(hi, RING, J=J)
        assert op.max_conn_size == 5
        return op.to_dense()[0].sum()

    plain = Heisenberg(hi, RING, J=2.0)
    assert jax.jit(energy_row)(2.0) == pytest.approx(plain.to_dense()[0].sum())
    assert jax.grad(energy_row)(2.0) == pytest.approx(plain.to_dense()[0].sum() / 2)
