# SPDX-License-Identifier: Apache-2.0
"""Pytree classes: flattening, immutability, defaults, caching, serialisation."""

import copy
import dataclasses
import pickle
import subprocess
import sys
import textwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netket.errors import NetketError, NetKetPyTreeUndeclaredAttributeAssignmentError
from netket.utils import struct


class Oscillator(struct.Pytree):
    omega: jax.Array
    n_max: int = struct.field(pytree_node=False)
    shift: float = struct.field(default=0.5)

    def __init__(self, omega, n_max=10):
        self.omega = omega
        self.n_max = n_max

    @struct.property_cached
    def levels(self) -> np.ndarray:
        return self.omega * (np.arange(self.n_max) + self.shift)


class Driven(Oscillator):
    drive: jax.Array

    def __init__(self, omega, drive):
        super().__init__(omega, 3)
        self.drive = drive


@struct.dataclass
class Point:
    x: jax.Array
    name: str = struct.field(pytree_node=False, default="p")

    @struct.property_cached
    def norm(self) -> float:
        return float(np.linalg.norm(self.x))


def test_flatten_and_unflatten():
    o = Oscillator(2.0, 4)
    leaves, treedef = jax.tree_util.tree_flatten(o)
    assert leaves == [2.0, 0.5]
    back = jax.tree_util.tree_unflatten(treedef, leaves)
    assert type(back) is Oscillator
    assert vars(back) == vars(o)
    assert hash(treedef) == hash(jax.tree_util.tree_structure(Oscillator(7.0, 4)))
    assert treedef != jax.tree_util.tree_structure(Oscillator(7.0, 5))


def test_key_paths():
    flat, _ = jax.tree_util.tree_flatten_with_path(Driven(1.0, 2.0))
    assert {jax.tree_util.keystr(path): leaf for path, leaf in flat} == {
        ".drive": 2.0,
        ".omega": 1.0,
        ".shift": 0.5,
    }


def test_unflatten_neither_initialises_nor_checks():
    class Picky(struct.Pytree):
        a: int

        def __init__(self, a):
            raise RuntimeError

    picky = object.__new__(Picky)
    picky.__dict__["a"] = 1
    assert jax.tree_util.tree_map(lambda _: "anything", picky).a == "anything"


def test_through_jit_without_retracing():
    traces = []

    @jax.jit
    def f(o):
        traces.append(1)
        return o.replace(omega=2 * o.omega)

    first = Oscillator(1.0, 4)
    _ = first.levels  # a cached value must not change the structure
    assert f(first).omega == 2.0
    assert f(Oscillator(3.0, 4)).omega == 6.0
    assert len(traces) == 1


def test_immutable():
    o = Oscillator(1.0)
    with pytest.raises(AttributeError, match=r"\.replace\(omega=\.\.\.\)"):
        o.omega = 2.0
    with pytest.raises(AttributeError):
        del o.omega
    assert o.replace(omega=3.0).omega == 3.0
    assert o.omega == 1.0
    with pytest.raises(ValueError, match="has no field mass"):
        o.replace(mass=1.0)


def test_undeclared_attributes():
    class Wrong(struct.Pytree):
        a: int

        def __init__(self):
            self.b = 1

    with pytest.raises(NetKetPyTreeUndeclaredAttributeAssignmentError, match="its fields: a") as e:
        Wrong()
    assert isinstance(e.value, NetketError)
    assert isinstance(e.value, AttributeError)


def test_mutable_classes():
    class Counter(struct.Pytree, mutable=True):
        n: int

        def __init__(self):
            self.n = 0

    class More(Counter):
        pass

    counter = More()
    counter.n += 1
    assert counter.n == 1
    with pytest.raises(NetKetPyTreeUndeclaredAttributeAssignmentError):
        counter.m = 1


def test_dynamic_nodes():
    class Bag(struct.Pytree, dynamic_nodes=True):
        name: str = struct.field(pytree_node=False)

        def __init__(self, **kwargs):
            self.name = "bag"
            for k, v in kwargs.items():
                setattr(self, k, v)

        @struct.property_cached
        def total(self) -> int:
            return self.x + self.y

    bag = Bag(y=2, x=1)
    assert bag.total == 3
    assert jax.tree_util.tree_leaves(bag) == [1, 2]
    double = jax.tree_util.tree_map(lambda v: 2 * v, bag)
    assert (double.x, double.y, double.name, double.total) == (2, 4, "bag", 6)
    assert bag.replace(x=5).total == 7


def test_defaults_and_factories():
    class Defaults(struct.Pytree):
        a: int = 3
        b: list = struct.field(default_factory=list, pytree_node=False)
        c: int = struct.field(default=1, pytree_ignore=True)

        def __init__(self, c=None):
            self.b.append(self.a)
            if c is not None:
                self.c = c

    one, two = Defaults(c=9), Defaults()
    assert (one.a, one.b, two.b) == (3, [3], [3])
    assert one.b is not two.b
    assert jax.tree_util.tree_leaves(one) == [3]
    assert jax.tree_util.tree_map(lambda x: x, one).c == 1


def test_fields_without_value():
    class Late(struct.Pytree):
        a: int
        b: int
        n: int = struct.field(pytree_node=False)

        def __init__(self):
            self.b = 1

    late = jax.tree_util.tree_map(lambda x: x + 1, Late())
    assert late.b == 2
    assert not hasattr(late, "a")
    assert not hasattr(late, "n")


def test_cached_property():
    calls = []

    class Slow(struct.Pytree):
        a: int

        def __init__(self, a):
            self.a = a

        @struct.property_cached
        def value(self) -> int:
            """The square."""
            calls.append(self.a)
            return self.a**2

    s = Slow(3)
    assert (s.value, s.value, calls) == (9, 9, [3])
    assert s.replace(a=4).value == 16
    assert jax.tree_util.tree_map(lambda x: x + 2, s).value == 25
    assert Slow.value.__doc__ == "The square."


def test_pickle_and_copy():
    o = Oscillator(1.5, 6)
    for other in (pickle.loads(pickle.dumps(o)), copy.copy(o), copy.deepcopy(o)):
        assert type(other) is Oscillator
        assert vars(other) == vars(o)


def test_class_variables_are_no_fields():
    from typing import ClassVar

    class Constant(struct.Pytree):
        n: ClassVar[int] = 3
        m: "ClassVar[int]" = 3

    assert jax.tree_util.tree_leaves(Constant()) == []


def test_also_a_standard_dataclass():
    @dataclasses.dataclass
    class Both(struct.Pytree):
        a: float
        b: list = struct.field(default_factory=lambda: [1], pytree_node=False)

    both = Both(2.0)
    assert (both.a, both.b) == (2.0, [1])
    assert jax.tree_util.tree_leaves(both) == [2.0]


def test_dataclass():
    p = Point(np.array([3.0, 4.0]))
    assert p.norm == 5.0
    assert jax.tree_util.tree_map(lambda x: 2 * x, p).norm == 10.0
    assert p.replace(name="q").name == "q"
    with pytest.raises(dataclasses.FrozenInstanceError):
        p.x = 1
    with pytest.raises(TypeError):
        p.replace(y=1)
    assert Point(1.0) == Point(1.0)
    assert hash(Point(1.0)) == hash(Point(1.0))


def test_dataclass_inheritance_and_hooks():
    log = []

    @struct.dataclass
    class Base:
        a: int

        def __pre_init__(self, a, **kwargs):
            return (a + 1,), kwargs

        def __post_init__(self):
            log.append(self.a)

    @struct.dataclass(cache_hash=True)
    class Derived(Base):
        b: int = struct.field(pytree_node=False, default=7)

    d = Derived(1)
    assert (d.a, d.b, log) == (2, 7, [2])
    assert d.replace(b=1).a == 2
    assert hash(d) == hash(Derived(1))
    assert jax.tree_util.tree_map(lambda x: x, d) == d


@pytest.mark.parametrize("impl", ["threefry2x32", "rbg"])
def test_flax_serialization(impl):
    from flax import serialization

    class State(struct.Pytree):
        σ: jax.Array
        key: jax.Array
        scratch: int = struct.field(serialize=False)
        n: int = struct.field(pytree_node=False, serialize=True, serialize_name="n_steps")

        def __init__(self, value):
            self.σ = jnp.full(3, value)
            self.key = jax.random.key(int(value), impl=impl)
            self.scratch = value
            self.n = int(value)

    data = serialization.to_bytes(State(5.0))
    state = serialization.from_bytes(State(1.0), data)
    assert list(state.σ) == [5.0] * 3
    assert (state.n, state.scratch) == (5, 1.0)
    assert jax.random.uniform(state.key) == jax.random.uniform(State(5.0).key)
    assert sorted(serialization.to_state_dict(state)) == ["key", "n_steps", "σ"]


def test_state_of_another_class_is_refused():
    from flax import serialization

    with pytest.raises(ValueError, match="lacks field `omega`"):
        serialization.from_state_dict(Oscillator(1.0), {"shift": 1.0})
    with pytest.raises(ValueError, match="mass"):
        serialization.from_state_dict(Oscillator(1.0), {"shift": 1.0, "omega": 1.0, "mass": 2.0})


def test_flax_may_be_imported_after_the_classes():
    script = """
        import sys
        from netket.utils import struct

        class A(struct.Pytree):
            a: int
            def __init__(self, a): self.a = a

        assert not any(m == "flax" or m.startswith("flax.") for m in sys.modules)
        import flax
        assert flax.serialization.to_state_dict(A(3)) == {"a": 3}
        assert flax.serialization.from_bytes(A(1), flax.serialization.to_bytes(A(3))).a == 3
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True)
