# SPDX-License-Identifier: Apache-2.0
"""What only shows in a fresh process: numba's cache on disk, and several devices."""

import json
import os
import subprocess
import sys

import pytest

SECOND_USE = """
import json, time
import numba
numba.njit(lambda x: x + 1)(1)   # what numba itself needs once in a process
import netket as nk
op = nk.operator.Heisenberg(nk.hilbert.Spin(0.5, 6), nk.graph.Chain(6), backend="numba")
x = op.hilbert.all_states()
from netket.operator._kernels import _batch_numba, _matrix_numba
start = time.perf_counter()
op.get_conn_padded(x)
op.to_sparse()
seconds = time.perf_counter() - start
drivers = (_batch_numba.rows, _batch_numba.write, _matrix_numba.walk)
misses = sum(sum(d.stats.cache_misses.values()) for d in drivers)
print(json.dumps([seconds, misses]))
"""

EVERY_KIND = """
import netket as nk
from netket.operator._kernels import _batch_numba, _matrix_numba
spins, ring = nk.hilbert.Spin(0.5, 4), nk.graph.Chain(4)
bosons = nk.hilbert.Fock(2, 4, n_particles=3)
fermions = nk.hilbert.SpinOrbitalFermions(4, n_fermions=2)
x = nk.operator.spin.sigmax(spins, 0)
for op in (
    nk.operator.PauliStrings(spins, ["XXII", "ZIZI"], [1.0, 0.5]),
    nk.operator.BoseHubbard(bosons, ring, U=1.0),
    nk.operator.FermionOperator2nd(fermions, ["0^ 1", "1^ 0"], [1.0, 1.0]),
    nk.operator.permutation.PermutationOperator(spins, [1, 2, 3, 0]),
    nk.operator.SumOperator(x, nk.operator.Ising(spins, ring, h=1.0)),
):
    op.get_conn_padded(op.hilbert.all_states())
    op.to_sparse()
drivers = (
    _batch_numba.rows, _batch_numba.flip_rows, _matrix_numba.walk, _matrix_numba.walk_flips
)
print(sum(sum(d.stats.cache_misses.values()) for d in drivers))
"""

TWO_DEVICES = """
import jax, numpy as np
import netket as nk
assert jax.device_count() == 2
hi = nk.hilbert.Spin(0.5, 4)
ising = nk.operator.Ising(hi, nk.graph.Chain(4), h=0.6)
assert ising.backend == "jax"            # several devices in use
local = nk.operator.LocalOperator(hi, np.arange(16).reshape(4, 4), [3, 0])
sharding = jax.sharding.NamedSharding(
    jax.make_mesh((2,), ("S",), axis_types=(jax.sharding.AxisType.Auto,)),
    jax.sharding.PartitionSpec("S"),
)
x = hi.all_states()
sharded = jax.device_put(x, sharding)
for op in (ising, local, ising + 2 * local, nk.operator.ProductOperator(ising, local)):
    numba, in_jax = op.to_numba(), op.to_jax()
    f = jax.jit(lambda o, s: (o.get_conn_padded(s)[1].sum(-1), o.n_conn(s)))
    for a, b in zip(f(numba, sharded), f(in_jax, sharded)):
        assert len(a.devices()) == 2
        np.testing.assert_allclose(a, b, atol=1e-12)
    np.testing.assert_allclose(f(numba, sharded)[0], numba.to_dense().sum(-1), atol=1e-12)
    np.testing.assert_array_equal(numba.n_conn(sharded), numba.n_conn(x))
    np.testing.assert_array_equal(in_jax.n_conn(sharded), numba.n_conn(x))
print("ok")
"""


def run(code, **environment):
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip().splitlines()[-1]


@pytest.mark.slow
def test_second_process_loads_compiled_kernels(tmp_path):
    first, misses = json.loads(run(SECOND_USE, NUMBA_CACHE_DIR=str(tmp_path)))
    assert misses == 3
    again, misses = json.loads(run(SECOND_USE, NUMBA_CACHE_DIR=str(tmp_path)))
    assert misses == 0
    assert again < first / 5, "loading takes about 0.1 s where compiling takes several"


@pytest.mark.slow
def test_a_second_process_compiles_no_kind_again(tmp_path):
    assert int(run(EVERY_KIND, NUMBA_CACHE_DIR=str(tmp_path))) >= 10
    assert int(run(EVERY_KIND, NUMBA_CACHE_DIR=str(tmp_path))) == 0


def test_two_devices():
    flags = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"
    assert run(TWO_DEVICES, XLA_FLAGS=flags) == "ok"
