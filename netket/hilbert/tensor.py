# SPDX-License-Identifier: Apache-2.0
"""`TensorHilbert`: the product of several Hilbert spaces, their samples one after the other."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from functools import reduce
from itertools import accumulate
from operator import mul
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.utils import StaticRange
from netket.utils.types import Array, DType

from ._index_table import Group
from .abstract import AbstractHilbert
from .constraint import ProductConstraint
from .discrete import DiscreteHilbert
from .homogeneous import check_sites


class TensorHilbert(AbstractHilbert):
    """The product of Hilbert spaces; ``a * b`` also merges neighbours of the same kind.

    Args:
        hilb_spaces: the factors. If all are discrete, so is the product.

    Raises:
        TypeError: a factor is not a Hilbert space.

    Example:
        >>> import netket as nk
        >>> nk.hilbert.TensorHilbert(nk.hilbert.Spin(0.5, 2), nk.hilbert.Qubit(1)).shape
        (2, 2, 2)
    """

    def __new__(cls, *hilb_spaces: AbstractHilbert) -> TensorHilbert:
        if cls is TensorHilbert:
            discrete = all(isinstance(h, DiscreteHilbert) for h in hilb_spaces)
            cls = TensorDiscreteHilbert if discrete else TensorGenericHilbert
        return super().__new__(cls)

    def __init__(self, *hilb_spaces: AbstractHilbert):
        if not hilb_spaces:
            raise ValueError("Argument `hilb_spaces` must contain at least one Hilbert space.")
        for h in hilb_spaces:
            if not isinstance(h, AbstractHilbert):
                raise TypeError(f"Argument `hilb_spaces` must hold Hilbert spaces, but has {h!r}.")
        self._factors = tuple(f for h in hilb_spaces for f in factors(h))
        self._ends = tuple(accumulate(f.size for f in self._factors))

    @property
    def subspaces(self) -> tuple[AbstractHilbert, ...]:
        """The factors."""
        return self._factors

    @property
    def size(self) -> int:
        return self._ends[-1]

    @property
    def _attrs(self) -> tuple[Hashable, ...]:
        return self._factors

    def _slices(self) -> list[slice]:
        """Where the sites of each factor are."""
        return [slice(end - f.size, end) for f, end in zip(self._factors, self._ends)]

    def ptrace(self, sites: int | Iterable[int]) -> AbstractHilbert | None:
        removed = check_sites(sites, self.size)
        left = []
        for factor, at in zip(self._factors, self._slices()):
            inside = [i - at.start for i in removed if at.start <= i < at.stop]
            if not inside:
                left.append(factor)
            elif len(inside) < factor.size:
                rest = factor.ptrace(inside)
                assert rest is not None
                left.append(rest)
        return reduce(mul, left) if left else None

    def __repr__(self) -> str:
        return "⊗".join(map(repr, self._factors))

    def __getnewargs__(self) -> tuple[AbstractHilbert, ...]:
        return self._factors


class TensorDiscreteHilbert(TensorHilbert, DiscreteHilbert):
    """The product of discrete Hilbert spaces; made by `TensorHilbert`."""

    _factors: tuple[DiscreteHilbert, ...]

    def __init__(self, *hilb_spaces: DiscreteHilbert):
        TensorHilbert.__init__(self, *hilb_spaces)
        DiscreteHilbert.__init__(self, sum((f.shape for f in self._factors), ()))

    @property
    def is_finite(self) -> bool:
        return all(f.is_finite for f in self._factors)

    @property
    def constraint(self) -> Any:
        constraints = [f.constraint for f in self._factors]
        if all(c is None for c in constraints):
            return None
        return ProductConstraint(constraints, [f.size for f in self._factors])

    @property
    def constrained(self) -> bool:
        """Whether all factors are constrained, as in NetKet 3.23.

        Ask whether `constraint` is None to know whether any of them is.
        """
        return all(factor.constrained for factor in self._factors)

    def states_at_index(self, i: int) -> Sequence[Any] | StaticRange:
        site = range(self.size)[i]
        factor, at = next((f, s) for f, s in zip(self._factors, self._slices()) if site < s.stop)
        return factor.states_at_index(site - at.start)

    @property
    def _affine(self) -> tuple[np.ndarray, np.ndarray] | None:
        if "_cached_affine" not in self.__dict__:
            self.__dict__["_cached_affine"] = self._join_affine()
        return self.__dict__["_cached_affine"]

    def _join_affine(self) -> tuple[np.ndarray, np.ndarray] | None:
        maps = [(f._affine, f.size) for f in self._factors]
        if any(m is None for m, _ in maps):
            return None
        starts, steps = zip(
            *([np.broadcast_to(value, (n,)) for value in m] for m, n in maps if m is not None)
        )
        return np.concatenate(starts), np.concatenate(steps)

    @property
    def _local_dtype(self) -> np.dtype:
        return np.result_type(*(f._local_dtype for f in self._factors))

    def states_to_local_indices(self, x: Array) -> Array:
        if self._affine is not None:
            return super().states_to_local_indices(x)
        parts = [f.states_to_local_indices(x[..., s]) for f, s in self._parts()]
        return _join(x, parts).astype(self._index_dtype)

    def local_indices_to_states(self, x: Array, dtype: DType = None) -> Array:
        if self._affine is not None:
            return super().local_indices_to_states(x, dtype)
        dtype = self._local_dtype if dtype is None else dtype
        return _join(x, [f.local_indices_to_states(x[..., s], dtype) for f, s in self._parts()])

    def _parts(self) -> Iterable[tuple[DiscreteHilbert, slice]]:
        return zip(self._factors, self._slices())

    def _make_groups(self) -> tuple[Group, ...]:
        return sum((f._groups for f in self._factors), ())


class TensorGenericHilbert(TensorHilbert):
    """The product of Hilbert spaces that are not all discrete; made by `TensorHilbert`."""


def _join(like: Array, parts: Sequence[Array]) -> Array:
    return (jnp if isinstance(like, jax.Array) else np).concatenate(parts, axis=-1)


def factors(hilbert: AbstractHilbert) -> tuple[AbstractHilbert, ...]:
    """The factors of a product, or the space itself."""
    return hilbert.subspaces if isinstance(hilbert, TensorHilbert) else (hilbert,)


def tensor_product(left: AbstractHilbert, right: AbstractHilbert) -> AbstractHilbert:
    """The product of two spaces, in which neighbours of the same kind are one factor."""
    before, after = factors(left), factors(right)
    merged = before[-1]._merge(after[0])
    middle = (before[-1], after[0]) if merged is None else (merged,)
    spaces = (*before[:-1], *middle, *after[1:])
    return spaces[0] if len(spaces) == 1 else TensorHilbert(*spaces)
