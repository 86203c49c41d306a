# SPDX-License-Identifier: Apache-2.0
"""Representations: projectors are orthogonal and complete, projected states, coset filters."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netket as nk
from netket.graph.lattice import InvalidWaveVectorError
from netket.operator.permutation import PermutationOperator, PermutationSum
from netket.symmetry import (
    LabeledRepresentation,
    Representation,
    TranslationRepresentation,
    canonical_representation,
    spin_flip_representation,
)
from netket.symmetry.group import Identity, Permutation, PermutationGroup, cyclic_group, planar

CHAIN, SPINS = nk.graph.Chain(4), nk.hilbert.Spin(0.5, 4)


def fermions(n=4, **kwargs):
    return nk.hilbert.SpinOrbitalFermions(n, **kwargs)


CASES = {
    "translations": lambda: canonical_representation(SPINS, CHAIN.translation_group()),
    "space group": lambda: canonical_representation(SPINS, CHAIN.space_group()),
    "point group": lambda: canonical_representation(
        nk.hilbert.Fock(2, 4, n_particles=3), nk.graph.Square(2, pbc=False).point_group()
    ),
    "spin flip": lambda: spin_flip_representation(nk.hilbert.Spin(1, 3)),
    "fermions": lambda: canonical_representation(
        fermions(n_fermions=2), nk.graph.Chain(4).space_group()
    ),
    "fermions with spin": lambda: canonical_representation(
        fermions(3, s=0.5, n_fermions_per_spin=(2, 1)), nk.graph.Chain(3).space_group()
    ),
    "fermion spin flip": lambda: spin_flip_representation(
        fermions(3, s=0.5, n_fermions_per_spin=(2, 2))
    ),
    "hexagon": lambda: canonical_representation(
        nk.hilbert.Spin(0.5, 6, total_sz=0), nk.graph.Chain(6).space_group()
    ),
    "strides": lambda: canonical_representation(
        nk.hilbert.Qubit(6), nk.graph.Grid((3, 2), pbc=[True, False]).translation_group()
    ),
}


@pytest.fixture(params=CASES, scope="module")
def rep(request):
    return CASES[request.param]()


def matrices(rep):
    return np.array([np.asarray(op.to_dense()) for op in rep.operators])


def test_operators_multiply_like_the_elements(rep):
    u = matrices(rep)
    products = rep.group.product_table[rep.group.inverse]
    for i, j in np.random.default_rng(0).integers(0, len(rep), (30, 2)):
        np.testing.assert_array_equal(u[i] @ u[j], u[products[i, j]])


def test_projectors(rep):
    projectors = [np.asarray(rep.projector(i).to_dense()) for i in range(len(rep._characters))]
    n = rep.hilbert.n_states
    np.testing.assert_allclose(sum(projectors), np.eye(n), atol=1e-12)
    for i, p in enumerate(projectors):
        np.testing.assert_allclose(p, p.conj().T, atol=1e-12)
        for j, q in enumerate(projectors):
            np.testing.assert_allclose(p @ q, p if i == j else 0 * p, atol=1e-12)
    ranks = [np.trace(p).real for p in projectors]
    np.testing.assert_allclose(rep.irrep_subspace_dims(), ranks, atol=1e-10)
    np.testing.assert_allclose(rep.character, np.einsum("gii->g", matrices(rep)))


def test_projectors_on_both_backends(rep):
    projector = rep.projector(len(rep._characters) - 1)
    assert isinstance(projector, PermutationSum)
    assert projector.is_hermitian
    x = np.asarray(rep.hilbert.all_states())[::3]
    v = np.random.default_rng(0).standard_normal(rep.hilbert.n_states)
    dense = np.asarray(projector.to_dense())
    for op in (projector.to_numba(), projector.to_jax()):
        np.testing.assert_allclose(np.asarray(op @ v), dense @ v, atol=1e-12)
        xp, mels = map(np.asarray, op.get_conn_padded(x))
        rows = np.zeros((len(x), len(v)), complex)
        for row, a, b in zip(rows, np.asarray(rep.hilbert.states_to_numbers(xp)), mels):
            np.add.at(row, a, b)
        np.testing.assert_allclose(rows, dense[::3], atol=1e-12)
    assert (projector @ projector).is_hermitian


def test_symmetry_adapted_basis(rep):
    basis, dims = rep.symmetry_adapted_basis()
    np.testing.assert_array_equal(dims, rep.irrep_subspace_dims())
    np.testing.assert_allclose(basis.conj().T @ basis, np.eye(len(basis)), atol=1e-12)
    ends = np.concatenate([[0], np.cumsum(dims)])
    for i in range(len(dims)):
        columns = basis[:, ends[i] : ends[i + 1]]
        np.testing.assert_allclose(
            columns @ columns.conj().T, np.asarray(rep.projector(i).to_dense()), atol=1e-12
        )


def test_labels(rep):
    labels = rep.irrep_labels
    assert len(set(labels)) == len(labels) == len(rep.irrep_subspace_dims())
    for i, label in enumerate(labels):
        assert rep.projector(label=label) == rep.projector(i)
        assert rep.sector(label=label) == rep.sector(i)
        assert rep.sector(i).label == label
    with pytest.raises(ValueError, match="must be one of"):
        rep.projector(label="nonsense")
    with pytest.raises(TypeError, match="Exactly one"):
        rep.projector()
    with pytest.raises(TypeError, match="Exactly one"):
        rep.projector(0, label=labels[0])
    with pytest.raises(IndexError, match="character table"):
        rep.projector(100)
    with pytest.raises(TypeError, match="integer"):
        rep.projector("k=0")


def test_as_a_collection(rep):
    assert len(rep) == len(rep.group) == len(list(rep))
    g, operator = list(rep)[-1]
    assert rep[g] == rep[len(rep) - 1] == operator
    assert rep.representation_dict[g] == operator
    again = pickle.loads(pickle.dumps(rep))
    assert again == rep
    assert hash(again) == hash(rep)
    assert type(rep).__name__ in repr(rep)
    assert rep.operators[0].hilbert == rep.hilbert


# -- translations ------------------------------------------------------------------------------


def test_momenta_of_a_chain():
    rep = CASES["translations"]()
    assert isinstance(rep, TranslationRepresentation)
    assert rep.irrep_labels == ["k=0", "k=-0.5π", "k=0.5π", "k=-π"]
    np.testing.assert_array_equal(rep.irrep_subspace_dims(), [6, 3, 3, 4])
    assert rep.active_axes == (0,)
    t = np.asarray(rep[1].to_dense())
    for k in rep.k_points[:, 0]:
        p = np.asarray(rep.projector(k=k).to_dense())
        np.testing.assert_allclose(t @ p, np.exp(-1j * k) * p, atol=1e-12)
    assert rep.projector(k=np.pi) == rep.projector(k=-np.pi) == rep.projector(3)
    with pytest.raises(InvalidWaveVectorError):
        rep.projector(k=0.1)
    with pytest.raises(ValueError, match="components"):
        rep.projector(k=(0, 0, 0))


@settings(max_examples=8, deadline=None)
@given(st.sampled_from([(3, 3), (4, 2), (2, 3)]), st.booleans(), st.booleans())
def test_momenta_in_two_dimensions(extent, skew, open_axis):
    basis = [[1, 0], [0.5, 0.75**0.5]] if skew else np.eye(2)
    lattice = nk.graph.Lattice(basis, extent, pbc=[True, not open_axis], custom_edges=[])
    group = lattice.translation_group()
    rep = canonical_representation(nk.hilbert.Spin(0.5, lattice.n_nodes, total_sz=None), group)
    assert rep.active_axes == ((0,) if open_axis else (0, 1))
    for row, (k, label) in enumerate(zip(rep.k_points, rep.irrep_labels)):
        assert rep.sector(k=k).character_index == row
        assert label.startswith("k=")
        full = rep._wave_vectors[row]
        vectors = [np.zeros(2) if isinstance(g, Identity) else g._vector for g in group]
        phases = np.exp(-1j * np.array(vectors) @ lattice.basis_vectors @ full)
        np.testing.assert_allclose(group.character_table()[row], phases, atol=1e-10)
    assert rep.irrep_subspace_dims().sum() == 2**lattice.n_nodes


@pytest.mark.filterwarnings("ignore::netket.errors.InitializePeriodicLatticeOnSmallLatticeWarning")
def test_small_lattices_where_elements_are_the_same_permutation():
    group = nk.graph.Square(2).space_group()
    rep = canonical_representation(SPINS, group)
    assert len(rep) == 32
    assert rep.irrep_subspace_dims().sum() == 16
    rows = np.flatnonzero(rep.irrep_subspace_dims())
    total = sum(np.asarray(rep.projector(int(i)).to_dense()) for i in rows)
    np.testing.assert_allclose(total, np.eye(16), atol=1e-12)
    empty = int(np.flatnonzero(rep.irrep_subspace_dims() == 0)[0])
    np.testing.assert_allclose(np.asarray(rep.projector(empty).to_dense()), 0, atol=1e-12)


def test_strided_translations():
    lattice = nk.graph.Grid((4, 4))
    group = lattice.translation_group(strides=2)
    rep = canonical_representation(nk.hilbert.Spin(0.5, 16, total_sz=0), group)
    assert rep.irrep_labels == ["k=(0, 0)", "k=(-0.5π, 0)", "k=(0, -0.5π)", "k=(-0.5π, -0.5π)"]
    assert rep.sector(k=(np.pi, 0)).label == "k=(0, 0)"


# -- states ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["full", "mc"])
def test_projected_states(kind):
    rep = CASES["translations"]()
    model = nk.models.RBM(alpha=1, param_dtype=complex)
    if kind == "full":
        state = nk.vqs.FullSumState(SPINS, model, seed=1)
    else:
        state = nk.vqs.MCState(nk.sampler.ExactSampler(SPINS), model, n_samples=64, seed=1)
    psi = np.asarray(state.to_array(normalize=False))
    projected = rep.project(state, k=np.pi / 2)
    assert type(projected) is type(state)
    expected = np.asarray(rep.projector(k=np.pi / 2).to_dense()) @ psi
    np.testing.assert_allclose(projected.to_array(normalize=False), expected, atol=1e-12)
    np.testing.assert_allclose(
        rep.project(state, 0).to_array(normalize=False),
        np.asarray(rep.projector(0).to_dense()) @ psi,
        atol=1e-12,
    )
    with pytest.raises(TypeError, match="Exactly one"):
        rep.project(state)


def test_symmetrisation_in_steps():
    lattice = nk.graph.Chain(4)
    full = canonical_representation(SPINS, lattice.space_group())
    translations = canonical_representation(SPINS, lattice.translation_group())
    half = canonical_representation(SPINS, lattice.translation_group(strides=2))
    steps = full.coset_filter(translations), translations.coset_filter(half)
    assert [s.n_coset_reps for s in steps] == [2, 2]
    assert repr(steps[0].coset_filter(half)) == repr(steps[1])
    for k in translations.k_points:
        refined = steps[1].projector_refinement(k) @ half.projector(k=k)
        np.testing.assert_allclose(
            np.asarray(refined.to_dense()),
            np.asarray(translations.projector(k=k).to_dense()),
            atol=1e-12,
        )
        np.testing.assert_allclose(steps[1].chars(k), [1, np.exp(-1j * k[0])], atol=1e-12)
    # the irreps with k = 0: all translations have character 1
    table = full.group.character_table()
    zero = [label for label, row in zip(full.irrep_labels, table) if abs(row[::2].sum()) > 3.9]
    assert len(zero) == 2
    for label in zero:
        refined = steps[0].projector_refinement(label=label) @ translations.projector(0)
        np.testing.assert_allclose(
            np.asarray(refined.to_dense()),
            np.asarray(full.projector(label=label).to_dense()),
            atol=1e-12,
        )
        assert steps[0].chars(label).shape == (2,)
    assert steps[1].irrep_labels == translations.irrep_labels
    assert steps[1].lattice is lattice
    state = nk.vqs.FullSumState(SPINS, nk.models.RBM(alpha=1, param_dtype=complex), seed=1)
    label = zero[0]
    one_step = full.project(state, label=label).to_array(normalize=False)
    in_steps = steps[0].project(translations.project(state, k=0.0), label=label)
    np.testing.assert_allclose(in_steps.to_array(normalize=False), one_step, atol=1e-12)


def test_coset_filters_of_wrong_subgroups():
    full = CASES["translations"]()
    with pytest.raises(TypeError, match="labels"):
        full.coset_filter(CHAIN.translation_group(strides=2))
    with pytest.raises(ValueError, match="fewer elements"):
        full.coset_filter(full)
    with pytest.raises(ValueError, match="fewer elements"):
        full.coset_filter(spin_flip_representation(SPINS))
    fixed = nk.hilbert.Spin(0.5, 4, total_sz=0)
    other = canonical_representation(fixed, CHAIN.translation_group(strides=2))
    with pytest.raises(ValueError, match="must act on"):
        full.coset_filter(other)
    space = CASES["space group"]()
    with pytest.raises(ValueError, match="one-dimensional"):
        space.coset_filter(full).projector_refinement(label=space.irrep_labels[-1])


# -- arguments ---------------------------------------------------------------------------------


def test_custom_representation():
    swap = Permutation(permutation_array=[1, 0])
    group = PermutationGroup([Identity(), swap], degree=2)
    hilbert = nk.hilbert.Spin(0.5, 2)
    identity, exchange = PermutationOperator(hilbert, [0, 1]), PermutationOperator(hilbert, swap)
    rep = Representation(group, {Identity(): identity, swap: exchange})
    np.testing.assert_array_equal(rep.irrep_subspace_dims(), [3, 1])
    with pytest.raises(ValueError, match="misses"):
        Representation(group, {Identity(): identity})
    other = Permutation(permutation_array=[0, 1])
    with pytest.raises(ValueError, match="nothing else"):
        Representation(group, {Identity(): identity, swap: exchange, other: identity})
    with pytest.raises(TypeError, match="discrete operators"):
        Representation(group, {Identity(): 1.0, swap: exchange})
    with pytest.raises(ValueError, match="one Hilbert space"):
        qubits = PermutationOperator(nk.hilbert.Qubit(2), swap)
        Representation(group, {Identity(): identity, swap: qubits})
    with pytest.raises(ValueError, match="multiply like"):
        Representation(group, {Identity(): exchange, swap: identity})
    with pytest.raises(TypeError, match="group"):
        Representation([swap], {swap: exchange})
    with pytest.raises(TypeError, match="TranslationGroup"):
        TranslationRepresentation(group, {})


def test_operators_of_any_kind():
    # parity Π σᶻ is no permutation of sites
    hilbert = nk.hilbert.Spin(0.5, 2)
    z = nk.operator.spin.sigmaz
    group = cyclic_group(2)
    identity = PermutationOperator(hilbert, [0, 1])
    parity = z(hilbert, 0) @ z(hilbert, 1)
    rep = LabeledRepresentation(group, dict(zip(group, (identity, parity))))
    np.testing.assert_array_equal(rep.irrep_subspace_dims(), [2, 2])
    projector = np.asarray(rep.projector(label="-1").to_dense())
    np.testing.assert_allclose(projector, np.diag([0, 1, 1, 0]))


def test_wrong_spaces():
    with pytest.raises(ValueError, match="must permute 4 sites"):
        canonical_representation(SPINS, nk.graph.Chain(5).translation_group())
    with pytest.raises(TypeError, match="point_group"):
        canonical_representation(SPINS, planar.C(4))
    with pytest.raises(TypeError, match="Hilbert space"):
        canonical_representation(3, CHAIN.translation_group())
    with pytest.raises(TypeError, match="group of permutations"):
        canonical_representation(SPINS, 3)
    with pytest.raises(ValueError, match="magnetisation|leaves"):
        spin_flip_representation(nk.hilbert.Spin(0.5, 4, total_sz=1))
    with pytest.raises(ValueError, match="magnetisation"):
        spin_flip_representation(nk.hilbert.Spin(0.5, 20, total_sz=1))
    with pytest.raises(ValueError, match="magnetisation|leaves"):
        spin_flip_representation(fermions(s=0.5, n_fermions_per_spin=(1, 2)))
    for hilbert in (nk.hilbert.Qubit(2), nk.hilbert.Fock(2, 3), fermions(n_fermions=2)):
        with pytest.raises(TypeError, match="spin"):
            spin_flip_representation(hilbert)
    twins = nk.hilbert.Spin(0.5, 2) * nk.hilbert.Fock(2, 2)
    with pytest.raises(ValueError, match="same local states"):
        canonical_representation(twins, CHAIN.translation_group())


def test_groups_of_unknown_origin_give_a_warning():
    group = PermutationGroup([Identity(), Permutation(permutation_array=[1, 0])], degree=2)
    hilbert = nk.hilbert.Spin(0.5, 2)
    with pytest.warns(UserWarning, match="warn=False"):
        canonical_representation(hilbert, group)
    assert len(canonical_representation(hilbert, group, warn=False)) == 2


def test_only_states_are_projected():
    rep = nk.symmetry.spin_flip_representation(nk.hilbert.Spin(0.5, 3))
    with pytest.raises(TypeError, match="must be a variational state"):
        rep.project(np.ones(8), label="+1")


@pytest.mark.filterwarnings("ignore::netket.errors.InitializePeriodicLatticeOnSmallLatticeWarning")
def test_momenta_belong_to_their_projectors():
    """As in docs/symmetry.md: wave vectors, labels, ranks and projectors have one order."""
    grid, hilbert = nk.graph.Grid((2, 3)), nk.hilbert.Spin(0.5, 6, total_sz=0)
    rep = canonical_representation(hilbert, grid.translation_group())
    np.testing.assert_array_equal(np.sort(rep.character), [0, 0, 0, 2, 2, 20])
    for i, (k, label, n_states) in enumerate(
        zip(rep.k_points, rep.irrep_labels, rep.irrep_subspace_dims())
    ):
        assert n_states == (4 if abs(k[1]) < 1e-6 else 3)
        assert rep.projector(i) == rep.projector(k=k) == rep.projector(label=label)
        assert np.trace(rep.projector(i).to_dense()) == pytest.approx(n_states)
    basis, _ = rep.symmetry_adapted_basis()
    np.testing.assert_allclose(basis.conj().T @ basis, np.eye(20), atol=1e-13)
