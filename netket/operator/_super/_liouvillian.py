# SPDX-License-Identifier: Apache-2.0
"""`LocalLiouvillian`: the generator of the Lindblad equation, d rho / dt = L rho.

L rho = -i (H_nh rho - rho H_nh†) + sum_k L_k rho L_k†,   H_nh = H - i/2 sum_k L_k† L_k.

Its rows are composed of rows of H_nh and L_k at the two halves of a configuration (x, y):

    L = -i H_nh (x) 1 + i 1 (x) H_nh* + sum_k L_k (x) L_k*
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from netket.hilbert import DoubledHilbert
from netket.utils.types import DType

from .._base import Backend, DiscreteOperator, KernelOperator, dtype_of, promote_backends, promoted
from .._base._abstract import check_same_hilbert
from .._composite._adjoint import Adjoint, Transpose
from .._composite._base import as_pytree
from .._composite._form import FormOperator
from .._composite._tensor import placed, shifted_local
from .._local import LocalOperator, linear_combination
from ._abstract import AbstractSuperOperator


class LocalLiouvillian(AbstractSuperOperator, FormOperator):
    """The generator of the Lindblad master equation.

    Hamiltonian and jump operators may be of any kind. If all are sums of local terms, so is the
    generator, and its rows cost as much as its local terms do.

    Args:
        ham: the Hamiltonian H.
        jump_ops: the jump operators L_k, with the square roots of their rates.
        dtype: dtype of the matrix elements, complex; by default of the precision of the operators.
        backend: ``"numba"`` or ``"jax"``; by default numba if all operators are, else jax.

    Raises:
        TypeError: an operator is not discrete or acts on another space, or `dtype` is real.

    Example:
        >>> import netket as nk
        >>> hi = nk.hilbert.Spin(0.5, 1)
        >>> decay = nk.operator.LocalLiouvillian(
        ...     nk.operator.spin.sigmax(hi, 0), [nk.operator.spin.sigmam(hi, 0)]
        ... )
        >>> nk.exact.steady_state(decay).diagonal().real.round(6).tolist()
        [0.444444, 0.555556]
    """

    _coefficient_names = ("_operators",)
    _static_names = ("_dtype",)

    def __init__(
        self,
        ham: DiscreteOperator,
        jump_ops: Sequence[DiscreteOperator] = (),
        dtype: DType | None = None,
        *,
        backend: Backend | None = None,
    ):
        operators = [_check_operator(ham, "ham"), *_check_list(jump_ops)]
        for operator in operators:
            check_same_hilbert(ham, operator, "L rho")
        flag = backend or promote_backends(op.backend for op in operators)
        if backend is not None:
            operators = [op.to_backend(backend) for op in operators]
        KernelOperator.__init__(self, DoubledHilbert(ham.hilbert), flag)
        self._operators = tuple(map(as_pytree, operators))
        if dtype is None:
            dtypes = [dtype_of(np.empty((), op.dtype)) for op in operators]
            dtype = promoted(np.dtype(np.complex64), *dtypes)
        elif np.dtype(dtype).kind != "c":
            raise TypeError(f"Argument `dtype` must be complex, but is {np.dtype(dtype)}.")
        self._dtype = promoted(np.dtype(dtype))

    # -- what it is made of -------------------------------------------------------------------

    @property
    def dtype(self) -> np.dtype:
        return self._dtype

    def copy(self, *, dtype: Any = None) -> Any:
        if dtype is None or np.dtype(dtype) == self.dtype:
            return self._replace()
        return LocalLiouvillian(self.hamiltonian, self.jump_operators, dtype)

    @property
    def hamiltonian(self) -> Any:
        """The Hamiltonian H."""
        return self.operators[0]

    @property
    def jump_operators(self) -> list[Any]:
        """The jump operators L_k."""
        return list(self.operators[1:])

    @property
    def hamiltonian_nh(self) -> Any:
        """The effective Hamiltonian H - i/2 sum_k L_k† L_k, which is not hermitian."""
        return _effective(self.hamiltonian, self.jump_operators)

    def add_jump_operator(self, op: DiscreteOperator) -> None:
        """Add a jump operator.

        For compatibility this changes the object, which must not be a key of a dictionary then.

        Args:
            op: the operator.

        Raises:
            TypeError: it is not discrete, or acts on another space.
        """
        check_same_hilbert(self.hamiltonian, _check_operator(op, "op"), "L rho")
        self.__dict__.pop("_cached", None)
        self._backend = promote_backends([self.backend, op.backend])
        operators = (*self.operators, op)
        self._operators = tuple(as_pytree(o.to_backend(self._backend)) for o in operators)
        self._dtype = promoted(self._dtype, np.dtype(op.dtype))

    def add_jump_operators(self, ops: Iterable[DiscreteOperator]) -> None:
        """Add several jump operators; see `add_jump_operator`."""
        for op in ops:
            self.add_jump_operator(op)

    # -- the form -----------------------------------------------------------------------------

    def _make_form(self) -> Any:
        space, n = self.hilbert, self.hilbert_physical.size
        hamiltonian, *jumps = (_with_all_zeros(op) for op in self.operators)
        effective = _effective(hamiltonian, jumps)
        terms = [
            (-1j, _placed(space, [(0, effective)])),
            (1j, _placed(space, [(n, effective.conjugate())])),
        ]
        for op in jumps:
            terms.append((1, _placed(space, [(0, op), (n, op.conjugate())])))
        form = _combination(terms)
        return form if form.dtype == self._dtype else form.copy(dtype=self._dtype)

    # -- algebra ------------------------------------------------------------------------------

    @property
    def H(self) -> Adjoint:
        return Adjoint(self)  # type: ignore[arg-type]

    def transpose(self, *, concrete: bool = False) -> Any:
        return self.collect().transpose() if concrete else Transpose(self)  # type: ignore[arg-type]

    def _plus(self, other: Any) -> Any:
        if type(other) is not LocalLiouvillian:
            return super()._plus(other)
        hamiltonian = self.hamiltonian + other.hamiltonian
        dtype = promoted(self.dtype, other.dtype)
        return LocalLiouvillian(hamiltonian, self.jump_operators + other.jump_operators, dtype)

    # -- matrices -----------------------------------------------------------------------------

    def to_linear_operator(self, *, sparse: bool = True, append_trace: bool = False) -> Any:
        """The superoperator as a `scipy.sparse.linalg.LinearOperator` on vectors of n² elements.

        Args:
            sparse: build the sparse matrix; otherwise rows are computed at every product.
            append_trace: add one more row, the trace of the density matrix, and a column of
                zeros, so that the shape is (n² + 1, n² + 1).

        Returns:
            The linear operator, with its adjoint.
        """
        from scipy.sparse.linalg import LinearOperator, aslinearoperator

        plain = aslinearoperator(self.to_sparse()) if sparse else super().to_linear_operator()
        if not append_trace:
            return plain
        size = plain.shape[0]
        trace = np.eye(self.hilbert_physical.n_states).reshape(-1)

        def matvec(v: np.ndarray) -> np.ndarray:
            v = np.asarray(v).reshape(-1)[:size]
            return np.append(plain.matvec(v), trace @ v)

        def rmatvec(v: np.ndarray) -> np.ndarray:
            v = np.asarray(v).reshape(-1)
            return np.append(plain.rmatvec(v[:size]) + v[size] * trace, 0)

        shape = (size + 1, size + 1)
        return LinearOperator(shape, matvec=matvec, rmatvec=rmatvec, dtype=plain.dtype)

    def __repr__(self) -> str:
        jumps = "".join(f"\n ∙ {op}" for op in self.jump_operators)
        return (
            f"LocalLiouvillian with backend {self.backend!r}, dtype {self.dtype}, Hamiltonian\n"
            f" ∙ {self.hamiltonian}\nand jump operators:{jumps or ' none'}"
        )


def _effective(hamiltonian: Any, jumps: Sequence[Any]) -> Any:
    """H - i/2 sum_k L_k† L_k"""
    return _combination([(1, hamiltonian), *((-0.5j, op.H @ op) for op in jumps)])


def _with_all_zeros(operator: Any) -> Any:
    """Local terms that drop no zeros, so that the form is the same inside of jit."""
    local = operator._as_local() if isinstance(operator, KernelOperator) else None
    return operator if local is None else shifted_local(operator.hilbert, local, 0)


def _placed(space: DoubledHilbert, parts: list[tuple[int, Any]]) -> Any:
    """A product of operators on the two halves, of local terms if it is one."""
    operator = placed(space, parts)
    local = operator._as_local()
    return operator if local is None else local


def _combination(terms: list[tuple[Any, Any]]) -> Any:
    """sum_i c_i O_i: local terms are one operator, the others are added."""
    local: list[tuple[Any, LocalOperator]] = []
    rest: list[tuple[Any, Any]] = []
    for c, operator in terms:
        form = operator._as_local() if isinstance(operator, KernelOperator) else None
        (rest if form is None else local).append((c, operator if form is None else form))
    if local:
        rest.insert(0, (1, linear_combination(local)))
    # `+` finds the closed form where there is one, of fermions for example
    scaled = (operator if c == 1 else c * operator for c, operator in rest)
    return reduce(add, scaled)


def _check_operator(operator: Any, argument: str) -> DiscreteOperator:
    if not isinstance(operator, DiscreteOperator):
        raise TypeError(
            f"Argument `{argument}` must be a discrete operator, but is {type(operator).__name__}."
        )
    return operator


def _check_list(operators: Any) -> list[DiscreteOperator]:
    if isinstance(operators, DiscreteOperator):
        raise TypeError(
            "Argument `jump_ops` must be a list of operators, but is a single one: write [L]."
        )
    return [_check_operator(op, "jump_ops") for op in operators]
