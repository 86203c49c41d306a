# SPDX-License-Identifier: Apache-2.0
"""A file of variables for every saved step."""

import os
import tarfile

import flax.serialization
import numpy as np
import optax
import pytest

import netket as nk


@pytest.fixture
def run(fakes):
    def run(log, n=5):
        state = fakes.QuadraticState()
        driver = nk.VMC(fakes.Quadratic(), optax.sgd(0.1), variational_state=state)
        driver.run(n, out=log, show_progress=False)
        return state

    return run


def names(path):
    if path.suffix == ".tar":
        with tarfile.open(path) as archive:
            return archive.getnames()
    return sorted(os.listdir(path))


@pytest.mark.parametrize("tar", [False, True])
def test_modes(run, tmp_path, tar):
    prefix = tmp_path / "states"
    path = tmp_path / "states.tar" if tar else prefix
    run(nk.logging.StateLog(prefix, tar=tar, save_every=2))
    assert names(path) == ["0.mpack", "1.mpack", "2.mpack"]
    run(nk.logging.StateLog(str(prefix), tar=tar, mode="append"), 2)
    assert names(path) == [f"{k}.mpack" for k in range(5)]
    log = nk.logging.StateLog(prefix, tar=tar, mode="write")
    assert len(names(path)) == 5  # nothing is deleted before there is something to save
    run(log, 1)
    run(log, 1)
    assert names(path) == ["0.mpack", "1.mpack"]
    with pytest.raises(ValueError, match="exists, and `mode` is 'fail'"):
        nk.logging.StateLog(prefix, tar=tar, mode="fail")
    with pytest.raises(ValueError, match="`mode` must be"):
        nk.logging.StateLog(prefix, tar=tar, mode="x y")


@pytest.mark.parametrize("tar", [False, True])
def test_last_file_has_the_last_variables(run, tmp_path, tar):
    state = run(nk.logging.StateLog(tmp_path / "states", tar=tar), 3)
    if tar:
        with tarfile.open(tmp_path / "states.tar") as archive:
            data = archive.extractfile("2.mpack").read()
    else:
        data = (tmp_path / "states" / "2.mpack").read_bytes()
    variables = flax.serialization.from_bytes(state.variables, data)
    np.testing.assert_array_equal(variables["params"]["w"], state.parameters["w"])


def test_only_own_files_are_replaced(run, tmp_path):
    (tmp_path / "notes.txt").write_text("keep me")
    (tmp_path / "7.mpack").write_text("old")
    run(nk.logging.StateLog(tmp_path), 1)
    assert names(tmp_path) == ["0.mpack", "notes.txt"]


def test_unwritable(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="`output_prefix`"):
        nk.logging.StateLog(tmp_path / "file" / "states")
