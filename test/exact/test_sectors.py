# SPDX-License-Identifier: Apache-2.0
"""Exact diagonalisation in symmetry sectors, against the whole space."""

import itertools

import numpy as np
import pytest

import netket as nk
from netket.exact import full_ed, lanczos_ed
from netket.exact.sectors import BlockBasis, OrbitBasis, sector_basis
from netket.symmetry import (
    LabeledRepresentation,
    canonical_representation,
    spin_flip_representation,
)


def hubbard(graph, hilbert, t=1.0, u=4.0):
    """-t Σ c†_i c_j + h.c. + U Σ n_↑ n_↓"""
    c, cdag, n = (getattr(nk.operator.fermion, name) for name in ("destroy", "create", "number"))
    hop = [
        -t * (cdag(hilbert, i, sz) @ c(hilbert, j, sz) + cdag(hilbert, j, sz) @ c(hilbert, i, sz))
        for i, j in graph.edges()
        for sz in (1, -1)
    ]
    return sum(hop) + sum(u * (n(hilbert, i, 1) @ n(hilbert, i, -1)) for i in graph.nodes())


def spin_ring(n=8, total_sz=0):
    graph = nk.graph.Chain(n, max_neighbor_order=2)
    hilbert = nk.hilbert.Spin(0.5, n, total_sz=total_sz)
    operator = nk.operator.Heisenberg(hilbert, graph, J=[1.0, 0.3], sign_rule=[False, False])
    return graph, hilbert, operator


def ising_ring():
    graph = nk.graph.Chain(6)
    hilbert = nk.hilbert.Spin(0.5, 6)
    return graph, hilbert, nk.operator.Ising(hilbert, graph, h=0.7)


def boson_ring():
    graph = nk.graph.Chain(5)
    hilbert = nk.hilbert.Fock(3, 5, n_particles=4)
    return graph, hilbert, nk.operator.BoseHubbard(hilbert, graph, U=1.3)


def fermion_ring(n_fermions):
    def make():
        graph = nk.graph.Chain(6)
        hilbert = nk.hilbert.SpinOrbitalFermions(6, n_fermions=n_fermions)
        c, cdag = nk.operator.fermion.destroy, nk.operator.fermion.create
        number = nk.operator.fermion.number
        terms = [
            -cdag(hilbert, i) @ c(hilbert, j)
            - cdag(hilbert, j) @ c(hilbert, i)
            + 1.5 * number(hilbert, i) @ number(hilbert, j)
            for i, j in graph.edges()
        ]
        return graph, hilbert, sum(terms)

    return make


def ladder():
    graph = nk.graph.Grid((4, 2), pbc=[True, False])
    hilbert = nk.hilbert.SpinOrbitalFermions(8, s=0.5, n_fermions_per_spin=(2, 2))
    return graph, hilbert, hubbard(graph, hilbert)


SYSTEMS = {
    "spins": spin_ring,
    "ising": ising_ring,
    "bosons": boson_ring,
    "even fermions": fermion_ring(2),
    "odd fermions": fermion_ring(3),
    "hubbard": ladder,
}


@pytest.fixture(params=SYSTEMS, scope="module")
def system(request):
    return SYSTEMS[request.param]()


def all_sectors(rep):
    return [rep.sector(i) for i in range(len(rep.irrep_subspace_dims()))]


def union(operator, sectors):
    """Energies of all sectors, as often as they occur."""
    energies = []
    for combined in sectors:
        multiplicity = np.prod([s.irrep_dimension for s in combined])
        energies.append(np.repeat(full_ed(operator, sector=combined), multiplicity))
    return np.sort(np.concatenate(energies))


def test_momentum_sectors_make_up_the_spectrum(system):
    graph, hilbert, operator = system
    rep = canonical_representation(hilbert, graph.translation_group())
    sectors = all_sectors(rep)
    energies = union(operator, [(s,) for s in sectors])
    np.testing.assert_allclose(energies, full_ed(operator), atol=1e-8)
    dims = [sector_basis(s).n_states for s in sectors]
    np.testing.assert_array_equal(dims, rep.irrep_subspace_dims())
    assert isinstance(sector_basis(sectors[1]), OrbitBasis)


def test_space_group_sectors_make_up_the_spectrum(system):
    graph, hilbert, operator = system
    rep = canonical_representation(hilbert, graph.space_group())
    sectors = all_sectors(rep)
    energies = union(operator, [(s,) for s in sectors])
    np.testing.assert_allclose(energies, full_ed(operator), atol=1e-8)
    for s in sectors:
        assert sector_basis(s).n_states * s.irrep_dimension == s.n_states


@pytest.mark.parametrize("name", ["spins", "hubbard"])
def test_momentum_and_spin_flip(name):
    graph, hilbert, operator = SYSTEMS[name]()
    flip = spin_flip_representation(hilbert)
    rep = canonical_representation(hilbert, graph.translation_group())
    pairs = list(itertools.product(all_sectors(rep), all_sectors(flip)))
    np.testing.assert_allclose(union(operator, pairs), full_ed(operator), atol=1e-8)


def test_eigenvectors(system):
    graph, hilbert, operator = system
    matrix = operator.to_sparse()
    rep = canonical_representation(hilbert, graph.translation_group())
    space = canonical_representation(hilbert, graph.space_group())
    for sector in (rep.sector(0), rep.sector(1), space.sector(len(space._dimensions) - 1)):
        w, v = lanczos_ed(operator, k=2, compute_eigenvectors=True, sector=sector)
        assert v.shape == (hilbert.n_states, 2)
        np.testing.assert_allclose(matrix @ v, v * w, atol=1e-8)
        np.testing.assert_allclose(v.conj().T @ v, np.eye(2), atol=1e-10)
        projector = sector.representation.projector(sector.character_index)
        np.testing.assert_allclose(np.asarray(projector @ v), v, atol=1e-10)


def test_heisenberg_4x4():
    # E/N = -0.7017802 J (Schulz, Ziman, Poilblanc 1996), in units of Pauli matrices 4 times that
    graph = nk.graph.Square(4)
    hilbert = nk.hilbert.Spin(0.5, 16, total_sz=0)
    operator = nk.operator.Heisenberg(hilbert, graph)
    translations = canonical_representation(hilbert, graph.translation_group())
    flip = spin_flip_representation(hilbert)
    gamma = [translations.sector(k=(0, 0)), flip.sector(label="+1")]
    assert sector_basis(gamma).n_states == 441
    energy = lanczos_ed(operator, sector=gamma)[0]
    np.testing.assert_allclose(energy / 16 / 4, -0.7017802, atol=1e-7)
    np.testing.assert_allclose(energy, lanczos_ed(operator)[0], atol=1e-8)
    # the tower of states: the lowest triplet is at (π, π), odd under the spin flip
    odd = [translations.sector(k=(np.pi, np.pi)), flip.sector(label="-1")]
    low = lanczos_ed(operator, k=4)
    np.testing.assert_allclose(lanczos_ed(operator, sector=odd)[0], low[1], atol=1e-8)


def test_momentum_and_little_group():
    # irreps of the space group by wave vector: together they are the momentum sector
    graph = nk.graph.Square(4)
    hilbert = nk.hilbert.Spin(0.5, 16, total_sz=6)
    operator = nk.operator.Heisenberg(hilbert, graph)
    group = graph.space_group()
    rep = canonical_representation(hilbert, group)
    momentum = canonical_representation(hilbert, graph.translation_group()).sector(k=(np.pi, 0))
    by_irrep = [full_ed(operator, sector=rep.sector(i)) for i in group.irrep_indices(np.pi, 0)]
    np.testing.assert_allclose(
        np.sort(np.concatenate(by_irrep)), full_ed(operator, sector=momentum), atol=1e-9
    )


def test_ground_states_of_all_sectors_of_the_hubbard_model():
    graph, hilbert, operator = ladder()
    rep = canonical_representation(hilbert, graph.translation_group())
    dense = np.asarray(operator.to_dense())
    for s in all_sectors(rep):
        p = np.asarray(s.projector.to_dense())
        w, v = np.linalg.eigh(p @ dense @ p + 1e3 * (np.eye(len(p)) - p))
        np.testing.assert_allclose(lanczos_ed(operator, sector=s)[0], w[0], atol=1e-8)


def test_large_irreps_and_operators_of_other_kinds():
    graph = nk.graph.Square(3)
    hilbert = nk.hilbert.Spin(0.5, 9, total_sz=0.5)
    operator = nk.operator.Heisenberg(hilbert, graph)
    rep = canonical_representation(hilbert, graph.space_group())
    assert rep._dimensions.max() == 4
    assert isinstance(sector_basis(rep.sector(8)), BlockBasis)
    energies = union(operator, [(s,) for s in all_sectors(rep)])
    np.testing.assert_allclose(energies, full_ed(operator), atol=1e-8)
    # symmetries that are no permutations, and sums of operators
    spins = nk.hilbert.Spin(0.5, 3)
    x = nk.operator.spin.sigmax
    ising = nk.operator.Ising(spins, nk.graph.Chain(3), h=0.4) + 0.1 * x(spins, 0)
    parity = x(spins, 0) @ x(spins, 1) @ x(spins, 2)
    identity = parity @ parity
    group = nk.symmetry.group.cyclic_group(2)
    rep = LabeledRepresentation(group, dict(zip(group, (identity, parity))))
    energies = union(ising, [(s,) for s in all_sectors(rep)])
    np.testing.assert_allclose(energies, full_ed(ising), atol=1e-10)


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_backends(backend):
    graph, hilbert, operator = spin_ring(6)
    rep = canonical_representation(hilbert, graph.translation_group())
    on = operator.to_backend(backend)
    expected = lanczos_ed(operator)[0]
    energies = [full_ed(on, sector=s)[0] for s in all_sectors(rep)]
    np.testing.assert_allclose(min(energies), expected)


def test_arguments():
    graph, hilbert, operator = spin_ring(6)
    rep = canonical_representation(hilbert, graph.translation_group())
    sector = rep.sector(k=0)
    assert sector.n_states == len(full_ed(operator, sector=sector))
    assert "k=0" in repr(sector)
    with pytest.raises(ValueError, match="must be between 1"):
        lanczos_ed(operator, k=100, sector=sector)
    with pytest.raises(TypeError, match="sector"):
        lanczos_ed(operator, sector=(rep, 0))
    with pytest.raises(TypeError, match="sector"):
        lanczos_ed(operator, sector=())
    with pytest.raises(ValueError, match="matrix_free"):
        lanczos_ed(operator, sector=sector, matrix_free=True)
    free = nk.hilbert.Spin(0.5, 6)
    elsewhere = canonical_representation(free, graph.translation_group())
    with pytest.raises(ValueError, match="representation on"):
        lanczos_ed(operator, sector=elsewhere.sector(0))
    with pytest.raises(ValueError, match="one Hilbert space"):
        lanczos_ed(operator, sector=[sector, elsewhere.sector(0)])
    point = canonical_representation(hilbert, graph.point_group())
    with pytest.raises(ValueError, match="commute"):
        lanczos_ed(operator, sector=[rep.sector(1), point.sector(0)])
    field = nk.operator.spin.sigmaz(hilbert, 0)
    with pytest.raises(ValueError, match="does not commute"):
        lanczos_ed(operator + field, sector=sector)
    flip = spin_flip_representation(nk.hilbert.Spin(0.5, 2, total_sz=0))
    swap = canonical_representation(flip.hilbert, nk.graph.Chain(2, pbc=False).point_group())
    small = nk.operator.Heisenberg(flip.hilbert, nk.graph.Chain(2, pbc=False))
    with pytest.raises(ValueError, match="no state"):
        lanczos_ed(small, sector=[flip.sector(0), swap.sector(1)])
