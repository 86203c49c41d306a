# SPDX-License-Identifier: Apache-2.0
"""Spaces of particles: sizes, comparison, products, random positions."""

import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import netket as nk
from netket.experimental.geometry import Cell, FreeSpace
from netket.experimental.hilbert import ContinuousHilbert, Particle

KEY = jax.random.key(3)


def test_sizes():
    hilbert = Particle(N=(2, 1), geometry=Cell(d=2, L=(1.0, 2.0)))
    assert (hilbert.size, hilbert.n_particles, hilbert.n_per_spin) == (6, 3, (2, 1))
    assert hilbert.domain == (1.0, 2.0)
    assert hilbert.geometry == Cell(d=2, L=(1.0, 2.0))
    assert not hilbert.is_indexable
    assert Particle(3, geometry=FreeSpace(2)).n_per_spin == (3,)
    assert repr(Particle(3, geometry=FreeSpace(2))) == "Particle(N=3, geometry=FreeSpace(d=2))"


def test_compared_by_content():
    hilbert = Particle(3, geometry=FreeSpace(2))
    assert hilbert == Particle([3], geometry=FreeSpace(2))
    assert hash(hilbert) == hash(Particle(3, geometry=FreeSpace(2)))
    assert hilbert != Particle((2, 1), geometry=FreeSpace(2))
    assert hilbert != Particle(3, geometry=Cell(2))
    assert pickle.loads(pickle.dumps(hilbert)) == hilbert
    drawn = jax.jit(lambda h, k: h.random_state(k, 2), static_argnums=0)(hilbert, KEY)
    np.testing.assert_allclose(drawn, hilbert.random_state(KEY, 2))


def test_random_positions_shapes_and_types():
    hilbert = Particle(3, geometry=Cell(2, L=4.0))
    assert hilbert.random_state(KEY).shape == (6,)
    assert hilbert.random_state(KEY, 5).shape == (5, 6)
    assert hilbert.random_state(KEY, (2, 3)).shape == (2, 3, 6)
    assert hilbert.random_state(KEY, 0).shape == (0, 6)
    assert hilbert.random_state(KEY).dtype == jnp.zeros(0).dtype
    assert hilbert.random_state(KEY, 2, dtype=np.float32).dtype == np.float32
    with pytest.raises(TypeError, match="real floating-point"):
        hilbert.random_state(KEY, dtype=int)


def test_random_positions_fill_the_box():
    """Uniform in finite directions, normal in the others (Kolmogorov-Smirnov)."""
    hilbert = Particle(2, geometry=Cell(3, L=(4.0, 3.0, np.inf), pbc=(True, False, False)))
    x = np.asarray(hilbert.random_state(KEY, 4000)).reshape(-1, 3)
    assert stats.kstest(x[:, 0], stats.uniform(0, 4).cdf).pvalue > 1e-3
    assert stats.kstest(x[:, 1], stats.uniform(0, 3).cdf).pvalue > 1e-3
    assert stats.kstest(x[:, 2], stats.norm.cdf).pvalue > 1e-3
    assert (x[:, :2] >= 0).all() and (x[:, :2] < [4, 3]).all()
    # particles are independent
    assert abs(np.corrcoef(x[0::2, 0], x[1::2, 0])[0, 1]) < 0.06


def test_product_with_spins():
    hilbert = Particle(2, geometry=FreeSpace(1)) * nk.hilbert.Spin(0.5, 3)
    assert hilbert.size == 5
    samples = hilbert.random_state(KEY, 4)
    assert samples.shape == (4, 5)
    assert set(np.unique(samples[:, 2:])) <= {-1.0, 1.0}
    two = Particle(2, geometry=FreeSpace(1)) * Particle(2, geometry=FreeSpace(1))
    assert two.size == 4 and two.subspaces[0] == two.subspaces[1]


def test_a_space_of_a_third_party():
    class Rotor(ContinuousHilbert):
        def __init__(self):
            super().__init__((2 * np.pi,))

        @property
        def size(self):
            return 1

        @property
        def _attrs(self):
            return self.domain

    assert Rotor() == Rotor() and Rotor().domain == (2 * np.pi,)
    with pytest.raises(TypeError, match="random_state.dispatch"):
        Rotor().random_state(KEY)
    with pytest.raises(TypeError, match="abstract"):
        ContinuousHilbert((1.0,))


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: Particle(2, geometry=3), TypeError, "`geometry` must be .*Cell or FreeSpace"),
        (lambda: Particle(2.0, geometry=FreeSpace(1)), TypeError, "`N` must be an integer"),
        (lambda: Particle(-1, geometry=FreeSpace(1)), ValueError, "`N` must be at least 0"),
        (lambda: Particle(0, geometry=FreeSpace(1)), ValueError, "at least one particle"),
        (lambda: Particle((), geometry=FreeSpace(1)), ValueError, "at least one particle"),
        (lambda: Particle(2, geometry=FreeSpace(1)).ptrace(0), TypeError, "no partial trace"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_positions_cannot_be_flipped():
    hilbert = Particle(2, geometry=FreeSpace(1))
    for state, site in ((jnp.zeros(2), 0), (jnp.zeros((3, 2)), jnp.zeros(3, int))):
        with pytest.raises(TypeError, match="no local states to flip"):
            nk.experimental.hilbert.random.flip_state(hilbert, KEY, state, site)
