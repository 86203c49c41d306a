# SPDX-License-Identifier: Apache-2.0
"""Log-amplitudes updated after changes of few sites equal those that are computed anew."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netket as nk
from netket.utils.incremental import changed_sites, incremental_of

N = 8

MODELS = {
    "rbm": nk.models.RBM(alpha=2, param_dtype=float),
    "rbm without biases": nk.models.RBM(use_hidden_bias=False, use_visible_bias=False),
    "rbm of another activation": nk.models.RBM(activation=nk.nn.activation.reim_selu),
    "complex rbm": nk.models.RBM(alpha=1.5, param_dtype=complex),
    "single precision": nk.models.RBM(alpha=2, param_dtype=np.float32),
    "rbm of modulus and phase": nk.models.RBMModPhase(alpha=2),
    "jastrow": nk.models.Jastrow(),
    "real jastrow": nk.models.Jastrow(param_dtype=np.float32),
}


def variables_of(model, n: int = N, scale: float = 20.0):
    """Variables large enough for all terms to matter."""
    variables = model.init(jax.random.key(1), jnp.ones((1, n)))
    return jax.tree.map(lambda p: scale * p, variables)


def tolerance(values) -> float:
    return 1e-10 if jnp.finfo(values.dtype).bits == 64 else 1e-3


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("dtype", [np.int8, np.float64])
def test_a_walk_of_updates(name, dtype):
    # 200 changes of up to 4 sites, some of which do not change
    model = MODELS[name]
    variables = variables_of(model)
    methods = incremental_of(model)
    rng = np.random.default_rng(0)
    σ = rng.choice([-3, -1, 1, 3], size=(5, N)).astype(dtype)
    sites = np.argsort(rng.random((200, 5, N)), axis=-1)[..., :4].astype(np.int32)
    new = rng.choice([-3, -1, 1, 3], size=sites.shape).astype(dtype)

    def step(carry, change):
        σ, cache = carry
        sites, new = change
        old = jnp.take_along_axis(σ, sites, axis=-1)
        log_psi, cache = methods.update(variables, cache, sites, old, new)
        σ = jnp.put_along_axis(σ, sites, new, axis=-1, inplace=False)
        return (σ, cache), (σ, log_psi)

    @jax.jit
    def walk(σ):
        log_psi, cache = methods.init(variables, σ)
        return log_psi, jax.lax.scan(step, (σ, cache), (sites, new))[1]

    first, (visited, log_psi) = walk(σ)
    expected = jax.jit(model.apply)(variables, visited.reshape(-1, N)).reshape(log_psi.shape)
    assert log_psi.dtype == expected.dtype and first.dtype == expected.dtype
    np.testing.assert_allclose(first, model.apply(variables, σ), rtol=tolerance(first))
    scale = np.abs(expected).max()
    np.testing.assert_allclose(log_psi, expected, atol=tolerance(first) * scale)


@pytest.mark.parametrize("name", ["rbm", "jastrow"])
def test_drift_over_many_updates(name):
    model, n = MODELS[name], 20
    variables = variables_of(model, n)
    methods = incremental_of(model)
    rng = np.random.default_rng(0)
    σ = np.ones((1, n))
    sites = rng.integers(n, size=(10_000, 1, 1))

    @jax.jit
    def walk(σ):
        def step(carry, site):
            σ, (_, cache) = carry
            old = jnp.take_along_axis(σ, site, axis=-1)
            σ = jnp.put_along_axis(σ, site, -old, axis=-1, inplace=False)
            return (σ, methods.update(variables, cache, site, old, -old)), None

        (σ, (log_psi, _)), _ = jax.lax.scan(step, (σ, methods.init(variables, σ)), sites)
        return log_psi, model.apply(variables, σ)

    log_psi, expected = walk(σ)
    np.testing.assert_allclose(log_psi, expected, rtol=1e-10)


def test_jastrow_of_one_site():
    # there are no pairs, and no parameters
    methods = incremental_of(MODELS["jastrow"])
    variables = variables_of(MODELS["jastrow"], 1)
    value, cache = methods.init(variables, jnp.ones((2, 1)))
    site = jnp.zeros((2, 1), int)
    changed, _ = methods.update(variables, cache, site, jnp.ones((2, 1)), -jnp.ones((2, 1)))
    assert value.tolist() == changed.tolist() == [0, 0]


def test_determinants_of_no_particles():
    hilbert = nk.hilbert.SpinOrbitalFermions(3, s=0.5, n_fermions_per_spin=(0, 2))
    model = nk.models.Slater2nd(hilbert, restricted=False)
    σ = jnp.array([[0, 0, 0, 1, 1, 0]])
    variables = model.init(jax.random.key(0), σ)
    methods = incremental_of(model)
    _, cache = methods.init(variables, σ)
    # a particle hops, or changes its spin
    for sites in ([[4, 5]], [[4, 0]]):
        sites = jnp.array(sites)
        value, _ = methods.update(variables, cache, sites, jnp.array([[1, 0]]), jnp.array([[0, 1]]))
        expected = model.apply(variables, σ.at[0, sites[0]].set(jnp.array([0, 1])))
        np.testing.assert_allclose(value, expected, rtol=1e-12)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_changed_sites(seed, k):
    rng = np.random.default_rng(seed)
    σ = rng.choice([-1, 1], size=(3, 6)).astype(np.int8)
    σp = σ.copy()
    for row in σp:
        row[rng.choice(6, rng.integers(0, k + 1), replace=False)] *= -1
    sites = np.asarray(changed_sites(σ, σp, k))
    assert sites.shape == (3, k)
    for row, x, y in zip(sites, σ, σp):
        assert len(set(row.tolist())) == k
        assert set(np.flatnonzero(x != y)) <= set(row.tolist())


# -- who takes part --------------------------------------------------------------------------------


class Mine(nk.models.RBM):
    """Has another amplitude, so that the updates of the base would be wrong."""

    @nn.compact
    def __call__(self, x):
        return 2 * super().__call__(x)


class OtherDefaults(nk.models.RBM):
    """Has the amplitude of the base."""

    alpha: float | int = 3


class PureFunctions:
    """log ψ = a·σ."""

    def apply(self, variables, σ):
        return σ @ variables["params"]

    def init_cache(self, variables, σ):
        value = self.apply(variables, σ)
        return value, value

    def update_cache(self, variables, cache, sites, old, new):
        cache += jnp.sum(variables["params"][sites] * (new - old))
        return cache, cache


def test_who_takes_part():
    assert incremental_of(nk.models.RBM()) is not None
    assert incremental_of(nk.models.RBM()) == incremental_of(nk.models.RBM())
    assert incremental_of(OtherDefaults()) is not None
    assert incremental_of(Mine()) is None
    assert incremental_of(nk.models.MLP()) is None
    assert incremental_of(lambda variables, σ: jnp.sum(σ, axis=-1)) is None
    assert isinstance(nk.models.RBM(), nk.models.IncrementalModel)
    assert not isinstance(nk.models.MLP(), nk.models.IncrementalModel)


def test_through_the_function_of_a_state():
    model = nk.models.RBM()
    state = nk.vqs.FullSumState(nk.hilbert.Spin(0.5, 3), model)
    assert incremental_of(state._apply_fun) == incremental_of(model)
    assert incremental_of(model.apply) == incremental_of(model)


def test_a_model_that_declines():
    model = PureFunctions()
    assert incremental_of(model) is not None
    model.is_incremental = False
    assert incremental_of(model) is None


def test_pure_functions():
    methods = incremental_of(PureFunctions())
    variables, σ = {"params": jnp.arange(4.0)}, jnp.ones((2, 4))
    _, cache = methods.init(variables, σ)
    sites = jnp.array([[1], [3]])
    value, _ = methods.update(variables, cache, sites, jnp.ones((2, 1)), -jnp.ones((2, 1)))
    assert value.tolist() == [4.0, 0.0]


def test_a_module_of_nnx():
    nnx = pytest.importorskip("flax.nnx")

    class Field(nnx.Module):
        def __init__(self, n, *, rngs):
            self.a = nnx.Param(jax.random.normal(rngs.params(), (n,)))

        def __call__(self, σ):
            return σ @ self.a[...]

        def init_cache(self, σ):
            return self(σ), self(σ)

        def update_cache(self, cache, sites, old, new):
            cache += jnp.sum(self.a[...][sites] * (new - old))
            return cache, cache

    variables, model = nk.utils.maybe_wrap_module(Field(4, rngs=nnx.Rngs(0)))
    methods = incremental_of(model)
    σ = jnp.ones((1, 4))
    value, cache = methods.init(variables, σ)
    changed, _ = methods.update(variables, cache, jnp.array([[2]]), σ[:, :1], -σ[:, :1])
    np.testing.assert_allclose(value, model.apply(variables, σ))
    np.testing.assert_allclose(changed, model.apply(variables, σ.at[0, 2].set(-1)))
