# SPDX-License-Identifier: Apache-2.0
"""Two devices: operators of both backends have the same expectation values."""

import os
import subprocess
import sys

import pytest

CODE = """
import jax, numpy as np, netket as nk
assert jax.device_count() == 2
hi = nk.hilbert.Spin(0.5, 4)
g = nk.graph.Chain(4)
vs = nk.vqs.MCState(nk.sampler.MetropolisLocal(hi, n_chains=8), nk.models.RBM(alpha=1),
                    n_samples=64, seed=1)
assert vs.n_samples_per_rank == 32
for chunk_size in (None, 16):
    vs.chunk_size = chunk_size
    found = []
    for backend in ("numba", "jax"):
        ha = nk.operator.Ising(hi, g, h=1.0, backend=backend)
        values = np.asarray(vs.local_estimators(ha).data)
        stats, grad = vs.expect_and_grad(ha)
        found.append((values, stats.mean, *jax.tree.leaves(grad)))
    for a, b in zip(*found):
        np.testing.assert_allclose(a, b, atol=1e-10)
    psi = vs.to_array()
    numbers = hi.states_to_numbers(np.asarray(vs.samples))
    np.testing.assert_allclose(found[0][0], (ha.to_dense() @ psi / psi)[numbers])
print(vs.samples.sharding, "done")
"""


@pytest.mark.slow
def test_two_devices():
    flags = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"
    out = subprocess.run(
        [sys.executable, "-c", CODE],
        capture_output=True,
        text=True,
        env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        timeout=300,
    )
    assert out.returncode == 0, out.stderr
    assert "done" in out.stdout
