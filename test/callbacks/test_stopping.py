# SPDX-License-Identifier: Apache-2.0
"""Criteria that end a run, on losses given beforehand: how many steps are logged."""

import math
import time

import numpy as np
import optax
import pytest

import netket as nk
from netket.callbacks import ConvergenceStopping, EarlyStopping, InvalidLossStopping, Timeout

FALLING = list(np.linspace(0, -3, 20))
FLAT = [-1.0] * 20
RISING = list(np.linspace(-3, 0, 20))
COMPLEX = [-1 + 0j, -1.5 + 0.1j, -1.2 + 0j, -1.1 + 0j, -1.05 + 0j]
NAN, INF = math.nan, math.inf


@pytest.fixture
def n_logged(fakes):
    def run(losses, callback):
        driver = fakes.Preset(losses, optax.sgd(0.0))
        log = nk.logging.RuntimeLog()
        driver.run(len(losses), out=log, callback=callback, show_progress=False)
        return len(log.data["Loss"])

    return run


@pytest.mark.parametrize(
    "losses, options, expected",
    [
        (FALLING, {}, 20),
        (FLAT, {}, 2),
        (FLAT, {"patience": 3}, 5),
        (RISING, {"patience": 2}, 4),
        (COMPLEX, {}, 3),
        (COMPLEX, {"patience": 2}, 5),
        # a decrease that is too small is none; zero as best loss is no special case
        (FALLING, {"min_delta": 0.05}, 20),
        (FALLING, {"min_delta": 0.2}, 2),
        (FALLING, {"min_reldelta": 0.05}, 20),
        # relative to the size of the best loss, whatever its sign
        ([-1.0, -1.5, -1.8, -2.4, -2.6, -2.7], {"min_reldelta": 0.3, "patience": 1}, 6),
        ([4.0, 3.5, 3.0, 2.5, 2.0], {"min_reldelta": 0.25, "patience": 1}, 3),
        (FLAT, {"baseline": -1.2, "patience": 3}, 4),
        (RISING, {"baseline": -1.2, "patience": 1}, 3),
        (FLAT, {"start_from_step": 4, "patience": 1}, 7),
        (FLAT, {"start_from_step": 3, "baseline": -0.5, "min_delta": 0.1, "patience": 2}, 7),
        # the variance of these losses is |mean| / 2
        (RISING, {"monitor": "variance"}, 20),
        (FALLING, {"monitor": "variance", "patience": 1}, 3),
        (FALLING, {"monitor": "Variance", "patience": 1}, 3),
        ([-1.0, NAN, NAN, -2.0, -2.0, -3.0], {"patience": 3}, 6),
    ],
)
def test_early_stopping(n_logged, losses, options, expected):
    callbacks = [EarlyStopping(**options), InvalidLossStopping(patience=10)]
    assert n_logged(losses, callbacks) == expected


@pytest.mark.parametrize(
    "losses, target, options, expected",
    [
        (FLAT, -1.0, {"patience": 2}, 3),
        (FLAT, -1.1, {"patience": 2}, 20),
        (FALLING, -1.0, {"patience": 2, "smoothing_window": 1}, 10),
        (FALLING, -1.0, {"patience": 2, "smoothing_window": 10}, 14),
        (FALLING, 0.6, {"patience": 5, "smoothing_window": 3, "monitor": "variance"}, 6),
        # the count starts anew when the loss leaves the target
        ([0.0, -2, -2, 0, -2, -2, -2, -2], -1.0, {"patience": 2, "smoothing_window": 1}, 7),
    ],
)
def test_convergence_stopping(n_logged, losses, target, options, expected):
    assert n_logged(losses, ConvergenceStopping(target, **options)) == expected


@pytest.mark.parametrize(
    "patience, expected", [(0, 3), (1, 3), (2, 7), (3, 11), (5, 12), (INF, 12)]
)
@pytest.mark.parametrize("bad", [NAN, INF])
def test_invalid_loss_stopping(n_logged, patience, expected, bad):
    losses = [-1, -1, bad, -1, -1, bad, bad, -1, bad, bad, bad, -1]
    assert n_logged(losses, InvalidLossStopping(patience=patience)) == expected


def test_invalid_from_the_start(n_logged):
    assert n_logged([NAN] * 5, InvalidLossStopping(patience=3)) == 3


@pytest.mark.parametrize(
    "callback", [EarlyStopping(patience=2), ConvergenceStopping(-1, patience=2)]
)
def test_a_new_driver_starts_afresh(n_logged, callback):
    assert n_logged(FLAT, callback) == n_logged(FLAT, callback)


def test_a_continued_run_goes_on_counting(fakes):
    driver = fakes.Preset(FLAT, optax.sgd(0.0))
    callback = EarlyStopping(patience=3)
    driver.run(3, callback=callback, show_progress=False)
    driver.run(10, callback=callback, show_progress=False)
    assert driver.step_count == 5


def test_timeout(fakes, monkeypatch):
    """Every run gets as much time, and the step that exceeds it is the last."""
    now = 0.0

    def take_a_second(step, log_data, driver):
        nonlocal now
        now += 1.0
        return True

    monkeypatch.setattr(time, "monotonic", lambda: now)
    driver = fakes.Preset([-1.0] * 1000, optax.sgd(0.0))
    callback = [Timeout(2.5), take_a_second]
    driver.run(1000, callback=callback, show_progress=False)
    assert driver.step_count == 3
    driver.run(1000, callback=callback, show_progress=False)
    assert driver.step_count == 6


def test_what_was_wrong_is_said(n_logged, capsys):
    n_logged(FLAT, EarlyStopping(patience=1))
    assert "the mean of the loss has not improved on -1 for 2 steps" in capsys.readouterr().err
    n_logged(FLAT, ConvergenceStopping(-0.5, patience=1))
    assert "has reached the target -0.5" in capsys.readouterr().err
    n_logged([NAN], InvalidLossStopping())
    assert "the mean of the loss is nan at step 0" in capsys.readouterr().err


def test_bad_arguments(n_logged):
    with pytest.raises(AttributeError, match="`monitor` must be an attribute.*'spam'"):
        n_logged(FLAT, EarlyStopping(monitor="spam"))
    for bad in (0, -1.0, NAN):
        with pytest.raises(ValueError, match="`timeout` must be a positive number"):
            Timeout(bad)
    with pytest.raises(ValueError, match="`smoothing_window` must be at least 1"):
        ConvergenceStopping(0.0, smoothing_window=0)


def test_removed_hooks_are_refused():
    with pytest.raises(nk.errors.CallbackLegacyHookError, match="on_parameter_update"):

        class Old(nk.callbacks.AbstractCallback):
            def on_parameter_update(self, step, log_data, driver):
                pass


def test_fields_of_callbacks_must_be_declared():
    class Forgetful(nk.callbacks.AbstractCallback):
        def __init__(self):
            self.count = 0

    with pytest.raises(nk.errors.NetKetPyTreeUndeclaredAttributeAssignmentError, match="count"):
        Forgetful()
