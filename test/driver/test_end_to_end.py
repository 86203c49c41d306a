# SPDX-License-Identifier: Apache-2.0
"""Ground states of the transverse-field Ising ring against dense diagonalisation."""

import flax.linen as nn
import flax.serialization
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import netket as nk

N = 6
GRAPH = nk.graph.Chain(N)
HILBERT = nk.hilbert.Spin(0.5, N)


@pytest.fixture(scope="module")
def ising():
    return nk.operator.Ising(HILBERT, GRAPH, h=1.0)


@pytest.fixture(scope="module")
def exact_energy(ising):
    return np.linalg.eigvalsh(ising.to_dense())[0]


class LinenNetwork(nn.Module):
    """A hand-written two-layer network."""

    features: int = 12

    @nn.compact
    def __call__(self, x):
        x = nn.tanh(nn.Dense(self.features, param_dtype=float)(x.astype(float)))
        return jnp.sum(nn.Dense(self.features, param_dtype=float)(x), axis=-1)


class NNXNetwork(nnx.Module):
    """The same for the other interface of flax."""

    def __init__(self, rngs):
        self.first = nnx.Linear(N, 12, param_dtype=float, rngs=rngs)
        self.second = nnx.Linear(12, 12, param_dtype=float, rngs=rngs)

    def __call__(self, x):
        return jnp.sum(self.second(nnx.tanh(self.first(x.astype(float)))), axis=-1)


def sr(**kwargs):
    return nk.optimizer.SR(
        nk.optimizer.qgt.QGTJacobianDense,
        solver=nk.optimizer.solver.cholesky,
        diag_shift=0.02,
        **kwargs,
    )


MODELS = {
    "rbm": lambda: nk.models.RBM(alpha=1, param_dtype=float),
    "linen": LinenNetwork,
    "nnx": lambda: NNXNetwork(nnx.Rngs(0)),
}


@pytest.mark.parametrize("model", MODELS)
def test_full_summation_with_sr(ising, exact_energy, model):
    state = nk.vqs.FullSumState(HILBERT, MODELS[model](), seed=1)
    driver = nk.VMC(ising, optax.sgd(0.1), variational_state=state, preconditioner=sr())
    log = nk.logging.RuntimeLog()
    driver.run(200, out=log, show_progress=False)
    energies = log.data["Energy"]["Mean"]
    assert np.all(energies > exact_energy - 1e-10)
    assert abs(energies[-1] / exact_energy - 1) < 1e-4
    # the variance vanishes in an eigenstate
    assert log.data["Energy"]["Variance"][-1] < 1e-2


def test_complex_parameters(ising, exact_energy):
    model = nk.models.RBM(alpha=1, param_dtype=complex)
    state = nk.vqs.FullSumState(HILBERT, model, seed=1)
    preconditioner = sr(holomorphic=True)
    driver = nk.VMC(ising, optax.sgd(0.1), variational_state=state, preconditioner=preconditioner)
    driver.run(200, show_progress=False)
    assert abs(driver.energy.mean / exact_energy - 1) < 1e-4


@pytest.mark.parametrize(
    "optimizer",
    [
        optax.adam(0.02),
        optax.chain(
            optax.clip_by_global_norm(1.0), optax.adam(optax.cosine_decay_schedule(0.05, 400))
        ),
    ],
    ids=["adam", "chain with schedule"],
)
def test_optax_without_sr(ising, exact_energy, optimizer):
    state = nk.vqs.FullSumState(HILBERT, nk.models.RBM(alpha=2, param_dtype=float), seed=1)
    driver = nk.VMC(ising, optimizer, variational_state=state)
    driver.run(400, show_progress=False)
    assert abs(driver.energy.mean / exact_energy - 1) < 1e-3


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_sampling_with_sr(ising, exact_energy, backend, tmp_path):
    """The script every user starts from, smaller: log, variables and acceptance are there."""
    sampler = nk.sampler.MetropolisLocal(HILBERT, n_chains=16)
    model = nk.models.RBM(alpha=1, param_dtype=float)
    state = nk.vqs.MCState(sampler, model, n_samples=512, seed=1, sampler_seed=2)
    optimizer = nk.optimizer.Sgd(learning_rate=0.1)
    driver = nk.VMC(
        ising.to_backend(backend), optimizer, variational_state=state, preconditioner=sr()
    )
    (log,) = driver.run(200, out=str(tmp_path / "test"), show_progress=False)
    assert abs(driver.energy.mean / exact_energy - 1) < 5e-3
    assert driver.energy.error_of_mean < 0.02
    assert log.data["acceptance"]["value"].shape == (200,)
    exact = driver.estimate({"e": ising}, fullsum=True)["e"].mean
    assert abs(exact / exact_energy - 1) < 2e-3
    other = nk.vqs.MCState(sampler, model, n_samples=512)
    raw = (tmp_path / "test.mpack").read_bytes()
    other.variables = flax.serialization.from_bytes(other.variables, raw)
    np.testing.assert_allclose(other.to_array(), state.to_array())


def test_gradients_of_a_step_are_those_of_the_energy(ising):
    """One step of plain descent moves along -∇E, from finite differences."""
    state = nk.vqs.FullSumState(HILBERT, nk.models.RBM(alpha=1, param_dtype=float), seed=3)
    before, unravel = nk.jax.tree_ravel(state.parameters)
    dense = ising.to_dense()

    def energy(theta):
        state.parameters = unravel(jnp.asarray(theta))
        psi = np.asarray(state.to_array())
        return psi @ dense @ psi

    eps = 1e-5
    shifts = eps * np.eye(len(before))
    gradient = [(energy(before + s) - energy(before - s)) / (2 * eps) for s in shifts]
    state.parameters = unravel(before)
    driver = nk.VMC(ising, optax.sgd(1.0), variational_state=state)
    driver.advance()
    after, _ = nk.jax.tree_ravel(state.parameters)
    # expect_and_grad returns half the gradient of real parameters: that with respect to θ*
    np.testing.assert_allclose(before - after, gradient, atol=1e-7)


def test_the_state_of_a_driver_is_saved_and_restored(ising):
    def driver():
        state = nk.vqs.FullSumState(HILBERT, nk.models.RBM(alpha=1, param_dtype=float), seed=3)
        return nk.VMC(ising, optax.adam(0.1), variational_state=state)

    first, second = driver(), driver()
    first.run(3, show_progress=False)
    saved = flax.serialization.to_state_dict(first)
    second = flax.serialization.from_state_dict(second, saved)
    for d in (first, second):
        d.run(2, show_progress=False)
    assert second.step_count == 5
    jax.tree.map(np.testing.assert_array_equal, first.state.parameters, second.state.parameters)
