# SPDX-License-Identifier: Apache-2.0
"""Models of fermions: exact energies, couplings as leaves, and sampling.

Energies are those of independent exact diagonalisation, unless a formula is given.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.operator import TJ, FermiHubbard, FermionOperator2nd, fermion

Fermions = nk.hilbert.SpinOrbitalFermions
NoDouble = fermion.NoDoubleOccupancyConstraint


def ground_energy(op):
    return float(nk.exact.lanczos_ed(op)[0])


def t_v(hilbert, graph, v, **kwargs):
    """- sum (c†_i c_j + c†_j c_i) + V sum n_i n_j"""
    edges = graph.edges()
    terms = [f"{i}^ {j}" for i, j in edges] + [f"{j}^ {i}" for i, j in edges]
    weights = [-1.0] * (2 * len(edges)) + [v] * len(edges)
    terms += [f"{i}^ {i} {j}^ {j}" for i, j in edges]
    return FermionOperator2nd(hilbert, terms, weights, **kwargs)


def hubbard(n, graph, numbers, U):
    return FermiHubbard(Fermions(n, s=0.5, n_fermions_per_spin=numbers), graph, U=U)


# -- energies -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "v, energy",
    [
        (0.01, -11.980026283471),
        (0.1, -11.802611098111),
        (1.0, -10.240650492312),
        (10.0, -4.052055274410),
    ],
)
def test_t_v_square(v, energy):
    hilbert = Fermions(16, n_fermions=5)
    op = t_v(hilbert, nk.graph.Square(4), v)
    assert ground_energy(op) == pytest.approx(energy, abs=1e-9)


def test_hubbard_dimer():
    for U in (0.0, 1.0, 4.0):
        op = hubbard(2, nk.graph.Chain(2, pbc=False), (1, 1), U)
        assert ground_energy(op) == pytest.approx((U - np.sqrt(U**2 + 16)) / 2, abs=1e-10)


@pytest.mark.parametrize(
    "n, U, energy",
    [
        (4, 4.0, -2.102748483462),
        (4, 8.0, -1.320234958272),
        (6, 4.0, -3.668706178873),
        (6, 8.0, -2.048130886091),
    ],
)
def test_hubbard_ring(n, U, energy):
    op = hubbard(n, nk.graph.Chain(n), (n // 2, n // 2), U)
    assert ground_energy(op) == pytest.approx(energy, abs=1e-9)


def test_hubbard_ladder():
    ladder = nk.graph.Grid([4, 2], pbc=[True, False])
    assert ground_energy(hubbard(8, ladder, (4, 4), 8.0)) == pytest.approx(
        -3.467173437214, abs=1e-9
    )


def test_t_j_ring():
    hilbert = Fermions(4, s=0.5, n_fermions_per_spin=(1, 1), constraint=NoDouble(4))
    assert hilbert.n_states == 12
    op = TJ(hilbert, nk.graph.Chain(4), t=1.0, J=1.0)
    assert ground_energy(op) == pytest.approx(-(1 + np.sqrt(33)) / 2, abs=1e-10)


def test_t_j_without_holes_is_heisenberg():
    """One fermion on each site: J (S S - 1/4), with S S = σσ / 4."""
    hilbert = Fermions(6, s=0.5, n_fermions_per_spin=(3, 3), constraint=NoDouble(6))
    heisenberg = -11.211102550928
    op = TJ(hilbert, nk.graph.Chain(6), t=0.7, J=1.5)
    assert ground_energy(op) == pytest.approx(1.5 * (heisenberg / 4 - 6 / 4), abs=1e-9)


def test_hydrogen_molecule_from_integrals():
    """H2, STO-3G, R = 0.7414 Angstrom: h_pp, (pp|pp), (00|11), (01|01), E_nuc."""
    h, energy = [-1.2524635735648981, -0.4759487152209642], 0.7137539936876182
    coulomb = np.array(
        [[0.6744887663568376, 0.6634680964235677], [0.6634680964235677, 0.6973937674230265]]
    )
    exchange = 0.18128880821149568
    g = np.zeros((2, 2, 2, 2))  # (pq|rs)
    for p in range(2):
        for r in range(2):
            g[p, p, r, r] = coulomb[p, r]
    for p, q in ((0, 1), (1, 0)):
        g[p, q, p, q] = g[p, q, q, p] = exchange
    hilbert = Fermions(2, s=0.5, n_fermions_per_spin=(1, 1))
    op = FermionOperator2nd(hilbert, constant=energy)
    orbitals = [(p, sz) for p in range(2) for sz in (-1, 1)]
    for p, sz in orbitals:
        op += h[p] * fermion.number(hilbert, p, sz=sz)
        for r, tz in orbitals:
            for q in range(2):
                for s in range(2):
                    op += (0.5 * g[p, q, r, s]) * (
                        fermion.create(hilbert, p, sz=sz)
                        @ fermion.create(hilbert, r, sz=tz)
                        @ fermion.destroy(hilbert, s, sz=tz)
                        @ fermion.destroy(hilbert, q, sz=sz)
                    )
    assert ground_energy(op) == pytest.approx(-1.137270174625, abs=1e-9)
    assert op.is_hermitian


# -- couplings ----------------------------------------------------------------------------------


def test_couplings_of_edges_and_nodes():
    graph, hilbert = nk.graph.Chain(3), Fermions(3, s=0.5, n_fermions_per_spin=(2, 1))
    t, U = np.array([1.0, 0.5j, -2.0]), np.array([1.0, 2.0, 3.0])
    op = FermiHubbard(hilbert, graph, t=t, U=U)
    terms, weights = [], []
    for k, (i, j) in enumerate(graph.edges()):
        for s in (0, 3):
            terms += [f"{i + s}^ {j + s}", f"{j + s}^ {i + s}"]
            weights += [-t[k], -t[k].conj()]
    terms += [f"{i}^ {i} {i + 3}^ {i + 3}" for i in range(3)]
    expected = FermionOperator2nd(hilbert, terms, [*weights, *U])
    np.testing.assert_allclose(op.to_dense(), expected.to_dense(), atol=1e-12)
    assert op.is_hermitian and op.dtype == complex
    assert type(op + op) is type(2 * op) and not isinstance(op + op, FermiHubbard)
    np.testing.assert_allclose((op - expected).to_dense(), 0, atol=1e-12)


def test_three_flavours():
    hilbert = Fermions(2, s=1, n_fermions_per_spin=(1, 1, 1))
    op = FermiHubbard(hilbert, nk.graph.Chain(2, pbc=False), t=0.0, U=1.0)
    states = np.asarray(hilbert.all_states()).reshape(-1, 3, 2).sum(axis=1)
    pairs = (states * (states - 1) / 2).sum(axis=-1)
    np.testing.assert_allclose(np.diag(op.to_dense()), pairs)


def test_leaves_are_couplings():
    hilbert = Fermions(3, s=0.5, n_fermions_per_spin=(2, 1))
    op = FermiHubbard(hilbert, nk.graph.Chain(3), t=0.8, U=2.0)
    assert len(jax.tree_util.tree_leaves(op)) == 2
    state = nk.vqs.FullSumState(hilbert, nk.models.LogStateVector(hilbert), seed=2)

    def energy(t, U):
        return state.expect(FermiHubbard(hilbert, nk.graph.Chain(3), t=t, U=U)).mean.real

    slope = jax.grad(lambda op: state.expect(op).mean.real)(op)
    for k, name in enumerate(("t", "U")):
        step = np.eye(2)[k] * 1e-5
        up, down = (float(energy(0.8 + s * step[0], 2.0 + s * step[1])) for s in (1, -1))
        assert float(getattr(slope, name)) == pytest.approx((up - down) / 2e-5, abs=1e-7)
    stack = jax.vmap(energy)(jnp.array([0.8, 1.0]), jnp.array([2.0, 3.0]))
    assert stack[1] == pytest.approx(float(energy(1.0, 3.0)))


def test_bad_input():
    hilbert = Fermions(3, s=0.5)
    with pytest.raises(ValueError, match="must have 3 nodes"):
        FermiHubbard(hilbert, nk.graph.Chain(4))
    with pytest.raises(TypeError, match="`graph` must be a graph"):
        FermiHubbard(hilbert, [(0, 1)])
    with pytest.raises(ValueError, match="`U` must be a number, or one for each of the 3 nodes"):
        FermiHubbard(hilbert, nk.graph.Chain(3), U=[1.0, 2.0])
    with pytest.raises(ValueError, match="with spin, but"):
        FermiHubbard(Fermions(3), nk.graph.Chain(3))
    with pytest.raises(ValueError, match="with s=1/2"):
        TJ(Fermions(3, s=1), nk.graph.Chain(3))


# -- the space without double occupancy ---------------------------------------------------------


def test_no_double_occupancy():
    constraint = NoDouble(3)
    assert constraint == NoDouble(3) != NoDouble(4) and hash(constraint) == hash(NoDouble(3))
    hilbert = Fermions(3, s=0.5, n_fermions=2, constraint=constraint)
    states = np.asarray(hilbert.all_states())
    assert len(states) == hilbert.n_states == 3 * 4
    assert np.all(states[:, :3] + states[:, 3:] <= 1) and np.all(states.sum(axis=1) == 2)


def test_hopping_without_double_occupancy_is_a_projection():
    hilbert = Fermions(3, s=0.5, n_fermions_per_spin=(1, 1), constraint=NoDouble(3))
    hubbard, hopping = (
        FermiHubbard(hilbert, nk.graph.Chain(3)),
        TJ(hilbert, nk.graph.Chain(3), J=0.0),
    )
    with pytest.raises(ValueError, match="its term .* connects the state"):
        hubbard.to_sparse()
    np.testing.assert_allclose(hubbard.project_to_space().to_dense(), hopping.to_dense())


def test_random_states_are_uniform():
    hilbert = Fermions(4, s=0.5, n_fermions_per_spin=(1, 2), constraint=NoDouble(4))
    x = hilbert.random_state(jax.random.key(0), 6000)
    counts = np.bincount(hilbert.states_to_numbers(np.asarray(x)), minlength=hilbert.n_states)
    expected = 6000 / hilbert.n_states
    assert np.sum((counts - expected) ** 2 / expected) < 30  # 11 degrees of freedom


# -- sampling -----------------------------------------------------------------------------------


def test_hamiltonian_sampling_of_the_t_v_ring():
    """6 sites, 3 fermions: 1e5 samples, all with 3 fermions, and the exact energy within errors."""
    hilbert = Fermions(6, n_fermions=3)
    op = t_v(hilbert, nk.graph.Chain(6), 1.0)
    energies, vectors = nk.exact.lanczos_ed(op, compute_eigenvectors=True)
    model = nk.models.LogStateVector(hilbert, param_dtype=float)
    exact = nk.vqs.FullSumState(hilbert, model, seed=0)
    noise = 0.2 * np.random.default_rng(0).normal(size=hilbert.n_states)
    log_amplitudes = np.log(np.abs(vectors[:, 0])) + noise
    exact.parameters = jax.tree_util.tree_map(
        lambda _: jnp.asarray(log_amplitudes), exact.parameters
    )
    for backend in ("numba", "jax"):
        ham = op.to_backend(backend)
        sampler = nk.sampler.MetropolisHamiltonian(hilbert, hamiltonian=ham, n_chains=100)
        state = nk.vqs.MCState(sampler, model, n_samples=100_000, seed=1)
        state.variables = exact.variables
        samples = np.asarray(state.samples)
        assert samples.shape[0] * samples.shape[1] >= 100_000
        assert np.all(samples.sum(axis=-1) == 3)
        estimate = state.expect(ham)
        expected = float(exact.expect(op).mean.real)
        assert abs(estimate.mean.real - expected) < 5 * estimate.error_of_mean
        assert estimate.error_of_mean < 0.02
        assert estimate.mean.real > energies[0]


def test_hamiltonian_sampling_of_the_t_j_model():
    hilbert = Fermions(4, s=0.5, n_fermions_per_spin=(1, 2), constraint=NoDouble(4))
    op = TJ(hilbert, nk.graph.Chain(4), J=0.4)
    sampler = nk.sampler.MetropolisHamiltonian(hilbert, hamiltonian=op, n_chains=16)
    state = nk.vqs.MCState(sampler, nk.models.RBM(), n_samples=4096, seed=3)
    numbers = hilbert.states_to_numbers(np.asarray(state.samples).reshape(-1, 8))
    assert len(np.unique(numbers)) == hilbert.n_states
