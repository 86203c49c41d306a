# SPDX-License-Identifier: Apache-2.0
"""Nan energies end a run with an error that says what happened; the log is on disk."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import netket as nk
from netket.driver import InvalidLossError


def spoil_parameters(step, log_data, driver):
    if step == 2:
        driver.state.parameters = jax.tree.map(lambda x: x * jnp.nan, driver.state.parameters)
    return True


@pytest.fixture
def vmc(fakes):
    return nk.VMC(fakes.Quadratic(), optax.sgd(0.1), variational_state=fakes.QuadraticState())


def test_nan_energy_ends_the_run(vmc, tmp_path):
    with pytest.raises(InvalidLossError, match="Energy is nan at step 3; the parameters are not"):
        vmc.run(9, out=str(tmp_path / "run"), callback=spoil_parameters, show_progress=False)
    data = json.loads((tmp_path / "run.log").read_text())
    assert data["Energy"]["iters"] == [0, 1, 2, 3]
    assert data["Energy"]["Mean"][3] is None
    assert None not in data["Energy"]["Mean"][:3]


@pytest.mark.parametrize("bad", [np.nan, np.inf, complex(0, np.nan)])
def test_parameters_are_those_that_gave_it(fakes, bad):
    driver = fakes.Preset([-1.0, bad, -1.0], optax.sgd(0.1))
    before = driver.state.parameters
    with pytest.raises(FloatingPointError, match="Loss is .* at step 1; the parameters are finite"):
        driver.run(3, show_progress=False)
    jax.tree.map(np.testing.assert_array_equal, before, driver.state.parameters)


def test_a_callback_may_stop_first(vmc, capsys):
    """Scripts with a test of their own go on working."""

    def stop(step, log_data, driver):
        return bool(np.isfinite(log_data["Energy"].mean))

    vmc.run(9, callback=[spoil_parameters, stop], show_progress=False)
    assert vmc.step_count == 3

    class Stop(nk.callbacks.AbstractCallback):
        def on_step_end(self, step, log_data, driver):
            raise nk.callbacks.StopRun("seen")

    vmc.run(9, callback=Stop(), show_progress=False)
    assert "seen" in capsys.readouterr().err


def test_invalid_loss_stopping_decides(fakes):
    nan = np.nan
    losses = [-1.0, nan, -1.0, nan, nan, nan, -1.0]
    driver = fakes.Preset(losses, optax.sgd(0.1))
    log = nk.logging.RuntimeLog()
    callback = nk.callbacks.InvalidLossStopping(patience=3)
    driver.run(len(losses), out=log, callback=callback, show_progress=False)
    np.testing.assert_array_equal(log.data["Loss"]["Mean"], losses[:6])
