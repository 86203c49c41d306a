# SPDX-License-Identifier: Apache-2.0
"""States with given amplitudes, and with models, for the tests of observables."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk

HI = nk.hilbert.Spin(0.5, 4)


class Mixed(nn.Module):
    """Real and complex parameters in one model."""

    @nn.compact
    def __call__(self, x):
        n = x.shape[-1]
        w = self.param("w", nn.initializers.normal(0.3), (n,), float)
        z = self.param("z", nn.initializers.normal(0.3), (n,), complex)
        return jnp.tanh(x) @ w + (x @ z) ** 2 + 0.3j * (x @ w) ** 2


MODELS = {"real": lambda: nk.models.RBM(alpha=1), "mixed": Mixed}


@pytest.fixture(params=list(MODELS))
def model(request):
    return MODELS[request.param]()


def randomised(vstate, seed, scale):
    rng = np.random.default_rng(seed)

    def draw(x):
        value = scale * rng.normal(size=x.shape)
        if jnp.iscomplexobj(x):
            value = value + 1j * scale * rng.normal(size=x.shape)
        return jnp.asarray(value, dtype=x.dtype)

    vstate.parameters = jax.tree.map(draw, vstate.parameters)
    return vstate


@pytest.fixture
def full_sum():
    """Function: a state without sampling, with random parameters of a model."""

    def make(model=None, seed=7, scale=0.3, hilbert=HI):
        if model is None:
            model = nk.models.RBM(alpha=1, param_dtype=complex)
        return randomised(nk.vqs.FullSumState(hilbert, model, seed=0), seed, scale)

    return make


@pytest.fixture
def sampled():
    """Function: the state with independent samples."""

    def make(vstate, n_samples=1 << 14, seed=1):
        return nk.vqs.MCState(
            nk.sampler.ExactSampler(vstate.hilbert),
            vstate.model,
            variables=vstate.variables,
            n_samples=n_samples,
            seed=seed,
        )

    return make


@pytest.fixture
def with_amplitudes():
    """Function: a state without sampling with given amplitudes, all of them different from 0."""

    def make(hilbert, amplitudes):
        return nk.vqs.FullSumState(
            hilbert,
            apply_fun=lambda v, x: v["params"]["log"][hilbert.states_to_numbers(x)],
            variables={"params": {"log": jnp.log(jnp.asarray(amplitudes, complex))}},
        )

    return make


@pytest.fixture
def derivative():
    """Function: (f of amplitudes, state) -> the gradient of f by the parameters, by autodiff."""

    def gradient(f, vstate):
        x = jnp.asarray(vstate.hilbert.all_states())

        def value(parameters):
            psi = jnp.exp(vstate._apply_fun({**vstate.variables, "params": parameters}, x))
            return f(psi / jnp.linalg.norm(psi))

        conj = lambda tree: jax.tree.map(jnp.conj, tree)  # noqa: E731
        real = conj(jax.grad(lambda p: value(p).real)(vstate.parameters))
        is_complex = any(map(jnp.iscomplexobj, jax.tree.leaves(vstate.parameters)))
        if is_complex or not jnp.iscomplexobj(jax.eval_shape(value, vstate.parameters)):
            return real
        imag = jax.grad(lambda p: value(p).imag)(vstate.parameters)
        return jax.tree.map(lambda re, im: re - 1j * im, real, imag)

    return gradient


@pytest.fixture
def assert_close():
    def check(a, b, atol=1e-10):
        assert jax.tree.structure(a) == jax.tree.structure(b)
        jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, atol=atol, rtol=1e-10), a, b)
        assert [x.dtype for x in jax.tree.leaves(a)] == [x.dtype for x in jax.tree.leaves(b)]

    return check


@pytest.fixture
def distance():
    """Function: norm of the difference of two trees, relative to the second."""

    def relative(a, b):
        a, b = (jnp.concatenate([jnp.ravel(x) for x in jax.tree.leaves(t)]) for t in (a, b))
        return float(jnp.linalg.norm(a - b) / jnp.linalg.norm(b))

    return relative
