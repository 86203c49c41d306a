# SPDX-License-Identifier: Apache-2.0
"""Hashable arrays, partials, affine ranges, optional packages, errors: no jax computation."""

import functools
import inspect
import os
import pickle
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket.errors
from netket.utils import HashableArray, HashablePartial, StaticRange, optional

# -- HashableArray -----------------------------------------------------------------------------


def test_hashable_array():
    a, b = HashableArray(np.arange(4.0)), HashableArray([0.0, 1.0, 2.0, 3.0])
    assert a == b
    assert hash(a) == hash(b)
    assert a != HashableArray(np.arange(4))
    assert a != HashableArray(np.arange(4.0).reshape(2, 2))
    assert HashableArray(a).wrapped is a.wrapped
    assert (a.shape, a.ndim, a.size, a.dtype) == ((4,), 1, 4, np.float64)
    np.testing.assert_array_equal(np.asarray(a), np.arange(4.0))
    np.testing.assert_array_equal(np.asarray(a, dtype=np.int8), np.arange(4))
    np.testing.assert_array_equal(jnp.asarray(a), np.arange(4.0))


def test_hashable_array_is_a_constant_copy():
    data = np.zeros(2)
    a = HashableArray(data)
    data[0] = 1
    assert a.wrapped[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        a.wrapped[0] = 1
    with pytest.raises(TypeError, match="dtype object"):
        HashableArray([object()])


def test_hashable_array_signed_zeros():
    a, b = HashableArray(np.array([0.0])), HashableArray(np.array([-0.0]))
    assert a == b
    assert hash(a) == hash(b)


def test_hashable_array_pickle():
    a = HashableArray(np.arange(3))
    b = pickle.loads(pickle.dumps(a))
    assert a == b
    assert hash(a) == hash(b)
    assert not b.wrapped.flags.writeable


def test_hashable_array_as_static_argument():
    f = jax.jit(lambda a, x: np.asarray(a) @ x, static_argnums=0)
    assert f(HashableArray([1.0, 2.0]), jnp.ones(2)) == 3.0


# -- HashablePartial ---------------------------------------------------------------------------


def test_hashable_partial():
    def f(a, b, c=0):
        return a + 10 * b + 100 * c

    def make():
        return HashablePartial(lambda x, y: x + y, 1)

    p, q = HashablePartial(f, 1, c=2), HashablePartial(f, 1, c=2)
    assert p(3) == 231
    assert p == q
    assert hash(p) == hash(q)
    assert p != HashablePartial(f, 2, c=2)
    assert p != functools.partial(f, 1, c=2)
    assert HashablePartial(p, 4).args == (1, 4)
    assert make() == make()
    assert hash(make()) == hash(make())


def test_hashable_partial_distinguishes_closures_and_defaults():
    def closure(n):
        return HashablePartial(lambda x: x + n)

    def default(n):
        return HashablePartial(lambda x, n=n: x + n)

    assert closure(1) != closure(2)
    assert default(1) != default(2)


def test_hashable_partial_distinguishes_methods():
    class Model:
        def apply(self, x):
            return x

    a, b = Model(), Model()
    assert HashablePartial(a.apply) != HashablePartial(b.apply)
    assert HashablePartial(a.apply) == HashablePartial(a.apply)


def test_hashable_partial_compiles_once():
    traces = []

    @functools.partial(jax.jit, static_argnums=0)
    def call(f, x):
        traces.append(1)
        return f(x)

    for _ in range(3):
        call(HashablePartial(lambda a, x: a * x, 2.0), 3.0)
    assert len(traces) == 1


def test_hashable_partial_pickle():
    p = HashablePartial(max, 3)
    assert pickle.loads(pickle.dumps(p)) == p


# -- StaticRange -------------------------------------------------------------------------------

RANGES = [(1, -2, 2), (0, 1, 5), (-1.5, 1.0, 4), (0, 1, 1000), (2, -2, 3), (-127, 254, 2)]


@pytest.mark.parametrize("args", RANGES)
@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
def test_static_range_round_trip(args, xp):
    r = StaticRange(*args)
    start, step, length = args
    expected = start + step * np.arange(length)
    np.testing.assert_array_equal(np.asarray(r), expected)
    states = r.numbers_to_states(xp.arange(length))
    assert isinstance(states, np.ndarray) == (xp is np)
    assert states.dtype == r.dtype
    np.testing.assert_array_equal(states, expected)
    index = r.states_to_numbers(states)
    assert isinstance(index, np.ndarray) == (xp is np)
    np.testing.assert_array_equal(index, np.arange(length))
    np.testing.assert_array_equal(r.states_to_numbers(xp.asarray(expected, dtype=float)), index)
    np.testing.assert_array_equal(r.states_to_numbers(states.astype(np.float32)), index)


def test_static_range_dtypes():
    assert StaticRange(1, -2, 2).dtype == np.int8
    assert StaticRange(0, 1, 300).dtype == np.int16
    assert StaticRange(0, 0.5, 3).dtype == np.float64
    assert StaticRange(0, 1, 3, dtype=np.float32).dtype == np.float32
    assert StaticRange(0, 1, 3).astype(np.int16).dtype == np.int16
    assert StaticRange(0, 1, 3).states_to_numbers(np.zeros(2), dtype=np.int8).dtype == np.int8
    assert StaticRange(0, 1, 3).numbers_to_states(np.zeros(2, int), dtype=float).dtype == float


def test_static_range_is_a_sequence():
    r = StaticRange(1, -2, 2)
    assert (r[0], r[1], r[-1], len(r), r.shape, r.n_states) == (1, -1, -1, 2, (2,), 2)
    assert list(r) == [1, -1]
    assert 1 in r
    assert 0 not in r
    assert "a" not in r
    assert type(r[0]) is int
    assert 7 in StaticRange(0, 1, 2**62)
    np.testing.assert_array_equal(r[::-1], [-1, 1])
    np.testing.assert_array_equal(r[np.array([1, 1])], [-1, -1])
    np.testing.assert_array_equal(r.flip_state(np.array([1, -1])), [-1, 1])
    with pytest.raises(IndexError):
        r[2]


def test_static_range_is_static():
    r = StaticRange(1, -2, 2)
    assert jax.tree_util.tree_leaves(r) == []
    assert r == StaticRange(1.0, -2.0, 2, dtype=np.int8)
    assert hash(r) == hash(StaticRange(1.0, -2.0, 2, dtype=np.int8))
    assert r != StaticRange(1, -2, 3)
    index = jax.jit(lambda r, x: r.states_to_numbers(x))(r, jnp.array([-1, 1], dtype=np.int8))
    assert list(index) == [1, 0]


def test_static_range_refuses_nonsense():
    with pytest.raises(ValueError, match="`length`"):
        StaticRange(0, 1, -1)
    with pytest.raises(ValueError, match="`step`"):
        StaticRange(0, 0, 2)
    with pytest.raises(ValueError, match="length 2"):
        StaticRange(0, 1, 3).flip_state(np.array([1]))


# -- packages and errors -----------------------------------------------------------------------


def test_optional_package():
    assert optional.require("json", "to read") is sys.modules["json"]
    with pytest.raises(ImportError, match=r"needed to fly.*pip install \"netket\[extra\]\""):
        optional.require("no_such_package", "to fly", extra="extra")
    with pytest.raises(netket.errors.MissingDependencyError, match="pip install no_such_package"):
        optional.require("no_such_package.sub", "to fly")


class Anything(str):
    shape = (2, 3)


def test_all_errors_can_be_raised_and_speak():
    for name in netket.errors.__all__:
        cls = getattr(netket.errors, name)
        if not isinstance(cls, type):
            continue
        assert issubclass(cls, netket.errors.NetketError | netket.errors.NetketWarning)
        n = len(inspect.signature(cls.__init__).parameters) - 1
        assert len(str(cls(*[Anything("x")] * n))) > 0


def test_concrete_or_error():
    error = netket.errors.HilbertIndexingDuringTracingError
    force = functools.partial(netket.errors.concrete_or_error, int, error_class=error)
    assert force(value=np.array(3)) == 3
    with pytest.raises(error):
        jax.jit(lambda x: force(value=x))(3)


@pytest.mark.parametrize("module", ["netket", "netket.utils", "netket.errors"])
def test_import_is_cheap_and_starts_no_backend(module):
    heavy = ("flax", "numba", "scipy.sparse.linalg", "plum", "optax", "matplotlib", "rich")
    code = f"import {module}, sys; print([m for m in {heavy} if m in sys.modules])"
    # with a platform that does not exist, any use of a backend is an error
    env = os.environ | {"JAX_PLATFORMS": "nonsense"}
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"
