# SPDX-License-Identifier: Apache-2.0
"""States, models and dense references for the tests of variational states."""

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
        return jnp.tanh(x) @ w + (x @ z) ** 2


MODELS = {
    "real": lambda: nk.models.RBM(alpha=1),
    "complex": lambda: nk.models.RBM(alpha=1, param_dtype=complex),
    "phase": lambda: nk.models.RBMModPhase(alpha=1),
    "mixed": Mixed,
}


@pytest.fixture
def hi():
    return HI


@pytest.fixture(params=list(MODELS))
def model(request):
    return MODELS[request.param]()


@pytest.fixture(params=["numba", "jax"])
def backend(request):
    return request.param


@pytest.fixture
def random_parameters():
    """Function: replaces the parameters of a state by normal numbers of some size."""

    def randomise(vstate, scale=0.3, seed=7):
        rng = np.random.default_rng(seed)

        def draw(x):
            value = scale * rng.normal(size=x.shape)
            if jnp.iscomplexobj(x):
                value = value + 1j * scale * rng.normal(size=x.shape)
            return jnp.asarray(value, dtype=x.dtype)

        vstate.parameters = jax.tree.map(draw, vstate.parameters)
        return vstate

    return randomise


@pytest.fixture
def ising(backend):
    return nk.operator.Ising(HI, nk.graph.Chain(4), h=0.8, J=0.6, backend=backend)


@pytest.fixture
def lopsided(backend):
    """An operator that is neither hermitian nor real."""
    rng = np.random.default_rng(3)
    terms = rng.normal(size=(2, 4, 4)) + 1j * rng.normal(size=(2, 4, 4))
    op = nk.operator.LocalOperator(HI, list(terms), [[0, 1], [2, 3]], backend=backend)
    return op


@pytest.fixture
def local_reference():
    """Function: local estimators of an operator from dense algebra, for given samples."""

    def reference(vstate, op, σ):
        psi = np.asarray(vstate.to_array())
        numbers = vstate.hilbert.states_to_numbers(np.asarray(σ))
        return ((np.asarray(op.to_dense()) @ psi) / psi)[numbers]

    return reference


@pytest.fixture
def mean_of():
    """Function: (vstate, op) -> the function parameters -> <op>, from dense algebra."""

    def mean(vstate, op):
        matrix = jnp.asarray(op.to_dense())
        x = jnp.asarray(vstate.hilbert.all_states())

        def value(parameters):
            log = vstate._apply_fun({**vstate.variables, "params": parameters}, x)
            psi = jnp.exp(log)
            return jnp.vdot(psi, matrix @ psi) / jnp.vdot(psi, psi).real

        return value

    return mean
