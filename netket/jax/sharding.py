# SPDX-License-Identifier: Apache-2.0
"""Arrays split over all jax devices along one axis, by a mesh with the axis ``"S"`` (samples).

With one device, or when ``netket.config.sharding`` is False, these functions leave arrays alone,
so that the same script runs on any number of devices. Devices may belong to several processes,
which then call all functions of this module together, in the same order.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from netket.config import config
from netket.utils.types import Array, PyTree

AXIS = "S"

_alone: ContextVar[bool] = ContextVar("netket_alone", default=False)


@lru_cache
def _mesh_of(devices: tuple[jax.Device, ...]) -> Mesh:
    return Mesh(np.array(devices), (AXIS,), axis_types=(AxisType.Auto,))


def _mesh(devices: Sequence[jax.Device] | None = None) -> Mesh:
    return _mesh_of(tuple(jax.devices() if devices is None else devices))


def n_ranks() -> int:
    """Number of devices over which samples are spread: all, or one with ``NETKET_SHARDING=0``."""
    return jax.device_count() if config.sharding else 1


def n_parts(length: int | None = None) -> int:
    """In how many parts arrays of some length are split: 1 if there is nothing to split.

    That is so with one device, where the number of devices does not divide the length, and inside
    of a function that runs on every device with its part already (`sharding_decorator`).
    """
    if not _is_split() or _inside_part():
        return 1
    n = jax.device_count()
    return n if length is None or length % n == 0 else 1


def _is_split() -> bool:
    """Whether arrays are split at all."""
    return config.sharding and jax.device_count() > 1 and not _alone.get()


@contextmanager
def alone() -> Iterator[None]:
    """Context in which a process computes by itself, with arrays of its own: nothing is split.

    Functions that are compiled here must not be called elsewhere, where they may be split.
    """
    token = _alone.set(True)
    try:
        yield
    finally:
        _alone.reset(token)


def _inside_part() -> bool:
    """Whether jax traces a function that runs on every device with its part."""
    mesh = jax.sharding.get_abstract_mesh()
    return AXIS in mesh.axis_names and AXIS in mesh.manual_axes


def _along(axis: int, ndim: int) -> PartitionSpec:
    return PartitionSpec(*(AXIS if i == axis % ndim else None for i in range(ndim)))


def shard_along_axis(x: Array, axis: int) -> Array:
    """The array split along an axis over all devices; inside of jit, a constraint.

    Args:
        x: the array, the same on every process.
        axis: the axis, whose length must be divisible by the number of devices.

    Raises:
        ValueError: the length of the axis is not divisible by the number of devices.
    """
    if not _is_split():
        return x
    _check_divisible(jnp.shape(x), axis, jax.device_count())
    sharding = NamedSharding(_mesh(), _along(axis, jnp.ndim(x)))
    if isinstance(x, jax.core.Tracer):
        return jax.lax.with_sharding_constraint(x, sharding)
    return jax.device_put(x, sharding)


def distribute_to_devices_along_axis(
    inp_data: Array,
    axis: int = 0,
    pad: bool = False,
    pad_value: Any = None,
    devices: Sequence[jax.Device] | None = None,
) -> jax.Array | tuple[jax.Array, jax.Array]:
    """A concrete array split along an axis over devices.

    Args:
        inp_data: the array; every process has all of it.
        axis: the axis to split.
        pad: fill the axis up to a multiple of the number of devices.
        pad_value: what to fill with; by default copies of the first entry along the axis.
        devices: by default all.

    Returns:
        The array and, with `pad`, a mask (n,) of the entries that are no padding.

    Raises:
        ValueError: without `pad`, the length of the axis is not divisible.
    """
    data = np.asarray(inp_data)
    mesh = _mesh(devices if devices is not None or _is_split() else jax.devices()[:1])
    mask = np.ones(data.shape[axis], bool)
    if pad:
        extra = -data.shape[axis] % mesh.size
        value = np.take(data, [0], axis) if pad_value is None else np.asarray(pad_value, data.dtype)
        shape = [extra if i == axis % data.ndim else n for i, n in enumerate(data.shape)]
        data = np.concatenate([data, np.broadcast_to(value, shape)], axis)
        mask = np.concatenate([mask, np.zeros(extra, bool)])
    _check_divisible(data.shape, axis, mesh.size)
    sharded = jax.device_put(data, NamedSharding(mesh, _along(axis, data.ndim)))
    if not pad:
        return sharded
    return sharded, jax.device_put(mask, NamedSharding(mesh, PartitionSpec(AXIS)))


def pad_axis_for_sharding(array: Array, *, axis: int = 0, padding_value: Any = 0) -> jax.Array:
    """The array, filled up along an axis to a multiple of the number of devices."""
    array = jnp.asarray(array)
    extra = -array.shape[axis] % (jax.device_count() if _is_split() else 1)
    if not extra:
        return array
    widths = [(0, extra if i == axis % array.ndim else 0) for i in range(array.ndim)]
    return jnp.pad(array, widths, constant_values=padding_value)


def gather(x: Array) -> Array:
    """The whole array on every device."""
    if not _is_split():
        return x
    sharding = NamedSharding(_mesh(), PartitionSpec())
    if isinstance(x, jax.core.Tracer):
        return jax.lax.with_sharding_constraint(x, sharding)
    return _replicated(sharding)(x)


@lru_cache
def _replicated(sharding: NamedSharding) -> Callable[[Array], jax.Array]:
    return jax.jit(lambda x: x, out_shardings=sharding)


def replicate(t: PyTree) -> PyTree:
    """The tree with its jax arrays as a whole on every device.

    Raises:
        ValueError: processes have different values of an array of their own.
    """
    if not _is_split():
        return t
    sharding = NamedSharding(_mesh(), PartitionSpec())
    return jax.tree.map(partial(_replicate, sharding), t)


def _replicate(sharding: NamedSharding, x: Any) -> Any:
    if not isinstance(x, jax.Array) or isinstance(x, jax.core.Tracer):
        return x
    if x.sharding.is_equivalent_to(sharding, x.ndim):
        return x
    if x.is_fully_addressable and jax.process_count() > 1:
        _check_equal(x)
    # concrete arrays stay concrete, also where jax traces something else
    with jax.ensure_compile_time_eval():
        if not x.is_fully_addressable:
            return _replicated(sharding)(x)
        if jax.process_count() == 1:
            return jax.device_put(x, sharding)
        return _placed(x, sharding)


def place_like(x: Array, old: jax.Array) -> jax.Array:
    """An array that every process has, on the devices on which another one of its shape is."""
    if not old.committed:  # jax may still move it to where it is needed
        return jnp.asarray(x)
    if old.sharding.is_fully_addressable:
        return jax.device_put(x, old.sharding)
    if isinstance(x, jax.Array) and not x.is_fully_addressable:
        return x
    return _placed(x, old.sharding)


def _placed(x: Array, sharding: Any) -> jax.Array:
    # every process has its own copy: nothing is sent
    return jax.make_array_from_callback(x.shape, sharding, lambda index: x[index])


def _check_equal(x: jax.Array) -> None:
    from jax.experimental import multihost_utils

    if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
        x = jax.random.key_data(x)
    first = multihost_utils.broadcast_one_to_all(np.asarray(x))
    same = np.array_equal(first, x, equal_nan=jnp.issubdtype(x.dtype, jnp.inexact))
    if any_process(not same):
        raise ValueError(
            f"An array of shape {x.shape} must have the same values on all processes, but has "
            "not: choose the same `seed` or the same variables on all of them."
        )


def of_process(value: int, root: int = 0) -> int:
    """An integer of 32 bits, as process `root` has it."""
    if not config.sharding or jax.process_count() == 1:
        return value
    from jax.experimental import multihost_utils

    is_source = jax.process_index() == root
    return int(multihost_utils.broadcast_one_to_all(np.uint32(value), is_source))


def any_process(flag: bool) -> bool:
    """Whether a flag is set on any process."""
    if not config.sharding or jax.process_count() == 1:
        return flag
    from jax.experimental import multihost_utils

    return bool(np.any(multihost_utils.process_allgather(np.asarray(flag))))


@contextmanager
def failing_together() -> Iterator[None]:
    """Context in which an error of one process, such as of a full disk, is one of all of them.

    What it contains must not need other processes. One that went on alone would wait for ever.

    Raises:
        RuntimeError: in the processes that had no error, if others had one.
    """
    failure = None
    try:
        yield
    except Exception as error:
        failure = error
    failed = any_process(failure is not None)
    if failure is not None:
        raise failure
    if failed:
        raise RuntimeError("Another process of this run has failed: its error says why.")


def to_host(t: PyTree) -> PyTree:
    """The tree with all of its jax arrays as numpy arrays, on every process; random keys stay."""
    return jax.tree.map(_to_host, t)


def _to_host(x: Any) -> Any:
    if not isinstance(x, jax.Array) or jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
        return x
    return np.asarray(x if x.is_fully_addressable or x.is_fully_replicated else gather(x))


def own_rows(x: Array) -> np.ndarray:
    """The rows of an array, split along axis 0, that lie on devices of this process."""
    if jax.process_count() == 1 or not _is_split():
        return np.asarray(x)
    shards = shard_along_axis(x, 0).addressable_shards
    parts = {shard.index[0].start or 0: shard.data for shard in shards}
    return np.concatenate([np.asarray(parts[start]) for start in sorted(parts)])


def from_own_rows(rows: np.ndarray) -> Array:
    """The array, split along axis 0, of which `own_rows` are these on every process."""
    if not _is_split():
        return rows
    sharding = NamedSharding(_mesh(), PartitionSpec(AXIS))
    return jax.make_array_from_process_local_data(sharding, rows)


def largest(value: int) -> int:
    """The largest of the numbers that processes have."""
    if not config.sharding or jax.process_count() == 1:
        return value
    from jax.experimental import multihost_utils

    return int(np.max(multihost_utils.process_allgather(np.asarray(value))))


def array_of_rows(n_rows: int, rows: Callable[[int, int], np.ndarray]) -> jax.Array:
    """An array split along axis 0 from a function (first, stop) that returns some of its rows."""
    shape, dtype = (n_rows, *rows(0, 1).shape[1:]), rows(0, 1).dtype
    if not _is_split():
        return jnp.asarray(rows(0, n_rows))

    def part(index: tuple[slice, ...]) -> np.ndarray:
        return rows(*index[0].indices(n_rows)[:2])

    sharding = NamedSharding(_mesh(), PartitionSpec(AXIS))
    return jax.make_array_from_callback(shape, sharding, part, dtype=dtype)


def extract_replicated(t: PyTree) -> PyTree:
    """Arrays that every process has as a whole, as arrays of this process alone.

    Arrays that are split over devices of one process are left as they are.

    Raises:
        ValueError: an array is split over the devices of several processes.
    """
    return jax.tree.map(_extract, t)


def _extract(x: Any) -> Any:
    if not isinstance(x, jax.Array) or isinstance(x, jax.core.Tracer):
        return x
    if len(x.devices()) == 1:
        return x
    if not x.is_fully_replicated:
        if x.is_fully_addressable:
            return x
        raise ValueError(
            f"Argument `t` has an array of shape {x.shape} that is split over devices: call "
            "`gather` on it first."
        )
    return x.addressable_data(0)


def inspect(name: str, tree: PyTree) -> None:
    """Print how the arrays of a tree are distributed, inside of jit when it runs."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        label = f"{name}{jax.tree_util.keystr(path)}: shape={jnp.shape(leaf)}, sharding:"
        if isinstance(leaf, jax.core.Tracer):
            jax.debug.inspect_array_sharding(leaf, callback=partial(_report, label))
        else:
            _report(label, getattr(leaf, "sharding", None))


def _report(label: str, sharding: Any) -> None:
    sys.stdout.write(f"{label} {sharding}\n")


def sharding_decorator(
    f: Callable[..., Any],
    sharded_args_tree: PyTree,
    reduction_op_tree: PyTree = False,
    pvary_args_tree: PyTree = False,
    **kwargs: Any,
) -> Callable[..., Any]:
    """A function that runs on every device with its part of the arguments.

    Args:
        f: function of arrays.
        sharded_args_tree: for each argument True, if it is split along axis 0, or False, if all
            devices have the same; trees of them for arguments that are trees.
        reduction_op_tree: for each output False, if it is split along axis 0, or the reduction
            over devices, such as `jax.lax.psum`; True is for outputs that are equal already.
        pvary_args_tree: accepted for compatibility; it is not necessary here.
        **kwargs: passed on to `jax.shard_map`.

    Returns:
        The function; f itself with one device.
    """
    if not _is_split():
        return f

    def local(*args: Any) -> Any:
        return _over_prefix(reduction_op_tree, _reduced, f(*args))

    def spec(split: Any) -> PartitionSpec:
        return PartitionSpec(AXIS) if split else PartitionSpec()

    in_specs = jax.tree.map(spec, tuple(sharded_args_tree))
    out_specs = jax.tree.map(lambda op: spec(op is False), reduction_op_tree)
    options = {"check_vma": False} | kwargs
    return jax.shard_map(local, mesh=_mesh(), in_specs=in_specs, out_specs=out_specs, **options)


def _reduced(op: Any, out: PyTree) -> PyTree:
    return jax.tree.map(lambda x: op(x, AXIS), out) if callable(op) else out


def _over_prefix(prefix: PyTree, f: Callable[[Any, Any], Any], tree: PyTree) -> PyTree:
    """f(leaf of the prefix tree, sub-tree below it)."""
    leaves, treedef = jax.tree.flatten(prefix)
    parts = treedef.flatten_up_to(tree)
    return jax.tree.unflatten(treedef, [f(a, b) for a, b in zip(leaves, parts)])


def _check_divisible(shape: tuple[int, ...], axis: int, n_devices: int) -> None:
    if shape[axis] % n_devices:
        raise ValueError(
            f"Axis {axis} must have a length divisible by the number of devices, {n_devices}, but "
            f"the array has shape {shape}: use `pad_axis_for_sharding`."
        )


def with_samples_sharding_constraint(x: Array, shape: Any = None) -> Array:
    """Older name of `shard_along_axis` with axis 0."""
    return shard_along_axis(x, 0)
