# SPDX-License-Identifier: Apache-2.0
"""Fast ways to the same result: all states by copying, numbers of sites with two states."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import netket as nk
from netket.hilbert import _index_numpy
from netket.hilbert.constraint import (
    DiscreteHilbertConstraint,
    ExtraConstraint,
    SumConstraint,
    SumOnPartitionConstraint,
)

Spin, Fock, Fermions = nk.hilbert.Spin, nk.hilbert.Fock, nk.hilbert.SpinOrbitalFermions

spaces = st.sampled_from(
    [
        Spin(0.5, 5),
        Spin(0.5, 5, inverted_ordering=True),
        Spin(0.5, 6, total_sz=1),
        Spin(0.5, 6, total_sz=-3),
        Spin(1.5, 4, total_sz=2),
        Fock(0, 3),
        Fock(3, 4),
        Fock(5, 4, n_particles=7),
        Fock(2, 5, constraint=SumOnPartitionConstraint((1, 3), (2, 3))),
        Fermions(3, s=0.5, n_fermions_per_spin=(2, 1)),
        Spin(0.5, 2) * Fock(3, 1) * Spin(0.5, 4, total_sz=0),
        nk.hilbert.DoubledHilbert(Spin(0.5, 3, total_sz=0.5)),
        Spin(0.5, 0),
        Fock(20, 3, n_particles=30),
    ]
)


@given(spaces)
def test_all_states_are_those_of_all_numbers(hilbert):
    expected = hilbert.numbers_to_states(np.arange(hilbert.n_states))
    for states in (hilbert._enumerate(), hilbert.all_states()):
        assert states.dtype == expected.dtype
        np.testing.assert_array_equal(states, expected)


def test_all_states_may_be_changed():
    states = Spin(0.5, 3).all_states()
    states[:] = 7
    assert Spin(0.5, 3).all_states().max() == 1


@given(
    st.integers(1, 20),
    st.integers(0, 20),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["int8", "int64", "float32"]),
)
@settings(deadline=None)
def test_numbers_of_two_states(n, ups, constrained, inverted, dtype):
    """The fast way and the general one agree, also on samples outside."""
    total = {"total_sz": min(ups, n) - n / 2} if constrained else {}
    hilbert = Spin(0.5, n, inverted_ordering=inverted, **total)
    rng = np.random.default_rng(n)
    rows = hilbert.numbers_to_states(rng.integers(0, hilbert.n_states, 5)).astype(dtype)
    general = _index_numpy.rank(hilbert._index_table, rows, hilbert._checked_indices)
    np.testing.assert_array_equal(hilbert._quick_rank(rows), general)
    np.testing.assert_array_equal(hilbert.states_to_numbers(rows), general)
    outside = rows.copy()
    outside[2, n // 2] = 0
    assert hilbert._quick_rank(outside) is None
    with pytest.raises(ValueError, match="row 2"):
        hilbert.states_to_numbers(outside)
    if constrained:
        # one more in one row, and one less in another, so that their total number is right
        up, down = np.argwhere(rows[0] == 1).ravel(), np.argwhere(rows[1] == -1).ravel()
        if len(up) and len(down):
            rows[0, up[0]], rows[1, down[0]] = -1, 1
            with pytest.raises(ValueError, match="row 0"):
                hilbert.states_to_numbers(rows)


@given(spaces, st.sampled_from(["int8", "float64"]), st.data())
@settings(deadline=None)
def test_quick_numbers_agree_with_the_general_ones(hilbert, dtype, data):
    if hilbert.size == 0:
        return
    rows = hilbert.all_states().astype(dtype)
    np.testing.assert_array_equal(hilbert._quick_rank(rows), np.arange(len(rows)))
    # any change of one site: the same answer, or none
    row, site = (
        data.draw(st.integers(0, len(rows) - 1)),
        data.draw(st.integers(0, hilbert.size - 1)),
    )
    rows[row, site] += data.draw(st.sampled_from([-1, 1, 2, -2, 0]))
    general = _index_numpy.rank(hilbert._index_table, rows, hilbert._checked_indices)
    quick = hilbert._quick_rank(rows)
    assert (quick is None) == (general < 0).any()
    if quick is not None:
        np.testing.assert_array_equal(quick, general)


@given(spaces)
@settings(deadline=None)
def test_quick_samples_agree_with_the_general_ones(hilbert):
    if hilbert.size == 0:
        return
    numbers = np.arange(hilbert.n_states)[::-1]
    expected = _index_numpy.unrank(
        hilbert._index_table, numbers, hilbert.local_indices_to_states, np.dtype(np.int8)
    )
    rows = np.empty(expected.shape, dtype=hilbert._local_dtype)
    hilbert._quick_unrank(numbers, rows)
    np.testing.assert_array_equal(rows, expected)


def test_sites_that_take_turns():
    """More parts with different local states than are treated one by one."""
    hilbert = Spin(0.5, 1)
    for part in [Fock(2, 2), Spin(1, 1), Fock(3, 1), Spin(0.5, 2), Fock(4, 1), Spin(1, 1)]:
        hilbert = hilbert * part
    states = hilbert.all_states()
    np.testing.assert_array_equal(hilbert._quick_rank(states), np.arange(len(states)))
    states[7, 3] = 1
    assert hilbert._quick_rank(states) is None


def test_quick_numbers_of_listed_states():
    class FirstIsLast(DiscreteHilbertConstraint):
        def __call__(self, x):
            return x[..., 0] == x[..., -1]

        def __hash__(self):
            return hash("FirstIsLast")

        def __eq__(self, other):
            return isinstance(other, FirstIsLast)

    for hilbert in (
        Spin(0.5, 4, constraint=FirstIsLast()),
        Fock(2, 3, constraint=ExtraConstraint(SumConstraint(3), FirstIsLast())) * Spin(1, 2),
    ):
        states = hilbert.all_states()
        np.testing.assert_array_equal(hilbert._quick_rank(states), np.arange(len(states)))
        states[0, 0], states[0, -1] = states[0, 0] + 1, states[0, -1] - 1
        assert hilbert._quick_rank(states) is None


def test_numbers_of_many_states():
    hilbert = Spin(0.5, 18, total_sz=0)
    states = hilbert.all_states()
    np.testing.assert_array_equal(hilbert.states_to_numbers(states), np.arange(48620))
    states[40_000, 3] = 0
    with pytest.raises(ValueError, match="row 40000"):
        hilbert.states_to_numbers(states)
