# SPDX-License-Identifier: Apache-2.0
"""`PauliStrings`: O = sum_t w_t P_t, where each P_t is a product of I, X, Y, Z on all sites."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from netket.hilbert import AbstractHilbert, DiscreteHilbert, Qubit
from netket.utils.types import ArrayLike, DType, Scalar

from .._base import (
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
from .._strings import StringOperator, StringTerms
from ._algebra import is_too_large, merged, multiply
from ._local import as_local, local_form
from ._symbols import format_strings, n_y, parse_strings, powers_of_i


class PauliStrings(StringOperator):
    """A sum of Pauli strings with weights.

    O = sum_t w_t P_t, where P_t is given by one letter for each site: I, X, Y or Z. Z is +1 for
    the first local state of a site and -1 for the second. Equal strings are summed; sums and
    products of Pauli strings are Pauli strings again. The strings come in an order of their own,
    which `operators` and `weights` share.

    Args:
        hilbert: a space of N sites with two local states each; if it is left out, N qubits.
        operators: a string, or a list of strings of N letters.
        weights: the weights, one for each string, or one for all; by default 1. They may be
            traced by jax.
        cutoff: strings whose weight has a modulus up to this are left out.
        dtype: dtype of the matrix elements; by default that of the weights, or the complex one
            if a string has an odd number of Y.
        backend: ``"numba"`` or ``"jax"``; by default see `netket.operator.use_backend`.

    Raises:
        ValueError: a string has the wrong length or another letter, there are not as many
            weights as strings, or a site does not have two local states.
        TypeError: `dtype` is real, but the matrix elements are not.

    Example:
        >>> import netket as nk
        >>> op = nk.operator.PauliStrings(["XX", "ZZ"], [0.5, 2.0], backend="numba")
        >>> (op @ op).operators.tolist()
        ['II', 'YY']
    """

    _static_names = ("_strings", "_cutoff")

    def __init__(
        self,
        hilbert: DiscreteHilbert,
        operators: Any = None,
        weights: Any = None,
        *,
        cutoff: float = 1.0e-10,
        dtype: DType | None = None,
        backend: Backend | None = None,
    ):
        if not isinstance(hilbert, AbstractHilbert):
            operators, weights = hilbert, operators if weights is None else weights
            hilbert = None
        operators = [] if operators is None else operators
        operators = [operators] if isinstance(operators, str) else list(operators)
        x, z = parse_strings(operators, None if hilbert is None else hilbert.size)
        if hilbert is None:
            if not operators:
                raise ValueError(
                    "Argument `hilbert` must be given if there are no strings that tell the "
                    "number of sites."
                )
            hilbert = Qubit(len(operators[0]))
        check_space(hilbert)
        odd = bool((n_y(x, z) % 2).any())
        values = _check_weights(weights, len(operators), dtype, odd)
        KernelOperator.__init__(self, hilbert, backend)
        self._cutoff = float(cutoff)
        self._set(*merged(hilbert.size, x, z, values))

    def _set(self, strings: StringTerms, weights: Any) -> None:
        """Set the content; strings with concrete weights up to the cutoff are dropped."""
        if not is_traced(weights):
            keep = ~(np.abs(weights) <= self._cutoff)
            if not keep.all():
                strings, weights = strings[keep], weights[keep]
            if not keep.any() and len(keep):  # zero, but not nothing: 0 times the identity
                strings, weights = _identity(strings.n_sites), np.zeros(1, weights.dtype)
        self._strings, self._weights = strings, weights

    @classmethod
    def _build(
        cls,
        hilbert: DiscreteHilbert,
        backend: Backend,
        strings: StringTerms,
        weights: Any,
        cutoff: float = 1.0e-10,
    ) -> "PauliStrings":
        new = object.__new__(PauliStrings)
        new.__dict__.update(_hilbert=hilbert, _backend=backend, _cutoff=cutoff)
        new._set(strings, as_coefficient(weights, weights.dtype))
        return new

    def _with_content(
        self, strings: StringTerms, weights: Any, backend: Backend | None = None
    ) -> "PauliStrings":
        return self._build(self.hilbert, backend or self.backend, strings, weights, self._cutoff)

    @classmethod
    def identity(cls, hilbert: DiscreteHilbert, **kwargs: Any) -> "PauliStrings":
        """The identity.

        Args:
            hilbert: the space.
            **kwargs: keyword arguments of the constructor.
        """
        return cls(hilbert, ["I" * hilbert.size], [1.0], **kwargs)

    @classmethod
    def from_openfermion(
        cls,
        hilbert: Any,
        of_qubit_operator: Any = None,
        *,
        n_qubits: int | None = None,
        **kwargs: Any,
    ) -> "PauliStrings":
        """The operator that an OpenFermion `QubitOperator` describes; qubit i is site i.

        Args:
            hilbert: the space; if it is left out, qubits.
            of_qubit_operator: the `openfermion.QubitOperator`.
            n_qubits: number of qubits if there is no `hilbert`; by default just enough.
            **kwargs: keyword arguments of the constructor.

        Raises:
            TypeError: what was given is no `QubitOperator`.
            ValueError: it acts on more qubits than there are sites.
        """
        if of_qubit_operator is None:
            hilbert, of_qubit_operator = None, hilbert
        table = getattr(of_qubit_operator, "terms", None)
        if not isinstance(table, dict):
            raise TypeError(
                "Argument `of_qubit_operator` must be an `openfermion.QubitOperator`, but is of "
                f"type {type(of_qubit_operator).__name__}. OpenFermion is installed by "
                "`pip install openfermion`; `openfermion.jordan_wigner` turns its fermions into "
                "qubits."
            )
        needed = 1 + max((i for term in table for i, _ in term), default=-1)
        if hilbert is None:
            hilbert = Qubit(max(needed, 1) if n_qubits is None else n_qubits)
        if hilbert.size < needed:
            raise ValueError(
                f"Argument `of_qubit_operator` acts on {needed} qubits, but there are only "
                f"{hilbert.size} sites: a larger `hilbert` or `n_qubits` has room for it."
            )
        strings = []
        for term in table:
            letters = ["I"] * hilbert.size
            for i, letter in term:
                letters[i] = letter
            strings.append("".join(letters))
        weights = np.array(list(table.values()))
        if weights.dtype.kind == "c" and not weights.imag.any() and "dtype" not in kwargs:
            weights = weights.real
        return cls(hilbert, strings, weights, **kwargs)

    # -- properties ---------------------------------------------------------------------------

    @property
    def operators(self) -> np.ndarray:
        """The strings, an array of str of shape (T,)."""
        return format_strings(self._strings.bits("flip"), self._strings.bits("sign"))

    @property
    def weights(self) -> Any:
        """The weights of `operators`, shape (T,)."""
        weights = self._value("_weights")
        return weights if is_traced(weights) else weights.copy()

    @property
    def _powers(self) -> np.ndarray:
        """p such that string t is i^p Z^z X^x, (T,)."""
        strings = self._strings
        return strings.cached("powers", lambda: 3 * n_y(strings.flip, strings.sign) % 4)

    @property
    def _is_odd(self) -> bool:
        """Whether a string has imaginary matrix elements."""
        return self._strings.cached("odd", lambda: bool((self._powers % 2).any()))

    @property
    def dtype(self) -> np.dtype:
        dtype = np.dtype(self._weights.dtype)
        return promoted(dtype, 1j) if self._is_odd else dtype

    def _computed_hermiticity(self) -> bool:
        """Pauli strings are independent hermitian matrices: the weights have to be real."""
        if self._weights.dtype.kind != "c":
            return True
        if self._is_traced:
            return False
        weights = self._value("_weights")
        scale = np.abs(weights).max(initial=1.0)
        return bool(np.all(np.abs(weights.imag) <= 100 * np.finfo(weights.dtype).eps * scale))

    def _kernel_weights(self, weights: Any) -> Any:
        return weights.astype(self.dtype) * powers_of_i(self._powers, self.dtype)

    def copy(self, *, dtype: DType | None = None, cutoff: float | None = None) -> "PauliStrings":
        """A copy.

        Args:
            dtype: dtype of the matrix elements if it is to be another.
            cutoff: strings whose weight has a modulus up to this are left out.

        Raises:
            TypeError: `dtype` is real, but the matrix elements are not.
        """
        weights = self._value("_weights")
        if dtype is not None and np.dtype(dtype) != self.dtype:
            weights = as_coefficient(weights, _check_dtype(dtype, self._is_odd))
        cutoff = self._cutoff if cutoff is None else float(cutoff)
        return self._build(self.hilbert, self.backend, self._strings, weights, cutoff)

    # -- adjoints: only Y is not real -----------------------------------------------------------

    def conjugate(self, *, concrete: bool = True) -> Any:
        if not self._has_kernel:
            return super().conjugate()
        return self._replace(_weights=self._value("_weights").conj() * self._signs)

    def transpose(self, *, concrete: bool = True) -> Any:
        if not self._has_kernel:
            return super().transpose()
        return self._replace(_weights=self._value("_weights") * self._signs)

    @property
    def _signs(self) -> np.ndarray:
        return np.where(self._powers % 2, -1, 1).astype(self._weights.dtype)

    # -- algebra ------------------------------------------------------------------------------

    def _plus(self, other: Any) -> Any:
        if not (self._has_kernel and isinstance(other, KernelOperator) and other._has_kernel):
            return NotImplemented
        if not isinstance(other, PauliStrings):
            pair = self._as_local(), other._as_local()
            return NotImplemented if None in pair else pair[0] + pair[1]
        a, b = self._strings, other._strings
        values = self._value("_weights"), other._value("_weights")
        dtype = promoted(values[0].dtype, values[1].dtype)
        xp = jnp if is_traced(*values) else np
        weights = xp.concatenate([v.astype(dtype) for v in values])
        x, z = (np.concatenate(pair) for pair in ((a.flip, b.flip), (a.sign, b.sign)))
        backend = promote_backends([self.backend, other.backend])
        return self._with_content(*merged(a.n_sites, x, z, weights), backend)

    def _plus_scalar(self, c: Any) -> Any:
        if not self._has_kernel:
            return super()._plus_scalar(c)
        dtype = promoted(self._weights.dtype, c)
        c = as_coefficient(c, dtype).reshape(1)
        identity = self._with_content(_identity(self.hilbert.size), c)
        return self._plus(identity)

    def _scaled(self, c: Any) -> Any:
        if not self._has_kernel:
            return super()._scaled(c)
        dtype = promoted(self._weights.dtype, c)
        weights = self._value("_weights").astype(dtype) * as_coefficient(c, dtype)
        return self._with_content(self._strings, weights)

    def _times(self, other: Any) -> Any:
        if not (self._has_kernel and isinstance(other, KernelOperator) and other._has_kernel):
            return NotImplemented
        if not isinstance(other, PauliStrings):
            pair = self._as_local(), other._as_local()
            return NotImplemented if None in pair else pair[0]._times(pair[1])
        factors = (
            (self._strings, self._value("_weights")),
            (other._strings, other._value("_weights")),
        )
        if is_too_large(*factors[0], *factors[1]):
            return NotImplemented
        product = multiply(*factors[0], *factors[1])
        return self._with_content(*product, promote_backends([self.backend, other.backend]))

    def _times_left(self, other: Any) -> Any:
        if not isinstance(other, KernelOperator) or isinstance(other, PauliStrings):
            return NotImplemented
        pair = other._as_local(), self._as_local()
        return NotImplemented if None in pair else pair[0]._times(pair[1])

    # -- other forms --------------------------------------------------------------------------

    def _as_local(self) -> Any:
        return as_local(self) if self._has_kernel else None

    def to_local_operator(self) -> Any:
        return local_form(self)

    def to_pauli_strings(self, **kwargs: Any) -> "PauliStrings":
        """The operator itself, or a copy with another `cutoff`, `dtype` or `backend`."""
        if not kwargs:
            return self
        backend = kwargs.pop("backend", self.backend)
        return self.copy(**kwargs).to_backend(backend)

    def _part_between(self, x: Any, xp: Any) -> str:
        flipped = np.asarray(x) != np.asarray(xp)
        found = (self._strings.bits("flip") == flipped).all(-1)
        return f"its string {' + '.join(self.operators[found])}" if found.any() else ""

    def __repr__(self) -> str:
        weights = self._value("_weights")
        shown = min(len(self._strings), 6)
        values = ["traced"] * shown if is_traced(weights) else [str(w) for w in weights[:shown]]
        lines = [f"    {s}: {w}" for s, w in zip(self._some_text(shown), values)]
        more = len(self._strings) - shown
        lines += [f"    ... and {more} more"] if more else []
        head = (
            f"PauliStrings(hilbert={self.hilbert}, n_strings={len(self._strings)}, "
            f"dtype={self.dtype}, backend={self.backend!r}"
        )
        return "\n".join([head + ")"] if not lines else [head + ":", *lines, ")"])

    def _some_text(self, number: int) -> np.ndarray:
        some = self._strings[np.arange(number)]
        return format_strings(some.bits("flip"), some.bits("sign"))


# the same object in 3.23 too: every instance has a jax kernel, whatever its flag
PauliStringsJax = PauliStrings


class PauliStringsNumba(PauliStrings, metaclass=BackendName, backend="numba"):
    """Older name of `PauliStrings` with ``backend="numba"``."""


def _identity(n_sites: int) -> StringTerms:
    none = np.zeros((1, n_sites), np.int8)
    return StringTerms.pack(none, none, none, none)[0]


# -- arguments --------------------------------------------------------------------------------


def check_space(hilbert: Any) -> None:
    """Raises a ValueError unless every site has two local states."""
    if not isinstance(hilbert, DiscreteHilbert) or any(d != 2 for d in hilbert.shape):
        raise ValueError(
            "Argument `hilbert` must have two local states on every site, where Pauli matrices "
            f"act, but is {hilbert}: use `LocalOperator` for larger local spaces."
        )


def _check_weights(weights: Scalar | ArrayLike | None, size: int, dtype: Any, odd: bool) -> Any:
    """The weights as an array (size,), traced or of numpy."""
    weights = 1.0 if weights is None else weights
    if isinstance(weights, list | tuple) and is_traced(*weights):
        weights = jnp.stack([jnp.asarray(w) for w in weights])
    weights = weights if is_traced(weights) else np.asarray(weights)
    if weights.shape not in ((), (size,)):
        raise ValueError(
            f"Argument `weights` must have {size} entries, one for each string, but has shape "
            f"{weights.shape}."
        )
    dtype = dtype_of(weights) if dtype is None else _check_dtype(dtype, odd)
    values = as_coefficient(weights, dtype)
    xp = jnp if is_traced(values) else np
    return xp.broadcast_to(values, (size,))


def _check_dtype(dtype: Any, odd: bool) -> np.dtype:
    """dtype of the weights of an operator with the given dtype."""
    dtype = inexact(dtype)
    if dtype.kind != "c" and odd:
        raise TypeError(
            "Argument `dtype` must be complex, because a string has an odd number of Y, but is "
            f"{dtype}: {promoted(dtype, 1j)} has the same precision."
        )
    return dtype
