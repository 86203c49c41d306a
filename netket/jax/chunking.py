# SPDX-License-Identifier: Apache-2.0
"""Batches evaluated in chunks, so that memory is bounded by the size of a chunk.

A batch of n rows is cut into ⌈n / chunk_size⌉ chunks of nearly equal size, and filled up to a
multiple by copies of its last row. So the function is compiled once whatever n is, the waste is
less than one row per chunk, and every row that it sees is a row of the batch.

With several devices a chunk has `chunk_size` rows of each: they all work on every chunk, each on
rows that it has.
"""

import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial, tree_leaves, tree_map

from netket.utils import HashablePartial
from netket.utils.types import Array, PyTree

from .autodiff import vjp
from .scans import scan_append, scan_append_reduce
from .sharding import n_parts, shard_along_axis

# -- the shape of chunks -----------------------------------------------------------------------


def chunk(x: PyTree, chunk_size: int | None = None) -> tuple[PyTree, Callable[[PyTree], PyTree]]:
    """Splits axis 0 of all leaves, (n, ...) to (n / chunk_size, chunk_size, ...).

    Args:
        x: tree of arrays with the same length n along axis 0.
        chunk_size: must divide n; by default n.

    Returns:
        The split tree, and the function that undoes it.

    Raises:
        ValueError: `chunk_size` does not divide n.
    """
    n = _length(tree_leaves(x))
    size = n if chunk_size is None else chunk_size
    if size < 1 or n % size:
        raise ValueError(
            f"Argument `chunk_size` must divide the length {n} of axis 0, but is {chunk_size}. "
            "Functions `apply_chunked` and `vmap_chunked` take any size."
        )
    return tree_map(lambda x: x.reshape(n // size, size, *x.shape[1:]), x), _merge


def unchunk(x_chunked: PyTree) -> tuple[PyTree, Callable[[PyTree], PyTree]]:
    """Merges axes 0 and 1 of all leaves, (m, chunk_size, ...) to (m chunk_size, ...).

    Returns:
        The merged tree, and the function that undoes it.
    """
    size = tree_leaves(x_chunked)[0].shape[1]
    return _merge(x_chunked), HashablePartial(_split, size)


def _merge(x: PyTree) -> PyTree:
    return tree_map(lambda x: x.reshape(-1, *x.shape[2:]), x)


def _split(size: int, x: PyTree) -> PyTree:
    return chunk(x, size)[0]


def _length(leaves: Sequence[Array]) -> int:
    lengths = {x.shape[0] if x.ndim else None for x in leaves}
    if len(lengths) != 1 or None in lengths:
        shapes = ", ".join(str(x.shape) for x in leaves) or "none"
        raise ValueError(
            f"Arguments mapped along axis 0 must have the same length there; their shapes: {shapes}"
        )
    return lengths.pop()


def check_chunk_size(chunk_size: Any) -> int | None:
    """A chunk size as an integer, or None.

    Raises:
        ValueError: it is not a positive integer.
    """
    if chunk_size is None:
        return None
    try:
        value = operator.index(chunk_size)
    except TypeError:
        value = 0
    if value <= 0:
        raise ValueError(
            f"Argument `chunk_size` must be a positive integer, or None to choose blocks "
            f"automatically, but is {chunk_size!r}."
        )
    return value


class Chunks(NamedTuple):
    """The fewest chunks that hold n rows, of nearly equal size.

    Attributes:
        n: number of rows.
        parts: number of devices over which they are split.
        count: number of chunks.
        size: rows of each device in a chunk.
    """

    n: int
    parts: int
    count: int
    size: int

    @classmethod
    def of(cls, n: int, chunk_size: int, *, sharded: bool = True) -> "Chunks":
        """Chunks of n rows with at most `chunk_size` rows of each device."""
        parts = n_parts(n) if sharded else 1
        count = max(-(-n // (parts * max(chunk_size, 1))), 1)
        return cls(n, parts, count, -(-n // (parts * count)))

    def split(self, x: PyTree, *, zeros: bool = False) -> PyTree:
        """Rows (n, ...) as (count, parts * size, ...), filled up by copies of rows, or by zeros."""
        return tree_map(lambda x: self._split(jnp.asarray(x), zeros), x)

    def _split(self, x: Array, zeros: bool) -> Array:
        rest = self.count * self.size - self.n // self.parts
        if self.parts == 1:
            x = _filled(x, 0, rest, zeros)
            return x.reshape(self.count, self.size, *x.shape[1:])
        tail = x.shape[1:]
        x = _filled(x.reshape(self.parts, self.n // self.parts, *tail), 1, rest, zeros)
        x = x.reshape(self.parts, self.count, self.size, *tail).swapaxes(0, 1)
        return shard_along_axis(x.reshape(self.count, self.parts * self.size, *tail), 1)

    def join(self, x: PyTree) -> PyTree:
        """The inverse of `split`."""
        return tree_map(self._join, x)

    def _join(self, x: Array) -> Array:
        tail = x.shape[2:]
        if self.parts == 1:
            return x.reshape(-1, *tail)[: self.n]
        x = x.reshape(self.count, self.parts, self.size, *tail).swapaxes(0, 1)
        x = x.reshape(self.parts, -1, *tail)[:, : self.n // self.parts]
        return x.reshape(self.n, *tail)


def _filled(x: Array, axis: int, rest: int, zeros: bool) -> Array:
    """The array with more rows along an axis: copies of the last one, or zeros."""
    if not rest:
        return x
    last = jax.lax.slice_in_dim(x, x.shape[axis] - 1, None, axis=axis)
    last = jnp.zeros_like(last) if zeros else last
    return jnp.concatenate([x, jnp.repeat(last, rest, axis=axis)], axis)


# -- functions of batches ----------------------------------------------------------------------


def apply_chunked(
    f: Callable,
    in_axes: Any = 0,
    *,
    chunk_size: int | None,
    axis_0_is_sharded: bool | None = None,
    pvary_argnums: Any = None,
) -> Callable:
    """A function of batches, evaluated in chunks along axis 0.

    Args:
        f: a function that maps axis 0 of some arguments to axis 0 of its outputs.
        in_axes: 0 for arguments that are batches, None for others: one for all, or a tuple with
            one (or a tree of them) for each argument.
        chunk_size: how many rows to evaluate at most at a time; None for all at once.
        axis_0_is_sharded: whether batches are spread over devices; by default if their length is
            a multiple of the number of devices.
        pvary_argnums: accepted for compatibility.

    Returns:
        A function of the same arguments; hashable if `f` and `in_axes` are.

    Raises:
        ValueError: an axis is neither 0 nor None, or lengths differ (when it is called).
    """
    check_chunk_size(chunk_size)
    for axis in tree_leaves(in_axes):
        if axis != 0:
            raise ValueError(f"Argument `in_axes` must have 0 and None only, but has {axis!r}.")
    if chunk_size is None:
        return f
    sharded = axis_0_is_sharded is not False
    return HashablePartial(_apply_chunked, HashablePartial(f), in_axes, chunk_size, sharded)


def vmap_chunked(
    f: Callable,
    in_axes: Any = 0,
    *,
    chunk_size: int | None,
    axis_0_is_sharded: bool | None = None,
    pvary_argnums: Any = None,
) -> Callable:
    """`jax.vmap` evaluated in chunks; arguments are those of `apply_chunked`.

    Args:
        f: a function of single elements.
    """
    if isinstance(in_axes, list):
        in_axes = tuple(in_axes)
    mapped = HashablePartial(_vmap, HashablePartial(f), in_axes)
    return apply_chunked(
        mapped, in_axes, chunk_size=chunk_size, axis_0_is_sharded=axis_0_is_sharded
    )


def _vmap(f: Callable, in_axes: Any, *args: Any, **kwargs: Any) -> PyTree:
    if kwargs:  # jax.vmap would map these, too
        return jax.vmap(lambda *args: f(*args, **kwargs), in_axes=in_axes)(*args)
    return jax.vmap(f, in_axes=in_axes)(*args)


def _apply_chunked(
    f: Callable, in_axes: Any, chunk_size: int, sharded: bool, *args: Any, **kwargs: Any
) -> PyTree:
    leaves, treedef = jax.tree_util.tree_flatten(args)
    axes = _axes_of_leaves(in_axes, args)
    batch = [jnp.asarray(x) for x, axis in zip(leaves, axes) if axis is not None]
    chunks = Chunks.of(_length(batch), chunk_size, sharded=sharded)
    if chunks.count == 1:
        return f(*args, **kwargs)

    def one(rows: list[Array]) -> PyTree:
        rows_iter = iter(rows)
        full = [x if axis is None else next(rows_iter) for x, axis in zip(leaves, axes)]
        return f(*treedef.unflatten(full), **kwargs)

    return chunks.join(scan_append(one, chunks.split(batch)))


def _axes_of_leaves(in_axes: Any, args: tuple) -> list[int | None]:
    """0 or None for each leaf of `args`."""
    if in_axes is None or isinstance(in_axes, int):
        in_axes = (in_axes,) * len(args)
    if len(in_axes) != len(args):
        raise ValueError(
            f"Argument `in_axes` must have one entry for each of the {len(args)} arguments, but "
            f"has {len(in_axes)}."
        )
    axes: list[int | None] = []
    for axis, arg in zip(in_axes, args):
        tree_map(
            lambda axis, sub: axes.extend([axis] * len(tree_leaves(sub))),
            axis,
            arg,
            is_leaf=lambda x: x is None,
        )
    return axes


# -- pullbacks ---------------------------------------------------------------------------------


def vjp_chunked(
    fun: Callable,
    *primals: PyTree,
    has_aux: bool = False,
    chunk_argnums: int | Sequence[int] = (),
    chunk_size: int | None = None,
    nondiff_argnums: int | Sequence[int] = (),
    return_forward: bool = False,
    conjugate: bool = False,
) -> Callable[[PyTree], Any]:
    """The pullback of a function of batches, evaluated in chunks; see `netket.jax.vjp`.

    Derivatives by arguments that are batches are stacked, those by others added up. Each chunk is
    evaluated and differentiated before the next, so that memory does not grow with the batch.

    Args:
        fun: a function that maps axis 0 of some arguments to axis 0 of its outputs.
        primals: its arguments.
        has_aux: `fun` returns a pair, whose second element (a batch, too) is passed through.
        chunk_argnums: the arguments that are batches.
        chunk_size: how many rows to evaluate at most at a time; None for all at once.
        nondiff_argnums: arguments not to differentiate by.
        return_forward: return also the value.
        conjugate: conjugate the derivatives.

    Returns:
        The pullback: a function of w, like the value of `fun`, that returns the derivatives by all
        arguments that are not in `nondiff_argnums`, as a tuple; with `return_forward` the value
        before them, with `has_aux` the second output after them.
    """
    check_chunk_size(chunk_size)
    chunk_argnums = _as_tuple(chunk_argnums)
    nondiff_argnums = _as_tuple(nondiff_argnums)
    for i in (*chunk_argnums, *nondiff_argnums):
        if not 0 <= i < len(primals):
            raise ValueError(
                f"Arguments `chunk_argnums` and `nondiff_argnums` must be numbers of the "
                f"{len(primals)} primals, but contain {i}."
            )
    if chunk_size is not None and chunk_argnums:
        n = _length(tree_leaves([primals[i] for i in chunk_argnums]))
        chunks = Chunks.of(n, chunk_size)
        if chunks.count > 1:
            pull = HashablePartial(
                _pull_chunked,
                fun,
                has_aux,
                chunk_argnums,
                chunks,
                nondiff_argnums,
                return_forward,
                conjugate,
            )
            return Partial(pull, primals)
    out, pull, aux = _vjp_of_some(fun, primals, nondiff_argnums, has_aux, conjugate)
    if not (return_forward or has_aux):
        return pull
    return Partial(HashablePartial(_pull_whole, has_aux, return_forward), pull, out, aux)


def _as_tuple(numbers: int | Sequence[int]) -> tuple[int, ...]:
    return (numbers,) if isinstance(numbers, int) else tuple(numbers)


def _vjp_of_some(
    fun: Callable, primals: Sequence, nondiff: tuple[int, ...], has_aux: bool, conjugate: bool
) -> tuple[Any, Callable, Any]:
    """`vjp` by the arguments that are not in `nondiff`."""
    diff = [i for i in range(len(primals)) if i not in nondiff]

    def partial(*chosen: Any) -> Any:
        full = list(primals)
        for i, value in zip(diff, chosen):
            full[i] = value
        return fun(*full)

    out, pull, *aux = vjp(
        partial, *(primals[i] for i in diff), has_aux=has_aux, conjugate=conjugate
    )
    return out, pull, aux[0] if has_aux else None


def _pull_whole(
    has_aux: bool, return_forward: bool, pull: Callable, out: PyTree, aux: PyTree, w: PyTree
) -> Any:
    return _select(out, pull(w), aux, return_forward, has_aux)


def _select(out: PyTree, res: tuple, aux: PyTree, return_forward: bool, has_aux: bool) -> Any:
    if not (return_forward or has_aux):
        return res
    return (*((out,) if return_forward else ()), res, *((aux,) if has_aux else ()))


def _pull_chunked(
    fun: Callable,
    has_aux: bool,
    chunk_argnums: tuple[int, ...],
    chunks: Chunks,
    nondiff_argnums: tuple[int, ...],
    return_forward: bool,
    conjugate: bool,
    primals: tuple,
    w: PyTree,
) -> Any:
    batch = chunks.split([primals[i] for i in chunk_argnums])
    # rows that fill up have weight zero
    w = chunks.split(w, zeros=True)
    diff = [i for i in range(len(primals)) if i not in nondiff_argnums]

    def one(x: tuple) -> tuple:
        batch, w = x
        full = list(primals)
        for i, rows in zip(chunk_argnums, batch):
            full[i] = rows
        out, pull, aux = _vjp_of_some(fun, full, nondiff_argnums, has_aux, conjugate)
        return out if return_forward else None, _hide_float0(pull(w)), aux

    append = (True, tuple(i in chunk_argnums for i in diff), True)
    out, res, aux = scan_append_reduce(one, (batch, w), append)
    res = tuple(chunks.join(r) if i in chunk_argnums else r for i, r in zip(diff, res))
    res = _show_float0(res)
    return _select(chunks.join(out), res, chunks.join(aux), return_forward, has_aux)


# Derivatives by integers have dtype float0, which a loop cannot stack or add: there they are bools.


def _hide_float0(tree: PyTree) -> PyTree:
    return tree_map(lambda x: jnp.zeros(x.shape, bool) if x.dtype == jax.dtypes.float0 else x, tree)


def _show_float0(tree: PyTree) -> PyTree:
    return tree_map(lambda x: np.zeros(x.shape, jax.dtypes.float0) if x.dtype == bool else x, tree)
