# SPDX-License-Identifier: Apache-2.0
"""Kinetic and potential energy: derivatives by hand, eigenfunctions, algebra, sampling."""

import pickle

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.operator import ContinuousOperator, KineticEnergy, PotentialEnergy, SumOperator

FREE = nk.experimental.geometry.FreeSpace(d=2)
SPACE = nk.experimental.hilbert.Particle(N=2, geometry=FREE)
X = np.sin(np.arange(12.0)).reshape(3, 4)
M = np.array([[0.5, 0.1, 0, 0.2], [0.1, 0.4, 0.1, 0], [0.0, 0.1, 0.7, 0.2], [0.2, 0.0, 0.2, 0.3]])


def square(x):
    return jnp.sum(x**2)


def real_wave(variables, x):
    M = variables["params"]["M"]
    return -jnp.einsum("...i,ij,...j->...", x, M, x) + jnp.sum(jnp.cos(x), -1)


def complex_wave(variables, x):
    return real_wave(variables, x) + 1j * jnp.sum(jnp.sin(2 * x), -1)


def values(op, wave=real_wave, x=X):
    return np.asarray(op._expect_kernel(wave, {"params": {"M": jnp.asarray(M)}}, jnp.asarray(x)))


# -- values -----------------------------------------------------------------------------------


@pytest.mark.parametrize("wave", [real_wave, complex_wave])
@pytest.mark.parametrize("mass", [2.0, [1.0, 2.0], [1.0, 1.5, 2.0, 0.5]])
def test_kinetic_energy(wave, mass):
    """log psi = -x M x + sum cos x (+ i sum sin 2x), differentiated by hand."""
    m = np.full(4, mass) if np.ndim(mass) == 0 else np.repeat(mass, 4 // len(mass))
    slope = -2 * X @ M - np.sin(X)
    curvature = -2 * np.diag(M) - np.cos(X)
    if wave is complex_wave:
        slope, curvature = slope + 2j * np.cos(2 * X), curvature - 4j * np.sin(2 * X)
    expected = -0.5 * np.sum((curvature + slope**2) / m, axis=-1)
    np.testing.assert_allclose(values(KineticEnergy(SPACE, mass), wave), expected, atol=1e-12)


def test_recorded_values():
    """Local values of NetKet 3.23 for the same function."""
    kinetic = KineticEnergy(SPACE, mass=[1.0, 1.0, 2.0, 2.0])
    potential = PotentialEnergy(SPACE, square, coefficient=0.5)
    recorded = [-0.06618006340313, -0.2360458086605, -0.02654421421167]
    np.testing.assert_allclose(values(kinetic), recorded, atol=1e-13)
    recorded = [0.7774050426901, 1.00099509648618, 1.22230538416514]
    np.testing.assert_allclose(values(potential), recorded, atol=1e-13)
    recorded = [
        3.71886397415691 + 3.33146646198387j,
        1.78627046519046 - 2.7330356981389j,
        2.82156887973107 + 1.21017576227673j,
    ]
    np.testing.assert_allclose(values(kinetic + potential, complex_wave), recorded, atol=1e-13)


def test_harmonic_oscillator():
    """Ground and first excited states have the same local energy everywhere."""
    m, omega = 1.3, 0.7
    ha = KineticEnergy(SPACE, m) + PotentialEnergy(SPACE, square, coefficient=m * omega**2 / 2)

    def ground(_, x):
        return -m * omega / 2 * jnp.sum(x**2, -1)

    def excited(_, x):  # one quantum in the first coordinate
        return ground(_, x) + jnp.log(x[..., 0] + 0j)

    x = np.random.default_rng(0).normal(size=(20, 4))
    np.testing.assert_allclose(ha._expect_kernel(ground, {}, x), 2 * omega, atol=1e-12)
    np.testing.assert_allclose(ha._expect_kernel(excited, {}, x), 3 * omega, atol=1e-10)


def test_hydrogen_atom():
    """psi = exp(-r): E = -1/2."""
    space = nk.experimental.hilbert.Particle(N=1, geometry=nk.experimental.geometry.FreeSpace(d=3))

    def coulomb(x):
        return -1 / jnp.linalg.norm(x)

    ha = KineticEnergy(space, mass=1.0) + PotentialEnergy(space, coulomb)
    x = np.random.default_rng(0).normal(size=(10, 3))
    values = ha._expect_kernel(lambda _, x: -jnp.linalg.norm(x, axis=-1), {}, x)
    np.testing.assert_allclose(values, -0.5, atol=1e-12)


# -- as operators -------------------------------------------------------------------------------


def test_algebra():
    kinetic, potential = KineticEnergy(SPACE, 2.0), PotentialEnergy(SPACE, square, 0.5)
    t, v = values(kinetic), values(potential)
    for op, expected in (
        (kinetic + potential, t + v),
        (sum([kinetic, potential, kinetic]), 2 * t + v),
        (2 * (kinetic - potential) / 4 + 1.5, (t - v) / 2 + 1.5),
        (1.0 - kinetic, 1.0 - t),
        (-potential, -v),
        (2j * potential + kinetic, 2j * v + t),
        (SumOperator(kinetic, potential, coefficients=[1, 2]), t + 2 * v),
        ((kinetic + potential) - (kinetic - potential), 2 * v),
    ):
        assert isinstance(op, ContinuousOperator) and op.hilbert == SPACE
        np.testing.assert_allclose(values(op), expected, atol=1e-12)
    assert isinstance(kinetic + potential, SumOperator)
    assert not isinstance(kinetic, SumOperator)
    assert type(potential + 2 * potential) is PotentialEnergy
    assert len((kinetic + potential + kinetic).operators) == 2
    total = kinetic
    total += potential
    total *= 2
    np.testing.assert_allclose(values(total), 2 * (t + v))


def test_conventions():
    kinetic, potential = KineticEnergy(SPACE, [1.0, 2.0]), PotentialEnergy(SPACE, square, 0.5)
    total = kinetic + 3 * potential
    for op, leaves in ((kinetic, 1), (potential, 1), (total, 3)):
        assert op.backend == "jax" and op.backends == ("jax",)
        assert op.is_hermitian and op.dtype == np.float64
        assert op.H is op
        assert len(jax.tree_util.tree_leaves(op)) == leaves
        for again in (pickle.loads(pickle.dumps(op)), jax.jit(lambda o: o)(op)):
            assert again == op and hash(again) == hash(op)
        assert op != 2 * op
    assert KineticEnergy(SPACE, [1.0, 2.0]) == kinetic != KineticEnergy(SPACE, [1.0, 3.0])
    np.testing.assert_array_equal(kinetic.mass, [1.0, 2.0])
    assert KineticEnergy(SPACE, 1).dtype == np.float64
    assert KineticEnergy(SPACE, np.float32(1)).dtype == np.float32
    assert "m=[1. 2.]" in repr(kinetic) and "KineticEnergy" in repr(total)


def test_hermiticity_is_computed():
    assert not PotentialEnergy(SPACE, square, 1j).is_hermitian
    assert not PotentialEnergy(SPACE, lambda x: 1j * x[0]).is_hermitian
    assert PotentialEnergy(SPACE, square, 1.0 + 0j).is_hermitian
    assert not (KineticEnergy(SPACE, 1.0) + PotentialEnergy(SPACE, square, 1j)).is_hermitian
    assert not (1j * KineticEnergy(SPACE, 1.0)).is_hermitian
    adjoint = (KineticEnergy(SPACE, 1.0) + 2j * PotentialEnergy(SPACE, lambda x: 1j * x[0])).H
    np.testing.assert_allclose(values(adjoint), values(KineticEnergy(SPACE, 1.0)) - 2 * X[:, 0])


def test_derivatives_by_coefficients():
    def energy(mass, c):
        op = KineticEnergy(SPACE, mass) + PotentialEnergy(SPACE, square, c)
        return (c * op)._expect_kernel(real_wave, {"params": {"M": M}}, X).sum()

    mass, c = np.array([1.0, 2.0]), 0.7
    slope = jax.grad(energy, argnums=(0, 1))(mass, c)
    step = 1e-6
    for k in range(2):
        unit = step * np.eye(2)[k]
        expected = (energy(mass + unit, c) - energy(mass - unit, c)) / (2 * step)
        assert slope[0][k] == pytest.approx(float(expected), rel=1e-7)
    expected = (energy(mass, c + step) - energy(mass, c - step)) / (2 * step)
    assert slope[1] == pytest.approx(float(expected), rel=1e-7)


def test_coefficients_do_not_recompile():
    traces = []

    @jax.jit
    def f(op):
        traces.append(1)
        return op._expect_kernel(real_wave, {"params": {"M": M}}, X)

    for c in (1.0, 2.0, 3.0):
        f(KineticEnergy(SPACE, c) + PotentialEnergy(SPACE, lambda x: x[0], c))
    assert len(traces) == 1


@pytest.mark.parametrize(
    "build, error, message",
    [
        (lambda: KineticEnergy(SPACE, [1.0, 2.0, 3.0]), ValueError, "one for each particle"),
        (lambda: KineticEnergy(nk.hilbert.Spin(0.5, 2), 1.0), TypeError, "continuous"),
        (lambda: PotentialEnergy(SPACE, 1.0), TypeError, "`afun` must be a function"),
        (lambda: PotentialEnergy(SPACE, square, [1.0, 2.0]), ValueError, "must be a number"),
        (
            lambda: values(PotentialEnergy(SPACE, lambda x: x)),
            ValueError,
            "gives an array of shape",
        ),
        (lambda: KineticEnergy(SPACE, 1.0) @ KineticEnergy(SPACE, 1.0), TypeError, "discrete"),
        (
            lambda: SumOperator(KineticEnergy(SPACE, 1.0), coefficients=[1, 2]),
            ValueError,
            "1 entries",
        ),
        (
            lambda: SumOperator(
                KineticEnergy(SPACE, 1.0),
                nk.operator.spin.sigmax(nk.hilbert.Spin(0.5, 2), 0),
            ),
            TypeError,
            "Continuous operators",
        ),
    ],
)
def test_bad_arguments(build, error, message):
    with pytest.raises(error, match=message):
        build()


# -- expectation values ---------------------------------------------------------------------------


class GaussianWave(nn.Module):
    """log psi = -a |x|^2 / 2 + i b sum x."""

    imaginary: bool = False

    @nn.compact
    def __call__(self, x):
        a = self.param("a", nn.initializers.constant(0.8), (), float)
        value = -a * jnp.sum(x**2, -1) / 2
        if self.imaginary:
            value = value + 1j * self.param("b", nn.initializers.constant(0.3), (), float) * x.sum(
                -1
            )
        return value


def variational(chunk_size=None, **kwargs):
    sampler = nk.sampler.MetropolisGaussian(SPACE, sigma=0.7, n_chains=16)
    model = GaussianWave(**kwargs)
    return nk.vqs.MCState(sampler, model, n_samples=512, chunk_size=chunk_size, seed=3)


@pytest.mark.parametrize("chunk_size", [None, 64])
@pytest.mark.parametrize("imaginary", [False, True])
def test_expectation_and_gradient(chunk_size, imaginary):
    """<x^2> etc. by the same samples; the gradient by finite differences of reweighted means."""
    state = variational(chunk_size, imaginary=imaginary)
    ha = KineticEnergy(SPACE, 1.0) + PotentialEnergy(SPACE, square, 0.5)
    x = np.asarray(state.samples).reshape(-1, 4)
    stats, gradient = state.expect_and_grad(ha)
    local = np.asarray(ha._expect_kernel(state._apply_fun, state.variables, x))
    assert stats.mean == pytest.approx(local.mean(), abs=1e-10)
    assert state.expect(ha).mean == pytest.approx(local.mean(), abs=1e-10)
    np.testing.assert_allclose(
        np.asarray(state.local_estimators(ha)).ravel() if chunk_size is None else local, local
    )
    # dE/da = 2 <(E_loc - <E>) d log|psi|/da>, by hand
    slope = 2 * np.mean((local - local.mean()).real * (-np.sum(x**2, -1) / 2))
    assert gradient["a"] == pytest.approx(slope, abs=1e-10)
    # not hermitian: by the derivative of the local estimators
    _, general = state.expect_and_grad(ha, use_covariance=False)
    assert general["a"].shape == ()


@pytest.mark.slow
def test_variational_ground_state():
    """The exact ground state of oscillators is in the family, with zero variance."""
    state = variational()
    ha = KineticEnergy(SPACE, 1.0) + PotentialEnergy(SPACE, square, 0.5)
    driver = nk.driver.VMC(ha, nk.optimizer.Sgd(0.05), variational_state=state)
    driver.run(60, show_progress=False)
    assert state.expect(ha).mean == pytest.approx(2.0, abs=1e-3)
    assert state.parameters["a"] == pytest.approx(1.0, abs=1e-2)


def test_third_parties():
    """A subclass with fields of its own."""

    class Momentum(ContinuousOperator):
        strength: float

        def __init__(self, hilbert, strength):
            super().__init__(hilbert, complex)
            self.strength = strength

        @property
        def is_hermitian(self):
            return True

        def _expect_kernel(self, logpsi, params, x):
            slope = jax.vmap(jax.grad(lambda x: logpsi(params, x[None])[0].imag))(x)
            return self.strength * slope.sum(axis=-1)

    state = variational(imaginary=True)
    op = 0.5 * Momentum(SPACE, 2.0) + KineticEnergy(SPACE, 1.0)
    kinetic = complex(state.expect(KineticEnergy(SPACE, 1.0)).mean)
    assert state.expect(op).mean == pytest.approx(kinetic + 4 * 0.3, abs=1e-10)
