# SPDX-License-Identifier: Apache-2.0
"""Histories in memory, and their way through a file."""

import numpy as np
import pytest

import netket as nk


@pytest.fixture
def log():
    log = nk.logging.RuntimeLog()
    for k in range(3):
        energy = nk.stats.Stats(mean=-1.0 - k, error_of_mean=0.1, variance=0.5)
        log(2 * k, {"Energy": energy, "deep": {"z": 1j * k}})
    return log


def test_histories(log):
    assert set(log.data["Energy"].keys()) == {"Mean", "Variance", "Sigma", "R_hat", "TauCorr"}
    np.testing.assert_array_equal(log["Energy"].iters, [0, 2, 4])
    np.testing.assert_allclose(log["Energy"]["Mean"], [-1, -2, -3])
    np.testing.assert_allclose(log["deep"]["z"]["value"], [0, 1j, 2j])
    log.flush()


def test_nothing_to_log(log):
    log(9, None)
    assert len(log["Energy"]) == 3


def test_names_that_come_and_go():
    log = nk.logging.RuntimeLog()
    log(0, {"a": 1})
    log(1, {"b": 2})
    log(2, {"a": 3})
    np.testing.assert_array_equal(log["a"].iters, [0, 2])
    np.testing.assert_array_equal(log["b"].iters, [1])


@pytest.mark.parametrize("name, file", [("x", "x.json"), ("x.json", "x.json"), ("x.log", "x.log")])
def test_round_trip_through_a_file(log, tmp_path, name, file):
    log.serialize(tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == [file]
    other = nk.logging.RuntimeLog.deserialize(tmp_path / name)
    for path in (("Energy", "Mean"), ("Energy", "R_hat"), ("deep", "z", "value")):
        a, b = log.data, other.data
        for key in path:
            a, b = a[key], b[key]
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(other["Energy"].iters, [0, 2, 4])


def test_repr(log):
    assert "Energy" in repr(log)


def test_own_loggers_must_be_complete():
    class Half(nk.logging.AbstractLog):
        def __call__(self, step, item, variational_state=None):
            pass

    with pytest.raises(TypeError, match="flush"):
        Half()
