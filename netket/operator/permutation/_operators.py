# SPDX-License-Identifier: Apache-2.0
"""Operators of single permutations: P |x_0 x_1 ...> moves what is on site i to site g(i).

<x|P|x'> = 1 for x'_i = x_(g(i)); for fermions with the sign of the order of creation operators,
P c†_i P† = c†_(g(i)).
"""

from typing import Any

import numpy as np

from netket.hilbert import DiscreteHilbert, SpinOrbitalFermions, TensorHilbert
from netket.utils.types import DType

from .._base import Backend, inexact
from ._base import PermutationKind
from ._terms import PermutationTerms, check_terms, images_of


class _SingleTerm(PermutationKind):
    """One term with weight 1: there are no coefficients."""

    _static_names: tuple[str, ...] = ("_dtype",)

    @property
    def dtype(self) -> np.dtype:
        return self._dtype

    def copy(self, *, dtype: Any = None) -> Any:
        return self._replace() if dtype is None else self._replace(_dtype=inexact(dtype))

    def conjugate(self, *, concrete: bool = True) -> Any:
        return self if self._has_kernel else super().conjugate()


class _OnePermutation(_SingleTerm):
    """One permutation of the sites."""

    _static_names = ("_permutation", "_dtype")

    def _set(self, hilbert: DiscreteHilbert, permutation: Any, dtype: DType) -> None:
        from netket.utils.group import Permutation

        images = images_of(permutation, hilbert.size)
        if not isinstance(permutation, Permutation):
            permutation = Permutation(permutation_array=images, validate=False)
        self._permutation, self._dtype = permutation, inexact(dtype)
        check_terms(hilbert, self._terms)

    @property
    def permutation(self) -> Any:
        """The permutation g, a `netket.utils.group.Permutation`."""
        return self._permutation

    @property
    def _terms(self) -> PermutationTerms:
        permutation = self._permutation
        return self._remember(
            "terms", lambda: PermutationTerms.single(permutation.permutation_array)
        )

    def transpose(self, *, concrete: bool = True) -> Any:
        """The transpose, which is the inverse."""
        from netket.utils.group import Permutation

        if not self._has_kernel:
            return super().transpose()
        images = self._permutation.inverse_permutation_array
        return self._replace(_permutation=Permutation(permutation_array=images, validate=False))

    @classmethod
    def tree_unflatten(cls, struct_data: Any, array_data: tuple) -> Any:
        return super().tree_unflatten(struct_data, array_data)

    def _product(self, other: Any, terms: PermutationTerms, weights: Any, backend: Any) -> Any:
        if type(other) is not type(self):
            return super()._product(other, terms, weights, backend)
        permutation = self._permutation @ other._permutation
        return self._replace(_permutation=permutation, _dtype=weights.dtype, _backend=backend)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.hilbert}, {self.permutation.permutation_array}, "
            f"dtype={self.dtype}, backend={self.backend!r})"
        )


class PermutationOperator(_OnePermutation):
    """A permutation of sites: what is on site i moves to site g(i).

    ``P @ Q`` is the operator of the product of the permutations, ``P.H`` that of the inverse;
    multiples and sums are a `PermutationSum`.

    Args:
        hilbert: the space; sites that are exchanged must have the same local states.
        permutation: the permutation g, a `netket.utils.group.Permutation` or the array of its
            images g(0), g(1), ...
        dtype: dtype of the matrix elements.
        backend: ``"numba"`` or ``"jax"``; by default see `netket.operator.use_backend`.

    Raises:
        ValueError: it is no permutation of the sites, exchanges sites of different kinds, or is
            seen to leave a constrained space.

    Example:
        >>> import netket as nk
        >>> shift = nk.operator.permutation.PermutationOperator(nk.hilbert.Spin(0.5, 3), [1, 2, 0])
        >>> shift @ shift == shift.H, float(shift.trace())
        (True, 2.0)
    """

    def __init__(
        self,
        hilbert: DiscreteHilbert,
        permutation: Any,
        *,
        dtype: DType = float,
        backend: Backend | None = None,
    ):
        super().__init__(hilbert, backend)
        self._set(hilbert, permutation, dtype)


class PermutationOperatorFermion(_OnePermutation):
    """A permutation of fermionic orbitals, P c†_i P† = c†_(g(i)), with signs.

    States are products of creation operators in the order of the orbitals.

    Args:
        hilbert: the space of fermions.
        permutation: the permutation g of all orbitals (of all values of s_z), a
            `netket.utils.group.Permutation` or the array of its images.
        dtype: dtype of the matrix elements.
        backend: ``"numba"`` or ``"jax"``; by default see `netket.operator.use_backend`.

    Raises:
        TypeError: the space is not of fermions.
        ValueError: it is no permutation of the orbitals, or is seen to leave a constrained space.
    """

    def __init__(
        self,
        hilbert: SpinOrbitalFermions,
        permutation: Any,
        dtype: DType = float,
        *,
        backend: Backend | None = None,
    ):
        if not isinstance(hilbert, SpinOrbitalFermions):
            raise TypeError(
                f"Argument `hilbert` must be a `SpinOrbitalFermions`, but is {hilbert!r}: "
                "permutations of other sites are `PermutationOperator`s."
            )
        super().__init__(hilbert, backend)
        self._set(hilbert, permutation, dtype)

    @property
    def _fermionic(self) -> bool:
        return True


class SpinFlipOperator(_SingleTerm):
    """All local states are reversed: local index n_i becomes d_i - 1 - n_i on every site.

    Args:
        hilbert: the space.
        dtype: dtype of the matrix elements.
        backend: ``"numba"`` or ``"jax"``; by default see `netket.operator.use_backend`.

    Raises:
        ValueError: the operator is seen to leave a constrained space.

    Example:
        >>> import netket as nk
        >>> flip = nk.operator.permutation.SpinFlipOperator(nk.hilbert.Spin(0.5, 4, total_sz=0))
        >>> flip.get_conn([1, -1, -1, 1])[0].tolist()
        [[-1, 1, 1, -1]]
    """

    def __init__(
        self, hilbert: DiscreteHilbert, *, dtype: DType = float, backend: Backend | None = None
    ):
        super().__init__(hilbert, backend)
        self._dtype = inexact(dtype)
        check_terms(hilbert, self._terms)

    @property
    def _terms(self) -> PermutationTerms:
        n_sites = self.hilbert.size
        return self._remember("terms", lambda: PermutationTerms.single(np.arange(n_sites), True))

    def transpose(self, *, concrete: bool = True) -> Any:
        return self if self._has_kernel else super().transpose()

    def __repr__(self) -> str:
        return f"SpinFlipOperator({self.hilbert}, dtype={self.dtype}, backend={self.backend!r})"


def construct_permutation_operator(hilbert_space: DiscreteHilbert, permutation: Any) -> Any:
    """The operator of a permutation on a space: with fermionic signs on a space of fermions.

    Args:
        hilbert_space: the space.
        permutation: a `netket.utils.group.Permutation` of its sites. On a space of fermions with
            spin it may also permute the orbitals of one value of s_z: then it does so for all.

    Returns:
        A `PermutationOperator` or `PermutationOperatorFermion`.

    Raises:
        TypeError: the space is not discrete, or the permutation moves the orbitals of fermions
            that are only a part of the space.
        ValueError: the permutation does not fit the space.
    """
    if isinstance(hilbert_space, SpinOrbitalFermions):
        permutation = _on_all_spins(hilbert_space, permutation)
        return PermutationOperatorFermion(hilbert_space, permutation)
    if not isinstance(hilbert_space, DiscreteHilbert):
        raise TypeError(
            f"Argument `hilbert_space` must be a discrete Hilbert space, but is {hilbert_space!r}."
        )
    if isinstance(hilbert_space, TensorHilbert):
        images = images_of(permutation, hilbert_space.size)
        for factor, sites in zip(hilbert_space.subspaces, hilbert_space._slices()):
            moved = np.any(images[sites] != np.arange(hilbert_space.size)[sites])
            if isinstance(factor, SpinOrbitalFermions) and moved:
                raise TypeError(
                    "Permutations that move fermions in a product of spaces need signs: embed a "
                    "`PermutationOperatorFermion` of that factor by `EmbedOperator`."
                )
    return PermutationOperator(hilbert_space, permutation)


def _on_all_spins(hilbert: SpinOrbitalFermions, permutation: Any) -> Any:
    from netket.utils.group import Identity, Permutation

    sectors = hilbert.n_spin_subsectors
    if isinstance(permutation, Identity) or sectors == 1:
        return permutation
    array = permutation.permutation_array if isinstance(permutation, Permutation) else permutation
    array = np.asarray(array)
    if array.shape != (hilbert.n_orbitals,):
        return permutation
    shifts = hilbert.n_orbitals * np.arange(sectors)[:, None]
    return Permutation(permutation_array=(array + shifts).ravel())
