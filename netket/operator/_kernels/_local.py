# SPDX-License-Identifier: Apache-2.0
"""Local terms: O = c + sum_t M_t, each M_t a matrix on few sites, by tables of its rows.

Tables belong to patterns, which many terms share; a term adds its sites and its values.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ._rows import row_jax, without_noise


class LocalData(NamedTuple):
    """Local terms for the numba kernel: flat arrays, tables concatenated over patterns."""

    constant: Any  # ()
    mels: Any  # (V,) values of all terms
    site_begins: Any  # (T + 1,) where the sites of each term begin
    sites: Any  # (S,) sites of all terms
    strides: Any  # (S,) weights of their digits in row numbers
    first_row: Any  # (T,) where the term's pattern begins in the tables by row
    first_value: Any  # (T,) where its values begin
    diagonal: Any  # (R,) by row: diagonal element, relative to first_value, or -1
    off_begins: Any  # (R + 1,) by row: where its off-diagonal elements begin
    off_value: Any  # (O,) which value, relative to first_value
    change_begins: Any  # (O + 1,) where the changes of an element begin
    change_position: Any  # (C,) position in the support
    change_value: Any  # (C,) new local index


class LocalGroup(NamedTuple):
    """Terms with k sites and at most m off-diagonal elements in a row, for the jax kernel."""

    sites: Any  # (T, k)
    strides: Any  # (T, k)
    first_row: Any  # (T,)
    first_value: Any  # (T,)
    diagonal: Any  # (R,) value relative to first_value, or -1
    off_value: Any  # (R, m) the same
    new: Any  # (R, m, k) new local indices


class LocalGroups(NamedTuple):
    """Local terms for the jax kernel."""

    constant: Any  # ()
    mels: Any  # (V,)
    groups: tuple[LocalGroup, ...]


@row_jax.register(LocalGroups)
def local_row(data: LocalGroups, x: Any) -> tuple[Any, Any]:
    """The diagonal, then the off-diagonal slots of all terms."""
    diagonal, moduli = data.constant, jnp.abs(data.constant)
    xps, mels = [x[None]], []
    for group in data.groups:
        old = x[group.sites]  # (T, k)
        row = group.first_row + jnp.sum(old * group.strides, axis=-1)
        values = _values(data.mels, group.first_value, group.diagonal[row])
        diagonal += jnp.sum(values)
        moduli += jnp.sum(jnp.abs(jax.lax.stop_gradient(values)))
        if group.off_value.shape[1]:
            off = group.off_value[row]  # (T, m)
            mels.append(_values(data.mels, group.first_value[:, None], off).ravel())
            xps.append(_changed(x, group.sites, old, group.new[row]))
    diagonal = without_noise(diagonal, moduli)
    return jnp.concatenate(xps), jnp.concatenate([diagonal[None], *mels])


def _values(mels: Any, first: Any, index: Any) -> Any:
    """mels[first + index], or 0 where the index is -1."""
    index = jnp.where(index < 0, mels.shape[0], first + index)
    return mels.at[index].get(mode="fill", fill_value=0)


def _changed(x: Any, sites: Any, old: Any, new: Any) -> Any:
    """x with the digits at `sites` replaced: (T m, N).

    A sum over the k sites of masked differences is faster than a scatter on CPU and GPU alike.
    """
    n, k = x.shape[0], sites.shape[1]
    delta = new.astype(x.dtype) - old[:, None]  # (T, m, k)
    xp = x
    for j in range(k):
        here = sites[:, j, None] == jnp.arange(n, dtype=sites.dtype)  # (T, N)
        xp = xp + jnp.where(here[:, None], delta[:, :, j, None], 0)
    return xp.reshape(-1, n)


def flat_tables(terms: Any, index_dtype: Any) -> tuple[np.ndarray, ...]:
    """The structure arrays of `LocalData` after its values, for a `Terms`."""
    distinct = list(dict.fromkeys(terms.patterns))
    first = dict(zip(distinct, _begins([p.n_rows for p in distinct])))
    begins, positions, values = zip(*(p.changes for p in distinct)) if distinct else ((), (), ())
    return (
        _begins([len(s) for s in terms.supports]).astype(np.int32),
        _flat(terms.supports, np.int32),
        _flat([p.strides for p in terms.patterns], np.int64),
        np.array([first[p] for p in terms.patterns], np.int64),
        terms.offsets[:-1].copy(),
        _flat([p.diagonal for p in distinct], np.int32),
        _begins(_flat([p.off_counts for p in distinct], np.int64)),
        _flat([p.off_diagonal for p in distinct], np.int32),
        _begins(_flat([np.diff(b) for b in begins], np.int64)),
        _flat(positions, np.int32),
        _flat(values, index_dtype),
    )


def group_tables(terms: Any, index_dtype: Any) -> tuple[LocalGroup, ...]:
    """The groups of `LocalGroups` for a `Terms`."""
    members: dict[tuple[int, int], list[int]] = {}
    for t, pattern in enumerate(terms.patterns):
        members.setdefault((len(pattern.dims), pattern.max_off), []).append(t)
    return tuple(_group(terms, members[key], index_dtype) for key in sorted(members))


def _group(terms: Any, members: list[int], index_dtype: Any) -> LocalGroup:
    patterns = [terms.patterns[t] for t in members]
    distinct = list(dict.fromkeys(patterns))
    first = dict(zip(distinct, _begins([p.n_rows for p in distinct])))
    return LocalGroup(
        sites=np.array([terms.supports[t] for t in members], np.int32),
        strides=np.array([p.strides for p in patterns], np.int32),
        first_row=np.array([first[p] for p in patterns], np.int32),
        first_value=terms.offsets[members].astype(np.int32),
        diagonal=np.concatenate([p.diagonal for p in distinct]),
        off_value=np.concatenate([p.padded_tables[0] for p in distinct]),
        new=np.concatenate([p.padded_tables[1] for p in distinct]).astype(index_dtype),
    )


def _begins(counts: Any) -> np.ndarray:
    """Where consecutive parts with these sizes begin, and the end of the last."""
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])


def _flat(parts: Any, dtype: Any) -> np.ndarray:
    return np.concatenate([np.zeros(0, dtype), *parts]).astype(dtype)
