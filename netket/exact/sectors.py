# SPDX-License-Identifier: Apache-2.0
"""Exact diagonalisation within a symmetry sector: H on the range of a projector P, [H, P] = 0.

For irreps of dimension one, P = (1/|G|) Σ_g χ(g)* U_g, an orbit of configurations has at most one
state, P|r⟩/√N_r with N_r = ⟨r|P|r⟩ for its first configuration r. Then

    ⟨r|H|s⟩ = Σ_y ⟨r|H|y⟩ c(y) √(N_s/N_r)

is a sum over the configurations y that are connected with r, where s is the first configuration of
the orbit of y and ⟨y|P|s⟩ = c(y) N_s. Neither P nor H is stored on the whole space. For other
irreps, one state of each multiplet is taken from the blocks of the projector on it.
"""

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any

import numpy as np

from netket.operator import DiscreteOperator
from netket.operator.permutation._base import PermutationKind
from netket.symmetry import Sector
from netket.symmetry._basis import projector_basis

from ._eigen import few_eigenvalues

__all__ = ["SectorBasis", "full_ed_in_sector", "lanczos_in_sector", "sector_basis"]

# Connected elements that are worked on at a time.
_BLOCK_ELEMENTS = 2**19


class SectorBasis:
    """An orthonormal basis of a sector. See `sector_basis`.

    Attributes:
        hilbert: the whole space.
        projector: the projector on the sector.
    """

    def __init__(self, projector: DiscreteOperator):
        self.hilbert: Any = projector.hilbert
        self.projector = projector

    @property
    def n_states(self) -> int:
        """Number of states of the sector, one of each multiplet."""
        raise TypeError(f"{type(self).__name__} must define `n_states`.")

    def matrix(self, operator: DiscreteOperator) -> Any:
        """The sparse matrix of an operator in the sector, (n_states, n_states).

        Args:
            operator: an operator that commutes with the symmetries.

        Raises:
            ValueError: the operator acts on another space, or is seen not to commute.
        """
        if operator.hilbert != self.hilbert:
            raise ValueError(
                f"Argument `sector` must belong to a representation on {operator.hilbert}, as the "
                f"operator, but belongs to one on {self.hilbert}."
            )
        _check_commutes(operator, self)
        return self._matrix(operator)

    def _projected(self, numbers: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Σ_x v(x) ⟨x|P|y⟩, as numbers of states y and values."""
        return _times(self.projector, numbers, values)

    def _matrix(self, operator: DiscreteOperator) -> Any:
        raise TypeError(f"{type(self).__name__} must define `_matrix`.")

    def to_full(self, vectors: np.ndarray) -> np.ndarray:
        """Vectors (n_states, k) of the sector as vectors of the whole space."""
        raise TypeError(f"{type(self).__name__} must define `to_full`.")


class OrbitBasis(SectorBasis):
    """One state for each orbit, for irreps of dimension one."""

    def __init__(self, projector: PermutationKind):
        from netket.hilbert.index import index_table

        from ._orbits_numba import UNSEEN, mark_orbits

        super().__init__(projector)
        terms, weights = projector._terms, np.asarray(projector._weights_array())
        n = self.hilbert.n_states
        self._orbit = np.full(n, -1, np.int32)
        self._code = np.full(n, UNSEEN, np.int32)
        first, norms = np.empty(n, np.int64), np.empty(n)
        count = mark_orbits(
            index_table(self.hilbert),
            n,
            terms.images.copy(),
            terms.flips.copy(),
            np.array(self.hilbert.shape, np.int64) - 1,
            projector._fermionic,
            weights.astype(complex),
            self._orbit,
            self._code,
            first,
            norms,
        )
        if count < 0:
            state = self.hilbert.numbers_to_states(-1 - count)
            raise ValueError(
                f"Argument `sector` must belong to symmetries that keep the Hilbert space "
                f"{self.hilbert}, but they take the state {state} out of it."
            )
        self._first, self._norms = first[:count].copy(), norms[:count].copy()
        # c(y) by code: for t = 0, 1, ..., and with the other sign for t = -1, -2, ...
        factors = (len(weights) * weights).conj()
        self._factors = np.concatenate([factors, -factors[::-1]])

    @property
    def n_states(self) -> int:
        return len(self._first)

    def _matrix(self, operator: DiscreteOperator) -> Any:
        from scipy.sparse import coo_array

        n = self.n_states
        dtype = np.result_type(operator.dtype, self._factors.dtype)
        rows, columns, values = [], [], []
        size = max(_BLOCK_ELEMENTS // max(operator.max_conn_size, 1), 1)
        for begin in range(0, n, size):
            numbers, mels, sections = _rows(operator, self._first[begin : begin + size])
            row = begin + np.repeat(np.arange(len(sections)), np.diff(sections, prepend=0))
            column = self._orbit[numbers]
            keep = column >= 0
            row, column, numbers = row[keep], column[keep], numbers[keep]
            scale = np.sqrt(self._norms[column] / self._norms[row])
            rows.append(row)
            columns.append(column)
            values.append((mels[keep] * self._factors[self._code[numbers]] * scale).astype(dtype))
        if n == 0:
            return coo_array((0, 0), dtype=dtype).tocsr()
        entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
        return coo_array(entries, shape=(n, n)).tocsr()

    def _projected(self, numbers: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        # ⟨x|P|y⟩ = c(x) c(y)* N_r within an orbit
        numbers, values = (a[self._orbit[numbers] >= 0] for a in (numbers, values))
        orbits, place = np.unique(self._orbit[numbers], return_inverse=True)
        total = np.zeros(len(orbits), complex)
        np.add.at(total, place, values * self._factors[self._code[numbers]])
        place_of = np.full(self.n_states + 1, -1)  # the last one for states of no orbit
        place_of[orbits] = np.arange(len(orbits))
        place = place_of[self._orbit]
        members = np.flatnonzero(place >= 0)
        place = place[members]
        factors = self._factors[self._code[members]].conj()
        return members, total[place] * self._norms[orbits[place]] * factors

    def to_full(self, vectors: np.ndarray) -> np.ndarray:
        inside = np.flatnonzero(self._orbit >= 0)
        orbit = self._orbit[inside]
        factors = self._factors[self._code[inside]] * np.sqrt(self._norms[orbit])
        dtype = np.result_type(vectors.dtype, self._factors.dtype)
        full = np.zeros((self.hilbert.n_states, vectors.shape[1]), dtype)
        full[inside] = factors[:, None] * vectors[orbit]
        return full


class BlockBasis(SectorBasis):
    """Eigenvectors of the blocks of the projector, for any irrep."""

    def __init__(self, projector: DiscreteOperator):
        super().__init__(projector)
        self._isometry = projector_basis(projector)

    @property
    def n_states(self) -> int:
        return self._isometry.shape[1]

    def _matrix(self, operator: DiscreteOperator) -> Any:
        return self._isometry.conj().T @ (operator.to_sparse() @ self._isometry)

    def to_full(self, vectors: np.ndarray) -> np.ndarray:
        return self._isometry @ vectors


def sector_basis(sector: Sector | Iterable[Sector]) -> SectorBasis:
    """The basis of a sector, or of what several sectors have in common.

    Args:
        sector: one or more sectors, of symmetries that commute: ``representation.sector(...)``.

    Raises:
        TypeError: something else is given.
        ValueError: the sectors are of different spaces, or their projectors do not commute.
    """
    sectors = (sector,) if isinstance(sector, Sector) else tuple(sector)
    if not sectors or not all(isinstance(s, Sector) for s in sectors):
        raise TypeError(
            "Argument `sector` must be a sector of a representation, like "
            f"`representation.sector(k=0)`, or a sequence of them, but is {sector!r}."
        )
    spaces = {s.representation.hilbert for s in sectors}
    if len(spaces) > 1:
        raise ValueError(
            "Argument `sector` must hold sectors of one Hilbert space, but has some of "
            f"{' and '.join(map(str, spaces))}."
        )
    projector = reduce(_common_range, [s.projector for s in sectors])
    return OrbitBasis(projector) if _is_character(projector) else BlockBasis(projector)


def _common_range(a: Any, b: Any) -> Any:
    product, reverse = a @ b, b @ a
    if isinstance(product, PermutationKind) and isinstance(reverse, PermutationKind):
        difference = product - reverse
        commute = np.abs(difference._weights_array()).max(initial=0) < 1e-10
    else:
        difference = product.to_sparse() - reverse.to_sparse()
        commute = abs(difference).max() < 1e-10
    if not commute:
        raise ValueError(
            "Argument `sector` must hold sectors of symmetries that commute, but the projectors on "
            "them do not. Combine the symmetries in one group, like `lattice.space_group()`."
        )
    return product


def _is_character(projector: Any) -> bool:
    """Whether the projector is Σ_t χ(t)* P_t / T with numbers χ of absolute value 1."""
    if not isinstance(projector, PermutationKind):
        return False
    weights = np.abs(np.asarray(projector._weights_array()))
    return bool(np.allclose(weights * len(weights), 1, atol=1e-8))


# -- rows ----------------------------------------------------------------------------------------


def _rows(operator: Any, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Connected states and matrix elements of the states with some numbers, and ends of rows."""
    states = np.asarray(operator.hilbert.numbers_to_states(numbers))
    sections = np.empty(len(states), np.int64)
    xp, mels = operator.get_conn_flattened(states, sections)
    return (
        np.asarray(operator.hilbert.states_to_numbers(np.asarray(xp))),
        np.asarray(mels),
        sections,
    )


def _check_commutes(operator: DiscreteOperator, basis: SectorBasis) -> None:
    """Compares rows of H P and P H for some states."""
    hilbert: Any = operator.hilbert
    n = hilbert.n_states
    some = np.unique(np.random.default_rng(0).integers(0, n, 6))
    for x in some:
        vector = (np.array([x]), np.ones(1))
        hp = basis._projected(*_times(operator, *vector))
        ph = _times(operator, *basis._projected(*vector))
        numbers, values = _summed(*(np.concatenate(p) for p in zip(hp, (ph[0], -ph[1]))))
        scale = max(float(np.abs(hp[1]).max(initial=0)), float(np.abs(ph[1]).max(initial=0)), 1e-3)
        tolerance = 1e4 * np.finfo(np.result_type(operator.dtype, np.float32)).eps
        if np.abs(values).max(initial=0) > tolerance * scale:
            raise ValueError(
                "Argument `sector` must belong to symmetries of the operator, but the operator "
                f"does not commute with them: see the state {hilbert.numbers_to_states(x)}"
                "."
            )


def _times(operator: Any, numbers: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Σ_x v(x) ⟨x|O|y⟩, as numbers of states y and values."""
    columns, mels, sections = _rows(operator, numbers)
    return _summed(columns, mels * np.repeat(values, np.diff(sections, prepend=0)))


def _summed(numbers: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    unique, place = np.unique(numbers, return_inverse=True)
    total = np.zeros(len(unique), values.dtype)
    np.add.at(total, place, values)
    return unique, total


# -- eigenvalues ---------------------------------------------------------------------------------


def lanczos_in_sector(
    operator: DiscreteOperator,
    sector: Sector | Iterable[Sector],
    *,
    k: int = 1,
    compute_eigenvectors: bool = False,
    scipy_args: Mapping[str, Any] | None = None,
) -> Any:
    """The k smallest eigenvalues of a hermitian operator in a sector: see `lanczos_ed`."""
    basis = sector_basis(sector)
    matrix, n = basis.matrix(operator), basis.n_states
    if not 0 < k <= n:
        raise ValueError(
            f"Argument `k` must be between 1 and {n}, the number of states in the sector, but is "
            f"{k}."
            if n
            else f"Argument `sector` must have states, but no state of {basis.hilbert} is in it."
        )
    if not compute_eigenvectors:
        return few_eigenvalues(matrix, k, scipy_args, False)
    w, v = few_eigenvalues(matrix, k, scipy_args, True)
    return w, basis.to_full(v)


def full_ed_in_sector(
    operator: DiscreteOperator,
    sector: Sector | Iterable[Sector],
    *,
    compute_eigenvectors: bool = False,
) -> Any:
    """All eigenvalues of a hermitian operator in a sector: see `full_ed`."""
    basis = sector_basis(sector)
    matrix = basis.matrix(operator).toarray()
    if not compute_eigenvectors:
        return np.linalg.eigvalsh(matrix)
    w, v = np.linalg.eigh(matrix)
    return w, basis.to_full(v)
