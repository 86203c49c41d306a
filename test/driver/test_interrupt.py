# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C: the step is completed and logged, then the interrupt is raised again."""

import json
import os
import signal
import threading

import flax.serialization
import numpy as np
import optax
import pytest

import netket as nk


def press_ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


pytestmark = pytest.mark.usefixtures("as_in_a_terminal")


@pytest.fixture
def vmc(fakes):
    return nk.VMC(fakes.Quadratic(), optax.sgd(0.1), variational_state=fakes.QuadraticState())


class PressAt(nk.callbacks.AbstractCallback):
    """Presses Ctrl-C in the middle of a step."""

    step: int
    times: int

    def __init__(self, step, times=1):
        self.step, self.times = step, times

    def before_parameter_update(self, step, log_data, driver):
        if step == self.step:
            for _ in range(self.times):
                press_ctrl_c()


def test_the_step_is_completed_and_everything_is_on_disk(vmc, tmp_path, capsys):
    prefix = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        vmc.run(9, out=str(prefix), callback=PressAt(3), show_progress=True)
    assert vmc.step_count == 4
    data = json.loads(prefix.with_suffix(".log").read_text())
    assert data["Energy"]["iters"] == [0, 1, 2, 3]
    saved = flax.serialization.msgpack_restore(prefix.with_suffix(".mpack").read_bytes())
    np.testing.assert_array_equal(saved["params"]["w"], vmc.state.parameters["w"])
    shown = capsys.readouterr().err
    assert "ends after this step" in shown
    assert "Interrupted at step 4" in shown
    assert "4/9" in shown
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.log", "run.mpack"]


def test_the_run_can_be_continued(vmc, fakes):
    with pytest.raises(KeyboardInterrupt):
        vmc.run(9, callback=PressAt(3), show_progress=False)
    vmc.run(5, show_progress=False)
    other = nk.VMC(fakes.Quadratic(), optax.sgd(0.1), variational_state=fakes.QuadraticState())
    other.run(9, show_progress=False)
    np.testing.assert_array_equal(vmc.state.parameters["w"], other.state.parameters["w"])
    assert vmc.step_count == other.step_count


def test_pressed_twice_it_acts_at_once(vmc):
    log = nk.logging.RuntimeLog()
    with pytest.raises(KeyboardInterrupt):
        vmc.run(9, out=log, callback=PressAt(3, times=2), show_progress=False)
    assert vmc.step_count == 3
    np.testing.assert_array_equal(log.data["Energy"].iters, [0, 1, 2])


def test_the_handler_is_put_back(vmc):
    with pytest.raises(KeyboardInterrupt):
        vmc.run(9, callback=PressAt(0), show_progress=False)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_handlers_and_threads_are_left_alone(vmc):
    calls = []
    old = signal.signal(signal.SIGINT, lambda *args: calls.append(args))
    try:
        vmc.run(3, callback=PressAt(1), show_progress=False)
    finally:
        signal.signal(signal.SIGINT, old)
    assert len(calls) == 1
    thread = threading.Thread(target=lambda: vmc.run(2, show_progress=False))
    thread.start()
    thread.join()
    assert vmc.step_count == 5


def test_an_interrupt_that_a_callback_raises(vmc):
    def stop(step, log_data, driver):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vmc.run(9, callback=stop, show_progress=False)
    assert vmc.step_count == 0
