# SPDX-License-Identifier: Apache-2.0
"""`DiscreteOperator`: operators on discrete Hilbert spaces, by their connected elements.

(O psi)(x) = sum_x' <x|O|x'> psi(x'), where only few x' are connected to x.

A third party subclasses it with `get_conn_flattened` and `max_conn_size` (numba or numpy code),
or subclasses `DiscreteJaxOperator` with `get_conn_padded` (jax code); everything else follows.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import jax
import numpy as np

from netket.hilbert import DiscreteHilbert
from netket.utils.types import Array

from . import _matrix
from ._abstract import _LAZY, AbstractOperator
from ._backend import Backend, check_backend
from ._grid import Grid, grid_of
from ._host import check_size, flatten_rows, host_array, is_traced, pad_rows

F = TypeVar("F", bound=Callable[..., Any])


def derived(method: F) -> F:
    """Decorator: this method is not code of the operator, it is derived from other methods."""
    method._is_derived = True  # type: ignore[attr-defined]
    return method


class DiscreteOperator(AbstractOperator):
    """An operator on a discrete Hilbert space.

    Args:
        hilbert: the space.
    """

    _class_backend: Backend | None = "numba"
    _defines_padded = False  # whether a class defines these itself
    _defines_flattened = False

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        cls._defines_padded = not hasattr(cls.get_conn_padded, "_is_derived")
        cls._defines_flattened = not hasattr(cls.get_conn_flattened, "_is_derived")

    def __init__(self, hilbert: DiscreteHilbert):
        super().__init__(hilbert)
        if not isinstance(hilbert, DiscreteHilbert):
            raise TypeError(
                f"Argument `hilbert` must be a discrete Hilbert space, but is {hilbert}."
            )

    # -- backend ------------------------------------------------------------------------------

    @property
    def backend(self) -> Backend:
        """Which implementation answers for concrete samples: ``"numba"`` or ``"jax"``."""
        return self.__dict__.get("_backend") or self._class_backend or "jax"

    @property
    def backends(self) -> tuple[Backend, ...]:
        """The implementations there are."""
        return ("numba",)

    def to_backend(self, backend: Backend) -> "DiscreteOperator":
        """The same operator with another backend; itself if it has it.

        Args:
            backend: ``"numba"`` or ``"jax"``.

        Raises:
            ValueError: `backend` is neither.
        """
        if check_backend(backend) == self.backend:
            return self
        return self._with_backend(backend)

    def _with_backend(self, backend: Backend) -> "DiscreteOperator":
        return _LAZY["callback"](self)

    def to_jax(self) -> "DiscreteOperator":
        """The same operator with the jax backend."""
        return self.to_backend("jax")

    def to_numba(self) -> "DiscreteOperator":
        """The same operator with the numba backend."""
        return self.to_backend("numba")

    def to_jax_operator(self) -> "DiscreteOperator":
        """Older spelling of `to_jax`."""
        return self.to_jax()

    def to_numba_operator(self) -> "DiscreteOperator":
        """Older spelling of `to_numba`."""
        return self.to_numba()

    # -- connected elements -------------------------------------------------------------------

    @property
    def max_conn_size(self) -> int:
        """Upper bound of the number of connected elements of a configuration."""
        raise NotImplementedError(
            f"{type(self).__name__} must define the property `max_conn_size`, an upper bound of "
            "the number of connected elements, to be used with the jax backend."
        )

    @derived
    def get_conn_padded(self, x: Array) -> tuple[Array, Array]:
        """Connected elements of a batch of samples, in rows of the same length.

        The jax backend returns `max_conn_size` elements, the numba backend as many as the
        longest row of this batch has. Inside of jax transformations the jax code runs,
        whatever the backend.

        Args:
            x: samples, shape (..., N).

        Returns:
            x' of shape (..., K, N) with the dtype of `x`, and the matrix elements <x|O|x'> of
            shape (..., K). Free slots hold x with matrix element 0.

        Raises:
            ValueError: the last axis of `x` is not N long, or a sample is not in the space.
        """
        self._check_defines()
        check_size(x, self.hilbert.size)
        if is_traced(x):
            return self.to_jax().get_conn_padded(x)
        x = host_array(x)
        samples = x.reshape(-1, x.shape[-1])
        sections = np.zeros(len(samples), np.int32)
        xp, mels = map(np.asarray, self.get_conn_flattened(samples, sections))
        counts = np.diff(sections, prepend=0)
        xp, mels = pad_rows(samples, xp, mels, counts)
        return xp.reshape(*x.shape[:-1], *xp.shape[1:]), mels.reshape(*x.shape[:-1], -1)

    @derived
    def get_conn_flattened(
        self, x: Array, sections: np.ndarray, pad: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Connected elements of a batch of samples, one row after the other.

        Args:
            x: samples, shape (B, N).
            sections: integer array of shape (B,); entry b is set to the end of the row of
                sample b.
            pad: make all rows as long as the longest, with x itself and 0.

        Returns:
            Distinct x' of shape (M, N), and the matrix elements <x|O|x'> of shape (M,), none of
            which is zero (but padding).

        Raises:
            ValueError: the last axis of `x` is not N long, or a sample is not in the space.
        """
        self._check_defines()
        check_size(x, self.hilbert.size)
        samples = host_array(x).reshape(-1, self.hilbert.size)
        xp, mels = map(np.asarray, self.get_conn_padded(x))
        xp, mels, counts = flatten_rows(samples, xp.astype(samples.dtype), mels, merge=True)
        return _finish_flattened(samples, xp, mels, counts, sections, pad)

    def get_conn(self, x: Array) -> tuple[np.ndarray, np.ndarray]:
        """Connected elements of one sample.

        Args:
            x: the sample, shape (N,).

        Returns:
            Distinct x' of shape (K, N), and the matrix elements <x|O|x'> of shape (K,).

        Raises:
            ValueError: `x` has another shape, or is not in the space; or an x' is not, because
                the operator leads out of a constrained space (methods for batches do not check).
        """
        check_size(x, self.hilbert.size)
        if np.ndim(x) != 1:
            raise ValueError(
                f"Argument `x` must be one sample of shape ({self.hilbert.size},), but has shape "
                f"{np.shape(x)}: call `get_conn_padded` for a batch."
            )
        samples, ends = np.asarray(x)[None], np.zeros(1, np.int32)
        xp, mels = self.get_conn_flattened(samples, ends)
        _matrix.check_inside(self, samples, ends, xp)
        return xp, mels

    def n_conn(self, x: Array, out: np.ndarray | None = None) -> Array:
        """Number of distinct x' with a matrix element that is not zero.

        Args:
            x: samples, shape (..., N).
            out: if given, an integer array of shape (...) that the result is written to.

        Returns:
            The numbers, int32 array of shape (...).
        """
        check_size(x, self.hilbert.size)
        if is_traced(x):
            return self.to_jax().n_conn(x)
        x = np.asarray(x)
        sections = np.zeros(int(np.prod(x.shape[:-1])), np.int32)
        self.get_conn_flattened(x.reshape(-1, x.shape[-1]), sections)
        return _write(np.diff(sections, prepend=0).reshape(x.shape[:-1]), out)

    # -- matrices -----------------------------------------------------------------------------

    def to_sparse(self, jax_: bool = False) -> Any:
        """The matrix of the operator, in the order of the indices of the Hilbert space.

        Args:
            jax_: return a `jax.experimental.sparse.BCSR` instead of a scipy matrix.

        Returns:
            scipy.sparse.csr_matrix of shape (n_states, n_states): sorted, no explicit zeros.

        Raises:
            ValueError: the space has too many states, or the operator leaves it.
        """
        return _matrix.to_sparse(self, jax_)

    def to_dense(self) -> Array:
        """The matrix of the operator as an array of shape (n_states, n_states)."""
        return _matrix.to_dense(self)

    def todense(self) -> Array:
        """Same as `to_dense`, the name that scipy uses."""
        return self.to_dense()

    def apply(self, v: Array) -> Array:
        """O v, without storing the matrix.

        Args:
            v: vectors, shape (n_states, ...).

        Returns:
            Array of the same shape.
        """
        return _matrix.apply(self, v)

    def to_linear_operator(self) -> Any:
        """The operator as a `scipy.sparse.linalg.LinearOperator`, without storing the matrix."""
        return _matrix.to_linear_operator(self)

    def to_qobj(self) -> Any:
        """The matrix of the operator as a `qutip.Qobj`, sparse.

        On a space without constraint it is an operator on a tensor product, with the local
        dimensions of all sites; otherwise on one space of `n_states` dimensions.

        Raises:
            MissingDependencyError: QuTiP is not installed.
            ValueError: the space has too many states, or the operator leaves it.
        """
        return _matrix.to_qobj(self)

    def project_to_space(self) -> "DiscreteOperator":
        """P O P, where P projects on the states that satisfy the constraint of the space.

        Terms that lead out of a constrained space are left out where they do. On a space without
        constraint this is the operator itself.
        """
        return _LAZY["projected"](self)

    def check_inside(self, x: Array) -> None:
        """Checks that no connected element of the samples leaves a constrained Hilbert space.

        Where the terms show that the constraint is conserved, no element is looked at.

        Args:
            x: concrete samples, shape (..., N).

        Raises:
            ValueError: one does; the message names a term that leads out, the sample and x'.
        """
        _matrix.check_rows_inside(self, x)

    def tensor(self, *others: "DiscreteOperator") -> Any:
        """The tensor product with operators on other spaces, a `TensorOperator`.

        Args:
            others: operators; their factors come behind this one's.
        """
        return _LAZY["tensor"]([self, *others])

    def to_local_operator(self) -> Any:
        """The same operator as a `LocalOperator`.

        Raises:
            TypeError: it is not known as a sum of terms on few sites.
        """
        raise TypeError(
            f"{type(self).__name__} cannot be written as a `LocalOperator`, because it is not "
            "known as a sum of terms on few sites."
        )

    def __call__(self, v: Array) -> Array:
        return self.apply(v)

    def __matmul__(self, other: Any) -> Any:
        if isinstance(other, np.ndarray | jax.Array) and other.ndim > 0:
            return self.apply(other)
        return super().__matmul__(other)

    # -- for the classes and functions of this package ----------------------------------------

    @property
    def _grid(self) -> Grid:
        return grid_of(self.hilbert)

    def _numba_data(self) -> Any:
        """The data for the numba row kernel; None if there is none for this operator."""
        return None

    def _part_between(self, x: Array, xp: Array) -> str:
        """Which part of the operator connects two samples, for error messages; "" if not known."""
        return ""

    def _check_defines(self) -> None:
        if not (self._defines_padded or self._defines_flattened):
            raise TypeError(
                f"{type(self).__name__} must define `get_conn_flattened` and `max_conn_size` "
                "(numba or numpy code), or be a subclass of `DiscreteJaxOperator` that defines "
                "`get_conn_padded` (jax code)."
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(hilbert={self.hilbert}, backend={self.backend!r})"


def _finish_flattened(
    x: np.ndarray,
    xp: np.ndarray,
    mels: np.ndarray,
    counts: np.ndarray,
    sections: np.ndarray,
    pad: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Set the sections, and pad the rows on request."""
    if pad:
        xp, mels = pad_rows(x, xp, mels, counts)
        counts = np.full(len(x), mels.shape[1])
        xp, mels = xp.reshape(-1, x.shape[-1]), mels.ravel()
    sections[...] = np.cumsum(counts)
    return xp, mels


def _write(counts: np.ndarray, out: np.ndarray | None) -> np.ndarray:
    counts = counts.astype(np.int32)
    if out is None:
        return counts
    out[...] = counts
    return out
