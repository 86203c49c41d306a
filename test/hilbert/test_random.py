# SPDX-License-Identifier: Apache-2.0
"""Random states: uniform over the space, by a chi-square test; and flips of sites."""

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings

import netket as nk
from netket.errors import UnoptimisedCustomConstraintRandomStateMethodWarning
from netket.hilbert import _draw
from netket.hilbert.constraint import (
    DiscreteHilbertConstraint,
    ExtraConstraint,
    SumConstraint,
    SumOnPartitionConstraint,
)
from netket.hilbert.random import flip_state, random_state
from netket.utils import StaticRange


class OddlyMany(DiscreteHilbertConstraint):
    """An odd number of entries is positive."""

    def __call__(self, x):
        return (x > 0).sum(axis=-1) % 2 == 1

    def __hash__(self):
        return hash("OddlyMany")

    def __eq__(self, other):
        return isinstance(other, OddlyMany)


class FirstIsEmpty(OddlyMany):
    def __call__(self, x):
        return x[..., 0] == 0

    def __hash__(self):
        return hash("FirstIsEmpty")

    def __eq__(self, other):
        return isinstance(other, FirstIsEmpty)


SPACES = {
    "spin": nk.hilbert.Spin(0.5, 4),
    "spin one": nk.hilbert.Spin(1, 3),
    "total_sz": nk.hilbert.Spin(0.5, 6, total_sz=1),
    "total_sz inverted": nk.hilbert.Spin(0.5, 6, total_sz=-1, inverted_ordering=True),
    "spin one total_sz": nk.hilbert.Spin(1, 4, total_sz=1),
    "fock": nk.hilbert.Fock(2, 3),
    "fock particles": nk.hilbert.Fock(3, 4, n_particles=5),
    "partition": nk.hilbert.Fock(2, 5, constraint=SumOnPartitionConstraint((1, 3), (2, 3))),
    "fermions": nk.hilbert.SpinOrbitalFermions(4, s=0.5, n_fermions_per_spin=(2, 1)),
    "user": nk.hilbert.Spin(0.5, 5, constraint=OddlyMany()),
    "extra": nk.hilbert.Fock(2, 4, constraint=ExtraConstraint(SumConstraint(4), OddlyMany())),
    "fermions of spin one": nk.hilbert.SpinOrbitalFermions(3, s=1, n_fermions_per_spin=(1, 0, 2)),
    "fermions, total number": nk.hilbert.SpinOrbitalFermions(3, s=1.5, n_fermions=2),
    "fermions and more": nk.hilbert.SpinOrbitalFermions(
        3, s=0.5, n_fermions_per_spin=(2, 1), constraint=FirstIsEmpty()
    ),
    "fermions and bosons": nk.hilbert.SpinOrbitalFermions(3, n_fermions=1) * nk.hilbert.Fock(2, 2),
    "two sums": nk.hilbert.Fock(
        2, 5, constraint=ExtraConstraint(SumConstraint(4), SumOnPartitionConstraint((1, 3), (2, 3)))
    ),
    "sums that overlap": nk.hilbert.Fock(
        2,
        4,
        constraint=ExtraConstraint(
            SumOnPartitionConstraint((1, 3), (1, 3)), SumOnPartitionConstraint((2, 2), (2, 2))
        ),
    ),
    "power": (nk.hilbert.Spin(0.5, 2, total_sz=0) * nk.hilbert.Qubit(1)) ** 2,
    "product": nk.hilbert.Spin(0.5, 4, total_sz=0) * nk.hilbert.Fock(2, 2),
    "mixed sites": nk.hilbert.TensorHilbert(nk.hilbert.Qubit(2), nk.hilbert.Spin(1, 2)),
    "doubled": nk.hilbert.DoubledHilbert(nk.hilbert.Spin(0.5, 4, total_sz=1)),
}

spaces = pytest.mark.parametrize("hilbert", SPACES.values(), ids=SPACES.keys())


@spaces
def test_random_states_are_uniform(hilbert):
    n = 200 * hilbert.n_states
    # raises if a sample is not in the space
    numbers = hilbert.states_to_numbers(np.asarray(hilbert.random_state(jax.random.key(1), n)))
    counts = np.bincount(numbers, minlength=hilbert.n_states)
    assert scipy.stats.chisquare(counts).pvalue > 1e-4 or hilbert.n_states == 1


@given(
    st.integers(2, 4),
    st.lists(st.tuples(st.integers(1, 3), st.floats(0, 1)), min_size=1, max_size=3),
    st.booleans(),
)
@settings(max_examples=12, deadline=None, derandomize=True)
def test_parts_with_fixed_sums_are_uniform(d, parts, inverted):
    """Any local states, parts and sums, by a chi-square test."""
    sizes = [n for n, _ in parts]
    start, step = (d - 1, -1) if inverted else (0, 1)
    totals = [round(fraction * n * (d - 1)) for n, fraction in parts]
    hilbert = nk.hilbert.HomogeneousHilbert(
        StaticRange(start, step, d), sum(sizes), constraint=SumOnPartitionConstraint(totals, sizes)
    )
    samples = np.asarray(hilbert.random_state(jax.random.key(7), 50 * hilbert.n_states))
    counts = np.bincount(hilbert.states_to_numbers(samples), minlength=hilbert.n_states)
    assert hilbert.n_states == 1 or scipy.stats.chisquare(counts).pvalue > 1e-5


@pytest.mark.parametrize("name", ["spin", "fock particles", "product"])
def test_shapes_and_dtypes(name):
    hilbert = SPACES[name]
    key, n = jax.random.key(0), hilbert.size
    assert hilbert.random_state(key).shape == (n,)
    assert hilbert.random_state(key, 3).shape == (3, n)
    assert hilbert.random_state(key, np.int64(3)).shape == (3, n)
    assert hilbert.random_state(key, (1, 3)).shape == (1, 3, n)
    assert hilbert.random_state(key, ()).shape == (n,)
    assert hilbert.random_state(key).dtype == np.int8
    for dtype in (np.float32, np.int64):
        x = hilbert.random_state(key, 3, dtype=dtype)
        assert x.dtype == dtype
        np.testing.assert_array_equal(x, hilbert.random_state(key, 3))


@pytest.mark.parametrize(
    "name",
    ["spin one", "total_sz inverted", "fock particles", "user", "product", "mixed sites"],
)
def test_random_states_in_transformed_functions(name):
    """The same ones as outside, where they are drawn in numpy."""
    hilbert, keys = SPACES[name], jax.random.split(jax.random.key(0), 4)
    rows = jnp.stack([hilbert.random_state(key, 5) for key in keys])
    np.testing.assert_array_equal(
        jax.jit(jax.vmap(lambda k: hilbert.random_state(k, 5)))(keys), rows
    )


def test_random_states_do_not_depend_on_how_often_they_are_asked_for():
    """Functions are compiled in the end."""
    hilbert, key = nk.hilbert.Fock(4, 6, n_particles=7), jax.random.key(3)
    n_compiled = _draw._samples_compiled._cache_size()
    first = hilbert.random_state(key, 4)
    assert _draw._samples_compiled._cache_size() == n_compiled
    for _ in range(20):
        np.testing.assert_array_equal(hilbert.random_state(key, 4), first)
    assert _draw._samples_compiled._cache_size() == n_compiled + 1


def test_legacy_keys():
    assert SPACES["spin one total_sz"].random_state(jax.random.PRNGKey(0), 3).shape == (3, 4)


def test_large_spaces():
    spins = nk.hilbert.Spin(0.5, 1000, total_sz=10).random_state(jax.random.key(0), 20)
    np.testing.assert_array_equal(spins.sum(axis=1, dtype=int), 20)
    # each site is up as often as the others
    assert abs(np.asarray(spins, dtype=int).mean(axis=0)).max() < 0.95
    bosons = nk.hilbert.Fock(8, 200, n_particles=300).random_state(jax.random.key(0), 50)
    np.testing.assert_array_equal(bosons.sum(axis=1, dtype=int), 300)
    halves = np.asarray(bosons, dtype=int).reshape(50, 2, 100).sum(axis=2)
    assert abs(halves.mean(axis=0) - 150).max() < 10


def test_one_state():
    x = nk.hilbert.Spin(0.5, 4, total_sz=2).random_state(jax.random.key(0), 3)
    np.testing.assert_array_equal(x, np.ones((3, 4)))
    assert not nk.hilbert.Fock(3, 2, n_particles=0).random_state(jax.random.key(0), 3).any()


def test_unknown_constraints_on_large_spaces_warn():
    hilbert = nk.hilbert.Spin(0.5, 30, constraint=OddlyMany())
    with pytest.warns(UnoptimisedCustomConstraintRandomStateMethodWarning, match="rejection"):
        x = hilbert.random_state(jax.random.key(0), 50)
    assert hilbert.constraint(x).all()
    nk.config.netket_random_state_fallback_warning = False
    try:
        hilbert.random_state(jax.random.key(0), 50)
    finally:
        nk.config.netket_random_state_fallback_warning = True


def test_constraints_that_are_never_met_do_not_wait_forever():
    class Never(OddlyMany):
        def __call__(self, x):
            return (x > 5).any(axis=-1)

        __hash__ = OddlyMany.__hash__

    hilbert = nk.hilbert.Spin(0.5, 30, constraint=Never())
    with (
        pytest.warns(UnoptimisedCustomConstraintRandomStateMethodWarning),
        pytest.raises(RuntimeError, match="No random states .* were found"),
    ):
        hilbert.random_state(jax.random.key(0), 2)


def test_spaces_of_third_parties():
    class Always(nk.hilbert.AbstractHilbert):
        size = 3
        _attrs = ()

    with pytest.raises(TypeError, match="random_state.dispatch"):
        Always().random_state(jax.random.key(0))

    @random_state.dispatch
    def draw(hilb: Always, key, size: int, *, dtype=None):
        return jnp.zeros((size, 3), dtype=dtype)

    assert Always().random_state(jax.random.key(0), (2, 2)).shape == (2, 2, 3)
    product = Always() * nk.hilbert.Qubit(2)
    assert not isinstance(product, nk.hilbert.DiscreteHilbert)
    assert product.random_state(jax.random.key(0), 4).shape == (4, 5)


# -- flips -------------------------------------------------------------------------------------


@spaces
def test_flips_change_one_site_uniformly(hilbert):
    n_samples = 3000
    x = hilbert.random_state(jax.random.key(0), n_samples, dtype=float)
    sites = jnp.arange(n_samples) % hilbert.size
    new, old = flip_state(hilbert, jax.random.key(1), x, sites)
    np.testing.assert_array_equal(new != x, np.eye(hilbert.size, dtype=bool)[sites])
    np.testing.assert_array_equal(old, x[np.arange(n_samples), sites])
    for site in range(hilbert.size):
        chosen = np.asarray(sites) == site
        values = [float(v) for v in hilbert.states_at_index(site)]
        for value in values:
            others = np.asarray(new[chosen, site])[np.asarray(old[chosen]) == value]
            counts = [np.sum(others == v) for v in values if v != value]
            assert sum(counts) == len(others)
            if len(others) > 50 and len(counts) > 1:
                assert scipy.stats.chisquare(counts).pvalue > 1e-5


def test_flips_of_one_sample_and_dtypes():
    hilbert = nk.hilbert.Fock(3, 4)
    for dtype in (np.int8, np.float32, np.float64):
        x = jnp.array([0, 1, 2, 3], dtype=dtype)
        new, old = flip_state(hilbert, jax.random.key(0), x, 2)
        assert new.shape == (4,)
        assert old.shape == ()
        assert new.dtype == old.dtype == dtype
        assert old == 2
        assert (np.flatnonzero(new != x) == [2]).all()
    new, old = flip_state(nk.hilbert.Fock(0, 2), jax.random.key(0), jnp.zeros(2), 1)
    np.testing.assert_array_equal(new, [0, 0])


def test_flips_in_transformed_functions():
    hilbert = nk.hilbert.Spin(1, 3) * nk.hilbert.Qubit(1)
    x = hilbert.random_state(jax.random.key(0), 8)
    keys, sites = jax.random.split(jax.random.key(1), 8), jnp.arange(8) % 4
    new, old = jax.jit(jax.vmap(lambda k, x, i: flip_state(hilbert, k, x, i)))(keys, x, sites)
    np.testing.assert_array_equal((new != x).sum(axis=1), 1)
    np.testing.assert_array_equal(old, x[np.arange(8), sites])


def test_flips_of_unbounded_modes():
    hilbert = nk.hilbert.Fock(N=3)
    x = jnp.array([[0, 5, 7]])
    new, old = flip_state(hilbert, jax.random.key(0), x, jnp.array([1]))
    assert old[0] == 5
    assert new[0, 1] >= 0
    assert new[0, 1] != 5
