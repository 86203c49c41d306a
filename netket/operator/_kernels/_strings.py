# SPDX-License-Identifier: Apache-2.0
"""Strings on two-state sites: <x|O_t|x'> = w_t [x & care_t = want_t] (-1)^|x & sign_t|.

x' = x xor flip_t. Terms with equal flip are a group and share one x'. Bits are in words, so that
a sign costs one operation for each word and one count.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ._rows import row_jax, without_noise


class StringData(NamedTuple):
    """Strings for the numba kernel. Arrays of conditions have no rows if there are none."""

    weights: Any  # (T,)
    moduli: Any  # of the weights, (T,); without conditions their sums over groups, (G,)
    sign: Any  # (T, W) uint64
    care: Any  # (T, W) uint64, or (0, W)
    want: Any  # the same
    begins: Any  # (G + 1,) where the terms of a group begin
    site_begins: Any  # (G + 1,) where the sites begin that the group changes
    sites: Any  # (S,) int32


class StringBucket(NamedTuple):
    """Groups of up to m terms, for the jax kernel; free places have no weight."""

    term: Any  # (m, G) int32, which weight; T where there is none
    sign: Any  # (W, m, G) uint32
    care: Any  # (W, m, G) uint32, or None
    want: Any  # the same
    flip: Any  # (G, N) local indices


class StringBuckets(NamedTuple):
    """Strings for the jax kernel; the diagonal, if there is one, is the first bucket."""

    weights: Any  # (T,)
    buckets: tuple[StringBucket, ...]


@row_jax.register(StringBuckets)
def string_row(data: StringBuckets, x: Any) -> tuple[Any, Any]:
    """One slot for each group."""
    words = _words(x)
    rows = [_bucket_row(data.weights, bucket, words, x) for bucket in data.buckets]
    xps, mels = zip(*rows)
    return jnp.concatenate(xps), jnp.concatenate(mels)


def _words(x: Any) -> Any:
    """Bits (N,) as uint32 words (W,)."""
    n = x.shape[0]
    n_words = max(-(-n // 32), 1)
    bits = jnp.pad(x.astype(jnp.uint32), (0, 32 * n_words - n)).reshape(n_words, 32)
    return jnp.sum(bits << np.arange(32, dtype=np.uint32), axis=-1, dtype=jnp.uint32)


def _bucket_row(weights: Any, bucket: StringBucket, words: Any, x: Any) -> tuple[Any, Any]:
    w = weights.at[bucket.term].get(mode="fill", fill_value=0)  # (m, G)
    moduli = jnp.abs(jax.lax.stop_gradient(w))
    odd = words[0] & bucket.sign[0]
    for k in range(1, words.shape[0]):
        odd ^= words[k] & bucket.sign[k]
    w = jnp.where(jax.lax.population_count(odd) & 1, -w, w)
    xp = x ^ bucket.flip
    if bucket.care is not None:
        differ = (words[0] ^ bucket.want[0]) & bucket.care[0]
        for k in range(1, words.shape[0]):
            differ |= (words[k] ^ bucket.want[k]) & bucket.care[k]
        holds = (differ == 0) & (bucket.term < weights.shape[0])
        w, moduli = jnp.where(holds, w, 0), jnp.where(holds, moduli, 0)
        xp = jnp.where(jnp.any(holds, axis=0)[:, None], xp, x)
    mels = jnp.sum(w, axis=0)
    return xp, mels if w.shape[0] == 1 else without_noise(mels, jnp.sum(moduli, axis=0))


def string_tables(terms: Any) -> tuple[np.ndarray, ...]:
    """The structure arrays of `StringData` after its weights, for a `StringTerms`."""
    sites, site_begins = terms.changes
    none = np.zeros((0, terms.sign.shape[1]), np.uint64)
    return (
        np.array(terms.sign, order="C"),
        np.array(terms.care, order="C") if terms.has_care else none,
        np.array(terms.want, order="C") if terms.has_care else none.copy(),
        terms.begins.astype(np.int64),
        site_begins.astype(np.int64),
        sites.astype(np.int32),
    )


def string_buckets(terms: Any, index_dtype: Any) -> tuple[StringBucket, ...]:
    """The buckets of `StringBuckets` for a `StringTerms`: group sizes rounded up to 2^k."""
    sizes = np.diff(terms.begins)
    bucket = np.ceil(np.log2(np.maximum(sizes, 1))).astype(np.int64)
    if not terms.group_flips[0].any():
        bucket[0] = -1
    return tuple(
        _bucket(terms, np.flatnonzero(bucket == number), index_dtype)
        for number in np.unique(bucket)
    )


def _bucket(terms: Any, groups: np.ndarray, index_dtype: Any) -> StringBucket:
    first, sizes = terms.begins[groups], np.diff(terms.begins)[groups]
    place = np.arange(max(sizes.max(initial=0), 1))[:, None]
    term = np.where(place < sizes, first + place, len(terms))  # (m, G)

    def gathered(words: np.ndarray) -> np.ndarray:
        halves = np.ascontiguousarray(words.astype("<u8")).view("<u4").astype(np.uint32)
        halves = halves[:, : max(-(-terms.n_sites // 32), 1)]
        halves = np.concatenate([halves, np.zeros((1, halves.shape[1]), np.uint32)])
        return np.ascontiguousarray(np.moveaxis(halves[term], -1, 0))

    flip = np.zeros((len(groups), terms.n_sites), index_dtype)
    sites, begins = terms.changes
    owner = np.repeat(np.arange(len(begins) - 1), np.diff(begins))
    row = np.full(len(begins) - 1, -1)
    row[groups] = np.arange(len(groups))
    here = row[owner] >= 0
    flip[row[owner[here]], sites[here]] = 1
    return StringBucket(
        term=term.astype(np.int32),
        sign=gathered(terms.sign),
        care=gathered(terms.care) if terms.has_care else None,
        want=gathered(terms.want) if terms.has_care else None,
        flip=flip,
    )
