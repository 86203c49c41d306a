# SPDX-License-Identifier: Apache-2.0
"""Local estimators of models that are updated equal those of models that are evaluated anew."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.vqs.local_values import ratios
from netket.vqs.local_values.ratios import Amplitudes

tn = nk.models.tensor_networks
N = 12
spins = nk.hilbert.Spin(0.5, N)
chain = nk.graph.Chain(N)


class PlainRBM(nk.models.RBM):
    """The same amplitude, without updates."""

    is_incremental = False


@pytest.fixture(autouse=True)
def any_number_of_sites(monkeypatch):
    """Updates also where they are not faster."""
    for model in (nk.models.RBM, nk.models.Slater2nd, tn.MPSOpen, tn.MPSPeriodic):
        monkeypatch.setattr(model, "incremental_from", 0)


def state(model, chunk_size=None, n_samples=32, hilbert=spins):
    sampler = nk.sampler.MetropolisLocal(hilbert, n_chains=8, sweep_size=4)
    options = {"n_samples": n_samples, "n_discard_per_chain": 0, "chunk_size": chunk_size}
    vstate = nk.vqs.MCState(sampler, model, seed=1, **options)
    vstate.parameters = jax.tree.map(lambda p: 10 * p, vstate.parameters)
    return vstate


def operators():
    heisenberg = nk.operator.Heisenberg(spins, chain)
    strings = nk.operator.PauliStrings(
        spins, ["XYZ" + (N - 3) * "I", "ZZ" + (N - 2) * "I", (N - 2) * "I" + "XX"], [1.0, 2.0, 0.5]
    )
    return {
        "ising": nk.operator.Ising(spins, chain, h=0.7),
        "heisenberg": heisenberg,
        "strings": strings,
        "sum": strings + nk.operator.spin.sigmax(spins, 3),
    }


@pytest.mark.parametrize("backend", ["jax", "numba"])
@pytest.mark.parametrize("chunk_size", [None, 10])
def test_same_values(backend, chunk_size):
    model, plain = nk.models.RBM(param_dtype=complex), PlainRBM(param_dtype=complex)
    updated, expected = state(model, chunk_size), state(plain, chunk_size)
    np.testing.assert_array_equal(updated.samples, expected.samples)
    for operator in operators().values():
        operator = operator.to_backend(backend)
        assert Amplitudes.of(updated._apply_fun, operator).methods is not None
        assert Amplitudes.of(expected._apply_fun, operator).methods is None
        values = [s.local_estimators(operator).data for s in (updated, expected)]
        assert values[0].dtype == values[1].dtype
        np.testing.assert_allclose(*values, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("backend", ["jax", "numba"])
@pytest.mark.parametrize("model", [nk.models.RBM(), nk.models.Jastrow()], ids=["RBM", "Jastrow"])
def test_diagonal_operators(backend, model):
    """They change no site: the mean is that over the samples."""
    updated = state(model)
    zz = nk.operator.spin.sigmaz(spins, 0) @ nk.operator.spin.sigmaz(spins, 1)
    x = updated.samples
    expected = (x[..., 0] * x[..., 1]).mean()
    np.testing.assert_allclose(updated.expect(zz.to_backend(backend)).mean, expected)
    np.testing.assert_allclose(updated.expect_and_grad(zz.to_backend(backend))[0].mean, expected)


@pytest.mark.parametrize("backend", ["jax", "numba"])
def test_bounded_memory(monkeypatch, backend):
    # as if not more than 7 samples fit
    operator = nk.operator.Ising(spins, chain, h=0.7).to_backend(backend)
    monkeypatch.setattr(ratios, "_MEMORY_BYTES", 7 * 8 * (N + 1))
    updated, expected = state(nk.models.RBM()), state(PlainRBM())
    amplitudes = Amplitudes.of(updated._apply_fun, operator)
    x = np.asarray(updated.samples).reshape(-1, N)
    assert amplitudes.group(updated.variables, x, None) == 7
    assert amplitudes.group(updated.variables, x[:7], None) is None
    values = [s.local_estimators(operator).data for s in (updated, expected)]
    np.testing.assert_allclose(*values, rtol=1e-10)


def test_other_models_and_bosons():
    hilbert = nk.hilbert.Fock(3, N)
    operator = nk.operator.BoseHubbard(hilbert, chain, U=2.0)
    vstate = state(nk.models.Jastrow(param_dtype=float), hilbert=hilbert)
    vstate.parameters = jax.tree.map(lambda p: 0.01 * p, vstate.parameters)
    assert Amplitudes.of(vstate._apply_fun, operator).methods is not None
    values = np.asarray(vstate.local_estimators(operator).data).ravel()
    x = np.asarray(vstate.samples).reshape(-1, N)
    for σ, value in zip(x[:4], values):
        xp, mels = operator.get_conn(σ)
        ratio = np.exp(vstate.log_value(xp) - vstate.log_value(σ))
        np.testing.assert_allclose(value, np.sum(mels * ratio), rtol=1e-10)


def same_values_at(x, model, operator):
    """Local values of configurations (B, N) do not depend on how they are evaluated."""
    sampler = nk.sampler.ExactSampler(model.hilbert)
    vstate = nk.vqs.MCState(sampler, model, n_samples=8, seed=1)
    kernel = nk.vqs.get_local_kernel(vstate, operator)
    args = nk.vqs.get_local_kernel_arguments(vstate, operator)[1]
    functions = vstate._apply_fun, lambda variables, x: model.apply(variables, x)
    methods = [Amplitudes.of(apply_fun, operator).methods for apply_fun in functions]
    assert methods[0] is not None and methods[1] is None
    values = [kernel(apply_fun, vstate.variables, x, args) for apply_fun in functions]
    scale = np.abs(values[1]).max()
    np.testing.assert_allclose(*values, rtol=1e-10, atol=1e-10 * scale)


def hopping(hilbert):
    """Hops along the chain, and between the spins of one orbital."""
    length = hilbert.n_orbitals
    pairs = [(s + i, s + i + 1) for s in (0, length) for i in range(length - 1)]
    pairs += [(i, i + length) for i in range(length)]
    terms = [((i, 1), (j, 0)) for i, j in pairs + [pair[::-1] for pair in pairs]]
    terms += [((i, 1), (i, 0), (i + length, 1), (i + length, 0)) for i in range(length)]
    return nk.operator.FermionOperator2nd(hilbert, terms)


def test_hops_of_fermions():
    # where the numbers of each spin are fixed, hops between them have no amplitude
    fixed = nk.hilbert.SpinOrbitalFermions(N // 2, s=0.5, n_fermions_per_spin=(3, 2))
    model = nk.models.Slater2nd(fixed, restricted=False)
    x = fixed.random_state(jax.random.key(3), 20)
    same_values_at(x, model, hopping(fixed))
    free = nk.hilbert.SpinOrbitalFermions(N // 2, s=0.5, n_fermions=5)
    model = nk.models.Slater2nd(free, generalized=True, param_dtype=complex)
    same_values_at(x, model, hopping(free))


def test_tensor_networks():
    x = spins.random_state(jax.random.key(3), 20)
    kwargs = {"kernel_init": nn.initializers.normal(0.3)}
    ising = nk.operator.Ising(spins, chain, h=0.7)
    same_values_at(x, tn.MPSOpen(spins, 1, **kwargs), ising)
    model = tn.MPSPeriodic(spins, 3, param_dtype=complex, **kwargs)
    same_values_at(x, model, nk.operator.Heisenberg(spins, chain))


def test_derivatives():
    # by parameters and by a coefficient, at fixed samples
    updated, expected = state(nk.models.RBM()), state(PlainRBM())
    x = updated.samples.reshape(-1, N)

    def mean(vstate, variables, h):
        operator = nk.operator.Ising(spins, chain, h=h).to_jax()
        kernel = nk.vqs.get_local_kernel(vstate, operator)
        return jnp.mean(kernel(vstate._apply_fun, variables, x, operator))

    grads = [jax.grad(mean, (1, 2))(s, s.variables, 0.7) for s in (updated, expected)]
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10), *grads)
    ends = [mean(updated, updated.variables, 0.7 + d) for d in (1e-5, -1e-5)]
    np.testing.assert_allclose((ends[0] - ends[1]) / 2e-5, grads[0][1], rtol=1e-7)
    step = jax.tree.map(lambda g: 1e-5 * g, grads[0][0])
    plus = jax.tree.map(jnp.add, updated.variables, step)
    minus = jax.tree.map(jnp.subtract, updated.variables, step)
    ends = [mean(updated, variables, 0.7) for variables in (plus, minus)]
    slope = sum(jnp.sum(g**2) for g in jax.tree.leaves(grads[0][0]))
    np.testing.assert_allclose((ends[0] - ends[1]) / 2e-5, slope, rtol=1e-6)


def test_who_is_evaluated_anew(monkeypatch):
    apply_fun = state(nk.models.RBM())._apply_fun
    ising = operators()["ising"]
    # products of many sites, functions of others, and few sites
    parity = nk.operator.PauliStrings(spins, [N * "X", "Z" + (N - 1) * "I"])
    assert Amplitudes.of(apply_fun, parity).methods is None
    assert Amplitudes.of(lambda variables, x: apply_fun(variables, x), ising).methods is None
    monkeypatch.setattr(nk.models.RBM, "incremental_from", N + 1)
    assert Amplitudes.of(apply_fun, ising).methods is None
