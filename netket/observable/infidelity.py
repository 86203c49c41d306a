# SPDX-License-Identifier: Apache-2.0
r"""`InfidelityOperator`: how far a state ψ is from a target φ, or U φ.

1 - |⟨ψ|U|φ⟩|² / (⟨ψ|ψ⟩ <φ|U^dagger U|φ>)
"""

from typing import Any

import jax
import numpy as np

from netket.operator import DiscreteOperator
from netket.operator._base import AbstractObservable
from netket.utils.types import DType
from netket.vqs import FullSumState, MCState, apply_operator
from netket.vqs.full_sum_expect import apply_to_amplitudes

from ._checks import check_pure


class InfidelityOperator(AbstractObservable):
    r"""The infidelity of a state with a target ``|φ⟩``, or with ``U|φ⟩``.

    It is 0 for equal states, whatever their norms and phases, and 1 for orthogonal ones.

    Args:
        target_state: the target ``|φ⟩``. Its parameters may change later.
        operator: U, any operator on the same space; it need not be unitary.
        cv_coeff: coefficient c of the control variate that makes sampled values less noisy; -1/2 is
            best for small infidelities, None stands for none (arXiv:2305.14294).
        dtype: accepted for compatibility: infidelities are real.

    Raises:
        TypeError: the target is not a pure state of this package, or U not an operator on discrete
            configurations.
        ValueError: U acts on another Hilbert space.

    Example:
        >>> import netket as nk
        >>> hi = nk.hilbert.Spin(0.5, 2)
        >>> a, b = (nk.vqs.FullSumState(hi, nk.models.Jastrow(), seed=i) for i in range(2))
        >>> abs(a.expect(nk.observable.InfidelityOperator(a)).mean) < 1e-12
        Array(True, dtype=bool)
        >>> 0 < b.expect(nk.observable.InfidelityOperator(a)).mean < 1
        Array(True, dtype=bool)
    """

    def __init__(
        self,
        target_state: MCState | FullSumState,
        *,
        operator: DiscreteOperator | None = None,
        cv_coeff: float | None = -0.5,
        dtype: DType | None = None,
    ):
        if not isinstance(target_state, MCState | FullSumState):
            raise TypeError(
                "Argument `target_state` must be a MCState or FullSumState, but is "
                f"{type(target_state).__name__}."
            )
        check_pure(target_state, self)
        super().__init__(target_state.hilbert)
        if operator is not None:
            self._check_operator(operator)
        self._state, self._operator = target_state, operator
        self._cv_coeff = cv_coeff
        self._applied: Any = None
        self._applied_to: tuple = ()

    def _check_operator(self, operator: Any) -> None:
        if not isinstance(operator, DiscreteOperator):
            raise TypeError(
                "Argument `operator` must be an operator on discrete configurations, but is "
                f"{type(operator).__name__}."
            )
        if operator.hilbert != self.hilbert:
            raise ValueError(
                f"Argument `operator` must act on the Hilbert space of the target, {self.hilbert}, "
                f"but acts on {operator.hilbert}."
            )

    @property
    def target_state(self) -> MCState | FullSumState:
        """The target: ``|φ⟩``, or ``U|φ⟩`` as a state of the same kind."""
        state = self._state
        if self._operator is None:
            return state
        now = (state.parameters, state.model_state)
        if self._applied is None or any(a is not b for a, b in zip(now, self._applied_to)):
            seed = None
            if isinstance(state, MCState):
                seed = jax.random.fold_in(state._sampler_seed, 1)
            self._applied = apply_operator(self._operator, state, seed=seed)
            self._applied_to = now
        return self._applied

    @property
    def cv_coeff(self) -> float | None:
        """The coefficient of the control variate."""
        return self._cv_coeff

    def _target_amplitudes(self) -> np.ndarray:
        """The normalised amplitudes (n_states,) of the target."""
        state = self._state
        if self._operator is None or not isinstance(state, FullSumState):
            return np.asarray(self.target_state.to_array())
        phi = np.asarray(apply_to_amplitudes(state, self._operator))
        norm = np.linalg.norm(phi)
        if norm == 0:
            raise ValueError(
                f"The infidelity with U|φ⟩ is not defined, because it is 0: {self._operator} "
                "annihilates the target state."
            )
        return phi / norm

    def __repr__(self) -> str:
        operator = "" if self._operator is None else f", operator={self._operator}"
        return f"InfidelityOperator(target_state={self._state}{operator}, cv_coeff={self.cv_coeff})"
