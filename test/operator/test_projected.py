# SPDX-License-Identifier: Apache-2.0
"""P O P on constrained spaces."""

import jax
import numpy as np
import pytest

import netket as nk
from netket.operator import Ising, LocalOperator, ProductOperator, ProjectedOperator, boson, spin

BOSONS = nk.hilbert.Fock(2, 3, n_particles=3)
FREE = nk.hilbert.Fock(2, 3)
SPINS = nk.hilbert.Spin(0.5, 4, total_sz=0)
BACKENDS = ("numba", "jax")
both = pytest.mark.parametrize("backend", BACKENDS)


def restricted(op, hilbert):
    """The matrix of an operator on an unconstrained space, between the states of another."""
    numbers = op.hilbert.states_to_numbers(hilbert.all_states())
    return np.asarray(op.to_dense())[np.ix_(numbers, numbers)]


def test_pxp_model():
    """Bernien et al. 2017: spins with blockade, H = sum P X P; energies from its definition."""
    hilbert = nk.hilbert.Fock(1, 6, constraint=Blockade())
    assert hilbert.n_states == 21  # Fibonacci
    flips = sum(spin.sigmax(hilbert, i) for i in range(6)).project_to_space()
    free = nk.hilbert.Fock(1, 6)
    expected = restricted(sum(spin.sigmax(free, i) for i in range(6)), hilbert)
    np.testing.assert_allclose(flips.to_dense(), expected, atol=1e-14)
    assert nk.exact.lanczos_ed(flips)[0] == pytest.approx(np.linalg.eigvalsh(expected)[0])
    # excitations next to a site keep it down
    assert flips.n_conn(np.array([1, 0, 0, 0, 0, 1])) == 4


class Blockade(nk.hilbert.constraint.DiscreteHilbertConstraint):
    def __call__(self, x):
        return (x[..., 1:] * x[..., :-1]).sum(axis=-1) == 0

    def __hash__(self):
        return hash("Blockade")

    def __eq__(self, other):
        return isinstance(other, Blockade)


def test_unconstrained_operators_stay_what_they_are():
    op = boson.create(FREE, 0)
    assert op.project_to_space() is op
    with pytest.raises(ValueError, match="nothing to project"):
        ProjectedOperator(op)


@both
def test_products_and_sums(backend, from_rows):
    """(P a P) (P b P) is not P a b P; sums are projected once."""
    with nk.operator.use_backend(backend):
        up, down = boson.create(BOSONS, 0), boson.destroy(BOSONS, 1)
        assert np.all(up.project_to_space().to_dense() == 0)
        lazy = ProductOperator(up, down).project_to_space()
        np.testing.assert_allclose(from_rows(lazy), (up @ down).to_dense(), atol=1e-14)
        apart = up.project_to_space() @ down.project_to_space()
        assert np.all(apart.to_dense() == 0)
        total = lazy + 2 * up.project_to_space() + 1.0
        assert type(total) is ProjectedOperator
        expected = (up @ down).to_dense() + np.eye(BOSONS.n_states)
        np.testing.assert_allclose(total.to_dense(), expected, atol=1e-14)
        # a factor that leaves the space in between
        path = ProductOperator(lazy, up, down)
        expected = (up @ down).to_dense() @ (up @ down).to_dense()
        np.testing.assert_allclose(from_rows(path), expected, atol=1e-14)
        path = ProductOperator(down, lazy, up)  # P O P vanishes on what `up` leads to
        assert np.all(path.to_dense() == 0)


@both
def test_third_parties(backend, third_parties, from_rows):
    free = nk.hilbert.Spin(0.5, 4)
    for kind in third_parties:
        op = kind(SPINS, 0.5)
        product = ProductOperator(op, op).project_to_space().to_backend(backend)
        expected = restricted(ProductOperator(kind(free, 0.5), kind(free, 0.5)), SPINS)
        np.testing.assert_allclose(from_rows(product), expected, atol=1e-14)
        np.testing.assert_allclose(product.to_dense(), expected, atol=1e-14)


@both
def test_local_energies_in_jit(backend):
    """H = Ising in a space with fixed magnetisation: only the diagonal is left."""
    op = Ising(SPINS, nk.graph.Chain(4), h=0.9, backend=backend).project_to_space()
    x = SPINS.all_states()
    n, (xp, mels) = jax.jit(lambda o, x: (o.n_conn(x), o.get_conn_padded(x)))(op, x)
    assert np.all(SPINS.states_to_numbers(np.asarray(xp)) >= 0)
    diagonal = np.array([sum(s[i] * s[(i + 1) % 4] for i in range(4)) for s in x])
    np.testing.assert_array_equal(n, diagonal != 0)
    np.testing.assert_allclose(mels.sum(-1), diagonal)
    assert np.all(np.asarray(op.n_conn(x)) == n)
    slope = jax.grad(lambda o: o.get_conn_padded(x)[1].sum())(op)
    assert slope.operator.h == 0 and slope.operator.J == diagonal.sum()


def test_large_spaces():
    """Sums are checked without listing states; functions need jax there."""
    hilbert = nk.hilbert.Spin(0.5, 100, total_sz=0)
    op = LocalOperator(hilbert, np.ones((4, 4)), [(3, 70)])
    x = np.tile([1, -1], 50).astype(np.int8)
    for o in (op.project_to_space(), op.to_jax().project_to_space()):
        assert o.n_conn(x) == 2
    functions = nk.hilbert.Fock(1, 100, constraint=Blockade())
    op = sum(spin.sigmax(functions, i) for i in range(100)).to_jax()
    assert op.project_to_space().n_conn(np.zeros(100, np.int8)) == 100
    with pytest.raises(RuntimeError, match="to_jax"):
        op.to_numba().project_to_space().n_conn(np.zeros(100, np.int8))


@both
def test_expectation_values(backend):
    op = sum(boson.create(BOSONS, i) for i in range(3)) + boson.number(BOSONS, 0)
    op = op.to_backend(backend).project_to_space()
    state = nk.vqs.FullSumState(BOSONS, nk.models.RBM(alpha=1), seed=1)
    psi = state.to_array()
    assert state.expect(op).mean == pytest.approx(psi.conj() @ op.to_dense() @ psi)
    sampler = nk.sampler.MetropolisHamiltonian(BOSONS, hamiltonian=op, n_chains=4)
    mc = nk.vqs.MCState(sampler, nk.models.RBM(alpha=1), n_samples=16)
    assert np.all(BOSONS.states_to_numbers(np.asarray(mc.samples)) >= 0)
    assert np.isfinite(mc.expect(op).mean)


# -- without projection: errors that say what leaves the space -------------------------------------


@both
@pytest.mark.parametrize(
    "build, part",
    [
        (lambda: boson.number(BOSONS, 2) + boson.create(BOSONS, 1), r"term 0, on the sites \[1\],"),
        (
            lambda: LocalOperator(BOSONS, [np.eye(9), np.fliplr(np.eye(9))], [(0, 1), (2, 1)]),
            r"term 1, on the sites \[1, 2\],",
        ),
        (
            lambda: nk.operator.SumOperator(boson.number(BOSONS, 0), boson.create(BOSONS, 2)),
            r"operator 1, LocalOperator: its term 0, on the sites \[2\],",
        ),
        (lambda: ProductOperator(boson.number(BOSONS, 1), boson.create(BOSONS, 2)), ": it "),
    ],
)
def test_operators_that_leave_the_space(build, part, backend):
    op = build().to_backend(backend)
    message = part + r".*connects the state \[.*\] to \[.*\], which is not in .*project_to_space"
    for call in (op.to_sparse, op.to_dense, lambda: op @ np.ones(BOSONS.n_states)):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(ValueError, match=message):
        op.get_conn(np.array([0, 1, 2]))
    op.project_to_space().get_conn(np.array([0, 1, 2]))


@both
@pytest.mark.parametrize(
    "op, part",
    [
        (spin.sigmax(SPINS, 2), r"term 0, on the sites \[2\],"),
        (Ising(SPINS, nk.graph.Chain(4), h=0.9), r"its term on the sites \[.\]"),
        (nk.operator.PauliStrings(SPINS, ["XXII", "YYII"], [1, 0.5]), r"string XXII \+ YYII"),
    ],
)
def test_expectation_values_check(op, part, backend):
    """Also of samples: the model has no amplitudes for states that are not there."""
    op = op.to_backend(backend)
    sampler = nk.sampler.MetropolisExchange(SPINS, graph=nk.graph.Chain(4), n_chains=4)
    state = nk.vqs.MCState(sampler, nk.models.Jastrow(), n_samples=64, seed=0)
    for call in (state.expect, state.expect_and_grad, state.local_estimators):
        with pytest.raises(ValueError, match=part + ".*project_to_space"):
            call(op)
    state.expect(op.project_to_space())
    exchange = nk.operator.PauliStrings(SPINS, ["XXII", "YYII"], [1, 1]).to_backend(backend)
    state.expect(exchange)  # leaves it by neither string alone
    with pytest.raises(ValueError, match="leaves"):
        op.check_inside(SPINS.all_states())
    exchange.check_inside(SPINS.all_states())


def test_ising_leaves_the_space():
    op = Ising(SPINS, nk.graph.Chain(4), h=0.9)
    with pytest.raises(ValueError, match=r"its term on the sites \[0\] connects"):
        op.get_conn(SPINS.all_states()[0])
