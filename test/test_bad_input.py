# SPDX-License-Identifier: Apache-2.0
"""Bad input gets an error at the call that caused it, which names the argument and the way out."""

import json
import signal

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk

HI = nk.hilbert.Spin(0.5, 4)
CHAIN = nk.graph.Chain(4)


def ising():
    return nk.operator.Ising(HI, CHAIN, h=1.0)


def state(model=None, n_samples=32, n_chains=16):
    sampler = nk.sampler.MetropolisLocal(HI, n_chains=n_chains)
    model = nk.models.RBM(alpha=1, param_dtype=float) if model is None else model
    return nk.vqs.MCState(sampler, model, n_samples=n_samples, seed=0)


def driver(vs=None, hamiltonian=None):
    vs = state() if vs is None else vs
    hamiltonian = ising() if hamiltonian is None else hamiltonian
    return nk.VMC(hamiltonian, nk.optimizer.Sgd(0.01), variational_state=vs)


@pytest.mark.parametrize("operator", [nk.operator.Ising, nk.operator.Heisenberg])
def test_graph_of_another_size(operator):
    arguments = {"h": 1.0} if operator is nk.operator.Ising else {}
    with pytest.raises(ValueError, match="graph.*4.*5"):
        operator(HI, nk.graph.Chain(5), **arguments)


def test_ising_with_three_local_states():
    with pytest.raises((ValueError, TypeError), match=r"(?s)hilbert.*two|two.*local states"):
        nk.operator.Ising(nk.hilbert.Spin(1, 4), CHAIN, h=1.0)


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_sample_outside_of_the_space(backend):
    bad = np.array([[1, 1, 1, 1], [1, -1, 3, 1]], dtype=np.int8)
    with pytest.raises(ValueError, match="3"):
        ising().to_backend(backend).get_conn_padded(bad)
    with pytest.raises(ValueError, match="3"):
        HI.states_to_numbers(bad)


def test_non_hermitian_hamiltonian():
    with pytest.raises(ValueError, match="(?s)hermitian"):
        driver(hamiltonian=nk.operator.spin.sigmap(HI, 0))


def test_fewer_samples_than_chains():
    with pytest.raises(ValueError, match="(?s)n_samples.*16"):
        state(n_samples=8)


def test_unknown_backend():
    with pytest.raises(ValueError, match='backend.*"numba" or "jax".*cuda'):
        nk.operator.Ising(HI, CHAIN, h=1.0, backend="cuda")
    with pytest.raises(ValueError, match="cuda"):
        ising().to_backend("cuda")
    with pytest.raises(ValueError, match="cuda"):
        nk.config.operator_backend = "cuda"


def test_model_of_the_wrong_shape():
    class Wrong(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(2)(x.astype(float))  # (B, 2) instead of (B,)

    with pytest.raises((ValueError, TypeError), match=r"(?s)shape"):
        state(Wrong())


def test_nan_during_a_run(tmp_path):
    """The run ends at the step, and what was logged before is on disk."""
    vmc = driver()

    def spoil(step, data, driver):
        if step == 2:
            driver.state.parameters = {
                **driver.state.parameters,
                "visible_bias": jnp.full(4, jnp.nan),
            }
        return True

    with pytest.raises(FloatingPointError, match="(?s)Energy.*step 3"):
        vmc.run(10, out=str(tmp_path / "run"), callback=spoil, show_progress=False)
    data = json.loads((tmp_path / "run.log").read_text())
    assert data["Energy"]["iters"][:3] == [0, 1, 2]
    assert np.all(np.isfinite(data["Energy"]["Mean"][:3]))


def test_unwritable_prefix_is_refused_before_the_first_step():
    vmc = driver()
    with pytest.raises(OSError, match="no/such/folder"):
        vmc.run(3, out="/proc/no/such/folder/run", show_progress=False)
    assert vmc.step_count == 0


@pytest.mark.usefixtures("as_in_a_terminal")
def test_interrupt(tmp_path):
    """After Ctrl-C the log is complete up to the last step, and the state is usable."""
    vmc = driver()

    def interrupt(step, data, driver):
        if step == 3:
            signal.raise_signal(signal.SIGINT)
        return True

    with pytest.raises(KeyboardInterrupt):
        vmc.run(1000, out=str(tmp_path / "run"), callback=interrupt, show_progress=False)
    data = json.loads((tmp_path / "run.log").read_text())
    assert data["Energy"]["iters"] == list(range(vmc.step_count))
    assert (tmp_path / "run.mpack").exists()
    assert np.isfinite(vmc.state.expect(ising()).mean)
