# SPDX-License-Identifier: Apache-2.0
"""Rényi entropies of Bell pairs and of random states, against partial traces."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.observable import Renyi2EntanglementEntropy

HI = nk.hilbert.Spin(0.5, 4)
FIXED = nk.hilbert.Spin(0.5, 4, total_sz=0)
PARTS = ([0], [0, 1], [1, 3], [0, 2, 3])


def entropy(hilbert, part):
    """-log2 Tr ρ_A², from all amplitudes of the space without its constraint."""
    sites = hilbert.size
    free = nk.hilbert.Spin(0.5, sites)
    numbers = free.states_to_numbers(hilbert.all_states())
    rest = [i for i in range(sites) if i not in part]

    def value(psi):
        full = jnp.zeros(free.n_states, complex).at[numbers].set(psi)
        matrix = full.reshape([2] * sites).transpose([*part, *rest]).reshape(2 ** len(part), -1)
        rho = matrix @ matrix.conj().T / jnp.vdot(psi, psi)
        return -jnp.log2(jnp.trace(rho @ rho).real)

    return value


def random_amplitudes(hilbert, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=hilbert.n_states) + 1j * rng.normal(size=hilbert.n_states)


@pytest.mark.parametrize("hilbert", [HI, FIXED])
@pytest.mark.parametrize("part", PARTS)
def test_exact_values_and_gradients(hilbert, part, with_amplitudes, derivative, assert_close):
    vs = with_amplitudes(hilbert, random_amplitudes(hilbert))
    observable = Renyi2EntanglementEntropy(hilbert, part)
    reference = entropy(hilbert, part)
    stats, gradient = vs.expect_and_grad(observable)
    np.testing.assert_allclose(stats.mean, reference(vs.to_array()), atol=1e-12)
    assert_close(gradient, derivative(reference, vs))
    forces = vs.expect_and_forces(observable)[1]
    assert_close(jax.tree.map(lambda f: 2 * f, forces), gradient)


def test_real_parameters(full_sum, derivative, assert_close):
    vs = full_sum(nk.models.RBM(alpha=1))
    observable = Renyi2EntanglementEntropy(HI, [0, 2])
    gradient = vs.expect_and_grad(observable)[1]
    assert_close(gradient, derivative(entropy(HI, [0, 2]), vs))


@pytest.mark.parametrize("hilbert", [HI, FIXED])
def test_sampled_values_and_gradients(hilbert, with_amplitudes, sampled, distance):
    vs = with_amplitudes(hilbert, random_amplitudes(hilbert))
    mc = sampled(vs, 1 << 16)
    observable = Renyi2EntanglementEntropy(hilbert, [0, 2])
    exact, exact_gradient = vs.expect_and_grad(observable)
    stats, gradient = mc.expect_and_grad(observable)
    assert stats.error_of_mean < 0.05
    assert abs(stats.mean - exact.mean) < 5 * stats.error_of_mean
    assert distance(gradient, exact_gradient) < 0.15


def test_bell_pair_has_one_bit(with_amplitudes, sampled):
    hi = nk.hilbert.Spin(0.5, 2)
    vs = with_amplitudes(hi, [1, 1e-9, 1e-9, 1])
    observable = Renyi2EntanglementEntropy(hi, [0])
    np.testing.assert_allclose(vs.expect(observable).mean, 1.0, atol=1e-12)
    stats = sampled(vs, 4096).expect(observable)
    assert abs(stats.mean - 1) < 5 * stats.error_of_mean < 0.2


def test_products_have_no_entropy(with_amplitudes, sampled):
    hi = nk.hilbert.Fock(2, 3)
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, 3)) + 1j * rng.normal(size=(2, 3))
    psi = np.einsum("i,j,k->ijk", a, b, a).ravel()
    vs = with_amplitudes(hi, psi)
    for part in ([], [1], [0, 2], [0, 1, 2]):
        observable = Renyi2EntanglementEntropy(hi, part)
        assert abs(vs.expect(observable).mean) < 1e-12
        assert abs(sampled(vs, 16).expect(observable).mean) < 1e-12


def test_errors_are_those_of_repetitions(full_sum, sampled):
    mc = sampled(full_sum(scale=0.5), 2048)
    observable = Renyi2EntanglementEntropy(HI, [0, 1])
    results = []
    for _ in range(60):
        mc.sample()
        results.append(mc.expect(observable))
    spread = np.std([s.mean for s in results])
    assert 0.7 < spread / np.mean([s.error_of_mean for s in results]) < 1.4


@pytest.mark.parametrize("n_chains, shape", [(4, (2, 9, 1)), (3, (3, 4, 1))])
def test_replicas_are_other_chains_or_the_other_half(n_chains, shape):
    sampler = nk.sampler.MetropolisLocal(HI, n_chains=n_chains)
    mc = nk.vqs.MCState(sampler, nk.models.RBM(), n_samples=9 * n_chains, seed=1)
    observable = Renyi2EntanglementEntropy(HI, [0])
    assert mc.local_estimators(observable).data.shape == shape
    whole = mc.expect_and_grad(observable)
    mc.chunk_size = 5
    again = mc.expect_and_grad(observable)
    np.testing.assert_allclose(again[0].mean, whole[0].mean)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-12), again[1], whole[1])


def test_bad_input(full_sum):
    assert Renyi2EntanglementEntropy(HI, [3, 1, 1]).partition.tolist() == [1, 3]
    for part in ([4], [-1]):
        with pytest.raises(ValueError, match="from 0 to 3"):
            Renyi2EntanglementEntropy(HI, part)
    with pytest.raises(TypeError, match="integers"):
        Renyi2EntanglementEntropy(HI, [0.5])
    with pytest.raises(TypeError, match="must be a Hilbert space"):
        Renyi2EntanglementEntropy(None, [0])
    with pytest.raises(ValueError, match="Hilbert space of the state"):
        full_sum().expect(Renyi2EntanglementEntropy(FIXED, [0]))
    mc = nk.vqs.MCState(nk.sampler.ExactSampler(HI), nk.models.RBM(), n_samples=1)
    with pytest.raises(ValueError, match="pairs of samples"):
        mc.expect(Renyi2EntanglementEntropy(HI, [0]))
    doubled = nk.hilbert.DoubledHilbert(HI)
    rho = nk.vqs.MCMixedState(
        nk.sampler.ExactSampler(doubled),
        apply_fun=lambda v, x: 0.0 * x[:, 0],
        variables={},
        n_samples=16,
    )
    with pytest.raises(TypeError, match="pure states"):
        rho.expect(Renyi2EntanglementEntropy(HI, [0]))
