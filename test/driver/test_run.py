# SPDX-License-Identifier: Apache-2.0
"""The loop of a run: order of the hooks, what is logged, what is counted."""

import jax
import numpy as np
import optax
import pytest

import netket as nk
from netket.utils import struct


@pytest.fixture
def vmc(fakes):
    state = fakes.QuadraticState()
    return nk.VMC(fakes.Quadratic(), optax.sgd(0.1), variational_state=state)


class Recorder(nk.callbacks.AbstractCallback):
    """Notes the hooks that are called, with what they get."""

    calls: list = struct.field(pytree_node=False)

    def __init__(self):
        self.calls = []

    def on_run_start(self, step, driver):
        self.calls.append(("run_start", step, None))

    def on_run_end(self, step, driver):
        self.calls.append(("run_end", step, None))

    def on_run_error(self, step, error, driver):
        self.calls.append(("run_error", step, type(error)))

    def on_step_start(self, step, log_data, driver):
        self.calls.append(("step_start", step, sorted(log_data)))

    def on_compute_update_start(self, step, log_data, driver):
        self.calls.append(("compute_start", step, sorted(log_data)))

    def on_compute_update_end(self, step, log_data, driver):
        self.calls.append(("compute_end", step, sorted(log_data)))

    def before_parameter_update(self, step, log_data, driver):
        self.calls.append(("before_update", step, sorted(log_data)))

    def on_step_end(self, step, log_data, driver):
        self.calls.append(("step_end", step, sorted(log_data)))


def test_energy_follows_the_recurrence_of_gradient_descent(vmc):
    """θ - c shrinks by the factor 1 - 0.1 in every step, so E - E_0 by its square."""
    log = nk.logging.RuntimeLog()
    assert vmc.run(5, out=log, show_progress=False) == (log,)
    first = -1 + (6 + 3) * 0.5**2 / 2
    expected = -1 + (first + 1) * 0.9 ** (2 * np.arange(5))
    np.testing.assert_allclose(log.data["Energy"]["Mean"], expected)
    np.testing.assert_array_equal(log.data["Energy"].iters, np.arange(5))
    assert vmc.step_count == 5
    # the energy belongs to the parameters before the last update
    np.testing.assert_allclose(vmc.energy.mean, expected[-1])


def test_hooks_are_called_in_the_documented_order(vmc):
    recorder = Recorder()
    vmc.run(2, callback=recorder, show_progress=False)
    logged = ["Energy", "wallclock"]
    step = [
        ("step_start", []),
        ("compute_start", []),
        ("compute_end", []),
        ("before_update", logged),
        ("step_end", logged),
    ]
    expected = [("run_start", 0, None)]
    expected += [(name, k, data) for k in range(2) for name, data in step]
    assert recorder.calls == [*expected, ("run_end", 2, None)]


def test_rejected_steps_are_computed_again(fakes):
    class Picky(nk.VMC):
        n_tries: int = 0

        def _accept_step(self):
            self.n_tries += 1
            return self._step_attempt == 2

    driver = Picky(fakes.Quadratic(), optax.sgd(0.1), variational_state=fakes.QuadraticState())
    recorder = Recorder()
    driver.run(2, callback=recorder, show_progress=False)
    names = [name for name, step, _ in recorder.calls if step == 0]
    attempt = ["step_start", "compute_start", "compute_end"]
    assert names == ["run_start", *attempt, *attempt, *attempt, "before_update", "step_end"]
    assert (driver.n_tries, driver.step_count) == (6, 2)


def test_callbacks_run_by_order_and_see_observables_between(vmc, fakes):
    seen = {}

    class Ordered(nk.callbacks.AbstractCallback):
        order: int

        def __init__(self, order):
            self.order = order

        @property
        def callback_order(self):
            return self.order

        def before_parameter_update(self, step, log_data, driver):
            seen[self.order] = sorted(set(log_data) - {"wallclock"})

    vmc.run(
        1, callback=[Ordered(1), Ordered(-1)], obs={"x": fakes.Quadratic()}, show_progress=False
    )
    assert list(seen) == [-1, 1]
    assert seen == {-1: ["Energy"], 1: ["Energy", "x"]}


def test_two_runs_continue_one_another(fakes):
    def energies(*n_steps):
        state = fakes.QuadraticState()
        driver = nk.VMC(fakes.Quadratic(), optax.sgd(0.1, momentum=0.9), variational_state=state)
        log = nk.logging.RuntimeLog()
        for n in n_steps:
            driver.run(n, out=log, show_progress=False)
        return log.data["Energy"]

    np.testing.assert_array_equal(energies(2, 3).iters, np.arange(5))
    np.testing.assert_allclose(energies(2, 3)["Mean"], energies(5)["Mean"])


def test_observables_every_step_size_steps_of_the_run(vmc, fakes):
    obs = {"a": fakes.Quadratic(offset=3), "nested": {"b": fakes.Quadratic(centre=0)}}
    log = nk.logging.RuntimeLog()
    vmc.run(3, out=log, show_progress=False)
    vmc.run(5, out=log, obs=obs, step_size=2, show_progress=False)
    np.testing.assert_array_equal(log.data["a"].iters, [3, 5, 7])
    np.testing.assert_array_equal(log.data["nested"]["b"].iters, [3, 5, 7])
    np.testing.assert_array_equal(log.data["Energy"].iters, np.arange(8))
    # of the same parameters as the energy
    np.testing.assert_allclose(log.data["a"]["Mean"], log.data["Energy"]["Mean"][3::2] + 4)


def test_estimate_keeps_the_nesting(vmc, fakes):
    out = vmc.estimate({"a": fakes.Quadratic(), "b": [fakes.Quadratic(offset=1)]})
    np.testing.assert_allclose(out["b"][0].mean, out["a"].mean + 2)
    np.testing.assert_allclose(vmc.estimate(fakes.Quadratic()).mean, out["a"].mean)


@pytest.mark.parametrize("hook", ["on_step_start", "on_compute_update_start"])
def test_a_step_that_is_stopped_early_does_not_count(vmc, hook):
    def stop(self, step, log_data, driver):
        if step == 2:
            raise nk.callbacks.StopRun("enough")

    callback = type("Stop", (nk.callbacks.AbstractCallback,), {hook: stop})()
    log, recorder = nk.logging.RuntimeLog(), Recorder()
    vmc.run(5, out=log, callback=[callback, recorder], show_progress=False)
    assert vmc.step_count == 2
    np.testing.assert_array_equal(log.data["Energy"].iters, [0, 1])
    assert recorder.calls[-1] == ("run_end", 2, None)


def test_a_step_that_is_stopped_after_the_update_counts(vmc, capsys):
    class Stop(nk.callbacks.AbstractCallback):
        callback_order = 50

        def on_step_end(self, step, log_data, driver):
            if step == 2:
                raise nk.callbacks.StopRun("enough")

    log = nk.logging.RuntimeLog()
    vmc.run(5, out=log, callback=Stop(), show_progress=False)
    assert "Stopped at step 3: enough" in capsys.readouterr().err
    vmc.run(1, out=log, show_progress=False)
    np.testing.assert_array_equal(log.data["Energy"].iters, [0, 1, 2, 3])


def test_run_finished_is_silent(vmc, capsys):
    class Stop(nk.callbacks.AbstractCallback):
        def on_step_end(self, step, log_data, driver):
            raise nk.callbacks.RunFinished

    vmc.run(5, callback=Stop(), show_progress=False)
    assert capsys.readouterr() == ("", "")


def test_functions_as_callbacks(vmc, capsys):
    """They run before the update, may add data, and stop the run by a false result."""
    seen = []

    def callback(step, log_data, driver):
        seen.append((step, driver.step_count))
        log_data["double"] = 2 * step
        return step < 2

    log = nk.logging.RuntimeLog()
    vmc.run(9, out=log, callback=callback, show_progress=False)
    assert seen == [(0, 0), (1, 1), (2, 2)]
    np.testing.assert_array_equal(log.data["double"]["value"], [0, 2])
    assert vmc.step_count == 2
    assert "callback callback returned False" in capsys.readouterr().err


def test_a_callback_that_returns_nothing_is_told_so(vmc, capsys):
    vmc.run(9, callback=lambda step, log_data, driver: None, show_progress=False)
    assert "return True to go on" in capsys.readouterr().err


def test_errors_reach_the_loggers_and_the_user(vmc):
    class Broken(nk.callbacks.AbstractCallback):
        def on_run_error(self, step, error, driver):
            raise OSError("disk full")

    def fail(step, log_data, driver):
        if step == 1:
            raise RuntimeError("boo")
        return True

    recorder = Recorder()
    with pytest.raises(RuntimeError, match="boo") as info:
        vmc.run(3, callback=[Broken(), fail, recorder], show_progress=False)
    assert "disk full" in info.value.__notes__[0]
    assert recorder.calls[-1] == ("run_error", 1, RuntimeError)


def test_no_steps(vmc):
    assert vmc.run(0, show_progress=False) == ()
    assert vmc.run(-1, out=None, show_progress=False) == ()
    assert vmc.step_count == 0


def test_iter_and_advance(vmc):
    energies = [(step, float(vmc.energy.mean)) for step in vmc.iter(4, 2)]
    vmc.advance(2)
    assert [step for step, _ in energies] == [0, 2]
    np.testing.assert_allclose(energies[1][1], -1 + (energies[0][1] + 1) * 0.9**4)
    assert vmc.step_count == 6


def test_a_loss_of_several_parts(fakes):
    driver = fakes.Preset([{"a": 1.0, "b": np.float64(2)}] * 3, optax.sgd(0.0))
    log = nk.logging.RuntimeLog()
    driver.run(3, out=log, show_progress=False)
    assert {"Loss/a", "Loss/b"} <= set(log.data.keys())
    np.testing.assert_allclose(log.data["Loss/b"]["value"], 2)


def test_reset_makes_the_state_sample_again(vmc):
    vmc.run(2, show_progress=False)
    n = vmc.state.n_resets
    with pytest.warns(nk.errors.DriverResetDeprecationWarning):
        vmc.reset()
    vmc.reset_step(hard=True)
    assert vmc.state.n_resets == n + 2
    assert vmc.step_count == 2


def test_timeit_prints_a_table(vmc, capsys):
    vmc.run(2, show_progress=False, timeit=True)
    assert "compute_loss_and_update" in capsys.readouterr().out


def test_a_step_traces_nothing_after_the_first(fakes):
    """Neither for the second step, nor for the second driver with the same optimiser."""
    n_traces = 0

    def update(updates, state, params=None):
        nonlocal n_traces
        n_traces += 1
        return jax.tree.map(lambda x: -0.1 * x, updates), state

    optimizer = optax.GradientTransformation(lambda params: optax.EmptyState(), update)
    for _ in range(2):
        state = fakes.QuadraticState()
        nk.VMC(fakes.Quadratic(), optimizer, variational_state=state).run(3, show_progress=False)
    assert n_traces == 1


def test_optimisers_that_look_at_the_loss(fakes):
    """A plateau: after two steps without progress the learning rate is halved."""
    plateau = optax.contrib.reduce_on_plateau(factor=0.5, patience=2, rtol=0.0, atol=1e-6)
    optimizer = optax.chain(optax.sgd(0.1), plateau)
    driver = fakes.Preset([-1.0] * 10, optimizer)
    driver.run(4, show_progress=False)
    assert driver._optimizer_state[-1].scale == 0.5
    vmc = nk.VMC(fakes.Quadratic(), optax.polyak_sgd(), variational_state=fakes.QuadraticState())
    vmc.run(3, show_progress=False)


def test_driver_with_forward_and_backward(fakes):
    with pytest.warns(nk.errors.ForwardAndBackwardDeprecationWarning, match="Old"):

        class Old(nk.driver.AbstractVariationalDriver):
            def __init__(self, state):
                super().__init__(state, optax.sgd(0.1), minimized_quantity_name="E")

            def _forward_and_backward(self):
                self._loss_stats, gradient = self.state.expect_and_grad(fakes.Quadratic())
                return gradient

    driver = Old(fakes.QuadraticState())
    log = nk.logging.RuntimeLog()
    driver.run(3, out=log, show_progress=False)
    assert np.all(np.diff(log.data["E"]["Mean"]) < 0)


def test_subclass_that_extends_forward_and_backward(fakes):
    with pytest.warns(nk.errors.ForwardAndBackwardDeprecationWarning):

        class Halved(nk.VMC):
            def _forward_and_backward(self):
                return jax.tree.map(lambda x: x / 2, super()._forward_and_backward())

    def run(cls, rate):
        state = fakes.QuadraticState()
        driver = cls(fakes.Quadratic(), optax.sgd(rate), variational_state=state)
        driver.run(3, show_progress=False)
        return driver.energy.mean

    np.testing.assert_allclose(run(Halved, 0.2), run(nk.VMC, 0.1))


def test_driver_with_older_signature_of_additional_data(fakes):
    with pytest.warns(nk.errors.LogAdditionalDataSignatureDeprecationWarning):

        class Old(nk.VMC):
            def _log_additional_data(self, log_dict, step):
                super()._log_additional_data(log_dict, step)
                log_dict["twice"] = 2 * step

    driver = Old(fakes.Quadratic(), optax.sgd(0.1), variational_state=fakes.QuadraticState())
    log = nk.logging.RuntimeLog()
    driver.run(3, out=log, show_progress=False)
    np.testing.assert_array_equal(log.data["twice"]["value"], [0, 2, 4])
