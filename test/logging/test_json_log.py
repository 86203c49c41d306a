# SPDX-License-Identifier: Apache-2.0
"""The two files of `JsonLog`: what is in them, and when."""

import json
import os
import time

import flax.serialization
import numpy as np
import optax
import pytest

import netket as nk
from netket.logging.json_format import JsonColumns


@pytest.fixture
def vmc(fakes):
    return nk.VMC(fakes.Quadratic(), optax.sgd(0.1), variational_state=fakes.QuadraticState())


def read(path):
    with open(path) as file:
        return json.load(file)


def test_files_of_a_run(vmc, tmp_path):
    """One object of columns by name; nan is null; the variables of flax."""
    (log,) = vmc.run(3, out=str(tmp_path / "run"), show_progress=False)
    assert sorted(os.listdir(tmp_path)) == ["run.log", "run.mpack"]
    data = read(tmp_path / "run.log")
    assert list(data) == ["Energy", "wallclock"]
    assert sorted(data["Energy"]) == ["Mean", "R_hat", "Sigma", "TauCorr", "Variance", "iters"]
    assert data["Energy"]["iters"] == [0, 1, 2]
    assert data["Energy"]["Mean"] == log.data["Energy"]["Mean"].tolist()
    assert data["Energy"]["R_hat"] == [None] * 3
    assert sorted(data["wallclock"]) == ["iters", "value"]

    raw = (tmp_path / "run.mpack").read_bytes()
    variables = flax.serialization.from_bytes(vmc.state.variables, raw)
    np.testing.assert_array_equal(variables["params"]["w"], vmc.state.parameters["w"])


def test_kinds_of_values(tmp_path):
    log = nk.logging.JsonLog(tmp_path / "x", save_params=False)
    for k in range(2):
        item = {
            "complex": 1j * k,
            "array": np.arange(3) * k,
            "complex array": np.ones(2) * (1 + k * 1j),
            "flag": True,
            "small": np.float32(0.5),
            "infinite": np.inf,
            "holes": np.array([np.nan, k]),
            "name": f"step {k}",
            "deep": {"er": {"x": k}},
        }
        log(k, item)
    log.flush()
    data = read(tmp_path / "x.log")
    assert data["complex"]["value"] == {"real": [0, 0], "imag": [0, 1]}
    assert data["array"]["value"] == [[0, 0, 0], [0, 1, 2]]
    assert data["complex array"]["value"] == {"real": [[1, 1], [1, 1]], "imag": [[0, 0], [1, 1]]}
    assert data["flag"]["value"] == [True, True]
    assert data["small"]["value"] == [0.5, 0.5]
    assert data["infinite"]["value"] == [None, None]
    assert data["holes"]["value"] == [[None, 0], [None, 1]]
    assert data["name"]["value"] == ["step 0", "step 1"]
    assert data["deep"]["er"]["x"] == {"iters": [0, 1], "value": [0, 1]}


def test_pieces_give_the_same_text_as_one_piece(tmp_path):
    """Also where a column becomes complex, or a name appears late."""
    log = nk.logging.RuntimeLog()
    columns = JsonColumns()
    for k in range(6):
        log(k, {"a": k + (1j if k > 3 else 0), "b": {"c": k / 3}} | ({"late": k} if k > 2 else {}))
        if k % 2:
            pieces = b"".join(bytes(chunk) for chunk in columns.encode(log.data))
            assert pieces == b"".join(map(bytes, JsonColumns().encode(log.data)))


def test_modes(vmc, tmp_path):
    prefix = str(tmp_path / "run")
    vmc.run(2, out=prefix, show_progress=False)
    with pytest.raises(ValueError, match=r"run\.log.*exists, and `mode` is 'fail'"):
        nk.logging.JsonLog(prefix, mode="fail")
    with pytest.raises(ValueError, match="`mode` must be 'write'.*'nonsense'"):
        nk.logging.JsonLog(prefix, mode="nonsense")
    vmc.run(2, out=nk.logging.JsonLog(prefix, mode="append"), show_progress=False)
    assert read(prefix + ".log")["Energy"]["iters"] == [0, 1, 2, 3]
    vmc.run(2, out=nk.logging.JsonLog(prefix, mode="write"), show_progress=False)
    assert read(prefix + ".log")["Energy"]["iters"] == [4, 5]
    nk.logging.JsonLog(tmp_path / "new", mode="fail")


def test_the_first_step_is_written_at_once(tmp_path):
    log = nk.logging.JsonLog(tmp_path / "run", autoflush_cost=0.0, write_every=10)
    seen = []
    for k in range(25):
        log(k, {"x": k})
        seen.append(len(read(tmp_path / "run.log")["x"]["iters"]) if k >= 9 else 0)
    assert seen[9] == 10
    assert seen[18] == 10
    assert seen[24] == 20


def test_slow_steps_are_written_one_by_one(tmp_path):
    log = nk.logging.JsonLog(tmp_path / "run", autoflush_cost=0.5)
    for k in range(3):
        time.sleep(0.05)
        log(k, {"x": k})
        assert read(tmp_path / "run.log")["x"]["iters"] == list(range(k + 1))


def test_variables_are_saved_on_the_way(fakes, tmp_path):
    log = nk.logging.JsonLog(tmp_path / "run", save_params_every=2, autoflush_cost=0.0)
    state = fakes.QuadraticState()
    for k in range(5):
        log(k, {"x": k}, state)
        assert (tmp_path / "run.mpack").exists() == (k >= 1)


def test_without_variables(vmc, tmp_path):
    log = nk.logging.JsonLog(tmp_path / "run", save_params=False)
    vmc.run(2, out=log, show_progress=False)
    assert os.listdir(tmp_path) == ["run.log"]


def test_folders_are_created(vmc, tmp_path):
    vmc.run(1, out=tmp_path / "a" / "b" / "run", show_progress=False)
    assert sorted(os.listdir(tmp_path / "a" / "b")) == ["run.log", "run.mpack"]


def test_a_failing_save_loses_nothing(fakes, vmc, tmp_path, monkeypatch):
    vmc.run(3, out=str(tmp_path / "run"), show_progress=False)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    log = nk.logging.JsonLog(tmp_path / "run", mode="append")

    def fail(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        vmc.run(3, out=log, show_progress=False)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
    monkeypatch.undo()
    log.flush(vmc.state)
    assert read(tmp_path / "run.log")["Energy"]["iters"] == [0, 1, 2, 3]


def test_a_long_log_costs_little(tmp_path):
    """100 writes of a log that grows to 2e4 steps take less than a few times one of it all."""
    log = nk.logging.JsonLog(tmp_path / "run", autoflush_cost=0.0, write_every=200)
    for k in range(20_000):
        log(k, {"x": k / 7})
    start = time.perf_counter()
    nk.logging.RuntimeLog.serialize(log, tmp_path / "all.json")
    once = time.perf_counter() - start
    assert log._log_schedule.total < 30 * once
    assert (tmp_path / "all.json").read_bytes() == (tmp_path / "run.log").read_bytes()


def test_repr_says_what_it_is(tmp_path):
    log = nk.logging.JsonLog(tmp_path / "run")
    assert "run', mode='write'" in repr(log)
