# SPDX-License-Identifier: Apache-2.0
"""`ProjectedOperator`: P O P, an operator restricted to the states of a constrained space."""

from typing import Any

import numpy as np

from netket.jax.tracing import computed_now

from .._base import AbstractOperator, DiscreteOperator, KernelOperator, inexact, lazy_form
from .._kernels import ProjectedData, ProjectedRows, SpaceRule, space_data
from ._base import CompositeOperator, flattened_rows


class ProjectedOperator(CompositeOperator):
    """P O P, where P projects on the states that satisfy the constraint of the Hilbert space.

    Operators on constrained spaces must not lead out of them; of one that does, this is the part
    that stays inside. `DiscreteOperator.project_to_space` makes it.

    Args:
        operator: the operator O.

    Example:
        >>> import netket as nk
        >>> hi = nk.hilbert.Fock(2, 2, n_particles=2)
        >>> a = nk.operator.boson.create(hi, 0) + nk.operator.boson.number(hi, 0)
        >>> a.project_to_space().to_dense().diagonal()
        array([0., 1., 2.])
    """

    _coefficient_names = ("_operators",)

    def __init__(self, operator: DiscreteOperator):
        self._set_children([operator], "P")
        if operator.hilbert.constraint is None:
            raise ValueError(
                f"Argument `operator` must act on a constrained space, but {operator.hilbert} has "
                "no constraint: there is nothing to project."
            )
        super().__init__(operator.hilbert, operator.backend)

    @property
    def operator(self) -> DiscreteOperator:
        """The operator O, which may lead out of the space."""
        return self.operators[0]

    @property
    def dtype(self) -> np.dtype:
        return inexact(self._operators[0].dtype)

    def copy(self, *, dtype: Any = None) -> Any:
        if dtype is None or np.dtype(dtype) == self.dtype:
            return self._replace()
        return self._replace(_operators=(self._operators[0].copy(dtype=dtype),))

    @property
    def is_hermitian(self) -> bool:
        """Whether O is known to be hermitian."""
        return self._operators[0].is_hermitian

    @property
    def max_conn_size(self) -> int:
        return self._operators[0].max_conn_size

    @property
    def _slots(self) -> int:
        child = self._operators[0]
        return child._slots if isinstance(child, KernelOperator) else child.max_conn_size

    @property
    def _merges(self) -> bool:
        return self._operators[0]._merges

    @property
    def _diagonal_first(self) -> bool:
        return self._has_kernel and getattr(self._operators[0], "_diagonal_first", False)

    def _keeps_constraint(self, constraint: Any) -> bool:
        return True

    _conserves = _keeps_constraint

    def _host_data(self) -> ProjectedData | None:
        children = self._children_data()
        if children is None:
            return None
        try:
            return ProjectedData(children[0], space_data(self.hilbert))
        except RuntimeError as error:
            raise RuntimeError(
                f"For the numba backend the states of {self.hilbert} must be listed, because its "
                f"constraint {self.hilbert.constraint} is a function that only jax can evaluate, "
                "and they are too many. Use the jax backend: op.to_jax()."
            ) from error

    def _device_data(self) -> ProjectedRows:
        return ProjectedRows(self._operators[0]._jax_data(), SpaceRule(self.hilbert, self._grid))

    def _compose(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        owner, xp, mels = flattened_rows(self._operators[0], samples)
        keep = self._is_inside(samples)[owner] & self._is_inside(xp)
        return owner[keep], xp[keep], mels[keep]

    def _is_inside(self, samples: np.ndarray) -> np.ndarray:
        with computed_now():
            return np.asarray(self.hilbert.constraint(samples))

    # -- algebra: P A P + P B P = P (A + B) P ---------------------------------------------------

    def _with(self, operator: Any) -> Any:
        return ProjectedOperator(operator)

    def conjugate(self, *, concrete: bool = True) -> AbstractOperator:
        return self._with(self._operators[0].conjugate())

    def transpose(self, *, concrete: bool = True) -> AbstractOperator:
        return self._with(self._operators[0].transpose())

    def _plus(self, other: Any) -> Any:
        if type(other) is not ProjectedOperator:
            return NotImplemented
        return self._with(self._operators[0] + other._operators[0])

    def _plus_scalar(self, c: Any) -> Any:
        return self._with(self._operators[0] + c)

    def _scaled(self, c: Any) -> Any:
        return self._with(self._operators[0] * c)

    def project_to_space(self) -> DiscreteOperator:
        return self

    def __repr__(self) -> str:
        return f"ProjectedOperator({self.operator})"


@lazy_form("projected")
def projected_form(operator: DiscreteOperator) -> Any:
    return operator if operator.hilbert.constraint is None else ProjectedOperator(operator)
