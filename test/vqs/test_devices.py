# SPDX-License-Identifier: Apache-2.0
"""Several devices, of one process and of two, give what one device gives.

All runs are of the same program, `test/_programs/devices.py`.
"""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

PROGRAM = pathlib.Path(__file__).parent.parent / "_programs" / "devices.py"


def run(folder, n_devices, n_processes=1):
    """What the program writes, and what it prints, with so many devices in every process."""
    out = folder / f"{n_processes}x{n_devices}"
    command = [sys.executable, str(PROGRAM), str(out)]
    if n_processes > 1:
        log = str(folder / "out")
        launcher = [sys.executable, "-m", "netket.tools.djaxrun", "-np", str(n_processes)]
        command = [*launcher, "-o", log, *command]
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={n_devices}"
    result = subprocess.run(
        command,
        env=os.environ | {"XLA_FLAGS": flags},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return dict(np.load(f"{out}.npz")), result.stdout + result.stderr


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return run(tmp_path_factory.mktemp("one"), 1)[0]


def compare(found, expected):
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        if name.startswith(("samples", "exact", "tempering", "moves", "stored")):
            np.testing.assert_array_equal(found[name], values, err_msg=name)
        else:
            np.testing.assert_allclose(found[name], values, rtol=1e-7, atol=1e-7, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("n_devices", [2, 8])
def test_devices_of_one_process(one, tmp_path, n_devices):
    found, out = run(tmp_path, n_devices)
    compare(found, one)
    assert f"seeds on {n_devices} devices" in out


@pytest.mark.slow
def test_two_processes(one, tmp_path):
    found, out = run(tmp_path, 1, n_processes=2)
    compare(found, one)
    for rank in (0, 1):
        assert f"[{rank}] seeds on 2 devices" in out
    # process 0 alone reports and writes
    for text in ("Energy=", "Stopped at step 2", "autocorrelation time"):
        lines = [line for line in out.splitlines() if text in line]
        assert lines and all(line.startswith("[0]") for line in lines), lines
    log = json.loads((tmp_path / "2x1.log").read_text())
    assert log["Energy"]["iters"] == [0, 1]
    assert (tmp_path / "2x1.mpack").stat().st_size > 0
