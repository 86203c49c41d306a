# SPDX-License-Identifier: Apache-2.0
"""`FermionOperator2nd`: O = sum_t w_t (product of creators c†_i and annihilators c_j).

Signs are those of the order of the sites: c_i = Z_0 ... Z_(i-1) σ_i (Jordan-Wigner).
"""

from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netket.hilbert import DiscreteHilbert, SpinOrbitalFermions
from netket.hilbert.constraint import (
    ExtraConstraint,
    SumConstraint,
    SumOnPartitionConstraint,
)
from netket.utils.types import ArrayLike, DType, Scalar

from .._base import (
    AbstractOperator,
    Backend,
    BackendName,
    KernelOperator,
    as_coefficient,
    dtype_of,
    inexact,
    is_traced,
    promote_backends,
    promoted,
)
from .._kernels import MoveData, MoveLevels
from .._local import LocalOperator
from .._strings import StringOperator, StringTerms, count_bits, pack_bits
from ._moves import Moves, can_number_pairs, can_number_sets, n_slots
from ._parse import codes_of
from ._terms import FermionTerms

# Products with more pairs of terms than this stay lazy.
_MAX_PAIRS = 2**20

_IDENTITY = FermionTerms(np.zeros((1, 0), np.int32))


class FermionOperator2nd(StringOperator):
    """A polynomial in creators and annihilators of fermions.

    Args:
        hilbert: a space of occupation numbers 0 and 1; usually `SpinOrbitalFermions`.
        terms: products, each as text such as ``"0^ 1"``, which is c†_0 c_1, or as pairs
            ``((0, 1), (1, 0))`` of the orbital and 1 for a creator; none by default.
        weights: their weights, concrete or traced; 1 by default.
        constant: a multiple of the identity, in addition.
        cutoff: terms with concrete weights up to this modulus are dropped.
        dtype: dtype of the matrix elements; by default that of `weights` and `constant`.
        backend: ``"numba"`` or ``"jax"``; by default see `netket.operator.use_backend`.

    Raises:
        ValueError: a term cannot be read or has an orbital that does not exist, there are not as
            many weights as terms, or the space does not have occupation numbers 0 and 1.

    Example:
        >>> import netket as nk
        >>> hi = nk.hilbert.SpinOrbitalFermions(3)
        >>> op = nk.operator.FermionOperator2nd(hi, ["0^ 1", "1^ 0"], [1.0, 1.0])
        >>> op.to_normal_order().operators[((0, 1), (1, 0))] == 1.0 and op.is_hermitian
        True
    """

    _static_names = ("_terms", "_cutoff")
    # class of sums, products and multiples, see `_kind_of`
    _kind: Any = None

    def __init__(
        self,
        hilbert: DiscreteHilbert,
        terms: Any = None,
        weights: ArrayLike | None = None,
        constant: Scalar = 0,
        cutoff: float = 1e-10,
        dtype: DType | None = None,
        *,
        backend: Backend | None = None,
    ):
        KernelOperator.__init__(self, hilbert, backend)
        codes = codes_of(terms, hilbert.size)
        _check_sites(hilbert, self._grid, codes)
        values = _weights_of(weights, len(codes))
        if dtype is None:
            dtype = promoted(dtype_of(values), constant)
        dtype = inexact(dtype)
        values = as_coefficient(values, dtype)
        if is_traced(constant) or constant != 0:
            codes = np.pad(codes, [(1, 0), (0, 0)], constant_values=-1)
            values = _concatenated([as_coefficient(constant, dtype)[None], values])
        distinct, number = FermionTerms.distinct(codes)
        if len(distinct) < len(codes):
            values = _added(np.zeros(len(distinct), dtype), number, values)
        self._cutoff = float(cutoff)
        self._terms, self._weights = _without_zeros(distinct, values, self._cutoff)

    @classmethod
    def _build(
        cls,
        hilbert: DiscreteHilbert,
        backend: Backend,
        terms: FermionTerms,
        weights: Any,
        cutoff: float = 1e-10,
    ) -> Any:
        """An operator of this class with given content; zeros are dropped."""
        new = object.__new__(cls)
        terms, weights = _without_zeros(terms, weights, cutoff)
        new.__dict__.update(
            _hilbert=hilbert, _backend=backend, _terms=terms, _weights=weights, _cutoff=cutoff
        )
        return new

    def _with_content(self, terms: FermionTerms, weights: Any, other: Any = None) -> Any:
        """An operator with other terms, made of this one and perhaps another one."""
        backends = [self.backend] if other is None else [self.backend, other.backend]
        kind = _kind_of(self, self if other is None else other)
        return kind._build(self.hilbert, promote_backends(backends), terms, weights, self._cutoff)

    @classmethod
    def from_openfermion(
        cls,
        hilbert: Any,
        of_fermion_operator: Any = None,
        *,
        n_orbitals: int | None = None,
        convert_spin_blocks: bool = False,
        cutoff: float = 1e-10,
        dtype: DType | None = None,
        backend: Backend | None = None,
    ) -> Any:
        """The operator that an ``openfermion.FermionOperator`` describes.

        Args:
            hilbert: the space; or the OpenFermion operator, for fermions without spin.
            of_fermion_operator: the OpenFermion operator.
            n_orbitals: number of orbitals if there is no `hilbert`; by default as few as possible.
            convert_spin_blocks: OpenFermion numbers spin orbitals up, down, up, down, ...; convert
                them to ours, all down, then all up.
            cutoff, dtype, backend: as for the class.

        Raises:
            ValueError: spin blocks are to be converted for a space without spin 1/2.
        """
        if of_fermion_operator is None:
            hilbert, of_fermion_operator = None, hilbert
        products = list(of_fermion_operator.terms)
        if hilbert is None:
            if convert_spin_blocks:
                raise ValueError(
                    "Argument `hilbert` must be given, a SpinOrbitalFermions with s=1/2, to "
                    "convert spin blocks."
                )
            last = max((i for product in products for i, _ in product), default=-1)
            hilbert = SpinOrbitalFermions(last + 1 if n_orbitals is None else n_orbitals)
        if convert_spin_blocks:
            if getattr(hilbert, "spin", None) != 0.5:
                raise ValueError(
                    "Argument `hilbert` must have spin 1/2 to convert spin blocks, but is "
                    f"{hilbert}."
                )
            half = hilbert.n_orbitals
            products = [tuple((i // 2 + half * (1 - i % 2), d) for i, d in p) for p in products]
        weights = list(of_fermion_operator.terms.values())
        options = {} if backend is None else {"backend": backend}
        return cls(hilbert, products, weights, cutoff=cutoff, dtype=dtype, **options)

    # -- properties ---------------------------------------------------------------------------

    @property
    def terms(self) -> list[tuple[tuple[int, int], ...]]:
        """The products, each as pairs (orbital, 1 for a creator or 0)."""
        return list(self._terms.tuples)

    @property
    def weights(self) -> Any:
        """The weights of the products, (T,)."""
        return self._leaf("_weights") if self.backend == "jax" else self._value("_weights")

    @property
    def operators(self) -> dict[tuple[tuple[int, int], ...], Any]:
        """The weight of each product."""
        weights = self._value("_weights")
        return dict(zip(self._terms.tuples, weights if is_traced(weights) else weights.tolist()))

    @property
    def cutoff(self) -> float:
        """Terms with concrete weights up to this modulus are dropped."""
        return self._cutoff

    @property
    def order(self) -> str | None:
        """``"N"`` for normal order, ``"P"`` for pair order, ``"A"`` for antinormal order.

        None if the terms were not put in order.
        """
        return self._terms.order

    def operator_string(self) -> str:
        """The operator as text, ``"weight [product] + ..."``."""
        return " +\n".join(
            f"{weight} [{text}]" for text, weight in zip(self._terms.texts, self.operators.values())
        )

    @property
    def _strings(self) -> StringTerms:  # type: ignore[override]
        return self._string_form[0]

    @property
    def _string_form(self) -> Any:
        return self._terms.strings(self.hilbert.size, occupation_sites(self._grid))

    # -- kernels: by moves of particles where that is less work -----------------------------------

    @property
    def _moves(self) -> Moves | None:
        """The strings by moves; None if that does not help, or takes too large tables."""
        return self._strings.cached("moves", lambda: _moves_of(self._strings))

    @property
    def _levels(self) -> Any:
        """Tables of the jax kernel by moves; None if the strings themselves are fewer."""
        sectors = _sectors(self.hilbert)

        def make() -> Any:
            moves = self._moves
            if sectors is None or moves is None:
                return None
            if not can_number_pairs(self.hilbert.size, int(moves.size.max(initial=0))):
                return None
            if n_slots(moves.choices(sectors)) >= self._strings.n_groups:
                return None
            return moves.levels(sectors, self._grid.dtype)

        return self._strings.cached(f"levels {sectors}", make)

    @property
    def max_conn_size(self) -> int:
        return self._remember("max_conn_size", self._count_slots)

    def _count_slots(self) -> int:
        levels = self._levels
        if levels is None:
            return self._strings.n_groups
        return sum(len(a) * len(b) for level in levels for a, b in level.choices)

    def _host_data(self) -> Any:
        moves = self._moves
        if moves is None:
            return super()._host_data()
        weights = np.array(self._kernel_weights(self._value("_weights")), self.dtype)
        weights = weights[moves.order]
        return MoveData(weights, np.abs(weights), *moves.numba_tables)

    def _device_data(self) -> Any:
        levels = self._levels
        if levels is None:
            return super()._device_data()
        if not self._is_traced:  # moved to the device once
            with jax.ensure_compile_time_eval():
                levels = self._strings.cached(
                    f"device levels {_sectors(self.hilbert)}",
                    lambda: jax.tree_util.tree_map(jnp.asarray, levels),
                )
        weights = self._kernel_weights(self._leaf("_weights"))
        n_particles = sum(n for _, n in _sectors(self.hilbert) or ())
        return MoveLevels(weights, np.zeros(n_particles, np.int8), levels)

    def _kernel_weights(self, weights: Any) -> Any:
        combined = self._string_form[1](weights)
        if isinstance(weights, jax.Array) and not is_traced(weights):
            with jax.ensure_compile_time_eval():
                return jnp.asarray(combined)
        return combined

    def _computed_hermiticity(self) -> bool:
        ours, adjoint = self._terms.self_adjoint
        weights = self._value("_weights")
        if is_traced(weights):  # hermitian for all real weights?
            if self.dtype.kind == "c":
                return False
            weights = np.random.default_rng(0).normal(size=len(self._terms))
        difference = ours(weights) - adjoint(weights.conj())
        tolerance = 100 * np.finfo(weights.dtype).eps * np.abs(weights).max(initial=1.0)
        return bool(np.all(np.abs(difference) <= tolerance))

    def _keeps_constraint(self, constraint: Any) -> bool:
        if type(constraint) is ExtraConstraint:
            parts = (constraint.base_constraint, constraint.extra_constraint)
            return all(map(self._keeps_constraint, parts))
        if type(constraint) is SumConstraint:
            ranges = [(0, self.hilbert.size)]
        elif type(constraint) is SumOnPartitionConstraint:
            ends = np.cumsum([0, *constraint.sizes]).tolist()
            ranges = list(zip(ends[:-1], ends[1:]))
        else:
            return False
        return all(self._terms.conserves(*part).all() for part in ranges)

    def _conserves(self, constraint: Any) -> bool:
        return self._keeps_constraint(constraint)

    def _part_between(self, x: Any, xp: Any) -> str:
        states = (np.rint((np.stack([x, xp]) - self._grid.start) / self._grid.step) == 1).astype(
            int
        )
        bits, others = pack_bits(states)
        term = self._terms.between(bits, others, self.hilbert.size)
        return "" if term is None else f'its term {term}, "{self._terms.texts[term]}",'

    # -- order --------------------------------------------------------------------------------

    def to_normal_order(self) -> Any:
        """The same operator, with creators to the left and the highest orbital first.

        The creators of a product descend, then the annihilators do: ``"2^ 0^ 3 1"``.
        """
        return self._in_order("N")

    def to_antinormal_order(self) -> Any:
        """The same operator, with annihilators to the left and the highest orbital first."""
        return self._in_order("A")

    def to_pair_order(self) -> Any:
        """The same operator, by ascending orbitals, the creator first: ``"0^ 0 1^ 2"``."""
        return self._in_order("P")

    def _in_order(self, order: str) -> Any:
        terms, combination = self._terms.in_order(order)
        return self._with_content(terms, combination(self._value("_weights")))

    def reduce(self, order: bool = True, inplace: bool = True, cutoff: float | None = None) -> Any:
        """The same operator with fewer terms.

        Args:
            order: whether to bring it to normal order, so that equal terms are found.
            inplace: for compatibility: change this operator itself, which must not be a key of a
                dictionary then.
            cutoff: terms with concrete weights up to this modulus are dropped.

        Returns:
            The operator.
        """
        reduced = self.to_normal_order() if order else self
        reduced = reduced.copy(cutoff=cutoff)
        if not inplace:
            return reduced
        self.__dict__.pop("_cached", None)
        for name in ("_terms", "_weights", "_cutoff"):
            setattr(self, name, reduced.__dict__[name])
        return self

    def copy(self, *, dtype: DType | None = None, cutoff: float | None = None) -> Any:
        """A copy, with another dtype or cutoff if given."""
        new = super().copy(dtype=dtype)
        if cutoff is not None:
            terms, weights = _without_zeros(new._terms, new._value("_weights"), cutoff)
            new = new._replace(_terms=terms, _weights=weights, _cutoff=float(cutoff))
        return new

    # -- algebra ------------------------------------------------------------------------------

    def transpose(self, *, concrete: bool = True) -> AbstractOperator:
        if not self._has_kernel:
            return super().transpose()
        return self._replace(_terms=self._terms.adjoint)

    def _is_closed_with(self, other: Any) -> bool:
        return self._has_kernel and isinstance(other, FermionOperator2nd) and other._has_kernel

    def _plus(self, other: Any) -> Any:
        if not self._is_closed_with(other):
            return NotImplemented
        dtype = promoted(self.dtype, other.dtype)
        terms, place = self._terms.plus(other._terms)
        weights = self._value("_weights").astype(dtype)
        free = len(terms) - len(weights)
        weights = _concatenated([weights, np.zeros(free, dtype)])
        weights = _added(weights, place, other._value("_weights"), distinct=True)
        return self._with_content(terms, weights, other)

    def _plus_scalar(self, c: Any) -> Any:
        if not self._has_kernel:
            return super()._plus_scalar(c)
        c = as_coefficient(c, promoted(self.dtype, c))
        return self._plus(self._kind._build(self.hilbert, self.backend, _IDENTITY, c[None], 0.0))

    def _scaled(self, c: Any) -> Any:
        if not self._has_kernel:
            return super()._scaled(c)
        dtype = promoted(self.dtype, c)
        weights = self._value("_weights").astype(dtype) * as_coefficient(c, dtype)
        return self._with_content(self._terms, weights)

    def _times(self, other: Any) -> Any:
        if not self._is_closed_with(other) or len(self._terms) * len(other._terms) > _MAX_PAIRS:
            return NotImplemented
        dtype = promoted(self.dtype, other.dtype)
        terms, left, right, target = self._terms.times(other._terms)
        pairs = [x._value("_weights").astype(dtype) for x in (self, other)]
        products = pairs[0][left] * pairs[1][right]
        if len(terms) < len(products):
            products = _added(np.zeros(len(terms), dtype), target, products)
        return self._with_content(terms, products, other)

    def to_local_operator(self) -> LocalOperator:
        """The same operator as a `LocalOperator`, by the Jordan-Wigner transformation.

        A term acts on all sites from its first to its last orbital.

        Raises:
            ValueError: these are too many sites for a matrix.
        """
        local = self.to_pauli_strings().to_local_operator()
        if local.dtype.kind == self.dtype.kind:
            return local
        # X + iY has real matrix elements, X and Y alone have not
        parts = {name: local._value(name).real for name in local._coefficient_names}
        return local._replace(**parts)

    def __repr__(self) -> str:
        order = "" if self.order is None else f", order={self.order}"
        traced = ", weights=traced" if is_traced(self._value("_weights")) else ""
        return (
            f"{type(self).__name__}(hilbert={self.hilbert}, n_operators={len(self._terms)}, "
            f"dtype={self.dtype}{order}{traced}, backend={self.backend!r})"
        )


FermionOperator2nd._kind = FermionOperator2nd


# the same object in 3.23 too: every instance has a jax kernel, whatever its flag
FermionOperator2ndJax = FermionOperator2nd


class FermionOperator2ndNumba(FermionOperator2nd, metaclass=BackendName, backend="numba"):
    """Older name of `FermionOperator2nd` with ``backend="numba"``."""


def _kind_of(a: FermionOperator2nd, b: FermionOperator2nd) -> Any:
    """The class of what is made of both: the more general one."""
    return b._kind if issubclass(a._kind, b._kind) else a._kind


def _moves_of(strings: StringTerms) -> Moves | None:
    start = strings.want & strings.flip
    largest = int(count_bits(start).max(initial=0))
    if not len(strings) or not can_number_sets(strings.n_sites, largest):
        return None
    return Moves(strings)


def _sectors(hilbert: Any) -> tuple[tuple[int, int], ...] | None:
    """Number of sites and of particles, of all or of each s_z; None if they are not fixed."""
    if not isinstance(hilbert, SpinOrbitalFermions) or hilbert.n_fermions is None:
        return None
    if None in hilbert.n_fermions_per_spin:
        return ((hilbert.size, hilbert.n_fermions),)
    return tuple((hilbert.n_orbitals, n) for n in hilbert.n_fermions_per_spin if n is not None)


@lru_cache(maxsize=256)
def occupation_sites(grid: Any) -> tuple[bool, ...]:
    """Whether the local states of each site are the occupation numbers 0 and 1."""
    return tuple(((grid.start == 0) & (grid.step == 1) & (grid.shape == 2)).tolist())


def _check_sites(hilbert: DiscreteHilbert, grid: Any, codes: np.ndarray) -> None:
    """Raises a ValueError if the space cannot have the products."""
    wrong = np.flatnonzero(~np.array(occupation_sites(grid), bool))
    used = wrong[np.isin(wrong, codes[codes >= 0] >> 1)]
    many = wrong[grid.shape[wrong] != 2]
    for site in (*many, *used):
        raise ValueError(
            "Argument `hilbert` must have the occupation numbers 0 and 1 as local states, but has "
            f"{np.asarray(hilbert.states_at_index(int(site))).tolist()} on site {site}: use "
            "SpinOrbitalFermions."
        )


def _weights_of(weights: Any, n_terms: int) -> Any:
    """One weight for each term."""
    if weights is None:
        return np.ones(n_terms)
    if not hasattr(weights, "ndim"):
        weights = list(weights) if np.iterable(weights) else weights
        traced = is_traced(*jax.tree_util.tree_leaves(weights))
        weights = jnp.asarray(weights) if traced else np.asarray(weights)
    if weights.shape != (n_terms,):
        raise ValueError(
            f"Argument `weights` must have {n_terms} entries, one for each term, but has shape "
            f"{weights.shape}."
        )
    return weights


def _without_zeros(terms: FermionTerms, weights: Any, cutoff: float) -> tuple[FermionTerms, Any]:
    """Terms without those whose weight is concrete, and up to the cutoff."""
    if is_traced(weights):
        return terms, weights
    weights = np.asarray(weights)
    keep = ~(np.abs(weights) <= cutoff)
    return (terms, weights) if keep.all() else (terms[keep], weights[keep])


def _concatenated(parts: list[Any]) -> Any:
    return jnp.concatenate(parts) if is_traced(*parts) else np.concatenate(parts)


def _added(target: Any, index: np.ndarray, values: Any, distinct: bool = False) -> Any:
    """`target`, which is ours, with `values` added at `index`."""
    if is_traced(target, values):
        return jnp.asarray(target).at[index].add(values)
    if distinct:
        target[index] += np.asarray(values)
    else:
        np.add.at(target, index, np.asarray(values))
    return target
