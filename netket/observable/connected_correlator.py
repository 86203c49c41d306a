# SPDX-License-Identifier: Apache-2.0
r"""`ConnectedCorrelator`: ⟨A B⟩ - ⟨A⟩⟨B⟩, what A and B have to do with each other."""

from functools import cached_property

import jax

from netket.operator import AbstractOperator

from ._means import FunctionOfMeans, check_operator


def _correlation(means: jax.Array) -> jax.Array:
    return means[2] - means[0] * means[1]


def _real_correlation(means: jax.Array) -> jax.Array:
    return means[2].real - means[0].real * means[1].real


class ConnectedCorrelator(FunctionOfMeans):
    r"""The connected correlator ⟨A B⟩ - ⟨A⟩⟨B⟩ of two operators.

    It is real if both are hermitian: where they do not commute it is then the symmetric correlator
    ⟨A B + B A⟩/2 - ⟨A⟩⟨B⟩.

    Args:
        op_A: the operator A.
        op_B: the operator B, on the same Hilbert space.

    Raises:
        TypeError: one of them is not an operator.
        ValueError: they act on different Hilbert spaces.

    Example:
        >>> import netket as nk
        >>> hi = nk.hilbert.Spin(0.5, 2)
        >>> z = [nk.operator.spin.sigmaz(hi, i) for i in range(2)]
        >>> correlator = nk.observable.ConnectedCorrelator(*z)
        >>> pair = lambda w, x: 9.0 * x[:, 0] * x[:, 1]
        >>> state = nk.vqs.FullSumState(hi, apply_fun=pair, variables={})
        >>> round(float(state.expect(correlator).mean), 6)
        1.0
    """

    def __init__(self, op_A: AbstractOperator, op_B: AbstractOperator):
        check_operator(op_A, "op_A")
        check_operator(op_B, "op_B")
        if op_A.hilbert != op_B.hilbert:
            raise ValueError(
                f"Argument `op_B` must act on the Hilbert space of `op_A`, {op_A.hilbert}, but "
                f"acts on {op_B.hilbert}."
            )
        super().__init__(op_A.hilbert)
        self._op_A, self._op_B = op_A, op_B
        real = op_A.is_hermitian and op_B.is_hermitian
        self._function = _real_correlation if real else _correlation

    @property
    def op_A(self) -> AbstractOperator:
        """The operator A."""
        return self._op_A

    @property
    def op_B(self) -> AbstractOperator:
        """The operator B."""
        return self._op_B

    @cached_property
    def product_op(self) -> AbstractOperator:
        """The operator A B."""
        return self.op_A @ self.op_B

    @property
    def _products(self) -> tuple[AbstractOperator, ...]:
        return self.op_A, self.op_B, self.product_op

    @property
    def _factors(self) -> tuple[tuple[AbstractOperator, ...], ...]:
        return (self.op_A,), (self.op_B,), (self.op_A, self.op_B)

    @property
    def _is_hermitian(self) -> bool:
        return all(o.is_hermitian for o in self._products)

    def __repr__(self) -> str:
        return f"ConnectedCorrelator(A={self.op_A}, B={self.op_B})"
