# SPDX-License-Identifier: Apache-2.0
"""Numbers of samples that are all in the space, in few numpy operations; see `_index_table`.

Nothing is found out about samples outside, not even which ones they are. A few consecutive sites
form a chunk, whose digits are one number, its code. Codes of a few chunks are bits of one word, and
all words are one matrix product. Without a constraint, codes are joined. In spaces of few
configurations, the numbers are looked up, see `_few_codes`. With a fixed sum, the number is

    k = Σ_c A_c[t_c, code_c],   t_{c+1} = B_c[t_c, code_c],

where t_c is the sum left for the chunk and those after it. The tables A_c and B_c depend on how
many sites follow only, and not on the number of states.
"""

import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ._few_codes import numbers_of_codes
from ._index_table import IndexTable, max_states, place_values

#: From samples (B, N) to numbers (B,), or to None if one of them is not in the space.
Ranker = Callable[[np.ndarray], np.ndarray | None]

#: Entries of samples that are worked on at a time, and of those for which others are faster.
_CHUNK, _MAX_ENTRIES = 2**18, 2**25

#: Words, and the codes in them, are exact in single precision.
_WORD_BITS = 24
_MAX_CODE = 2**_WORD_BITS

#: Codes of a chunk of a fixed sum, and entries of all its tables.
_SUM_CODES, _MAX_TABLE = 2**8, 2**20

#: Beyond so many parts with different local states, all sites are treated as different.
_MAX_RUNS = 4

#: Lists of numbers are inverted up to this size.
_MAX_INVERSE = 2**16

_INTEGERS = tuple(np.dtype(f"{kind}{n}") for kind in "iu" for n in (1, 2, 4, 8))


class _Run(NamedTuple):
    """Consecutive sites with the same local states.

    Attributes:
        sites: the sites.
        digits: from their samples (B, n) to multiples of digits in single precision, or None.
        weights: (n_words, n), what such a multiple adds to the words.
    """

    sites: slice
    digits: Ranker
    weights: np.ndarray


class _Place(NamedTuple):
    """Where the code of a chunk is.

    Attributes:
        word: the word.
        shift: its first bit.
        mask: with ones for its bits; None if there are no others above.
    """

    word: int
    shift: int
    mask: int | None

    def code(self, words: np.ndarray) -> np.ndarray:
        """(B,) codes, from words (n_words, B)."""
        code = words[self.word]
        if self.shift:
            code = code >> self.shift
        return code if self.mask is None else code & self.mask


def quick_ranker(table: IndexTable, start: Any, step: Any) -> Ranker | None:
    """The fastest way to the numbers of samples.

    Args:
        table: the space.
        start, step: numbers, or arrays (N,), with which samples are ``start + step * index``.

    Returns:
        None if the numbers, or the tables, are too large for this.
    """
    listed = numbers_of_codes(table)
    if listed is not None:
        weights = place_values(table.dims).astype(np.float32)[None]
        return _few_ranker(listed, _runs(table, weights, start, step))
    sizes = [int(table.n_states), *table.blocks[:, 4].tolist()]
    if max(sizes) > 2**53 or len(table.dims) == 0 or table.n_states == 0:
        return None
    blocks = table.blocks.tolist()
    cuts = [chunk_cuts(table, block) for block in blocks]
    if not all(cuts):
        return None
    n_codes = [[math.prod(table.dims[a:b].tolist()) for a, b in zip(c, c[1:])] for c in cuts]
    places = _places(n_codes)
    runs = _runs(table, _weights(table.dims, cuts, places), start, step)
    dtype = number_dtype(table.n_states)
    rankers = [
        _sum_ranker(table, block, cut, own) if block[2] >= 0 else _free_ranker(own, n)
        for block, cut, own, n in zip(blocks, cuts, places, n_codes)
    ]
    groups = []
    for group in table.groups.tolist():
        first, last, _, n_keys, size = group
        parts = [(rankers[b], blocks[b][4]) for b in range(first, last) if n_codes[b]]
        n_product = int(np.prod([blocks[b][4] for b in range(first, last)], dtype=object))
        find = _finder(table.keys_of(group), n_product) if n_keys >= 0 else None
        groups.append((parts, find, size))

    def rank_part(rows: np.ndarray) -> np.ndarray | None:
        words = _words(runs, rows)
        if words is None:
            return None
        words = words.astype(np.intp)
        words = words if words.ndim == 2 else words[None]
        number = None
        for parts, find, size in groups:
            key = None
            for block_rank, n_states in parts:
                part = block_rank(words)
                if part is None:
                    return None
                key = part if key is None else key * n_states + part
            if key is None:  # sites without any state to choose
                key = np.zeros(len(rows), dtype=np.int64)
            if find is not None:
                key = find(key)
                if key is None:
                    return None
            number = key if number is None else number * size + key
        return None if number is None else number.astype(dtype, copy=False)

    return _in_parts(rank_part, dtype)


def number_dtype(n_states: int) -> np.dtype:
    """The dtype of numbers of states."""
    return np.dtype(np.int32 if n_states <= max_states else np.int64)


def _in_parts(rank_part: Ranker, dtype: np.dtype) -> Ranker:
    """The same for as many samples at a time as stay within the cache."""

    def rank(rows: np.ndarray) -> np.ndarray | None:
        if rows.size <= _CHUNK:
            return rank_part(rows)
        if rows.size > _MAX_ENTRIES:
            return None
        height = max(_CHUNK // rows.shape[1], 1)
        numbers = np.empty(len(rows), dtype=dtype)
        for first in range(0, len(rows), height):
            part = rank_part(rows[first : first + height])
            if part is None:
                return None
            numbers[first : first + height] = part
        return numbers

    return rank


# -- codes -------------------------------------------------------------------------------------


def chunk_cuts(table: IndexTable, block: list, free_codes: int = _MAX_CODE) -> list[int]:
    """Where chunks of a block begin, and its end; nothing if that would be too much.

    Args:
        table: the space.
        block: a row of its blocks.
        free_codes: largest number of codes of a chunk without a constraint.
    """
    first, last, total = block[:3]
    dims = table.dims[first:last].tolist()
    largest = free_codes if total < 0 else _SUM_CODES
    cuts, n_codes, entries = [first], 1, 0
    for site, dim in enumerate(dims, first):
        if site > cuts[-1] and n_codes * dim > largest:
            cuts.append(site)
            n_codes = 1
        n_codes *= dim
        entries += n_codes if total >= 0 else 0
    if max(dims, default=1) > max(free_codes, 2**12) or entries * (total + 2) > _MAX_TABLE:
        return []
    return [*cuts, last] if last > first else cuts


def _places(n_codes: list[list[int]]) -> list[list[_Place]]:
    """Where the codes of the chunks of each block are: in the last word, if they fit."""
    words: list[list[int]] = []  # the first bit of each chunk, and the one after the last
    at = []
    for n in itertools.chain.from_iterable(n_codes):
        n_bits = (n - 1).bit_length()
        if not words or words[-1][-1] + n_bits > _WORD_BITS:
            words.append([0])
        at.append((len(words) - 1, len(words[-1]) - 1))
        words[-1].append(words[-1][-1] + n_bits)
    places = (
        _Place(
            w, words[w][k], (1 << words[w][k + 1] - words[w][k]) - 1 if words[w][k + 2 :] else None
        )
        for w, k in at
    )
    return [list(itertools.islice(places, len(n))) for n in n_codes]


def _runs(table: IndexTable, weights: np.ndarray, start: Any, step: Any) -> list[_Run]:
    """Parts with the same local states, for given weights (n_words, N) of digits."""
    # the local states with digit 0 and 1
    start, step = (np.broadcast_to(value, table.dims.shape) for value in (start, step))
    zero = start + step * table.digit_start
    one = zero + step * table.digit_step
    same = (zero[1:] == zero[:-1]) & (one[1:] == one[:-1]) & (np.diff(table.dims) == 0)
    ends = [*(np.flatnonzero(~same) + 1).tolist(), len(table.dims)]
    if len(ends) > _MAX_RUNS:
        every = slice(0, len(table.dims))
        return [_Run(every, _any_digits(zero, one - zero, table.dims), weights)]
    runs = []
    for first, last in zip([0, *ends], ends):
        digits, unit = _digits(zero[first].item(), one[first].item(), int(table.dims[first]))
        runs.append(_Run(slice(first, last), digits, weights[:, first:last] / np.float32(unit)))
    return runs


def _weights(dims: np.ndarray, cuts: list[list[int]], places: list[list[_Place]]) -> np.ndarray:
    """(n_words, N) what the digits of each site add to the words."""
    n_words = max((place.word for own in places for place in own), default=0) + 1
    weights = np.zeros((n_words, len(dims)), dtype=np.float32)
    for cut, own in zip(cuts, places):
        for first, last, place in zip(cut, cut[1:], own):
            weights[place.word, first:last] = place_values(dims[first:last]) << place.shift
    return weights


def _words(runs: list[_Run], rows: np.ndarray) -> np.ndarray | None:
    """(n_words, B) words in single precision, or (B,) if there is only one."""
    words = None
    for sites, digits, weights in runs:
        q = digits(rows if len(runs) == 1 else rows[:, sites])
        if q is None:
            return None
        # a vector takes half as long as a matrix
        part = q.dot(weights[0]) if len(weights) == 1 else weights @ q.T
        words = part if words is None else words + part
    return words


def _digits(zero: Any, one: Any, dim: int) -> tuple[Ranker, int]:
    """Multiples of digits of samples, in single precision; None if one is not of a local state.

    Args:
        zero, one: the local states with digit 0 and 1.
        dim: number of local states.

    Returns:
        The function, and the multiple.
    """
    step = one - zero
    last = zero + step * (dim - 1)
    if not all(float(x).is_integer() for x in (zero, step)):
        return _any_digits(zero, step, dim), 1
    zero, step = int(zero), int(step)
    unit = abs(step) if abs(step).bit_count() == 1 else 0
    others = _any_digits(zero, step, dim) if dim != 2 else _two_digits(zero, zero + step)
    span = unit * (dim - 1)
    # differences of other types may be the same for several samples
    fitting = frozenset(t for t in _INTEGERS if unit and _hold(t, zero, int(last), span))
    unit = unit or 1
    all_below = (span // unit + 1).bit_count() == 1  # all sums of certain powers of two

    def digits(rows: np.ndarray) -> np.ndarray | None:
        if rows.dtype not in fitting:
            q = others(rows)
            return q if q is None or unit == 1 else q * np.float32(unit)
        # modulo a power of two: what is too small is too large
        if step < 0:
            rows = zero - rows
        elif zero:
            rows = rows - zero
        if all_below or unit > 1:
            bits = int(np.bitwise_or.reduce(rows, axis=None))
            if bits & (~span if all_below else unit - 1):
                return None
        if not all_below:
            if rows.view(f"u{rows.dtype.itemsize}").max(initial=0) > span:
                return None
        return rows.astype(np.float32)

    return digits, unit


def _hold(dtype: np.dtype, *values: int) -> bool:
    """Whether integers of a type can have these values."""
    limits = np.iinfo(dtype)
    return all(limits.min <= value <= limits.max for value in values)


def _two_digits(zero: int, one: int) -> Ranker:
    """The same for two local states."""

    def two_digits(rows: np.ndarray) -> np.ndarray | None:
        is_one = rows == one
        return is_one.astype(np.float32) if (is_one | (rows == zero)).all() else None

    return two_digits


def _any_digits(zero: Any, step: Any, dims: Any) -> Ranker:
    """The same for any equidistant local states; arguments may be arrays (N,)."""

    def digits(rows: np.ndarray) -> np.ndarray | None:
        q = (rows.astype(float) - zero) / step
        inside = (q >= 0) & (q < dims) & (q == np.rint(q))
        return q.astype(np.float32) if inside.all() else None

    return digits


# -- from codes to numbers ---------------------------------------------------------------------


def _few_ranker(listed: np.ndarray, runs: list[_Run]) -> Ranker:
    """The number of each code is listed, or the code itself."""

    def rank_few(rows: np.ndarray) -> np.ndarray | None:
        codes = _words(runs, rows)
        if codes is None or not len(listed):
            return None if codes is None else codes.astype(np.int32)
        numbers = listed.take(codes.astype(np.intp))
        return numbers if numbers.size == 0 or numbers.min() >= 0 else None

    return _in_parts(rank_few, np.dtype(np.int32))


def _free_ranker(places: list[_Place], n_codes: list[int]) -> Ranker:
    """A block without a constraint."""

    def rank_free(words: np.ndarray) -> np.ndarray:
        number = places[0].code(words)
        for place, n in zip(places[1:], n_codes[1:]):
            number = number * n + place.code(words)
        return number

    return rank_free


def _sum_ranker(table: IndexTable, block: list, cuts: list[int], places: list[_Place]) -> Ranker:
    """A fixed sum of digits: one step for each chunk."""
    total = block[2]
    steps = [sum_tables(table, block, a, b) for a, b in zip(cuts, cuts[1:])]
    if not steps:
        return lambda words: None
    # the first chunk has the whole sum left
    added = [steps[0][0][total], *(a.ravel() for a, _ in steps[1:])]
    # where the rows of the following table begin
    left = [b * a_next.shape[1] for (_, b), (a_next, _) in zip(steps, steps[1:])]
    left = [b[total] if c == 0 else b.ravel() for c, b in enumerate(left)]

    def rank_sum(words: np.ndarray) -> np.ndarray | None:
        at = places[0].code(words)
        number = added[0].take(at)
        for c in range(1, len(added)):
            at = left[c - 1].take(at)
            at += places[c].code(words)
            number += added[c].take(at)
        return number if number.size == 0 or number.min() >= 0 else None

    return rank_sum


def sum_tables(
    table: IndexTable, block: list, first: int, last: int
) -> tuple[np.ndarray, np.ndarray]:
    """What a chunk adds to the number, and the sum that it leaves, (T + 2, n_codes) each.

    Row T + 1 stands for a negative sum; what it adds at the end makes the number negative.
    """
    end, total = block[1], block[2]
    counts = table.counts_of(block)
    dims = table.dims[first:last].tolist()
    digits = np.stack(np.unravel_index(np.arange(int(np.prod(dims))), dims))
    left = np.append(np.arange(total + 1), -1)[:, None] * np.ones_like(digits[0])
    number = np.zeros_like(left)
    for site, q in zip(range(first, last), digits):
        row = counts[end - 1 - site]
        rest = np.maximum(left - q, -1)
        number += row[left + 1] - row[rest + 1]
        left = rest
    if last == end:
        number = np.where(left == 0, number, np.iinfo(np.int64).min // 2)
    return number, np.where(left < 0, total + 1, left)


def _finder(keys: np.ndarray, n_product: int) -> Ranker:
    """Places of keys in a sorted list; None if one is not there."""
    if n_product <= _MAX_INVERSE:
        inverse = np.full(n_product, -1)
        inverse[keys] = np.arange(len(keys))

        def look_up(key: np.ndarray) -> np.ndarray | None:
            place = inverse.take(key)
            return place if place.size == 0 or place.min() >= 0 else None

        return look_up

    def search(key: np.ndarray) -> np.ndarray | None:
        place = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
        return place if (keys[place] == key).all() else None

    return search
