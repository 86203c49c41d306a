# SPDX-License-Identifier: Apache-2.0
"""The classes of `netket.hilbert.index`: the same numbers as those of the Hilbert spaces."""

import pickle

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given

import netket as nk
from netket.hilbert import _index_kernels as kernels
from netket.hilbert.constraint import ExtraConstraint, SumConstraint, SumOnPartitionConstraint
from netket.hilbert.index import (
    ConstrainedHilbertIndex,
    HilbertIndex,
    LookupTableHilbertIndex,
    SumConstrainedHilbertIndex,
    SumOnPartitionConstrainedHilbertIndex,
    UniformTensorProductHilbertIndex,
    index_table,
    optimalConstrainedHilbertindex,
)
from netket.utils import StaticRange

SPIN = StaticRange(1, -2, 2)
BOSON = StaticRange(0, 1, 3)


def positive(x):
    return x.sum(axis=-1) > 0


UNIFORM = UniformTensorProductHilbertIndex(SPIN, 3)
SUM = SumConstrainedHilbertIndex(SPIN, 4, 0)
INDICES = {
    "uniform": UNIFORM,
    "sum": SUM,
    "bosons": SumConstrainedHilbertIndex(BOSON, 4, 3),
    "partition": SumOnPartitionConstrainedHilbertIndex(
        (SUM, SumConstrainedHilbertIndex(SPIN, 3, 1))
    ),
    "mixed partition": SumOnPartitionConstrainedHilbertIndex(
        (SUM, SumConstrainedHilbertIndex(BOSON, 3, 2))
    ),
    "constrained": ConstrainedHilbertIndex(UNIFORM, positive),
    "constrained sum": ConstrainedHilbertIndex(SUM, lambda x: x[..., 0] == 1),
    "lookup": LookupTableHilbertIndex(np.array([[1, 0], [-3, 2], [1, 0], [0, 7]])),
}

indices = pytest.mark.parametrize("index", INDICES.values(), ids=INDICES.keys())


@indices
def test_round_trips(index):
    states = index.all_states()
    numbers = np.arange(index.n_states)
    assert isinstance(index, HilbertIndex) and index.is_indexable
    assert len(np.unique(states, axis=0)) == index.n_states
    np.testing.assert_array_equal(index.states_to_numbers(states), numbers)
    np.testing.assert_array_equal(index.numbers_to_states(numbers), states)
    compiled = jax.jit(lambda i, x: i.states_to_numbers(x), static_argnums=0)
    np.testing.assert_array_equal(compiled(index, jnp.asarray(states)), numbers)
    assert jax.tree.leaves(index) == []
    assert index.numbers_to_states(0).shape == states.shape[1:]
    assert hash(index) == hash(index.replace())
    assert index == index.replace()


def test_numbers_are_those_of_the_spaces():
    pairs = [
        (UNIFORM, nk.hilbert.Spin(0.5, 3)),
        (SUM, nk.hilbert.Spin(0.5, 4, total_sz=0)),
        (INDICES["bosons"], nk.hilbert.Fock(2, 4, n_particles=3)),
        (
            INDICES["mixed partition"],
            nk.hilbert.Spin(0.5, 4, total_sz=0) * nk.hilbert.Fock(2, 3, n_particles=2),
        ),
    ]
    for index, hilbert in pairs:
        np.testing.assert_array_equal(index.all_states(), hilbert.all_states())


def test_parameters():
    assert (UNIFORM.size, UNIFORM.local_size, UNIFORM.local_index) == (3, 2, SPIN)
    np.testing.assert_array_equal(UNIFORM.local_states, [1, -1])
    assert (SUM.size, SUM.range, SUM.sum_value, SUM.shape) == (4, SPIN, 0, (2, 2, 2, 2))
    assert SUM.n_particles == 2 and SUM.n_states_bound == SUM.n_states == 6
    assert INDICES["bosons"].n_particles == 3
    partition = INDICES["partition"]
    assert (partition.size, partition.shape, partition.n_states_bound) == (7, (2,) * 7, 18)
    constrained = INDICES["constrained"]
    assert (constrained.size, constrained.local_size) == (3, 2)
    assert constrained.unconstrained_index == UNIFORM and constrained.constraint_fun is positive
    assert constrained.n_states == 4 and constrained.n_states_bound == 8
    np.testing.assert_array_equal(constrained.local_states, [1, -1])


def test_compared_by_content():
    assert UniformTensorProductHilbertIndex(StaticRange(1, -2, 2), 3) == UNIFORM
    assert SumConstrainedHilbertIndex(SPIN, 4, 0.0) == SUM != SumConstrainedHilbertIndex(SPIN, 4, 2)
    table = INDICES["lookup"]
    assert pickle.loads(pickle.dumps(table)) == LookupTableHilbertIndex(table.all_states())
    assert repr(SUM).startswith("SumConstrainedHilbertIndex(StaticRange(start=1,")


def test_lookup_is_lexicographic():
    np.testing.assert_array_equal(INDICES["lookup"].all_states(), [[-3, 2], [0, 7], [1, 0]])
    with pytest.raises(ValueError, match="it is not one of them"):
        INDICES["lookup"].states_to_numbers(np.array([[0, 0]]))


@pytest.mark.parametrize(
    "constraint, kind, base",
    [
        (SumConstraint(0), SumConstrainedHilbertIndex, None),
        (SumOnPartitionConstraint((0, 0), (2, 2)), SumOnPartitionConstrainedHilbertIndex, None),
        (
            ExtraConstraint(SumConstraint(0), SumOnPartitionConstraint((0, 0), (2, 2))),
            ConstrainedHilbertIndex,
            SumConstrainedHilbertIndex,
        ),
        (positive, ConstrainedHilbertIndex, UniformTensorProductHilbertIndex),
        (None, ConstrainedHilbertIndex, UniformTensorProductHilbertIndex),
    ],
)
def test_the_index_that_suits_a_constraint(constraint, kind, base):
    index = optimalConstrainedHilbertindex(SPIN, 4, constraint)
    assert type(index) is kind
    if base is not None:
        assert type(index.unconstrained_index) is base
    states = UniformTensorProductHilbertIndex(SPIN, 4).all_states()
    kept = states if constraint is None else states[np.asarray(constraint(states))]
    assert sorted(index.all_states().tolist()) == sorted(kept.tolist())


def test_a_third_party_adds_an_index():
    class Everything:
        pass

    @optimalConstrainedHilbertindex.dispatch
    def index_of_everything(local_states, size, constraint: Everything):
        return UniformTensorProductHilbertIndex(local_states, size)

    assert optimalConstrainedHilbertindex(SPIN, 3, Everything()) == UNIFORM


def test_large_indices():
    large = UniformTensorProductHilbertIndex(SPIN, 70)
    assert not large.is_indexable
    with pytest.raises(RuntimeError, match="more than 2\\^63"):
        _ = large.n_states
    assert SumConstrainedHilbertIndex(SPIN, 62, 2).n_states == 450883717216034179


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: SumConstrainedHilbertIndex(SPIN, 4, 1), ValueError, "-4 to 4 in steps of 2"),
        (lambda: SumOnPartitionConstrainedHilbertIndex((UNIFORM,)), TypeError, "`sub_indices`"),
        (lambda: ConstrainedHilbertIndex(UNIFORM, 3), TypeError, "`constraint_fun`"),
        (
            lambda: ConstrainedHilbertIndex(INDICES["mixed partition"], positive),
            TypeError,
            "`unconstrained_index`",
        ),
        (lambda: LookupTableHilbertIndex(np.zeros((2, 2))), ValueError, "must hold integers"),
        (lambda: LookupTableHilbertIndex(np.zeros((0, 2), int)), ValueError, "at least one"),
        (
            lambda: LookupTableHilbertIndex(np.array([[0] * 70, [1] * 70])),
            ValueError,
            "box of less than 2\\^63",
        ),
        (
            lambda: optimalConstrainedHilbertindex(
                SPIN, 5, SumOnPartitionConstraint((0, 0), (2, 2))
            ),
            ValueError,
            "parts of 5 sites",
        ),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


@given(st.sampled_from(["fock", "sum", "product"]), st.data())
def test_plain_arrays_are_enough_for_numba(name, data):
    hilbert = {
        "fock": nk.hilbert.Fock(4, 5),
        "sum": nk.hilbert.Spin(1, 6, total_sz=1),
        "product": nk.hilbert.Spin(0.5, 4, total_sz=0) * nk.hilbert.Fock(2, 3),
    }[name]
    number = data.draw(st.integers(0, hilbert.n_states - 1))
    flat = index_table(hilbert).flat
    row = np.empty(hilbert.size, dtype=np.int8)
    kernels.unrank_flat(flat, number, row)
    np.testing.assert_array_equal(
        hilbert.local_indices_to_states(row), hilbert.numbers_to_states(number)
    )
    assert kernels.rank_flat(flat, row) == number
