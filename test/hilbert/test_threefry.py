# SPDX-License-Identifier: Apache-2.0
"""Random numbers in numpy are those of jax."""

import hypothesis.strategies as st
import jax
import numpy as np
import pytest
from hypothesis import given, settings

from netket.hilbert import _threefry

# two parts of counters, and few numbers
sizes = pytest.mark.parametrize("n", [_threefry._CHUNK + 3, 5, 0])


@given(st.integers(0, 2**64 - 1), st.booleans())
@settings(max_examples=20, deadline=None, derandomize=True)
def test_keys(words, legacy):
    data = np.array([words >> 32, words & 0xFFFFFFFF], dtype=np.uint32)
    key = jax.numpy.asarray(data) if legacy else jax.random.wrap_key_data(data)
    known = _threefry.known_key(key)
    assert known == tuple(data)
    children = np.asarray(jax.random.key_data(jax.random.split(key, 3)))
    assert _threefry.split(known, 3) == [tuple(row) for row in children]


@sizes
def test_numbers(n):
    key = jax.random.key(2**40 + 5)
    known = _threefry.known_key(key)
    for ours, jaxs in [
        (_threefry.bits(known, (n,)), jax.random.bits(key, (n,), dtype=np.uint32)),
        (_threefry.bits(known, (n,), np.uint64), jax.random.bits(key, (n,), dtype=np.uint64)),
        (_threefry.uniform(known, (n,)), jax.random.uniform(key, (n,))),
    ]:
        assert ours.dtype == jaxs.dtype
        np.testing.assert_array_equal(ours, jaxs)


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_integers(dtype):
    key, n = jax.random.key(1), 1000
    known, largest = _threefry.known_key(key), np.iinfo(dtype).max
    below = np.arange(1, n + 1)
    for low, high in [(0, 3), (-5, 2), (0, largest), (0, below)]:
        ours = _threefry.randint(known, (n,), low, high, dtype)
        assert ours.dtype == dtype
        np.testing.assert_array_equal(ours, jax.random.randint(key, (n,), low, high, dtype))


def test_other_keys_are_left_to_jax():
    assert _threefry.known_key(jax.random.key(0, impl="rbg")) is None
    assert _threefry.known_key(jax.random.split(jax.random.key(0))) is None
    assert _threefry.known_key(np.zeros(2, dtype=np.uint32)) is None
    assert _threefry.known_key(jax.device_put(jax.random.key(0), jax.devices()[0])) is None
    known = []
    jax.eval_shape(lambda key: known.append(_threefry.known_key(key)), jax.random.key(0))
    assert known == [None]
    with jax.threefry_partitionable(False):
        assert _threefry.known_key(jax.random.key(0)) is None
