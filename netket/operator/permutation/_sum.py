# SPDX-License-Identifier: Apache-2.0
"""`PermutationSum`: O = sum_t w_t P_t of permutations, for example a projector on an irrep."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from netket.hilbert import DiscreteHilbert
from netket.utils.types import ArrayLike, DType

from .._base import Backend, as_coefficient, inexact, is_traced, promoted
from ._base import PermutationKind, gathered
from ._terms import PermutationTerms, check_terms, images_of


class PermutationSum(PermutationKind):
    """A linear combination of permutations of sites, with or without fermionic signs.

    It is what sums and multiples of permutation operators are; products and adjoints are again
    of this kind, with the products of permutations computed symbolically.

    Args:
        hilbert: the space.
        permutations: T permutations, each a `netket.utils.group.Permutation` or its images.
        weights: T numbers.
        flips: for each term, whether all local states are reversed, too (see `SpinFlipOperator`).
        fermionic: whether sites are orbitals, whose permutations have signs.
        dtype: dtype of the weights.
        backend: ``"numba"`` or ``"jax"``; by default see `netket.operator.use_backend`.

    Raises:
        ValueError: numbers of permutations and weights differ, a permutation does not fit the
            space or is seen to leave it.

    Example:
        >>> import netket as nk
        >>> from netket.operator.permutation import PermutationSum
        >>> symmetric = PermutationSum(nk.hilbert.Spin(0.5, 2), [[0, 1], [1, 0]], [0.5, 0.5])
        >>> symmetric @ symmetric == symmetric
        True
    """

    _coefficient_names = ("_weights",)
    _static_names = ("_term_table", "_signs")

    def __init__(
        self,
        hilbert: DiscreteHilbert,
        permutations: Sequence[Any],
        weights: ArrayLike,
        *,
        flips: Sequence[bool] | None = None,
        fermionic: bool = False,
        dtype: DType | None = None,
        backend: Backend | None = None,
    ):
        super().__init__(hilbert, backend)
        images = np.array([images_of(p, hilbert.size) for p in permutations], np.int32)
        images = images.reshape(-1, hilbert.size)
        given = list(weights) if isinstance(weights, list | tuple) else weights
        numbers = (jnp if is_traced(*given) else np).asarray(given)
        if numbers.shape != (len(images),):
            raise ValueError(
                f"Argument `weights` must have {len(images)} entries, one for each permutation, "
                f"but has shape {numbers.shape}."
            )
        flips = np.zeros(len(images), bool) if flips is None else np.asarray(flips, bool)
        self._term_table, place = PermutationTerms.make(images, flips)
        check_terms(hilbert, self._term_table)
        dtype = inexact(numbers.dtype) if dtype is None else promoted(inexact(dtype))
        self._weights = gathered(as_coefficient(numbers, dtype), place, len(self._term_table))
        self._signs = bool(fermionic)

    @classmethod
    def _build(
        cls,
        hilbert: DiscreteHilbert,
        terms: PermutationTerms,
        weights: Any,
        fermionic: bool,
        backend: Backend,
    ) -> "PermutationSum":
        new = object.__new__(PermutationSum)
        new.__dict__.update(_hilbert=hilbert, _backend=backend)
        new.__dict__.update(_term_table=terms, _weights=weights, _signs=fermionic)
        return new

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(self._weights.dtype)

    @property
    def weights(self) -> Any:
        """The number in front of each permutation, (T,)."""
        return self._leaf("_weights")

    @property
    def permutations(self) -> list[Any]:
        """The permutations, T of them, in the order of `weights`."""
        from netket.utils.group import Permutation

        return [Permutation(permutation_array=images) for images in self._terms.images]

    @property
    def flips(self) -> np.ndarray:
        """For each term, whether all local states are reversed, (T,)."""
        return self._terms.flips.copy()

    @property
    def _terms(self) -> PermutationTerms:
        return self._term_table

    @property
    def _fermionic(self) -> bool:
        return self._signs

    def _weights_array(self) -> Any:
        return self._value("_weights")

    def _device_weights(self) -> Any:
        return self._leaf("_weights")

    def __repr__(self) -> str:
        weights = self._value("_weights")
        shown = "traced" if is_traced(weights) else np.array2string(weights, threshold=6)
        return (
            f"PermutationSum({self.hilbert}, {len(self._terms)} terms, weights={shown}, "
            f"backend={self.backend!r})"
        )
