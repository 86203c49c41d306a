# SPDX-License-Identifier: Apache-2.0
"""Programs: processes that jax connects, failures, the report of versions."""

import subprocess
import sys

import pytest

from netket.tools import djaxrun

SCRIPT = """
import jax
jax.distributed.initialize()
import numpy as np
from jax.experimental import multihost_utils
ranks = multihost_utils.process_allgather(np.array([jax.process_index()]))
assert jax.process_count() == 2 and np.ravel(ranks).tolist() == [0, 1]
print("process", jax.process_index(), "has seen all")
"""


def run(*arguments, cwd):
    command = [sys.executable, "-m", "netket.tools.djaxrun", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)


@pytest.mark.slow
def test_processes_are_connected(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    result = run("-np", "2", "-o", "out", sys.executable, "script.py", cwd=tmp_path)
    assert result.returncode == 0, result.stdout
    for rank in (0, 1):
        assert f"[{rank}] process {rank} has seen all" in result.stdout
        assert "has seen all" in (tmp_path / f"out.{rank}.log").read_text()


def test_one_failure_stops_all(tmp_path):
    code = (
        "import os, sys, time\n"
        "sys.exit(3) if os.environ['OMPI_COMM_WORLD_RANK'] == '1' else time.sleep(60)"
    )
    result = run("-np", "2", "-f", "1", sys.executable, "-c", code, cwd=tmp_path)
    assert result.returncode == 3


def test_usage():
    with pytest.raises(SystemExit, match="-np must be at least 1, but is 0"):
        djaxrun.main(["-np", "0", "true"])
    with pytest.raises(SystemExit, match="there is no command"):
        djaxrun.main(["-np", "2"])


@pytest.mark.parametrize("name", ["info", "check_mpi"])
def test_reports(name):
    command = [sys.executable, "-m", f"netket.tools.{name}"]
    out = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    if name == "info":
        assert "netket 3.23" in out and "jaxlib" in out and "devices" in out
    else:
        assert "process 0 of 1" in out and "djaxrun -np" in out
