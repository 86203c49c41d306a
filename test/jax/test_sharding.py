# SPDX-License-Identifier: Apache-2.0
"""Arrays over several devices: four that jax makes of the CPU, in a process of its own."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np

from netket.jax import sharding

PROGRAM = """
import jax, jax.numpy as jnp, numpy as np, netket as nk
from jax.sharding import PartitionSpec as P
s = nk.jax.sharding
assert jax.device_count() == 4
x = np.arange(16.0).reshape(8, 2)


def split(a):
    return [shard.data.shape for shard in a.addressable_shards]


a = s.shard_along_axis(x, 0)
assert split(a) == [(2, 2)] * 4
assert split(s.shard_along_axis(x.T, -1)) == [(2, 2)] * 4
assert split(jax.jit(lambda a: s.shard_along_axis(2 * a, 0))(x)) == [(2, 2)] * 4
whole = s.gather(a)
assert whole.is_fully_replicated
np.testing.assert_array_equal(whole, x)
own = s.extract_replicated({"a": whole, "b": 3})
assert len(own["a"].devices()) == 1 and own["b"] == 3
assert s.extract_replicated(a) is a  # one process has all of it
assert s.n_ranks() == s.n_parts(8) == 4 and s.n_parts(6) == 1
parts = s.sharding_decorator(lambda a: a + s.n_parts(), (True,))(a)
np.testing.assert_array_equal(parts, x + 1)
tree = s.replicate({"a": jnp.arange(3), "key": jax.random.key(1), "b": x})
assert tree["a"].is_fully_replicated and len(tree["a"].devices()) == 4 and tree["b"] is x
assert len(tree["key"].devices()) == 4
host = s.to_host({"a": a, "key": tree["key"]})
assert isinstance(host["a"], np.ndarray) and host["key"] is tree["key"]
np.testing.assert_array_equal(s.own_rows(a), x)
assert split(s.from_own_rows(x)) == [(2, 2)] * 4
assert s.of_process(7) == 7 and s.any_process(True)
nk.config.sharding = False
assert s.n_ranks() == 1 and s.shard_along_axis(x, 0) is x
nk.config.sharding = True
try:
    s.shard_along_axis(x[:6], 0)
except ValueError as error:
    assert "divisible by the number of devices, 4" in str(error)
else:
    raise AssertionError

padded, mask = s.distribute_to_devices_along_axis(x[:5], pad=True)
assert split(padded) == [(2, 2)] * 4
np.testing.assert_array_equal(padded, np.concatenate([x[:5], x[[0, 0, 0]]]))
np.testing.assert_array_equal(mask, np.arange(8) < 5)
np.testing.assert_array_equal(s.pad_axis_for_sharding(x[:5], padding_value=-1)[5:], -1)
assert split(s.distribute_to_devices_along_axis(x, devices=jax.devices()[:2])) == [(4, 2)] * 2

total = s.sharding_decorator(lambda a, c: c * a.sum(), (True, False), jax.lax.psum)
assert total(a, 2.0) == 2 * x.sum()
assert jax.grad(lambda c: total(a, c))(2.0) == x.sum()
np.testing.assert_array_equal(jax.grad(lambda a: total(a, 2.0))(a), np.full((8, 2), 2.0))
both = s.sharding_decorator(
    lambda a: (2 * a, {"max": a.max()}), (True,), (False, {"max": jax.lax.pmax})
)
doubled, rest = both(a)
assert split(doubled) == [(2, 2)] * 4 and rest["max"] == 15
np.testing.assert_array_equal(doubled, 2 * x)
s.inspect("tree", {"a": a})
jax.jit(lambda a: s.inspect("traced", a))(a)
print("done")
"""


def test_four_devices():
    env = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
    out = result.stdout
    assert out.endswith("done\n") and "tree['a']: shape=(8, 2), sharding: NamedSharding" in out


def test_one_device_leaves_arrays_alone():
    x = jnp.arange(6.0)
    assert sharding.shard_along_axis(x, 0) is x and sharding.gather(x) is x
    assert sharding.pad_axis_for_sharding(x) is x
    assert sharding.extract_replicated(x) is x
    padded, mask = sharding.distribute_to_devices_along_axis(np.arange(3), pad=True)
    assert len(padded) == 3 and mask.all()
    f = sharding.sharding_decorator(jnp.sum, (True,), jax.lax.psum)
    assert f(x) == 15
