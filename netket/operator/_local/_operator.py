# SPDX-License-Identifier: Apache-2.0
"""`LocalOperator`: O = c + sum_t M_t, where each M_t is a matrix that acts on few sites."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from netket.hilbert import DiscreteHilbert
from netket.hilbert.constraint import SumConstraint
from netket.utils.types import DType, Scalar

from .._base import (
    AbstractOperator,
    Backend,
    BackendName,
    KernelOperator,
    as_coefficient,
    as_integer,
    dtype_of,
    inexact,
    is_scalar,
    is_traced,
    lazy_form,
    promote_backends,
    promoted,
)
from .._kernels import LocalData, LocalGroups, flat_tables, group_tables
from ._build import add_at, sum_of_terms, term_of_matrix
from ._terms import Terms

# Products with more elements, or terms with more local configurations, stay lazy.
_MAX_PRODUCT_ELEMENTS = 4_000_000
_MAX_PRODUCT_ROWS = 2**16


class LocalOperator(KernelOperator):
    """A sum of matrices that act on few sites each, and a constant.

    Terms on the same sites are summed; sites may be given in any order, and need not be
    neighbours. Memory is that of the non-zero elements of the distinct kinds of terms.

    Args:
        hilbert: the space.
        operators: one matrix or a list of them; numpy, scipy sparse, nested lists or traced by
            jax. Rows and columns number the local states of the sites, the first site being
            the most significant digit.
        acting_on: the sites that the matrix acts on, or a list of them, one for each matrix.
        constant: multiple of the identity to add.
        dtype: dtype of the matrix elements; by default that of the matrices (float64 for
            integers).
        mel_cutoff: off-diagonal matrix elements with a modulus up to this are taken as zero.
        backend: ``"numba"`` or ``"jax"``; by default see `netket.operator.use_backend`.

    Raises:
        ValueError: a site does not exist or is repeated, a matrix has the wrong shape, or there
            are not as many matrices as lists of sites.

    Example:
        >>> import netket as nk
        >>> hi = nk.hilbert.Spin(0.5, 3)
        >>> nk.operator.LocalOperator(hi, [[0, 1], [1, 0]], [2], backend="numba").acting_on
        [(2,)]
    """

    _coefficient_names = ("_constant", "_mels")
    _static_names = ("_terms", "_mel_cutoff")
    _kernel_diagonal_first = True

    def __init__(
        self,
        hilbert: DiscreteHilbert,
        operators: Any = (),
        acting_on: Any = (),
        constant: Scalar = 0,
        dtype: DType | None = None,
        *,
        mel_cutoff: float = 1.0e-10,
        backend: Backend | None = None,
    ):
        super().__init__(hilbert, backend)
        matrices, supports = _as_lists(operators, acting_on)
        supports = [_check_support(s, hilbert.size) for s in supports]
        if dtype is None:
            dtypes = [dtype_of(m) for m in matrices]
            dtype = promoted(dtypes[0], *dtypes[1:], constant) if dtypes else dtype_of(constant)
        dtype = inexact(dtype)
        dims = [tuple(hilbert.shape[i] for i in s) for s in supports]
        parts = [
            (s, *term_of_matrix(_check_matrix(m, s, d), d, dtype))
            for m, s, d in zip(matrices, supports, dims)
        ]
        self._mel_cutoff = float(mel_cutoff)
        self._set(*sum_of_terms(parts), as_coefficient(constant, dtype), dtype)

    def _set(self, terms: Terms, mels: Any, constant: Any, dtype: np.dtype) -> None:
        """Set the content; elements that are concrete and zero are dropped.

        Small elements of the diagonal cost nothing: they are kept unless they are rounding noise.
        """
        if not is_traced(mels):
            mels = np.asarray(mels).astype(dtype, copy=False)
            moduli = np.abs(mels)
            keep = ~(moduli <= self._mel_cutoff)  # what is not a number is not small
            if not keep.all():
                noise = 8 * np.finfo(dtype).eps * moduli.max()
                keep |= terms.on_diagonal & (moduli > min(noise, self._mel_cutoff))
                terms, mels = terms.restricted(keep), mels[keep]
        self._terms, self._mels = terms, mels.astype(dtype)
        self._constant = as_coefficient(constant, dtype)

    @classmethod
    def _build(
        cls,
        hilbert: DiscreteHilbert,
        backend: Backend,
        terms: Terms,
        mels: Any,
        constant: Any,
        dtype: Any,
        mel_cutoff: float = 1.0e-10,
    ) -> "LocalOperator":
        new = object.__new__(LocalOperator)
        new.__dict__.update(_hilbert=hilbert, _backend=backend, _mel_cutoff=mel_cutoff)
        new._set(terms, mels, constant, np.dtype(dtype))
        return new

    def _with_content(
        self, terms: Terms, mels: Any, constant: Any, dtype: Any, backend: Backend | None = None
    ) -> "LocalOperator":
        return self._build(
            self.hilbert, backend or self.backend, terms, mels, constant, dtype, self._mel_cutoff
        )

    # -- properties ---------------------------------------------------------------------------

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(self._constant.dtype)

    @property
    def constant(self) -> Any:
        """The multiple of the identity that is part of the operator, shape ()."""
        return self._leaf("_constant") if self.backend == "jax" else self._value("_constant")

    @property
    def acting_on(self) -> list[tuple[int, ...]]:
        """The sites that each term acts on, in increasing order."""
        return list(self._terms.supports)

    @property
    def operators(self) -> list[np.ndarray]:
        """The matrices of the terms, in the order of `acting_on`."""
        matrices = []
        for t, pattern in enumerate(self._terms.patterns):
            values = self._value("_mels")[self._terms.offsets[t] : self._terms.offsets[t + 1]]
            zero = jnp.zeros if is_traced(values) else np.zeros
            matrix = zero(pattern.n_rows**2, self.dtype)
            matrix = add_at(matrix, pattern.rows * pattern.n_rows + pattern.cols, values)
            matrices.append(matrix.reshape(pattern.n_rows, pattern.n_rows))
        return matrices

    @property
    def n_operators(self) -> int:
        """Number of terms."""
        return len(self._terms)

    @property
    def size(self) -> int:
        """Number of sites of the Hilbert space."""
        return self.hilbert.size

    @property
    def mel_cutoff(self) -> float:
        """Off-diagonal matrix elements with a modulus up to this are taken as zero.

        It can be set, for compatibility: this is the only thing that changes an operator, which
        must not be a key of a dictionary then.
        """
        return self._mel_cutoff

    @mel_cutoff.setter
    def mel_cutoff(self, value: float) -> None:
        self.__dict__.pop("_cached", None)
        self._mel_cutoff = float(value)
        self._set(self._terms, self._value("_mels"), self._value("_constant"), self.dtype)

    @property
    def is_hermitian(self) -> bool:
        """Whether the operator equals its adjoint; False if traced values do not let us know."""
        return self._remember("is_hermitian", self._computed_hermiticity)

    def _computed_hermiticity(self) -> bool:
        real = self.dtype.kind != "c"
        transposed, order = self._terms.transposed
        if transposed != self._terms:
            return False
        if self._is_traced:
            return real and np.array_equal(order, np.arange(len(order)))
        mels, constant = self._value("_mels"), self._value("_constant")
        scale = np.abs(mels).max(initial=1.0)
        tolerance = 100 * np.finfo(self.dtype).eps * scale
        return bool(
            np.all(np.abs(mels - mels[order].conj()) <= tolerance)
            and abs(constant.imag) <= tolerance
        )

    @property
    def max_conn_size(self) -> int:
        return self._terms.max_conn_size

    @property
    def _max_changes(self) -> int:
        return self._terms.max_changes

    @property
    def _merges(self) -> bool:
        return self._terms.may_collide if self._has_kernel else True

    def _keeps_constraint(self, constraint: Any) -> bool:
        return not self._is_traced or self._conserves(constraint)

    def _conserves(self, constraint: Any) -> bool:
        return (
            type(constraint) is SumConstraint
            and self._grid.homogeneous
            and self._terms.conserves_sum
        )

    def _host_data(self) -> LocalData:
        tables = self._terms.cached("flat", lambda: flat_tables(self._terms, self._grid.dtype))
        return LocalData(self._host("_constant"), self._host("_mels"), *tables)

    def _device_data(self) -> LocalGroups:
        groups = self._terms.cached("groups", lambda: group_tables(self._terms, self._grid.dtype))
        return LocalGroups(self._leaf("_constant"), self._leaf("_mels"), groups)

    # -- algebra ------------------------------------------------------------------------------

    def conjugate(self, *, concrete: bool = True) -> AbstractOperator:
        if not self._has_kernel:
            return super().conjugate()
        return self._replace(
            _mels=self._value("_mels").conj(), _constant=self._value("_constant").conj()
        )

    def transpose(self, *, concrete: bool = True) -> AbstractOperator:
        if not self._has_kernel:
            return super().transpose()
        terms, order = self._terms.transposed
        return self._replace(_terms=terms, _mels=self._value("_mels")[order])

    def _as_local(self) -> "LocalOperator | None":
        return self if self._has_kernel else None

    def to_local_operator(self) -> "LocalOperator":
        return self

    def _plus(self, other: Any) -> Any:
        pair = _local_pair(self, other)
        if pair is None:
            return NotImplemented
        a, b = pair
        dtype = promoted(a.dtype, b.dtype)
        terms, at_a, at_b = a._terms.plus(b._terms)
        mels = add_at(np.zeros(terms.n_values, dtype), at_a, a._value("_mels"))
        mels = add_at(mels, at_b, b._value("_mels"))
        constant = a._value("_constant").astype(dtype) + b._value("_constant").astype(dtype)
        return a._with_content(
            terms, mels, constant, dtype, promote_backends([a.backend, b.backend])
        )

    def _plus_scalar(self, c: Any) -> Any:
        if not self._has_kernel:
            return super()._plus_scalar(c)
        dtype = promoted(self.dtype, c)
        constant = self._value("_constant").astype(dtype) + as_coefficient(c, dtype)
        return self._with_content(self._terms, self._value("_mels"), constant, dtype)

    def _scaled(self, c: Any) -> Any:
        if not self._has_kernel:
            return super()._scaled(c)
        dtype = promoted(self.dtype, c)
        c = as_coefficient(c, dtype)
        mels, constant = (
            self._value("_mels").astype(dtype) * c,
            self._value("_constant").astype(dtype) * c,
        )
        return self._with_content(self._terms, mels, constant, dtype)

    def _times(self, other: Any) -> Any:
        pair = _local_pair(self, other)
        if pair is None:
            return NotImplemented
        a, b = pair
        elements, rows = a._terms.product_size(b._terms)
        if elements > _MAX_PRODUCT_ELEMENTS or rows > _MAX_PRODUCT_ROWS:
            return NotImplemented
        dtype = promoted(a.dtype, b.dtype)
        (mels_a, c_a), (mels_b, c_b) = (
            (x._value("_mels").astype(dtype), x._value("_constant").astype(dtype)) for x in pair
        )
        terms, left, right, target = a._terms.times(b._terms)
        zero = np.zeros(terms.n_values, dtype)
        mels = add_at(zero, target, mels_a[left] * mels_b[right], distinct=False)
        # (A + a) (B + b) = A B + b A + a B + a b
        linear, at_a, at_b = a._terms.plus(b._terms)
        rest = add_at(np.zeros(linear.n_values, dtype), at_a, mels_a * c_b)
        rest = add_at(rest, at_b, mels_b * c_a)
        backend = promote_backends([a.backend, b.backend])
        product = a._with_content(terms, mels, c_a * c_b, dtype, backend)
        if not is_traced(c_a, c_b) and c_a == 0 and c_b == 0:
            return product
        return product + a._with_content(linear, rest, 0, dtype, backend)

    def _times_left(self, other: Any) -> Any:
        left = other._as_local() if isinstance(other, KernelOperator) else None
        return NotImplemented if left is None else left._times(self)

    def get_conn_filtered(
        self, x: np.ndarray, sections: np.ndarray, filters: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Connected elements of a batch of samples, of one term for each sample.

        Args:
            x: samples, shape (B, N).
            sections: integer array of shape (B,), set to the ends of the rows.
            filters: for each sample the number of a term, in the order of `acting_on`; (B,).

        Returns:
            x' of shape (M, N) and matrix elements of shape (M,); the constant is left out.
        """
        xps, mels, end = [], [], 0
        for b, t in enumerate(np.asarray(filters)):
            begin, stop = self._terms.offsets[t], self._terms.offsets[t + 1]
            terms = Terms([self._terms.supports[t]], [self._terms.patterns[t]])
            term = self._with_content(
                terms, self._value("_mels")[begin:stop], 0, self.dtype, "numba"
            )
            xp, mel = term.get_conn_flattened(np.asarray(x)[b : b + 1], np.zeros(1, np.int32))
            end += len(mel)
            sections[b] = end
            xps.append(xp)
            mels.append(mel)
        return np.concatenate(xps), np.concatenate(mels)

    def _part_between(self, x: Any, xp: Any) -> str:
        x, xp = (np.asarray(self.hilbert.states_to_local_indices(s)) for s in (x, xp))
        changed = set(np.flatnonzero(x != xp).tolist())
        for t, (support, pattern) in enumerate(zip(self._terms.supports, self._terms.patterns)):
            if changed <= set(support):
                row, col = (int(s[list(support)] @ pattern.strides) for s in (x, xp))
                if np.any((pattern.rows == row) & (pattern.cols == col)):
                    return f"its term {t}, on the sites {list(support)},"
        return ""

    def __repr__(self) -> str:
        acting_on = self.acting_on
        shown = (
            f"acting_on={acting_on}"
            if len(acting_on) < 8
            else f"#acting_on={len(acting_on)} locations"
        )
        constant = "traced" if is_traced(self._value("_constant")) else self._value("_constant")
        return (
            f"LocalOperator(dim={self.hilbert.size}, {shown}, constant={constant}, "
            f"dtype={self.dtype}, backend={self.backend!r})"
        )


# the same object in 3.23 too: every instance has a jax kernel, whatever its flag
LocalOperatorJax = LocalOperator


class LocalOperatorNumba(LocalOperator, metaclass=BackendName, backend="numba"):
    """Older name of `LocalOperator` with ``backend="numba"``."""


@lazy_form("identity")
def identity_like(operator: Any, constant: Any) -> LocalOperator:
    """`constant` times the identity on the space of `operator`, with its backend."""
    dtype = promoted(operator.dtype, constant)
    return LocalOperator(operator.hilbert, constant=constant, dtype=dtype, backend=operator.backend)


def linear_combination(pairs: Sequence[tuple[Any, LocalOperator]]) -> LocalOperator:
    """sum_i c_i O_i, in time that is linear in the number of terms.

    Args:
        pairs: numbers and operators on the same space, at least one.
    """
    dtype = promoted(pairs[0][1].dtype, *(x for c, op in pairs for x in (op.dtype, c)))
    parts: list[Any] = []
    constant: Any = np.zeros((), dtype)
    for c, op in pairs:
        c, offsets = as_coefficient(c, dtype), op._terms.offsets
        values = op._value("_mels").astype(dtype) * c
        constant = constant + op._value("_constant").astype(dtype) * c
        for t, (support, pattern) in enumerate(zip(op._terms.supports, op._terms.patterns)):
            parts.append((support, pattern, values[offsets[t] : offsets[t + 1]]))
    backend = promote_backends(op.backend for _, op in pairs)
    return pairs[0][1]._with_content(*sum_of_terms(parts), constant, dtype, backend)


def _local_pair(a: Any, b: Any) -> tuple[LocalOperator, LocalOperator] | None:
    """Both as `LocalOperator` if they are sums of local terms."""
    if not (isinstance(a, KernelOperator) and isinstance(b, KernelOperator)):
        return None
    a, b = a._as_local(), b._as_local()
    return None if a is None or b is None else (a, b)


# -- arguments --------------------------------------------------------------------------------


def _as_lists(operators: Any, acting_on: Any) -> tuple[list[Any], list[Any]]:
    """A list of matrices and a list of lists of sites, of the same length."""
    if _is_matrix(operators):
        operators = [operators]
        nested = np.ndim(acting_on) == 2 if not is_scalar(acting_on) else False
        acting_on = acting_on if nested else [acting_on]
    operators, acting_on = list(operators), list(acting_on)
    if len(operators) != len(acting_on):
        raise ValueError(
            f"Argument `acting_on` must have {len(operators)} entries, one for each matrix in "
            f"`operators`, but has {len(acting_on)}."
        )
    return operators, acting_on


def _is_matrix(operators: Any) -> bool:
    if hasattr(operators, "tocoo") or hasattr(operators, "ndim"):
        return operators.ndim == 2
    return len(operators) > 0 and np.ndim(operators[0]) == 1 and not hasattr(operators[0], "tocoo")


def _check_support(sites: Any, n_sites: int) -> tuple[int, ...]:
    sites = (sites,) if is_scalar(sites) else tuple(sites)
    sites = tuple(as_integer(i, "acting_on") for i in sites)
    if any(i < 0 or i >= n_sites for i in sites):
        raise ValueError(
            f"Argument `acting_on` must contain sites from 0 to {n_sites - 1}, but has {sites}."
        )
    if len(set(sites)) != len(sites):
        raise ValueError(f"Argument `acting_on` must not repeat a site, but has {sites}.")
    return sites


def _check_matrix(matrix: Any, sites: tuple[int, ...], dims: tuple[int, ...]) -> Any:
    if not (is_traced(matrix) or hasattr(matrix, "tocoo")):
        matrix = np.asarray(matrix)
    size = int(np.prod(dims, dtype=np.float64))
    if not sites and tuple(matrix.shape) != (1, 1):
        raise ValueError(
            "Argument `acting_on` must say on which sites the matrices in `operators` act, but "
            "there are none for a matrix."
        )
    if tuple(matrix.shape) != (size, size):
        raise ValueError(
            f"Argument `operators` must have a matrix of shape ({size}, {size}) for the sites "
            f"{sites}, which have {' x '.join(map(str, dims))} local states, but it has shape "
            f"{tuple(matrix.shape)}."
        )
    return matrix
