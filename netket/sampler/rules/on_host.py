# SPDX-License-Identifier: Apache-2.0
r"""Rules in numpy, for `MetropolisSamplerNumpy`.

An operator with rows of weights w(σ, σ') gives the proposals :math:`q(\sigma'|\sigma) = w(\sigma,
\sigma')/\sum_{\sigma''} w(\sigma, \sigma'')`: equal weights for the connected elements of a
Hamiltonian, and the probabilities themselves for stochastic matrices.
"""

from typing import Any

import numpy as np

from netket.hilbert import AbstractHilbert
from netket.operator import DiscreteOperator, LocalOperator
from netket.utils import HashableArray, struct
from netket.utils.types import ArrayLike, PyTree

from ._local_states import local_states
from .base import MetropolisRule
from .hamiltonian import check_few
from .local import LocalRule

__all__ = ["CustomRuleNumpy", "HamiltonianRuleNumpy", "LocalRuleNumpy", "NumpyRule"]

_Proposal = tuple[np.ndarray, np.ndarray | None]


class NumpyRule(MetropolisRule):
    """A rule of this package for `MetropolisSamplerNumpy`."""


class LocalRuleNumpy(NumpyRule):
    """Proposes another local state of one random site, as :class:`LocalRule`."""

    def __init__(self) -> None:
        """Constructs the rule."""

    def check_space(self, hilbert: AbstractHilbert) -> None:
        LocalRule().check_space(hilbert)

    def transition(
        self,
        sampler: Any,
        machine: Any,
        parameters: PyTree,
        state: Any,
        rng: np.random.Generator,
        σ: np.ndarray,
    ) -> _Proposal:
        low, _, step, count = (
            np.broadcast_to(x, (sampler.hilbert.size,)) for x in local_states(sampler.hilbert)
        )
        chain, site = np.arange(len(σ)), rng.integers(sampler.hilbert.size, size=len(σ))
        step, count = np.where(step == 0, 1, step)[site], count[site].astype(int)
        old = np.rint((σ[chain, site] - low[site]) / step).astype(int)
        new = (old + rng.integers(1, np.maximum(count, 2))) % count
        σp = σ.copy()
        σp[chain, site] = low[site] + step * new
        if sampler.hilbert.constraint is None:
            return σp, None
        return σp, np.where(np.asarray(sampler.hilbert.constraint(σp)), 0.0, -np.inf)

    def __repr__(self) -> str:
        return "LocalRuleNumpy()"


class _RuleOfRows(NumpyRule):
    """Proposes what an operator connects to σ, with probabilities from its matrix elements."""

    operator: DiscreteOperator = struct.field(pytree_node=False)
    """The operator."""

    def check_space(self, hilbert: AbstractHilbert) -> None:
        if self.operator.hilbert != hilbert:
            raise ValueError(
                f"The operator of {type(self).__name__} must act on the space of the sampler, "
                f"{hilbert}, but acts on {self.operator.hilbert}."
            )

    def transition(
        self,
        sampler: Any,
        machine: Any,
        parameters: PyTree,
        state: Any,
        rng: np.random.Generator,
        σ: np.ndarray,
    ) -> _Proposal:
        rows, weights, ends = self._rows(σ)
        begins = ends - np.diff(ends, prepend=0)
        cumulative = np.concatenate([[0.0], np.cumsum(weights)])
        total = cumulative[ends] - cumulative[begins]
        place = cumulative[begins] + rng.random(len(σ)) * total
        chosen = np.searchsorted(cumulative, place, side="right") - 1
        chosen = np.clip(chosen, begins, np.maximum(ends - 1, begins))
        stuck = total == 0  # nowhere to go
        if stuck.all():
            return σ.copy(), None
        σp = np.where(stuck[:, None], σ, rows[np.minimum(chosen, len(rows) - 1)])
        forward = np.where(stuck, 1.0, weights[np.minimum(chosen, len(rows) - 1)]) / np.where(
            stuck, 1.0, total
        )
        inside = np.ones(len(σ), bool)
        constraint = getattr(self.operator.hilbert, "constraint", None)
        if constraint is not None:
            inside = np.asarray(constraint(σp))
            σp = np.where(inside[:, None], σp, σ)
        correction = np.where(stuck, 0.0, self._log_back(σ, σp) - np.log(forward))
        return σp, np.where(inside, correction, -np.inf)

    def _log_back(self, σ: np.ndarray, σp: np.ndarray) -> np.ndarray:
        """log q(σ|σ'), -inf where nothing leads back."""
        rows, weights, ends = self._rows(σp)
        counts = np.diff(ends, prepend=0)
        owner = np.repeat(np.arange(len(σ)), counts)
        back, total = np.zeros((2, len(σ)))
        np.add.at(total, owner, weights)
        np.add.at(back, owner, np.where(np.all(rows == σ[owner], axis=-1), weights, 0))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.nan_to_num(np.log(back) - np.log(total), nan=-np.inf, neginf=-np.inf)

    def _rows(self, σ: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Configurations (M, N), their weights (M,), and where the rows of each σ end."""
        ends = np.zeros(len(σ), np.int64)
        rows, mels = self.operator.get_conn_flattened(σ, ends)
        return rows, *self._weights(rows, np.asarray(mels), σ, ends)

    def _weights(
        self, rows: np.ndarray, mels: np.ndarray, σ: np.ndarray, ends: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Weights of the rows of σ, and where those of each end."""
        return mels.real, ends


class HamiltonianRuleNumpy(_RuleOfRows):
    """Proposes a configuration that an operator connects to the current one, all equally likely.

    The same as :class:`HamiltonianRule`, on the host.
    """

    def check_start(self, hilbert: AbstractHilbert, σ: np.ndarray) -> None:
        check_few(self.operator, σ)

    def __init__(self, operator: DiscreteOperator):
        """Constructs the rule.

        Args:
            operator: A discrete operator, of either backend.

        Raises:
            TypeError: It is none.
        """
        if not isinstance(operator, DiscreteOperator):
            raise TypeError(
                "Argument `operator` must be a discrete operator, but is a "
                f"{type(operator).__name__}."
            )
        self.operator = operator

    def _weights(
        self, rows: np.ndarray, mels: np.ndarray, σ: np.ndarray, ends: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        owner = np.repeat(np.arange(len(σ)), np.diff(ends, prepend=0))
        return np.any(rows != σ[owner], axis=-1).astype(float), ends

    def __repr__(self) -> str:
        return f"HamiltonianRuleNumpy({self.operator})"


class CustomRuleNumpy(_RuleOfRows):
    """Moves by the terms of an operator, each of which is a stochastic matrix.

    >>> import netket as nk, numpy as np
    >>> hi = nk.hilbert.Spin(1 / 2, 2)
    >>> flips = nk.operator.LocalOperator(hi, [np.array([[0, 1], [1, 0]])] * 2, [[0], [1]])
    >>> nk.sampler.rules.CustomRuleNumpy(flips, weight_list=[1, 3]).weight_list.tolist()
    [0.25, 0.75]
    """

    _weight_list: HashableArray = struct.field(pytree_node=False)
    _given: LocalOperator = struct.field(pytree_node=False)

    def __init__(self, operator: LocalOperator, weight_list: ArrayLike | None = None):
        """Constructs the rule.

        Args:
            operator: A `LocalOperator` whose terms are stochastic matrices: row x of a term holds
                the probabilities of the configurations to move to from x.
            weight_list: How often each term is chosen; by default all are equally likely.

        Raises:
            TypeError: `operator` is no `LocalOperator`.
            ValueError: A term is no stochastic matrix, or the weights do not fit.
        """
        if not isinstance(operator, LocalOperator):
            raise TypeError(
                "Argument `operator` must be a LocalOperator, whose terms are the moves, but is a "
                f"{type(operator).__name__}."
            )
        matrices = [np.asarray(_dense(m)) for m in operator.operators]
        for matrix, sites in zip(matrices, operator.acting_on):
            _check_stochastic(matrix, sites)
        n = len(matrices)
        weights = np.ones(n) if weight_list is None else np.asarray(weight_list, float)
        if n == 0 or weights.shape != (n,) or np.any(weights < 0) or not weights.sum() > 0:
            raise ValueError(
                f"Argument `weight_list` must have {n} entries that are not negative, one for each "
                f"term of `operator`, but is {weights.tolist()}."
            )
        weights = weights / weights.sum()
        self._given, self._weight_list = operator, HashableArray(weights)
        moves = [w * m.real for w, m in zip(weights, matrices)]
        self.operator = LocalOperator(operator.hilbert, moves, operator.acting_on)

    @property
    def weight_list(self) -> np.ndarray:
        """The probability of each term."""
        return self._weight_list.wrapped

    def __repr__(self) -> str:
        return f"CustomRuleNumpy({self._given})"


def _dense(matrix: Any) -> Any:
    return matrix.toarray() if hasattr(matrix, "toarray") else matrix


def _check_stochastic(matrix: np.ndarray, sites: Any) -> None:
    real = np.all(np.abs(matrix.imag) < 1e-10)
    if not real or np.any(matrix.real < 0) or not np.allclose(matrix.sum(axis=1), 1):
        raise ValueError(
            f"Argument `operator` must have stochastic matrices as terms, with positive entries "
            f"whose rows sum to 1, but that on sites {tuple(sites)} is {matrix.tolist()}."
        )
