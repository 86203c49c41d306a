# SPDX-License-Identifier: Apache-2.0
"""The script that every user starts from, unchanged, and its variants; and the demo."""

import json
import os
import pathlib
import subprocess
import sys

import flax
import numpy as np
import pytest

import netket as nk

ROOT = pathlib.Path(__file__).parent.parent
EXACT = -25.490989686365  # free fermions: -Σ_k sqrt(2 + 2 cos k), k = (2m + 1) π / 20

SCRIPT = """
import netket as nk
g = nk.graph.Hypercube(length=20, n_dim=1, pbc=True)
hi = nk.hilbert.Spin(s=1 / 2, N=g.n_nodes)
ha = nk.operator.Ising(hilbert=hi, graph=g, h=1.0)
ma = nk.models.RBM(alpha=1, param_dtype=float)
sa = nk.sampler.MetropolisLocal(hi, n_chains=16)
op = nk.optimizer.Sgd(learning_rate=0.1)
sr = nk.optimizer.SR(diag_shift=0.1)
vs = nk.vqs.MCState(sa, ma, n_samples=1008, n_discard_per_chain=5)
gs = nk.VMC(ha, op, variational_state=vs, preconditioner=sr)
gs.run(n_iter=300, out="test")
"""


def test_exact_energy_is_that_of_free_fermions():
    k = (2 * np.arange(20) + 1) * np.pi / 20
    np.testing.assert_allclose(-np.sum(np.sqrt(2 + 2 * np.cos(k))), EXACT, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_the_script_that_every_user_starts_from(backend, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    script = SCRIPT
    if backend == "jax":
        script = script.replace("ma = nk", "ha = ha.to_jax()\nma = nk")
    names: dict = {}
    exec(script, names)
    assert names["ha"].backend == backend
    vs = names["vs"]
    vs.n_samples = 8 * 1008
    energy = vs.expect(names["ha"])
    assert abs(energy.mean - EXACT) < 1e-3 * abs(EXACT) + 3 * energy.error_of_mean

    data = json.loads((tmp_path / "test.log").read_text())
    assert data["Energy"]["iters"] == list(range(300))
    tail = np.mean(np.array(data["Energy"]["Mean"])[-20:])
    assert abs(tail - EXACT) < 1e-3 * abs(EXACT)
    variables = flax.serialization.from_bytes(vs.variables, (tmp_path / "test.mpack").read_bytes())
    vs.variables = variables  # the saved parameters load


@pytest.mark.slow
def test_demo(tmp_path):
    """A short demo: the table has a line for every model and backend, and the picture is there."""
    picture = tmp_path / "curves.png"
    command = [sys.executable, str(ROOT / "examples" / "ground_state.py")]
    result = subprocess.run(
        [*command, "--iterations", "6", "--output", str(picture)],
        capture_output=True,
        text=True,
        env={**os.environ},
        timeout=600,
    )
    assert result.returncode == 0, result.stderr
    rows = [line for line in result.stdout.splitlines() if line.startswith(("Ising", "Heis"))]
    assert sum(" numba " in row for row in rows) >= 2 and sum(" jax " in row for row in rows) >= 2
    assert "V-score" in result.stdout and "R-hat" in result.stdout
    assert picture.stat().st_size > 10_000


def test_demo_knows_the_exact_energies():
    """-44.9139328337 for the 4x4 Heisenberg antiferromagnet, by Lanczos."""
    graph = nk.graph.Square(4)
    hilbert = nk.hilbert.Spin(0.5, 16, total_sz=0)
    hamiltonian = nk.operator.Heisenberg(hilbert, graph)
    np.testing.assert_allclose(nk.exact.lanczos_ed(hamiltonian), [-44.9139328337], rtol=1e-10)
