# SPDX-License-Identifier: Apache-2.0
"""Two devices: every kind of operator, both flags, on samples that lie on both devices."""

import json
import os
import pathlib
import subprocess
import sys

import pytest
from operator_kinds import representatives

KINDS = representatives()
TABLES = pathlib.Path(__file__).parent.parent / "_tables"

CODE = """
import json, sys, traceback
sys.path.insert(0, sys.argv[1])
import jax, jax.numpy as jnp, numpy as np
import netket as nk
from operator_kinds import TABLE, representatives

assert jax.device_count() == 2
mesh = jax.make_mesh((2,), ("S",), axis_types=(jax.sharding.AxisType.Auto,))
over_devices = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("S"))

@jax.jit
def summed(op, x):
    xp, mels = op.get_conn_padded(x)
    weights = jnp.sin(1 + xp @ jnp.arange(1.0, xp.shape[-1] + 1))
    return jnp.sum(weights * mels, axis=-1), op.n_conn(x)

def model(variables, x):
    a, b = variables["params"]["w"]
    return jnp.sum(jnp.tanh(a * x) + 1j * jnp.sin(b * x), axis=-1)

def check_rows(ops):
    states = np.asarray(ops[0].hilbert.all_states())
    x = states[np.arange(32) % len(states)]
    xp, mels = ops[0].get_conn_padded(x)
    expected = np.sum(np.sin(1 + xp @ np.arange(1.0, xp.shape[-1] + 1)) * mels, axis=-1)
    sharded = jax.device_put(x, over_devices)
    for op in ops:
        sums, counts = summed(op, sharded)
        assert len(sums.devices()) == 2 and len(counts.devices()) == 2
        np.testing.assert_allclose(sums, expected, atol=1e-12)
        np.testing.assert_array_equal(counts, ops[0].n_conn(x))
        np.testing.assert_array_equal(op.n_conn(sharded), counts)

states = {}

def state_on(op):
    hilbert = op.hilbert
    if hilbert not in states:
        w = jnp.asarray(np.random.default_rng(3).normal(scale=0.4, size=(2, hilbert.size)))
        states[hilbert] = nk.vqs.MCState(
            nk.sampler.MetropolisHamiltonian(hilbert, op, n_chains=16), n_samples=32, seed=1,
            apply_fun=model, variables={"params": {"w": w}}, n_discard_per_chain=0,
        )
    return states[hilbert]

def check_expect(ops):
    hilbert, vs = ops[0].hilbert, state_on(ops[0])
    assert len(vs.samples.devices()) == 2
    psi = np.asarray(vs.to_array())
    numbers = hilbert.states_to_numbers(np.asarray(vs.samples))
    if isinstance(ops[0], nk.operator.Squared):  # |A_loc|^2, which has the same mean
        expected = np.abs((np.asarray(ops[0].parent.to_dense()) @ psi) / psi)[numbers] ** 2
    else:
        expected = ((np.asarray(ops[0].to_dense()) @ psi) / psi)[numbers]
    for op in ops:
        np.testing.assert_allclose(vs.local_estimators(op).data, expected, atol=1e-10)
        np.testing.assert_allclose(vs.expect(op).mean, expected.mean(), atol=1e-10)

found = {}
for kind, name in representatives().items():
    try:
        ops = [TABLE[name].build(backend) for backend in ("numba", "jax")]
        check_rows(ops)
        check_expect(ops)
        found[kind] = "ok"
    except Exception:
        found[kind] = traceback.format_exc()[-2000:]
print(json.dumps(found))
"""


@pytest.mark.capability("sharded", names=KINDS.values())
@pytest.mark.slow
def test_two_devices():
    """Rows and expectation values of numba- and jax-flagged operators equal dense algebra."""
    flags = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"
    result = subprocess.run(
        [sys.executable, "-c", CODE, str(TABLES)],
        capture_output=True,
        text=True,
        env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        timeout=900,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    found = json.loads(result.stdout.strip().splitlines()[-1])
    assert found.keys() == KINDS.keys()
    wrong = {kind: text for kind, text in found.items() if text != "ok"}
    assert not wrong, "\n".join(f"{kind}: {text}" for kind, text in wrong.items())
