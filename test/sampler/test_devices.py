# SPDX-License-Identifier: Apache-2.0
"""Chains on several devices: the samples and energies of one device, in processes of their own."""

import os
import subprocess
import sys

import numpy as np
import pytest

PROGRAM = """
import sys, jax, numpy as np, netket as nk

n = int(sys.argv[1])
assert jax.device_count() == n
hi = nk.hilbert.Spin(0.5, 6)
ha = nk.operator.Ising(hi, nk.graph.Chain(6), h=1.0)
assert nk.sampler.MetropolisLocal(hi, n_chains_per_rank=3).n_chains == 3 * n
# with enough steps for the model to be updated in each
sampler = nk.sampler.MetropolisLocal(hi, n_chains=16, sweep_size=10)
vs = nk.vqs.MCState(sampler, nk.models.RBM(), n_samples=512, seed=1)
results = {"samples": vs.samples}
for op in (ha.to_jax(), ha.to_numba()):
    stats, gradient = vs.expect_and_grad(op)
    results[op.backend + " mean"] = stats.mean
    results[op.backend + " error"] = stats.error_of_mean
    results[op.backend + " gradient"] = nk.jax.tree_ravel(gradient)[0]
driver = nk.VMC(
    ha.to_jax(),
    nk.optimizer.Sgd(0.05),
    variational_state=vs,
    preconditioner=nk.optimizer.SR(diag_shift=0.01),
)
driver.run(3, show_progress=False)
results["energy"] = driver.energy.mean
full = nk.vqs.FullSumState(hi, nk.models.RBM(), seed=1)
results["full"] = full.expect(ha).mean
for σ in (vs.samples, vs.sampler_state.σ):
    assert [s.data.shape[0] for s in σ.addressable_shards] == [16 // n] * n
np.savez(sys.argv[2], **results)
"""


def run(n_devices, file):
    env = os.environ | {"XLA_FLAGS": f"--xla_force_host_platform_device_count={n_devices}"}
    command = [sys.executable, "-c", PROGRAM, str(n_devices), str(file)]
    result = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    return np.load(file)


@pytest.mark.slow
def test_several_devices_equal_one(tmp_path):
    one = run(1, tmp_path / "one.npz")
    for n in (2, 8):
        several = run(n, tmp_path / "several.npz")
        np.testing.assert_array_equal(several["samples"], one["samples"])
        for name in one.files:
            np.testing.assert_allclose(several[name], one[name], rtol=1e-7, atol=1e-10)
