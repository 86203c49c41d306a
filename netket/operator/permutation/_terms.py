# SPDX-License-Identifier: Apache-2.0
"""`PermutationTerms`: permutations of sites, with or without a reversal of all local states.

On local indices n_i = 0 ... d_i - 1, term t takes x to x'_i = x_(g_t(i)), or d_i - 1 - x_(g_t(i)).
"""

from collections import Counter
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from netket.hilbert import DiscreteHilbert
from netket.hilbert.index import affine_map

# Constrained spaces of unknown structure are searched for states that leave them up to this size.
_SEARCHED = 10_000


class PermutationTerms:
    """Distinct terms in a canonical order. Hashable by content, static under jit.

    Args:
        images: g_t(0), g_t(1), ..., (T, N), sorted and distinct together with `flips`: see `make`.
        flips: (T,).
    """

    def __init__(self, images: np.ndarray, flips: np.ndarray):
        self.images, self.flips = images, flips
        self._key = (images.shape, images.tobytes(), flips.tobytes())
        self._hash: int | None = None

    @classmethod
    def make(cls, images: Any, flips: Any) -> "tuple[PermutationTerms, np.ndarray]":
        """The terms, and the place that each of the given ones has among them."""
        table = np.concatenate([np.asarray(flips)[:, None], np.asarray(images)], axis=1)
        table, place = np.unique(table.astype(np.int32), axis=0, return_inverse=True)
        images = np.ascontiguousarray(table[:, 1:])
        return cls(images, table[:, 0] == 1), place.reshape(-1)

    @classmethod
    def single(cls, images: np.ndarray, flip: bool = False) -> "PermutationTerms":
        return cls(np.asarray(images, np.int32)[None].copy(), np.array([flip]))

    def __len__(self) -> int:
        return len(self.images)

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(self._key)
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, PermutationTerms) and self._key == other._key)

    def __getstate__(self) -> Any:
        return self.images, self.flips

    def __setstate__(self, state: Any) -> None:
        self.__init__(*state)  # type: ignore[misc]

    # -- algebra ------------------------------------------------------------------------------

    def plus(self, other: "PermutationTerms") -> "tuple[PermutationTerms, np.ndarray]":
        """All terms, and the places of those of `self` and then those of `other`."""
        images = np.concatenate([self.images, other.images])
        return self.make(images, np.concatenate([self.flips, other.flips]))

    def times(self, other: "PermutationTerms") -> "tuple[PermutationTerms, np.ndarray]":
        """Products of all pairs, and the places of (0, 0), (0, 1), ..."""
        # x'_i = y_(h(i)), y_j = x_(g(j))
        images = self.images[:, other.images].reshape(-1, self.images.shape[1])
        return self.make(images, (self.flips[:, None] ^ other.flips).ravel())

    @cached_property
    def inverse(self) -> "tuple[PermutationTerms, np.ndarray]":
        """The inverses, and the places of those of term 0, 1, ..."""
        return self.make(np.argsort(self.images, axis=1), self.flips)

    @cached_property
    def crossings(self) -> np.ndarray:
        """Whether i < j and g(i) > g(j): (T, N, N)."""
        n = self.images.shape[1]
        above = np.arange(n)[:, None] < np.arange(n)
        return above & (self.images[:, :, None] > self.images[:, None, :])


def images_of(permutation: Any, n_sites: int) -> np.ndarray:
    """The images of a `Permutation`, of the identity, or given as an array.

    Raises:
        ValueError: it does not permute `n_sites` sites.
    """
    from netket.utils.group import Identity, Permutation

    if isinstance(permutation, Identity):
        return np.arange(n_sites, dtype=np.int32)
    if isinstance(permutation, Permutation):
        images = permutation.permutation_array
    else:
        images = np.asarray(permutation)
    if images.shape != (n_sites,):
        raise ValueError(
            f"Argument `permutation` must permute {n_sites} elements, as many as the Hilbert space "
            f"has sites, but has {images.shape[0] if images.ndim == 1 else images.shape}."
        )
    if not np.array_equal(np.sort(images), np.arange(n_sites)):
        raise ValueError(
            f"Argument `permutation` must contain each of 0, ..., {n_sites - 1} once, but is "
            f"{images}."
        )
    return images.astype(np.int32)


# -- what they do to a space ------------------------------------------------------------------


def check_terms(hilbert: DiscreteHilbert, terms: PermutationTerms) -> None:
    """Raises a ValueError if a term moves a site to one with other local states, or is seen to
    leave a constrained space."""
    start, step = (np.broadcast_to(a, hilbert.size) for a in affine_map(hilbert))
    local = np.stack([start, step, np.array(hilbert.shape)])
    for images in terms.images:
        if np.any(local[:, images] != local):
            site = int(np.flatnonzero(np.any(local[:, images] != local, axis=0))[0])
            raise ValueError(
                f"Argument `permutation` must map sites to sites with the same local states, but "
                f"maps site {site} to site {images[site]} of {hilbert}."
            )
    if stays(hilbert, terms) or not hilbert.is_indexable or hilbert.n_states > _SEARCHED:
        return
    states = np.asarray(hilbert.all_states())
    indices = np.asarray(hilbert.states_to_local_indices(states))
    for images, flip in zip(terms.images, terms.flips):
        moved = indices[:, images]
        moved = np.array(hilbert.shape) - 1 - moved if flip else moved
        moved = np.asarray(hilbert.local_indices_to_states(moved, states.dtype))
        outside = np.flatnonzero(~np.asarray(hilbert.constraint(moved)))
        if len(outside):
            what = "A flip of all local states" if flip else f"The permutation {images.tolist()}"
            raise ValueError(
                f"{what} leaves the Hilbert space {hilbert}: it maps the state "
                f"{states[outside[0]].tolist()} to {moved[outside[0]].tolist()}. Use a space "
                "without this constraint."
            )


@lru_cache(maxsize=1024)
def stays(hilbert: DiscreteHilbert, terms: PermutationTerms) -> bool:
    """Whether all terms are known to map the space to itself.

    They do if they exchange blocks with the same fixed sum.
    """
    if hilbert.constraint is None:
        return True
    if any(group.constraint is not None for group in hilbert._groups):
        return False
    blocks: dict[frozenset[int], Any] = {}
    first = 0
    for block in (b for group in hilbert._groups for b in group.blocks):
        sites = range(first, first + block.n_sites)
        first += block.n_sites
        if block.total is not None:
            most = sum(block.dims) - block.n_sites
            blocks[frozenset(sites)] = (block.total, most, block.descending)
    for images, flip in zip(terms.images, terms.flips):
        for sites, (total, most, descending) in blocks.items():
            image = blocks.get(frozenset(images[list(sites)].tolist()))
            if image != (most - total if flip else total, most, descending):
                return False
    return True


# -- traces -----------------------------------------------------------------------------------


def trace(hilbert: DiscreteHilbert, images: np.ndarray, flip: bool, fermionic: bool) -> int:
    """Sum over the states that are mapped to themselves, with their signs.

    A cycle of sites is all in one state (or alternates, with flips); what it adds to the sums
    that the space fixes is counted by a polynomial, so that no states are listed.
    """
    if any(group.constraint is not None for group in hilbert._groups):
        return _trace_of_states(hilbert, images, flip, fermionic)
    blocks = [b for group in hilbert._groups for b in group.blocks]
    totals = [b.total for b in blocks]
    owner = np.repeat(np.arange(len(blocks)), [b.n_sites for b in blocks])
    down = np.repeat([b.descending for b in blocks], [b.n_sites for b in blocks])
    # number of configurations so far, by their sums in the blocks with a fixed sum
    ways: Counter = Counter({(0,) * len(blocks): 1})
    for cycle in _cycles(images):
        grown: Counter = Counter()
        for index, sign in _fixed_states(cycle, hilbert.shape[cycle[0]], flip, fermionic):
            add = np.zeros(len(blocks), int)
            d = hilbert.shape[cycle[0]]
            for k, site in enumerate(cycle):
                n = d - 1 - index if flip and k % 2 else index
                if totals[owner[site]] is not None:
                    add[owner[site]] += d - 1 - n if down[site] else n
            for sums, count in ways.items():
                new = tuple(a + int(b) for a, b in zip(sums, add))
                if all(t is None or s <= t for s, t in zip(new, totals)):
                    grown[new] += sign * count
        ways = grown
    return ways[tuple(t or 0 for t in totals)]


def _cycles(images: np.ndarray) -> list[list[int]]:
    cycles, seen = [], np.zeros(len(images), bool)
    for site in range(len(images)):
        cycle = []
        while not seen[site]:
            seen[site] = True
            cycle.append(site)
            site = int(images[site])
        if cycle:
            cycles.append(cycle)
    return cycles


def _fixed_states(cycle: list[int], d: int, flip: bool, fermionic: bool) -> list[tuple[int, int]]:
    """States of the first site of a cycle that are mapped to themselves, and their signs."""
    if flip and len(cycle) % 2:
        return [((d - 1) // 2, 1)] if d % 2 else []
    odd = fermionic and len(cycle) % 2 == 0  # the sign of a cycle of occupied orbitals
    return [(n, -1 if odd and n else 1) for n in range(d)]


def _trace_of_states(
    hilbert: DiscreteHilbert, images: np.ndarray, flip: bool, fermionic: bool
) -> int:
    if not hilbert.is_indexable:
        raise ValueError(f"The trace cannot be computed: {hilbert} has too many states to list.")
    x = np.asarray(hilbert.states_to_local_indices(hilbert.all_states()))
    moved = np.array(hilbert.shape) - 1 - x[:, images] if flip else x[:, images]
    x = x[np.all(moved == x, axis=1)].astype(np.int64)
    if not fermionic:
        return len(x)
    crossings = PermutationTerms.single(images).crossings[0].astype(np.int64)
    return int(np.sum(1 - 2 * (np.einsum("bi,ij,bj->b", x, crossings, x) % 2)))
