# SPDX-License-Identifier: Apache-2.0
"""Models of fermions on a graph, whose coefficients are a few couplings: Hubbard and t-J.

A model lists its terms once for each graph, in blocks: the weights of a block are numbers times
one coupling, so that the leaves of the operator are the couplings.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from netket.graph import AbstractGraph
from netket.hilbert import SpinOrbitalFermions
from netket.hilbert.constraint import DiscreteHilbertConstraint
from netket.utils import HashableArray, struct
from netket.utils.types import Array, ArrayLike, DType

from .._base import (
    AbstractOperator,
    Backend,
    BackendName,
    KernelOperator,
    as_coefficient,
    dtype_of,
    inexact,
    is_traced,
    promoted,
)
from ._conserving import ParticleNumberAndSpinConservingFermioperator2nd
from ._operator import _added, _concatenated
from ._parse import codes_of
from ._terms import FermionTerms


class Block(NamedTuple):
    """Terms with weights factor * coupling[place], or the complex conjugate of it."""

    coupling: str  # name of the attribute
    conjugate: bool
    factor: float
    place: np.ndarray  # (T,) which coupling, if there are several
    terms: list[Any]  # T products of pairs (orbital, creator)


class Layout(NamedTuple):
    """The terms of a model, and its blocks; number: which of the terms each in a block is."""

    terms: FermionTerms
    number: np.ndarray
    blocks: tuple[Block, ...]


class FermionModel(ParticleNumberAndSpinConservingFermioperator2nd):
    """A sum of hopping and other terms on the edges and nodes of a graph.

    A subclass names its couplings and defines `_blocks`. The first one multiplies hopping c†_i c_j,
    and its complex conjugate c†_j c_i, so that the sum is hermitian if the others are real.
    """

    _coefficient_names: tuple[str, ...] = ()  # type: ignore[assignment]
    _static_names = ("_edges", "_cutoff")
    _hilbert: Any

    def __init__(
        self,
        hilbert: SpinOrbitalFermions,
        graph: AbstractGraph,
        couplings: dict[str, Any],
        dtype: DType | None,
        backend: Backend | None,
    ):
        self._check_space(hilbert)
        KernelOperator.__init__(self, hilbert, backend)
        self._edges = _edges_of(graph, hilbert.n_orbitals)
        self._cutoff = 1e-11
        if dtype is None:
            dtype = promoted(*(dtype_of(c) for c in couplings.values()))
        dtype = inexact(dtype)
        real = np.zeros(0, dtype).real.dtype
        for name, value in couplings.items():
            # what is real stays real, so that it is known to be when it is traced
            is_real = f"_{name}" != self._coefficient_names[0] and dtype_of(value).kind != "c"
            self.__dict__[f"_{name}"] = self._coupling(name, value, real if is_real else dtype)

    def _coupling(self, name: str, value: Any, dtype: np.dtype) -> Any:
        """A coupling, one number or one for each edge (or node)."""
        value = as_coefficient(value, dtype)
        number, what = self._n_couplings(name)
        if value.shape not in ((), (number,)):
            raise ValueError(
                f"Argument `{name}` must be a number, or one for each of the {number} {what} of "
                f"the graph, but has shape {value.shape}."
            )
        return value

    def _n_couplings(self, name: str) -> tuple[int, str]:
        return len(self._edges.wrapped), "edges"

    @staticmethod
    def _blocks(n: int, n_sectors: int, edges: list[list[int]]) -> tuple[Block, ...]:
        """The blocks, for n nodes, that many s_z, and edges."""
        raise TypeError("A subclass of `FermionModel` must define `_blocks`.")

    # -- terms and weights from couplings -------------------------------------------------------

    @property
    def _layout(self) -> Layout:
        hilbert = self._hilbert
        return _layout(type(self)._blocks, hilbert.n_orbitals, hilbert.size, self._edges)

    @property
    def _terms(self) -> FermionTerms:  # type: ignore[override]
        return self._layout.terms

    @property
    def _weights(self) -> Any:
        return self._value("_weights")

    @property
    def dtype(self) -> np.dtype:
        return np.result_type(*(self.__dict__[name].dtype for name in self._coefficient_names))

    def _leaf(self, name: str) -> Any:
        if name != "_weights":
            return super()._leaf(name)
        weights = self._value("_weights")
        if is_traced(weights) or self._backend == "numba":
            return weights
        with jax.ensure_compile_time_eval():
            return self._remember("device weights", lambda: jnp.asarray(weights))

    def _value(self, name: str) -> Any:
        return (
            self._remember("weights", self._expanded)
            if name == "_weights"
            else (super()._value(name))
        )

    def _expanded(self) -> Any:
        """The weights of the terms, from the couplings."""
        terms, number, blocks = self._layout
        parts = []
        for block in blocks:
            value = self._value(block.coupling)
            value = value.conj() if block.conjugate else value
            place = block.place if value.ndim else np.zeros(len(block.place), np.int64)
            parts.append((block.factor * value.reshape(-1)[place]).astype(self.dtype))
        weights = _concatenated(parts)
        if len(terms) < len(number):
            weights = _added(np.zeros(len(terms), self.dtype), number, weights)
        return weights

    @property
    def is_hermitian(self) -> bool:
        """Whether all couplings but that of hopping are real; if traced, as far as is known."""
        for name in self._coefficient_names[1:]:
            value = self._value(name)
            if value.dtype.kind == "c" and (is_traced(value) or np.any(value.imag != 0)):
                return False
        return True

    # -- adjoints -----------------------------------------------------------------------------

    def conjugate(self, *, concrete: bool = True) -> AbstractOperator:
        if not self._has_kernel:
            return super().conjugate()
        names = self._coefficient_names
        return self._replace(**{name: self._value(name).conj() for name in names})

    def transpose(self, *, concrete: bool = True) -> AbstractOperator:
        if not self._has_kernel:
            return super().transpose()
        hopping = self._coefficient_names[0]
        return self._replace(**{hopping: self._value(hopping).conj()})

    def copy(self, *, dtype: DType | None = None, cutoff: float | None = None) -> Any:
        """A copy; with a cutoff it is a sum of terms, and no model any more."""
        if cutoff is not None:
            terms = self._with_content(self._terms, self._value("_weights"))
            return terms.copy(dtype=dtype, cutoff=cutoff)
        return KernelOperator.copy(self, dtype=dtype)

    def reduce(self, order: bool = True, inplace: bool = False, cutoff: float | None = None) -> Any:
        """The model as a sum of terms; it is never changed itself. Arguments as in the base."""
        terms = self._with_content(self._terms, self._value("_weights"))
        return terms.reduce(order, False, cutoff)

    def __repr__(self) -> str:
        values = []
        for name in self._coefficient_names:
            value = self._value(name)
            shown = "traced" if is_traced(value) else str(value) if value.ndim == 0 else "array"
            values.append(f"{name[1:]}={shown}")
        return (
            f"{type(self).__name__}(hilbert={self.hilbert}, {', '.join(values)}, "
            f"#edges={len(self._edges.wrapped)}, backend={self.backend!r})"
        )


class FermiHubbard(FermionModel):
    """The Fermi-Hubbard model.

    H = - sum_(i,j)σ (t c†_iσ c_jσ + t* c†_jσ c_iσ) + U sum_i,σ<σ' n_iσ n_iσ', where (i, j) are the
    edges of a graph.

    Args:
        hilbert: a `SpinOrbitalFermions` with spin, with one orbital for each node of the graph.
        graph: the graph.
        t: hopping amplitude; or one for each edge, in the order of ``graph.edges()``.
        U: repulsion on a site; or one for each node.
        dtype: dtype of the matrix elements; by default that of `t` and `U`.
        backend: ``"numba"`` or ``"jax"``; by default see `netket.operator.use_backend`.

    Raises:
        ValueError: the graph has another size than the space, or the fermions have no spin.

    Example:
        >>> import netket as nk
        >>> hi = nk.hilbert.SpinOrbitalFermions(2, s=1 / 2, n_fermions_per_spin=(1, 1))
        >>> dimer = nk.operator.FermiHubbard(hi, nk.graph.Chain(2, pbc=False), U=4.0)
        >>> round(float(nk.exact.lanczos_ed(dimer)[0]), 6)  # (U - sqrt(U^2 + 16)) / 2
        -0.828427
    """

    _coefficient_names = ("_t", "_U")

    def __init__(
        self,
        hilbert: SpinOrbitalFermions,
        graph: AbstractGraph,
        t: ArrayLike = 1.0,
        U: ArrayLike = 1.0,
        dtype: DType | None = None,
        *,
        backend: Backend | None = None,
    ):
        super().__init__(hilbert, graph, {"t": t, "U": U}, dtype, backend)

    @property
    def t(self) -> Any:
        """Hopping amplitude, () or (number of edges,)."""
        return self._leaf("_t") if self.backend == "jax" else self._value("_t")

    @property
    def U(self) -> Any:
        """Repulsion on a site, () or (number of nodes,)."""
        return self._leaf("_U") if self.backend == "jax" else self._value("_U")

    def _n_couplings(self, name: str) -> tuple[int, str]:
        return (self._hilbert.n_orbitals, "nodes") if name == "U" else super()._n_couplings(name)

    @staticmethod
    def _blocks(n: int, n_sectors: int, edges: list[list[int]]) -> tuple[Block, ...]:
        sites = range(n)
        pairs = [(a, b) for b in range(n_sectors) for a in range(b)]
        repulsion = [_numbers(a * n + i, b * n + i) for a, b in pairs for i in sites]
        hops = [((i + s * n, 1), (j + s * n, 0)) for s in range(n_sectors) for i, j in edges]
        back = [(((j, 1), (i, 0))) for (i, _), (j, _) in hops]
        edge = np.tile(np.arange(len(edges)), n_sectors)
        return (
            Block("_t", False, -1.0, edge, hops),
            Block("_t", True, -1.0, edge, back),
            Block("_U", False, 1.0, np.tile(np.arange(n), len(pairs)), repulsion),
        )


class TJ(FermionModel):
    """The t-J model: fermions with spin 1/2 that hop, and never two of them on one site.

    H = - P sum_(i,j)σ (t c†_iσ c_jσ + t* c†_jσ c_iσ) P + J sum_(i,j) (S_i S_j - n_i n_j / 4), where
    (i, j) are the edges of a graph and P removes doubly occupied sites. Hopping onto, or from, a
    site with another fermion has no matrix element, so that H can act on any space of spin-1/2
    fermions; `NoDoubleOccupancyConstraint` leaves out the states without meaning.

    Args:
        hilbert: a `SpinOrbitalFermions` with s=1/2, with one orbital for each node of the graph.
        graph: the graph.
        t: hopping amplitude; or one for each edge, in the order of ``graph.edges()``.
        J: exchange; or one for each edge.
        dtype: dtype of the matrix elements; by default that of `t` and `J`.
        backend: ``"numba"`` or ``"jax"``; by default see `netket.operator.use_backend`.

    Raises:
        ValueError: the graph has another size than the space, or the fermions have another spin.

    Example:
        >>> import netket as nk
        >>> single = nk.operator.fermion.NoDoubleOccupancyConstraint(4)
        >>> hi = nk.hilbert.SpinOrbitalFermions(
        ...     4, s=1 / 2, n_fermions_per_spin=(1, 1), constraint=single
        ... )
        >>> ha = nk.operator.TJ(hi, nk.graph.Chain(4), t=1.0, J=1.0)
        >>> round(float(nk.exact.lanczos_ed(ha)[0]), 6)  # -(1 + sqrt(33)) / 2
        -3.372281
    """

    _coefficient_names = ("_t", "_J")

    def __init__(
        self,
        hilbert: SpinOrbitalFermions,
        graph: AbstractGraph,
        t: ArrayLike = 1.0,
        J: ArrayLike = 1.0,
        dtype: DType | None = None,
        *,
        backend: Backend | None = None,
    ):
        super().__init__(hilbert, graph, {"t": t, "J": J}, dtype, backend)

    @classmethod
    def _check_space(cls, hilbert: Any) -> None:
        if getattr(hilbert, "spin", None) != 0.5:
            raise ValueError(
                f"Argument `hilbert` must be a SpinOrbitalFermions with s=1/2, but is {hilbert}."
            )

    @property
    def t(self) -> Any:
        """Hopping amplitude, () or (number of edges,)."""
        return self._leaf("_t") if self.backend == "jax" else self._value("_t")

    @property
    def J(self) -> Any:
        """Exchange, () or (number of edges,)."""
        return self._leaf("_J") if self.backend == "jax" else self._value("_J")

    def _keeps_constraint(self, constraint: Any) -> bool:
        if isinstance(constraint, NoDoubleOccupancyConstraint):
            return constraint.n_orbitals == self._hilbert.n_orbitals
        return super()._keeps_constraint(constraint)

    @staticmethod
    def _blocks(n: int, n_sectors: int, edges: list[list[int]]) -> tuple[Block, ...]:
        hops, back, flips, opposite = [], [], [], []
        for s in (0, 1):
            for i, j in edges:
                # c†_iσ c_jσ where neither site has a fermion of the other spin
                a, b, a_other, b_other = i + s * n, j + s * n, i + (1 - s) * n, j + (1 - s) * n
                empty = (*_hole(a_other), *_hole(b_other))
                hops.append(((a, 1), (b, 0), *empty))
                back.append(((b, 1), (a, 0), *empty))
                # S+_i S-_j + S-_i S+_j, and n_i↑ n_j↓ + n_i↓ n_j↑
                flips.append(((a, 1), (a_other, 0), (b_other, 1), (b, 0)))
                opposite.append(_numbers(a, b_other))
        edge = np.tile(np.arange(len(edges)), 2)
        return (
            Block("_t", False, -1.0, edge, hops),
            Block("_t", True, -1.0, edge, back),
            Block("_J", False, 0.5, edge, flips),
            Block("_J", False, -0.5, edge, opposite),
        )


class NoDoubleOccupancyConstraint(DiscreteHilbertConstraint):
    """No two fermions are in one orbital: sum over s_z of x_(i, s_z) is 0 or 1.

    Args:
        n_orbitals: number of orbitals for each s_z, as that of the `SpinOrbitalFermions`.
    """

    n_orbitals: int = struct.field(pytree_node=False)

    def __init__(self, n_orbitals: int):
        self.n_orbitals = int(n_orbitals)

    def __call__(self, x: Array) -> Array:
        n = self.n_orbitals
        sectors = x.reshape(*x.shape[:-1], x.shape[-1] // n, n)
        return (sectors.sum(axis=-2) <= 1).all(axis=-1)

    def __hash__(self) -> int:
        return hash((NoDoubleOccupancyConstraint, self.n_orbitals))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NoDoubleOccupancyConstraint) and (
            self.n_orbitals == other.n_orbitals
        )

    def __repr__(self) -> str:
        return f"NoDoubleOccupancyConstraint({self.n_orbitals})"


class FermiHubbardJax(FermiHubbard, metaclass=BackendName, backend="jax"):
    """Older name of `FermiHubbard` with ``backend="jax"``."""


def _numbers(*orbitals: int) -> tuple[tuple[int, int], ...]:
    """The product of occupation numbers."""
    return tuple((i, creator) for i in orbitals for creator in (1, 0))


def _hole(orbital: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """1 - n = c c†."""
    return (orbital, 0), (orbital, 1)


@lru_cache(maxsize=64)
def _layout(blocks: Any, n_orbitals: int, n_sites: int, edges: HashableArray) -> Layout:
    made = blocks(n_orbitals, n_sites // n_orbitals, edges.wrapped.tolist())
    codes = codes_of([term for block in made for term in block.terms], n_sites)
    terms, number = FermionTerms.distinct(codes)
    return Layout(terms, number, made)


def _edges_of(graph: Any, n_orbitals: int) -> HashableArray:
    """The edges of the graph, (E, 2)."""
    if not isinstance(graph, AbstractGraph):
        raise TypeError(f"Argument `graph` must be a graph, but is {type(graph).__name__}.")
    if graph.n_nodes != n_orbitals:
        raise ValueError(
            f"Argument `graph` must have {n_orbitals} nodes, as many as the Hilbert space has "
            f"orbitals, but has {graph.n_nodes}."
        )
    return HashableArray(np.array(graph.edges(), np.int32).reshape(-1, 2))
