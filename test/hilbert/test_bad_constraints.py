# SPDX-License-Identifier: Apache-2.0
"""Constraints together: implied ones cost nothing, contradictory and empty ones are errors."""

import itertools

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings

import netket as nk
from netket.hilbert.constraint import (
    DiscreteHilbertConstraint,
    ExtraConstraint,
    SumConstraint,
    SumOnPartitionConstraint,
)
from netket.utils import struct

Spin, Fock, Fermions = nk.hilbert.Spin, nk.hilbert.Fock, nk.hilbert.SpinOrbitalFermions


class AtMost(DiscreteHilbertConstraint):
    """At most so many entries are positive."""

    n: int = struct.field(pytree_node=False)

    def __init__(self, n):
        self.n = n

    def __call__(self, x):
        return (x > 0).sum(axis=-1) <= self.n

    def __hash__(self):
        return hash(("AtMost", self.n))

    def __eq__(self, other):
        return isinstance(other, AtMost) and self.n == other.n

    def __repr__(self):
        return f"AtMost({self.n})"


class PerSite(AtMost):
    def __call__(self, x):
        return x > 0


class Count(AtMost):
    def __call__(self, x):
        return jnp.sum(x, axis=-1)


def test_sums_that_follow_from_others_are_not_tried_out():
    # 12870 states, of which those with two halves of equal magnetisation need no list
    both = ExtraConstraint(SumConstraint(0), SumOnPartitionConstraint((0, 0), (30, 30)))
    hilbert = Spin(0.5, 60, constraint=both)
    assert hilbert.n_states == Spin(0.5, 30, total_sz=0).n_states ** 2
    numbers = np.array([0, 7, hilbert.n_states - 1])
    states = hilbert.numbers_to_states(numbers)
    np.testing.assert_array_equal(states.reshape(3, 2, 30).sum(axis=-1), 0)
    np.testing.assert_array_equal(hilbert.states_to_numbers(states), numbers)
    fermions = Fermions(
        20, s=0.5, n_fermions=20, constraint=SumOnPartitionConstraint((10, 10), (20, 20))
    )
    assert fermions.n_states == 184756**2


@given(
    st.lists(st.integers(1, 3), min_size=2, max_size=3),
    st.lists(st.integers(0, 2), min_size=3, max_size=3),
    st.integers(0, 5),
)
@settings(max_examples=30, deadline=None)
def test_two_sums_against_a_list(sizes, totals, other):
    """Two partitions that may or may not fit into each other, and may contradict each other."""
    n = sum(sizes)
    first = SumOnPartitionConstraint(totals[: len(sizes)], sizes)
    second = SumOnPartitionConstraint((other, 0), (n - 1, 1))
    expected = [
        x
        for x in itertools.product(range(2), repeat=n)
        if first(np.array(x)) and second(np.array(x))
    ]
    if not expected:
        with pytest.raises(ValueError, match="`constraint`"):
            Fock(1, n, constraint=ExtraConstraint(first, second))
        return
    hilbert = Fock(1, n, constraint=ExtraConstraint(first, second))
    assert hilbert.all_states().tolist() == [list(x) for x in expected]


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda: Spin(0.5, 4, constraint=ExtraConstraint(SumConstraint(0), SumConstraint(2))),
            r"contradicts itself: SumConstraint\(2\) asks for the sum 2 on sites 0 to 3",
        ),
        (
            lambda: Fermions(
                4, s=0.5, n_fermions=3, constraint=SumOnPartitionConstraint((2, 2), (4, 4))
            ),
            "contradicts itself",
        ),
        (
            lambda: Fermions(
                4,
                s=0.5,
                n_fermions_per_spin=(1, 2),
                constraint=SumOnPartitionConstraint((2, 1), (4, 4)),
            ),
            "contradicts itself",
        ),
        (lambda: Spin(0.5, 4, constraint=AtMost(-1)), r"none of the 16 .*satisfies AtMost\(-1\)"),
        (
            lambda: Spin(0.5, 6, constraint=ExtraConstraint(SumConstraint(4), AtMost(2))),
            "none of the 6 configurations",
        ),
        (lambda: Fermions(4, n_fermions=3, constraint=AtMost(1)), "none of the 4"),
        (lambda: Spin(0.5, 40, constraint=PerSite(1)), r"booleans of shape \(...\)"),
        (lambda: Spin(0.5, 4, constraint=Count(1)), r"booleans of shape \(...\)"),
        (lambda: Fock(2, 3, constraint=SumConstraint(7)), "sum 7 on 3 sites"),
        (lambda: Fock(1, 3, constraint=SumOnPartitionConstraint((2, 0), (1, 2))), "sum 2 on 1"),
    ],
)
def test_no_state_is_an_error_at_construction(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_large_spaces_say_so_at_first_use():
    hilbert = Spin(0.5, 15, constraint=AtMost(-1))
    for use in (lambda: hilbert.n_states, lambda: hilbert.random_state(nk.jax.PRNGKey(0))):
        with pytest.raises(ValueError, match="none of the 32768"):
            use()


class AtMostInJax(AtMost):
    """The same as a function of jax, with what arrays of numpy do not have."""

    def __call__(self, x):
        return jnp.sum(x.at[..., :0].set(0) / 2 > 0, axis=-1) <= self.n


def test_constraints_are_tried_in_numpy_or_jax():
    methods = Spin(0.5, 6, constraint=AtMost(2))
    with jax.checking_leaks():
        functions = Spin(0.5, 6, constraint=AtMostInJax(2))
    assert methods.n_states == 22
    np.testing.assert_array_equal(methods.all_states(), functions.all_states())


def test_numpy_rounds_like_jax():
    class Thirds(AtMost):
        def __call__(self, x):
            return (x / 3 + 2049).sum(axis=-1) > 4098.3  # half precision knows even numbers only

    hilbert = Fock(1, 2, constraint=Thirds(0))
    assert hilbert.all_states().tolist() == [[0, 1], [1, 0], [1, 1]]


def test_few_states_are_found_without_compiling(monkeypatch):
    monkeypatch.setattr(jax, "jit", lambda f: pytest.fail("compiled"))
    assert Spin(0.5, 7, constraint=AtMost(1)).n_states == 8
