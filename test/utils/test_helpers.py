# SPDX-License-Identifier: Apache-2.0
"""Timers, comparable numbers, compensated sums, walks, deprecations, partial functions."""

import math
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netket as nk
from netket.utils import timing


def test_timers_nest():
    with timing.timed_scope(force=True) as timer:
        for _ in range(2):
            with timing.timed_scope("a"):
                time.sleep(0.01)
        with timing.timed_scope("b"), timing.timed_scope("c"):
            time.sleep(0.01)
    assert list(timer.sub_timers) == ["a", "b"]
    assert timer.sub_timers["a"].total >= 0.02
    assert timer.sub_timers["b"].sub_timers["c"].total >= 0.01
    assert timer.total >= sum(t.total for t in timer.sub_timers.values())
    lines = repr(timer).splitlines()
    assert "Timing Information" in lines[0]
    assert [line.split("|")[1].split(":")[0].strip() for line in lines[2:5]] == ["a", "b", "c"]
    assert len({len(line) for line in lines}) == 1
    assert timing.CURRENT_TIMER_STACK == []


def test_timers_add_up():
    one, two = timing.Timer(), timing.Timer()
    for timer in (one, two):
        with timer, timing.timed_scope("a"):
            pass
    total = one.total + two.total
    one += two
    assert one.total == total


def test_nothing_is_timed_without_a_timer():
    with timing.timed_scope("a") as timer:
        assert isinstance(timer, timing.NullTimer)
    assert timer.get_subtimer("b") is timer


def test_timed_functions():
    @timing.timed
    def f(x):
        return 2 * x

    @timing.timed(name="other", block_until_ready=False)
    def g(x):
        return f(x)

    assert f.__name__ == "f"
    assert f(1) == 2
    with timing.Timer() as timer:
        assert g(jnp.ones(1)) == 2.0
        with pytest.raises(TypeError):
            f()
    assert list(timer.sub_timers) == ["other", "f"]
    assert list(timer.sub_timers["other"].sub_timers) == ["f"]
    assert timing.CURRENT_TIMER_STACK == []


def test_comparable_numbers():
    f = nk.utils.float
    x = np.array([1 / 3, 0.5, -0.25, 1 / 7, 2.0])
    noise = 1e-12 * np.random.default_rng(0).normal(size=5)
    np.testing.assert_array_equal(f.comparable(x), f.comparable(x + noise))
    assert len(set(f.comparable(x).tolist())) == 5
    np.testing.assert_array_equal(f.comparable_periodic(x), f.comparable_periodic(x + 3))
    periodic = f.comparable_periodic(x, where=np.array([True] * 4 + [False]))
    assert periodic[4] == f.comparable(2.0)
    assert f.is_approx_int(np.array([1.0 + 1e-10, 1.5])).tolist() == [True, False]
    pruned = f.prune_zeros(np.array([1e-9, 1 + 1e-12j]))
    assert pruned.tolist() == [0.0, 1.0]
    assert np.isrealobj(pruned)
    assert f.prune_zeros(np.array([1j + 1e-12])).tolist() == [1j]


def test_kahan_sum():
    x = np.float32(0.1) * np.ones(20000, np.float32)

    def body(total, x):
        return total + x, None

    total, _ = jax.lax.scan(body, nk.utils.KahanSum(jnp.zeros((), np.float32)), x)
    exact = math.fsum(x.tolist())
    assert abs(float(total.value) - exact) <= np.spacing(np.float32(exact))
    plain, _ = jax.lax.scan(body, jnp.zeros((), np.float32), x)
    assert abs(float(plain) - exact) > 100 * np.spacing(np.float32(exact))
    assert jnp.sqrt(nk.utils.KahanSum(4.0)) == 2.0


def test_walk_tree_with_path():
    leaves, nodes = [], []
    tree = {"a": 1, "b": [2, {"c": 3}]}
    nk.utils.walk_tree_with_path(
        tree,
        "root",
        visit_leaf=lambda path, leaf, *, log: log.append((path, leaf)),
        enter_node=lambda path, node, *, log: nodes.append(path),
        log=leaves,
    )
    assert leaves == [("root/a", 1), ("root/b/0", 2), ("root/b/1/c", 3)]
    assert nodes == ["root", "root/a", "root/b", "root/b/0", "root/b/1", "root/b/1/c"]


def test_deprecations():
    @nk.utils.deprecated("use g")
    def f():
        return 3

    @nk.utils.deprecated_new_name("g", "it is shorter")
    def long_name():
        return 4

    with pytest.warns(FutureWarning, match=r"`f` is deprecated \(use g\)") as record:
        assert f() == 3
    assert record[0].filename == __file__
    with pytest.warns(FutureWarning, match="now called `g`; it is shorter"):
        assert long_name() == 4

    @nk.utils.rename_class("New")
    class Old:
        pass

    assert Old.__name__ == "New"


def test_partial_from_kwargs():
    @nk.utils.api_utils.partial_from_kwargs(exclusive_arg_names=(("b", "c"),))
    def f(a, *, b=None, c=None):
        return (a, b, c)

    assert f(1, b=2) == (1, 2, None)
    assert f(b=2)(1) == (1, 2, None)
    assert f(b=2) == f(b=2)
    assert hash(f(b=2)) == hash(f(b=2))
    assert f()(1) == (1, None, None)
    with pytest.raises(ValueError, match="`b` and `c` of f exclude"):
        f(b=1, c=2)


def test_numbers_and_arrays():
    assert nk.utils.array_in(np.array([1, 2]), np.array([[3, 4], [1, 2]]))
    assert not nk.utils.array_in(np.array([1, 4]), np.array([[3, 4], [1, 2]]))
    assert nk.utils.array_in(2.0, np.array([1.0, 2.0]))
    assert nk.utils.module_version("numpy")[:1] >= (1,)
    assert nk.utils.numbers.dtype(1.0) is float
    assert nk.utils.numbers.dtype(np.ones(1)) == np.float64
    assert nk.utils.numbers.dtype(complex) is complex
    assert nk.utils.numbers.dtype(None) is None
    assert nk.utils.numbers.is_scalar(jnp.ones(()))
    assert not nk.utils.numbers.is_scalar(jnp.ones(1))
    assert not nk.utils.numbers.is_scalar("a")
    assert 0 <= nk.utils.random_seed() < 2**32
    with pytest.raises(TypeError):
        nk.utils.numbers.dtype("a")


def test_wrap_to_support_scalar():
    f = nk.utils.wrap_to_support_scalar(lambda a, x: a * x.sum(axis=-1))
    assert f(2.0, np.ones((3, 2))).shape == (3,)
    assert f(2.0, np.ones(2)) == 4.0


def test_lazy_modules():
    import plum

    assert nk.utils.dispatch.dispatch is plum.dispatch
    assert "dispatch" in dir(nk.utils)
    with pytest.raises(AttributeError):
        _ = nk.utils.nothing
