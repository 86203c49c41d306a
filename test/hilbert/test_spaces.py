# SPDX-License-Identifier: Apache-2.0
"""The spaces themselves: local states, products, partial traces, equality, wrong arguments."""

import copy
import pickle
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.errors import InvalidConstraintInterface, UnhashableConstraintError
from netket.hilbert.constraint import (
    DiscreteHilbertConstraint,
    ExtraConstraint,
    SumConstraint,
    SumOnPartitionConstraint,
)
from netket.utils import StaticRange

Spin, Fock, Qubit = nk.hilbert.Spin, nk.hilbert.Fock, nk.hilbert.Qubit
Fermions, Doubled = nk.hilbert.SpinOrbitalFermions, nk.hilbert.DoubledHilbert

SPACES = [
    Spin(0.5, 4),
    Spin(1.5, 2),
    Spin(0.5, 3, inverted_ordering=True),
    Spin(0.5, 4, total_sz=1),
    Fock(3, 2),
    Fock(3, 2, n_particles=2),
    Fock(N=2),
    Fock(200, 2),
    Qubit(3),
    Fermions(3, s=0.5, n_fermions_per_spin=(2, 1)),
    Spin(0.5, 2) * Fock(2, 2),
    Doubled(Spin(0.5, 2)),
    Doubled(Spin(0.5, 2) * Fock(2, 1)),
    nk.hilbert.HomogeneousHilbert(StaticRange(0.5, 0.25, 3), 2),
    nk.hilbert.HomogeneousHilbert(StaticRange(-3, 3, 4), 2),
    nk.hilbert.HomogeneousHilbert(StaticRange(-3, 3, 4), 2) * Spin(1, 2),
]

spaces = pytest.mark.parametrize("hilbert", SPACES, ids=repr)


def test_local_states():
    assert Spin(0.5).local_states == [1, -1]
    assert Spin(0.5, inverted_ordering=True).local_states == [-1, 1]
    assert Spin(1.5).local_states == [3, 1, -1, -3]
    assert Fock(2).local_states == [0, 1, 2]
    assert Qubit().local_states == [0, 1]
    assert (Fock(2) * Spin(0.5)).states_at_index(1) == [1, -1]
    assert nk.hilbert.DoubledHilbert(Spin(0.5)).states_at_index(1) == [1, -1]
    assert Spin(1).local_size == 3
    assert Spin(1, 4).shape == (3, 3, 3, 3)
    assert (Spin(1, 1) * Qubit(2)).shape == (3, 2, 2)


def test_local_states_are_numbers_of_python():
    # 100 * 2 is no int8
    assert [100 * n for n in Fock(2).local_states] == [0, 100, 200]
    assert Fock(N=2).local_states[-1] + 1 == Fock(N=2).local_size


def test_spin_local_states_are_eigenvalues_of_twice_sz():
    # the order of the local states is that of the rows of the usual matrix of S_z
    for s in (0.5, 1, 2.5):
        sz = np.diag(np.arange(s, -s - 1, -1))
        np.testing.assert_array_equal(Spin(s).local_states, 2 * np.diag(sz))


@spaces
def test_local_indices(hilbert):
    if not hilbert.is_finite:
        return
    d = max(hilbert.shape)
    indices = np.stack([np.arange(d) % n for n in hilbert.shape], axis=1)
    states = hilbert.local_indices_to_states(indices)
    for site in range(hilbert.size):
        values = np.asarray(hilbert.states_at_index(site))
        np.testing.assert_array_equal(states[:, site], values[indices[:, site]])
        assert hilbert.size_at_index(site) == len(values) == hilbert.shape[site]
    for dtype in (states.dtype, np.float32, np.float64, np.int32):
        if states.dtype.kind == "f" and dtype == np.int32:
            continue
        x = hilbert.local_indices_to_states(indices, dtype=dtype)
        assert x.dtype == dtype
        assert isinstance(hilbert.states_to_local_indices(x), np.ndarray)
        np.testing.assert_array_equal(hilbert.states_to_local_indices(x), indices)
        in_jax = jax.jit(hilbert.states_to_local_indices)(jnp.asarray(x))
        np.testing.assert_array_equal(in_jax, indices)
        np.testing.assert_array_equal(hilbert.local_indices_to_states(in_jax, dtype), x)
    assert hilbert.states_to_local_indices(states[None, :, None]).shape == (1, d, 1, hilbert.size)


def test_indices_have_small_dtypes():
    assert Spin(0.5, 2).states_to_local_indices(np.ones((1, 2))).dtype == np.int8
    assert Fock(127, 1).states_to_local_indices(np.array([[127]])).dtype == np.int8
    assert Fock(128, 1).states_to_local_indices(np.array([[128]])) == 128
    assert Fock(200, 1).all_states().dtype == np.int16
    # differences of int8 numbers may not be int8
    large = Spin(50, 1)
    np.testing.assert_array_equal(
        large.states_to_local_indices(large.all_states())[:, 0], np.arange(101)
    )


@spaces
def test_equality_hash_and_copies(hilbert):
    for other in (copy.copy(hilbert), copy.deepcopy(hilbert), pickle.loads(pickle.dumps(hilbert))):
        assert type(other) is type(hilbert)
        assert other == hilbert
        assert hash(other) == hash(hilbert)
        assert repr(other) == repr(hilbert)
    assert sum(hilbert == other for other in SPACES) == 1


def test_equal_constraints_make_equal_spaces():
    assert Spin(0.5, 4, total_sz=1) == Spin(0.5, 4, constraint=SumConstraint(2))
    assert Fock(2, 4, n_particles=2) == Fock(2, 4, constraint=SumConstraint(2.0))
    assert Fock(2, 4, n_particles=2) != Fock(2, 4)
    assert Qubit(4) != Fock(1, 4)


def test_spaces_are_static_arguments():
    traces = []

    def trace(hilbert):
        traces.append(hilbert)
        return jnp.zeros(hilbert.size)

    compiled = jax.jit(trace, static_argnums=0)
    assert compiled(Spin(0.5, 4)).shape == compiled(Spin(0.5, 4)).shape == (4,)
    assert len(traces) == 1


def test_tables_are_not_pickled():
    hilbert = Spin(0.5, 16)
    hilbert.all_states()
    assert len(pickle.dumps(hilbert)) < 1000


def test_repr():
    assert repr(Spin(0.5, 4)) == "Spin(s=1/2, N=4, ordering=new)"
    assert repr(Spin(1, 3, total_sz=1)) == "Spin(s=1, N=3, ordering=new, total_sz=1)"
    assert repr(Fock(3, 2)) == "Fock(n_max=3, N=2)"
    assert repr(Fock(N=2)) == "Fock(n_max=FOCK_MAX, N=2)"
    assert repr(Spin(0.5, 2) * Qubit(1)) == "Spin(s=1/2, N=2, ordering=new)⊗Qubit(N=1)"


def test_fock_bounds():
    assert Fock(3, 2).n_max == 3
    assert Fock(N=3, n_particles=2).n_max == 2
    assert Fock(N=3, n_particles=2).n_particles == 2
    assert Fock(3, 2).n_particles is None


# -- products and parts ------------------------------------------------------------------------


def test_products_merge_neighbours_of_the_same_kind():
    assert Spin(0.5, 2) * Spin(0.5, 3) == Spin(0.5, 5)
    assert Spin(0.5, 2) ** 3 == Spin(0.5, 6)
    assert Qubit(1) * Qubit(2) == Qubit(3)
    mixed = Spin(0.5, 1) * Fock(2, 1) * (Fock(2, 2) * Spin(0.5, 1))
    assert mixed.subspaces == (Spin(0.5, 1), Fock(2, 3), Spin(0.5, 1))
    # these are not of the same kind
    for other in (Spin(1, 2), Spin(0.5, 2, inverted_ordering=True), Spin(0.5, 2, total_sz=0)):
        assert len((Spin(0.5, 2) * other).subspaces) == 2
    constrained = Spin(0.5, 2, total_sz=0) ** 2
    assert constrained.n_states == 4
    assert constrained.constrained
    half = Spin(0.5, 2, total_sz=0) * Fock(1, 2)
    assert not half.constrained  # as not all factors are
    assert half.constraint is not None
    assert nk.hilbert.TensorHilbert(Qubit(1), Qubit(1)).subspaces == (Qubit(1), Qubit(1))
    with pytest.raises(ValueError, match="must be positive"):
        _ = Qubit(1) ** 0
    with pytest.raises(TypeError):
        _ = Qubit(1) * 3


def test_product_states_are_all_combinations():
    a, b = Spin(0.5, 4, total_sz=0), Fock(2, 2, n_particles=2)
    states = (a * b).all_states()
    expected = [np.concatenate([x, y]) for x in a.all_states() for y in b.all_states()]
    np.testing.assert_array_equal(states, expected)


def test_constraint_of_a_product():
    hilbert = Spin(0.5, 2, total_sz=0) * Fock(1, 2)
    assert hilbert.constraint(np.array([1, -1, 0, 1]))
    assert not hilbert.constraint(np.array([1, 1, 0, 1]))
    assert isinstance(jax.jit(hilbert.constraint)(jnp.ones((3, 4))), jax.Array)
    assert (Spin(0.5, 2) * Fock(1, 2)).constraint is None
    doubled = Doubled(Spin(0.5, 2, total_sz=0))
    np.testing.assert_array_equal(
        doubled.constraint(np.array([[1, -1, 1, -1], [1, -1, 1, 1]])), [True, False]
    )


def test_partial_trace():
    assert Spin(0.5, 4).ptrace([0, 2]) == Spin(0.5, 2)
    assert Spin(0.5, 4, inverted_ordering=True).ptrace(1) == Spin(0.5, 3, inverted_ordering=True)
    assert Spin(0.5, 4).ptrace([0, 1, 2, 3]) is None
    mixed = Spin(0.5, 2) * Fock(2, 2) * Spin(0.5, 1)
    assert mixed.ptrace([0, 3]) == Spin(0.5, 1) * Fock(2, 1) * Spin(0.5, 1)
    assert mixed.ptrace([2, 3]) == Spin(0.5, 3)
    assert (Spin(0.5, 2, total_sz=0) * Qubit(2)).ptrace(2) == Spin(0.5, 2, total_sz=0) * Qubit(1)
    assert Doubled(Spin(0.5, 3)).ptrace([0]) == Doubled(Spin(0.5, 2))
    with pytest.raises(TypeError, match="ties them"):
        Spin(0.5, 4, total_sz=0).ptrace([0])
    with pytest.raises(ValueError, match="contains 7"):
        Spin(0.5, 4).ptrace([7])
    with pytest.raises(TypeError, match="anticommute"):
        Fermions(3).ptrace(0)


def test_doubled_space():
    physical = Spin(0.5, 3, total_sz=0.5)
    hilbert = Doubled(physical)
    assert hilbert.physical == physical
    assert hilbert.size_physical == 3
    assert hilbert.n_states == physical.n_states**2
    assert list(hilbert.local_states) == [1, -1]
    states = hilbert.all_states().reshape(-1, 2, 3)
    rows, columns = np.divmod(np.arange(9), 3)
    np.testing.assert_array_equal(physical.states_to_numbers(states[:, 0]), rows)
    np.testing.assert_array_equal(physical.states_to_numbers(states[:, 1]), columns)
    with pytest.raises(TypeError, match="`hilb`"):
        Doubled(3)


def test_fermions():
    hilbert = Fermions(3, s=0.5, n_fermions_per_spin=(2, 1))
    assert (hilbert.spin, hilbert.n_orbitals, hilbert.n_fermions) == (0.5, 3, 3)
    assert hilbert.n_fermions_per_spin == (2, 1)
    assert hilbert.n_spin_subsectors == 2
    states = hilbert.all_states()
    np.testing.assert_array_equal(states[:, :3].sum(axis=1), 2)
    np.testing.assert_array_equal(states[:, 3:].sum(axis=1), 1)
    assert [hilbert._get_index(1, sz) for sz in (-1, 1)] == [1, 4]
    assert Fermions(3).n_fermions is None
    assert Fermions(3, n_fermions=2).n_fermions_per_spin == (2,)
    assert Fermions(3, s=0.5, n_fermions=2).n_fermions_per_spin == (None, None)
    assert Fermions(3, s=0.5, n_fermions=2).n_states == 15
    for wrong in (
        {"n_fermions_per_spin": (1, 1)},
        {"s": 0.5, "n_fermions_per_spin": (1, 1, 1)},
        {"s": 0.5, "n_fermions": 3, "n_fermions_per_spin": (1, 1)},
        {"s": 0.5, "n_fermions_per_spin": (4, 0)},
        {"n_fermions": 4},
        {"n_fermions": -1},
    ):
        with pytest.raises(ValueError, match="n_fermions"):
            Fermions(3, **wrong)


# -- constraints -------------------------------------------------------------------------------


class Even(DiscreteHilbertConstraint):
    def __call__(self, x):
        return x.sum(axis=-1) % 2 == 0

    def __hash__(self):
        return hash("Even")

    def __eq__(self, other):
        return isinstance(other, Even)


def test_constraints_of_samples():
    x = np.array([[1, 1, -1, -1], [1, 1, 1, -1]], dtype=np.int8)
    for array, kind in ((x, np.ndarray), (jnp.asarray(x), jax.Array)):
        for constraint, expected in (
            (SumConstraint(0), [True, False]),
            (SumOnPartitionConstraint((2, -2), (2, 2)), [True, False]),
            (ExtraConstraint(SumConstraint(2), Even()), [False, True]),
        ):
            satisfied = constraint(array)
            assert isinstance(satisfied, kind)
            np.testing.assert_array_equal(satisfied, expected)
    # sums may be larger than the dtype
    assert SumConstraint(200)(np.full(200, 1, dtype=np.int8))


def test_constraints_are_compared_by_content():
    assert SumConstraint(2) == SumConstraint(2.0)
    assert hash(SumConstraint(2)) == hash(SumConstraint(2.0))
    assert SumConstraint(2) != SumConstraint(3)
    extra = ExtraConstraint(SumConstraint(2), Even())
    assert extra == ExtraConstraint(SumConstraint(2), Even())
    assert Fock(2, 2, constraint=extra) == Fock(2, 2, constraint=copy.deepcopy(extra))
    assert jax.tree.leaves(extra) == []


def test_user_constraints_restrict_the_space():
    hilbert = Spin(0.5, 4, constraint=Even())
    assert hilbert.constrained
    assert hilbert.n_states == 16
    hilbert = Fock(2, 3, constraint=Even())
    np.testing.assert_array_equal(hilbert.all_states().sum(axis=1) % 2, 0)
    assert hilbert.n_states == 14
    extra = Fock(
        2, 3, constraint=ExtraConstraint(ExtraConstraint(SumConstraint(2), Even()), Even())
    )
    assert extra.n_states == Fock(2, 3, n_particles=2).n_states


def test_wrong_constraints():
    class NoHash(DiscreteHilbertConstraint):
        __hash__ = None

        def __call__(self, x):
            return x.sum(axis=-1) == 0

    for wrong in (3, lambda x: x.sum(axis=-1) == 0):
        with pytest.raises(InvalidConstraintInterface, match="DiscreteHilbertConstraint"):
            Spin(0.5, 4, constraint=wrong)
    with pytest.raises(UnhashableConstraintError, match="__hash__"):
        Spin(0.5, 4, constraint=NoHash())
    with pytest.raises(ValueError, match="one entry for each part"):
        SumOnPartitionConstraint((1,), (2, 2))
    with pytest.raises(ValueError, match="parts of 5 sites"):
        Fock(2, 5, constraint=SumOnPartitionConstraint((1, 1), (2, 2)))
    with pytest.raises(ValueError, match="must have 4 sites"):
        SumOnPartitionConstraint((1, 1), (2, 2))(np.zeros(5))


# -- wrong arguments ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: Spin(0.4, 2), ValueError, "multiple of 1/2, but is 0.4"),
        (lambda: Spin(0, 2), ValueError, "multiple of 1/2"),
        (lambda: Spin(0.5, 2.5), TypeError, "`N` must be an integer, but is 2.5"),
        (lambda: Spin(0.5, -1), ValueError, "`N` must be at least 0"),
        (lambda: Spin(0.5, 3, total_sz=0), ValueError, "half-integer between -1.5 and 1.5"),
        (lambda: Spin(0.5, 4, total_sz=0.3), ValueError, "must be an integer between"),
        (lambda: Spin(0.5, 4, total_sz=3), ValueError, "between -2.0 and 2.0.*is 3"),
        (lambda: Spin(0.5, 4, total_sz=0, constraint=Even()), ValueError, "ExtraConstraint"),
        (
            lambda: Spin(0.5, 4, constraint=SumConstraint(1)),
            ValueError,
            "-4 to 4 in steps of 2",
        ),
        (lambda: Fock(2, 2, n_particles=5), ValueError, "at most 4.*is 5"),
        (lambda: Fock(2, 2, n_particles=1.5), TypeError, "`n_particles`"),
        (lambda: Fock(2.5, 2), TypeError, "`n_max`"),
        (lambda: Fock(-1, 2), ValueError, "`n_max`"),
        (lambda: Fock(2, 2, n_particles=1, constraint=Even()), ValueError, "ExtraConstraint"),
        (lambda: Fock(2, 2, constraint=SumConstraint(0.5)), ValueError, "sum 0.5"),
        (lambda: nk.hilbert.HomogeneousHilbert([0, 1], 2), TypeError, "StaticRange"),
        (lambda: nk.hilbert.TensorHilbert(), ValueError, "at least one"),
        (lambda: nk.hilbert.TensorHilbert(Qubit(1), 3), TypeError, "Hilbert spaces"),
    ],
)
def test_wrong_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_large_spaces_are_cheap_to_build():
    start = time.perf_counter()
    for _ in range(20):
        hilbert = Spin(0.5, 1000, total_sz=0)
        assert not hilbert.is_indexable
        hash(hilbert)
    assert time.perf_counter() - start < 0.5
